package org.pydl4j.spark;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.CacheMode;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.nd4j.linalg.api.buffer.DataType;
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
            "org.deeplearning4j.nn.modelimport.keras.preprocessors.", "org.nd4j.linalg.");

    private NetworkFactory() {}

    private static ObjectMapper strictMapper() {
        return NeuralNetConfiguration.mapper().copy()
                .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, true);
    }

    static MultiLayerConfiguration configuration(String json) {
        JsonNode root = Json.read(json);
        checkClasses(root);
        ObjectMapper mapper = strictMapper();
        JsonNode confs = root.get("confs");
        if (confs == null || confs.size() == 0) {
            throw BridgeException.config("the configuration has no layers (key 'confs')", null);
        }
        JsonNode first = confs.get(0);
        NeuralNetConfiguration.ListBuilder list = globals(root, first).list();
        for (int i = 0; i < confs.size(); i++) {
            list.layer(i, layer(mapper, confs.get(i).get("layer"), i));
        }
        try {
            network(mapper, root, list);
            MultiLayerConfiguration conf = list.build();
            conf.setIterationCount(root.path("iterationCount").asInt(0));
            conf.setEpochCount(root.path("epochCount").asInt(0));
            return conf;
        } catch (BridgeException e) {
            throw e;
        } catch (RuntimeException | IOException e) {
            throw BridgeException.config("DL4J refuses the configuration: " + e.getMessage(), e);
        }
    }

    private static NeuralNetConfiguration.Builder globals(JsonNode root, JsonNode first) {
        NeuralNetConfiguration.Builder builder = new NeuralNetConfiguration.Builder();
        if (first.hasNonNull("seed")) {
            builder.seed(first.get("seed").asLong());
        }
        builder.miniBatch(first.path("miniBatch").asBoolean(true));
        builder.minimize(first.path("minimize").asBoolean(true));
        if (first.hasNonNull("optimizationAlgo")) {
            builder.optimizationAlgo(OptimizationAlgorithm.valueOf(first.get("optimizationAlgo").asText()));
        }
        if (first.hasNonNull("maxNumLineSearchIterations")) {
            builder.maxNumLineSearchIterations(first.get("maxNumLineSearchIterations").asInt());
        }
        if (root.hasNonNull("dataType")) {
            builder.dataType(DataType.valueOf(root.get("dataType").asText()));
        }
        return builder;
    }

    private static void network(ObjectMapper mapper, JsonNode root, NeuralNetConfiguration.ListBuilder list)
            throws IOException {
        // What the user set wins; what is missing is still inferred.
        list.overrideNinUponBuild(false);
        if (root.hasNonNull("backpropType")) {
            list.backpropType(BackpropType.valueOf(root.get("backpropType").asText()));
        }
        if (root.hasNonNull("tbpttFwdLength")) {
            list.tBPTTForwardLength(root.get("tbpttFwdLength").asInt());
        }
        if (root.hasNonNull("tbpttBackLength")) {
            list.tBPTTBackwardLength(root.get("tbpttBackLength").asInt());
        }
        if (root.hasNonNull("trainingWorkspaceMode")) {
            list.trainingWorkspaceMode(WorkspaceMode.valueOf(root.get("trainingWorkspaceMode").asText()));
        }
        if (root.hasNonNull("inferenceWorkspaceMode")) {
            list.inferenceWorkspaceMode(WorkspaceMode.valueOf(root.get("inferenceWorkspaceMode").asText()));
        }
        if (root.hasNonNull("cacheMode")) {
            list.cacheMode(CacheMode.valueOf(root.get("cacheMode").asText()));
        }
        if (root.hasNonNull("validateOutputLayerConfig")) {
            list.validateOutputLayerConfig(root.get("validateOutputLayerConfig").asBoolean());
        }
        Iterator<Map.Entry<String, JsonNode>> preprocessors = root.path("inputPreProcessors").fields();
        while (preprocessors.hasNext()) {
            Map.Entry<String, JsonNode> entry = preprocessors.next();
            list.inputPreProcessor(Integer.valueOf(entry.getKey()),
                    mapper.treeToValue(entry.getValue(), InputPreProcessor.class));
        }
        if (root.hasNonNull("inputType")) {
            list.setInputType(mapper.treeToValue(root.get("inputType"), InputType.class));
        }
    }

    private static Layer layer(ObjectMapper mapper, JsonNode json, int index) {
        String where = "layer " + index + (json != null && json.hasNonNull("layerName")
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
        String className = settings.remove("@class").asText();
        Layer layer = defaults(mapper, className, settings);
        return mapper.readerForUpdating(layer).readValue(settings);
    }

    /** The builder's default object. Wrappers have no builder without arguments: they are made around their layer. */
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
        if (className.equals(LastTimeStep.class.getName())) {
            return new LastTimeStep(layer(mapper, (ObjectNode) settings.remove("underlying")));
        }
        Class<?> builder = Class.forName(className + "$Builder");
        Object instance = builder.getDeclaredConstructor().newInstance();
        return (Layer) builder.getMethod("build").invoke(instance);
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

    /** Shapes and parameter counts as DL4J sees them, one entry per layer. */
    static ArrayNode describe(MultiLayerConfiguration conf, String json) {
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
