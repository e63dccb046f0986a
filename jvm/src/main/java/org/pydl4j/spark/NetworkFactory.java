package org.pydl4j.spark;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.CacheMode;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CapsuleLayer;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LearnedSelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.PrimaryCapsules;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPadding3DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.layers.util.MaskLayer;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.conf.stepfunctions.StepFunction;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.util.IdentityLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.params.EmptyParamInitializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.exc.UnrecognizedPropertyException;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Makes a configuration out of JSON the way DL4J's builders would have made it.
 *
 * <p>DL4J's own reader runs no builder (no preprocessors, no nIn), takes Java's field defaults for what is left out
 * and drops keys it does not know. Here every layer starts as its builder's default object, the JSON is laid over it
 * strictly, and DL4J's list builder then does the rest.
 */
final class NetworkFactory {

    /** The only places that a class named in a configuration may come from. */
    private static final List<String> ALLOWED = List.of(
            "org.deeplearning4j.nn.conf.", "org.deeplearning4j.nn.weights.", "org.deeplearning4j.preprocessors.",
            "org.deeplearning4j.nn.modelimport.keras.preprocessors.", IdentityLayer.class.getName(), "org.nd4j.linalg.");

    /** Wrappers are made around the layer under their key 'underlying'. */
    private static final Map<String, Function<Layer, Layer>> WRAPPERS = Map.of(
            LastTimeStep.class.getName(), LastTimeStep::new,
            MaskZeroLayer.class.getName(), inside -> new MaskZeroLayer(inside, 0),
            TimeDistributed.class.getName(), TimeDistributed::new);

    /** Layers without a builder, or whose builder computes or checks something of these settings as it builds. */
    private static final Map<String, Function<ObjectNode, Layer>> TOLD = Map.of(
            CapsuleLayer.class.getName(), told -> new CapsuleLayer.Builder(
                    whole(told, "capsules", 0), whole(told, "capsuleDimensions", 0)).build(),
            IdentityLayer.class.getName(), told -> new IdentityLayer(),
            LearnedSelfAttentionLayer.class.getName(), told -> new LearnedSelfAttentionLayer.Builder()
                    .nIn(whole(told, "nin", 0)).nOut(whole(told, "nout", 0)).nHeads(whole(told, "nheads", 1))
                    .headSize(whole(told, "headSize", 0)).nQueries(whole(told, "nqueries", 0))
                    .projectInput(told.path("projectInput").asBoolean(false)).build(),
            MaskLayer.class.getName(), told -> new MaskLayer(),
            PrimaryCapsules.class.getName(), told -> new PrimaryCapsules.Builder(
                    whole(told, "capsuleDimensions", 0), whole(told, "channels", 32)).build(),
            RecurrentAttentionLayer.class.getName(), told -> new RecurrentAttentionLayer.Builder()
                    .nIn(whole(told, "nin", 0)).nOut(whole(told, "nout", 0)).nHeads(whole(told, "nheads", 1))
                    .headSize(whole(told, "headSize", 0))
                    .projectInput(told.path("projectInput").asBoolean(true)).build(),
            SelfAttentionLayer.class.getName(), told -> new SelfAttentionLayer.Builder()
                    .nIn(whole(told, "nin", 0)).nOut(whole(told, "nout", 0)).nHeads(whole(told, "nheads", 1))
                    .headSize(whole(told, "headSize", 0))
                    .projectInput(told.path("projectInput").asBoolean(false)).build());

    /** What is read of a network beside its layers, and of a layer's entry beside the layer; the rest is a misspelling. */
    private static final Set<String> NETWORK_KEYS = Set.of("backpropType", "cacheMode", "confs", "dataType", "epochCount",
            "inferenceWorkspaceMode", "inputPreProcessors", "inputType", "iterationCount", "tbpttBackLength",
            "tbpttFwdLength", "trainingWorkspaceMode", "validateOutputLayerConfig");
    static final Set<String> ENTRY_KEYS = Set.of("cacheMode", "dataType", "epochCount", "iterationCount", "layer",
            "maxNumLineSearchIterations", "miniBatch", "minimize", "optimizationAlgo", "seed", "stepFunction",
            "variables");

    /** Builders that must be told something that the JSON says anyway. */
    private static final Map<String, Supplier<Layer.Builder<?>>> BUILDERS = Map.of(
            Cnn3DLossLayer.class.getName(), () -> new Cnn3DLossLayer.Builder(Convolution3D.DataFormat.NCDHW),
            Convolution1DLayer.class.getName(), () -> new Convolution1DLayer.Builder(1),
            Yolo2OutputLayer.class.getName(), () -> new Yolo2OutputLayer.Builder().boundingBoxPriors(Nd4j.ones(1, 2)),
            ZeroPadding1DLayer.class.getName(), () -> new ZeroPadding1DLayer.Builder(0),
            ZeroPadding3DLayer.class.getName(), () -> new ZeroPadding3DLayer.Builder(0),
            ZeroPaddingLayer.class.getName(), () -> new ZeroPaddingLayer.Builder(0, 0));

    private NetworkFactory() {}

    static ObjectMapper strictMapper() {
        return NeuralNetConfiguration.mapper().copy()
                .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, true)
                .configure(DeserializationFeature.ACCEPT_FLOAT_AS_INT, false);
    }

    /** Whether it is a graph's configuration, not one of layers. */
    static boolean isGraph(JsonNode root) {
        return root.has("vertices");
    }

    /** A network of either kind, still without parameters. */
    static Model model(String json) {
        return isGraph(Json.read(json))
                ? new ComputationGraph(GraphFactory.configuration(json))
                : new MultiLayerNetwork(configuration(json));
    }

    /** DL4J's canonical JSON: builder defaults, nIn and preprocessors filled in. */
    static String resolve(String json) {
        return isGraph(Json.read(json)) ? GraphFactory.configuration(json).toJson() : configuration(json).toJson();
    }

    static MultiLayerConfiguration configuration(String json) {
        JsonNode root = Json.read(json);
        checkClasses(root);
        ObjectMapper mapper = strictMapper();
        JsonNode confs = root.get("confs");
        if (confs == null || confs.size() == 0) {
            throw BridgeException.config("the configuration has no layers (key 'confs')", null);
        }
        checkKeys(root, NETWORK_KEYS, "the network");
        NeuralNetConfiguration.ListBuilder list = globals(root, confs.get(0)).list();
        for (int i = 0; i < confs.size(); i++) {
            checkKeys(confs.get(i), ENTRY_KEYS, "layer " + i);
            list.layer(i, layer(mapper, confs.get(i).get("layer"), "layer " + i));
        }
        try {
            network(mapper, root, list);
            MultiLayerConfiguration conf = list.build();
            restoreInputSizes(confs, conf);
            // DL4J's builder checks by this setting and then forgets it, so that evaluation would check again.
            truth(root, "validateOutputLayerConfig", conf::setValidateOutputLayerConfig);
            whole(root, "iterationCount", conf::setIterationCount);
            whole(root, "epochCount", conf::setEpochCount);
            checkSizes(conf);
            return conf;
        } catch (BridgeException e) {
            throw e;
        } catch (RuntimeException | IOException e) {
            throw BridgeException.config("DL4J refuses the configuration: " + e.getMessage(), e);
        }
    }

    /** DL4J gives a dense layer behind a Convolution1DLayer as many inputs as the network has time steps. */
    private static void restoreInputSizes(JsonNode confs, MultiLayerConfiguration conf) {
        for (int i = 0; i < confs.size(); i++) {
            long given = confs.get(i).path("layer").path("nin").asLong();
            Layer layer = conf.getConf(i).getLayer();
            if (given > 0 && layer instanceof FeedForwardLayer) {
                ((FeedForwardLayer) layer).setNIn(given);
            }
        }
    }

    static NeuralNetConfiguration.Builder globals(JsonNode root, JsonNode first) {
        NeuralNetConfiguration.Builder builder = new NeuralNetConfiguration.Builder();
        if (first.hasNonNull("seed")) {
            if (!first.get("seed").canConvertToLong() || !first.get("seed").isIntegralNumber()) {
                throw impossible("seed", first.get("seed"), "a whole number of 64 bits");
            }
            builder.seed(first.get("seed").asLong());
        }
        truth(first, "miniBatch", builder::miniBatch);
        truth(first, "minimize", builder::minimize);
        choice(first, "optimizationAlgo", OptimizationAlgorithm.class, builder::optimizationAlgo);
        whole(first, "maxNumLineSearchIterations", builder::maxNumLineSearchIterations);
        if (first.hasNonNull("stepFunction")) {
            builder.stepFunction(stepFunction(first.get("stepFunction")));
        }
        // The list builder has these settings too, and takes the ones from here.
        choice(root, "cacheMode", CacheMode.class, builder::cacheMode);
        choice(root, "trainingWorkspaceMode", WorkspaceMode.class, builder::trainingWorkspaceMode);
        choice(root, "inferenceWorkspaceMode", WorkspaceMode.class, builder::inferenceWorkspaceMode);
        choice(root, "dataType", DataType.class, builder::dataType);
        return builder;
    }

    private static StepFunction stepFunction(JsonNode json) {
        try {
            return strictMapper().treeToValue(json, StepFunction.class);
        } catch (IOException e) {
            throw impossible("stepFunction", json, "one of DL4J's, such as {\"default\": {}}");
        }
    }

    private static void network(ObjectMapper mapper, JsonNode root, NeuralNetConfiguration.ListBuilder list)
            throws IOException {
        // What the user set wins; what is missing is still inferred.
        list.overrideNinUponBuild(false);
        backpropagation(root, list::backpropType, list::tBPTTForwardLength, list::tBPTTBackwardLength);
        truth(root, "validateOutputLayerConfig", list::validateOutputLayerConfig);
        Iterator<Map.Entry<String, JsonNode>> preprocessors = root.path("inputPreProcessors").fields();
        while (preprocessors.hasNext()) {
            Map.Entry<String, JsonNode> entry = preprocessors.next();
            if (!entry.getKey().matches("[0-9]{1,9}")) {
                throw BridgeException.config("'inputPreProcessors': '" + entry.getKey() + "' is no layer's place", null);
            }
            list.inputPreProcessor(Integer.valueOf(entry.getKey()),
                    mapper.treeToValue(entry.getValue(), InputPreProcessor.class));
        }
        if (root.hasNonNull("inputType")) {
            list.setInputType(mapper.treeToValue(root.get("inputType"), InputType.class));
        }
    }

    static void backpropagation(
            JsonNode root, Consumer<BackpropType> type, IntConsumer forwards, IntConsumer backwards) {
        choice(root, "backpropType", BackpropType.class, type);
        whole(root, "tbpttFwdLength", forwards);
        whole(root, "tbpttBackLength", backwards);
    }

    static Layer layer(ObjectMapper mapper, JsonNode json, String place) {
        String where = place + (json != null && json.hasNonNull("layerName")
                ? " (" + json.get("layerName").asText() + ")" : "");
        try {
            return layer(mapper, (ObjectNode) json);
        } catch (UnrecognizedPropertyException e) {
            throw BridgeException.config(where + ": DL4J's " + e.getReferringClass().getSimpleName()
                    + " has no setting '" + e.getPropertyName() + "'; it knows " + e.getKnownPropertyIds(), e);
        } catch (InvocationTargetException e) {
            throw BridgeException.config(where + ": " + e.getCause().getMessage(), e.getCause());
        } catch (ReflectiveOperationException | IOException | RuntimeException e) {
            throw BridgeException.config(where + ": " + e.getMessage(), e);
        }
    }

    private static Layer layer(ObjectMapper mapper, ObjectNode json) throws IOException, ReflectiveOperationException {
        ObjectNode settings = json.deepCopy();
        JsonNode named = settings.remove("@class");
        if (named == null || !named.isTextual()) {
            throw new IllegalArgumentException("'@class' is missing");
        }
        String className = named.asText();
        Layer layer = defaults(mapper, className, settings);
        return mapper.readerForUpdating(layer).readValue(settings);
    }

    /** The builder's default object, which the JSON is laid over. */
    private static Layer defaults(ObjectMapper mapper, String className, ObjectNode settings)
            throws IOException, ReflectiveOperationException {
        if (className.equals(Bidirectional.class.getName())) {
            Layer forward = layer(mapper, (ObjectNode) settings.remove("fwd"));
            JsonNode backward = settings.remove("bwd");
            settings.remove(List.of("nin", "nout", "rnndataFormat")); // derived from the wrapped layer
            Bidirectional both = new Bidirectional(
                    Bidirectional.Mode.valueOf(Json.text(settings, "mode", "CONCAT")), forward);
            if (backward != null && !backward.isNull()) {
                both.setBwd(layer(mapper, (ObjectNode) backward));
            }
            return both;
        }
        if (WRAPPERS.containsKey(className)) {
            return WRAPPERS.get(className).apply(layer(mapper, (ObjectNode) settings.remove("underlying")));
        }
        if (TOLD.containsKey(className)) {
            return TOLD.get(className).apply(settings);
        }
        if (BUILDERS.containsKey(className)) {
            return BUILDERS.get(className).get().build();
        }
        if (className.equals(FrozenLayer.class.getName())) {
            return new FrozenLayer(layer(mapper, (ObjectNode) settings.remove("layer")));
        }
        if (className.equals(FrozenLayerWithBackprop.class.getName())) {
            return new FrozenLayerWithBackprop(layer(mapper, (ObjectNode) settings.remove("underlying")));
        }
        Class<?> builder = Class.forName(className + "$Builder");
        Object instance = builder.getDeclaredConstructor().newInstance();
        return (Layer) builder.getMethod("build").invoke(instance);
    }

    static void checkKeys(JsonNode node, Set<String> known, String what) {
        node.fieldNames().forEachRemaining(key -> {
            if (!known.contains(key)) {
                throw BridgeException.config(what + " has no setting '" + key + "'; it knows " + new TreeSet<>(known), null);
            }
        });
    }

    private static <E extends Enum<E>> void choice(JsonNode node, String key, Class<E> type, Consumer<E> setting) {
        if (node.hasNonNull(key)) {
            try {
                setting.accept(Enum.valueOf(type, node.get(key).asText()));
            } catch (IllegalArgumentException e) {
                throw impossible(key, node.get(key), "one of " + List.of(type.getEnumConstants()));
            }
        }
    }

    private static int whole(ObjectNode node, String key, int absent) {
        JsonNode value = node.get(key);
        if (value == null || value.isNull()) {
            return absent;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw impossible(key, value, "a whole number");
        }
        return value.asInt();
    }

    static void whole(JsonNode node, String key, IntConsumer setting) {
        if (node.hasNonNull(key)) {
            if (!node.get(key).isIntegralNumber() || !node.get(key).canConvertToInt() || node.get(key).asInt() < 0) {
                throw impossible(key, node.get(key), "a whole number");
            }
            setting.accept(node.get(key).asInt());
        }
    }

    static void truth(JsonNode node, String key, Consumer<Boolean> setting) {
        if (node.hasNonNull(key)) {
            if (!node.get(key).isBoolean()) {
                throw impossible(key, node.get(key), "true or false");
            }
            setting.accept(node.get(key).asBoolean());
        }
    }

    private static BridgeException impossible(String key, JsonNode value, String wanted) {
        return BridgeException.config("'" + key + "' is " + value + "; it must be " + wanted, null);
    }

    /** DL4J looks at sizes only when it makes parameters. */
    private static void checkSizes(MultiLayerConfiguration conf) {
        for (int i = 0; i < conf.getConfs().size(); i++) {
            Layer layer = conf.getConf(i).getLayer();
            if (layer instanceof FeedForwardLayer && !(layer.initializer() instanceof EmptyParamInitializer)) {
                FeedForwardLayer sized = (FeedForwardLayer) layer;
                if (sized.getNOut() < 1 || sized.getNIn() < 1) {
                    throw BridgeException.config("layer " + i + " (" + layer.getLayerName() + "): 'nin' is "
                            + sized.getNIn() + " and 'nout' is " + sized.getNOut() + "; both must be above 0", null);
                }
            }
        }
    }

    /** Jackson bounds "@class" by base types already; a configuration from a file is checked before it gets there. */
    static void checkClasses(JsonNode node) {
        if (node.isObject()) {
            JsonNode name = node.get("@class");
            if (name != null && name.isTextual() && ALLOWED.stream().noneMatch(name.asText()::startsWith)) {
                throw BridgeException.config("class '" + name.asText()
                        + "' is not one of DL4J's own; user-written classes are not read from a configuration", null);
            }
        }
        node.forEach(NetworkFactory::checkClasses);
    }

    /** Shapes and parameter counts as DL4J sees them, one entry per layer or vertex. */
    static ArrayNode describe(String json) {
        return isGraph(Json.read(json))
                ? GraphFactory.describe(GraphFactory.configuration(json), json)
                : describe(configuration(json), json);
    }

    private static ArrayNode describe(MultiLayerConfiguration conf, String json) {
        try {
            ObjectMapper mapper = strictMapper();
            InputType current = mapper.treeToValue(Json.read(json).get("inputType"), InputType.class);
            List<InputType> types = new ArrayList<>(conf.getLayerActivationTypes(current));
            ArrayNode layers = mapper.createArrayNode();
            for (int i = 0; i < types.size(); i++) {
                NeuralNetConfiguration each = conf.getConf(i);
                each.getLayer().setDataType(conf.getDataType());
                ObjectNode entry = layers.addObject();
                entry.put("name", each.getLayer().getLayerName());
                entry.put("class", each.getLayer().getClass().getName());
                InputPreProcessor preprocessor = conf.getInputPreProcess(i);
                entry.put("preprocessor", preprocessor == null ? null : preprocessor.getClass().getName());
                entry.set("output", mapper.valueToTree(types.get(i)));
                entry.put("params", each.getLayer().initializer().numParams(each));
            }
            return layers;
        } catch (IOException e) {
            throw BridgeException.config("input type: " + e.getMessage(), e);
        }
    }
}
