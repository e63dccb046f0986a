package org.pydl4j.spark;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.params.EmptyParamInitializer;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.exc.UnrecognizedPropertyException;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Makes a graph's configuration out of JSON: DL4J's canonical one, as {@code ComputationGraphConfiguration.toJson} gives
 * it, or ours, which says what goes in ({@code inputTypes}).
 *
 * <p>DL4J's own reader drops keys it does not know; what it would drop is refused here. Ours goes the way of DL4J's graph
 * builder, as {@link NetworkFactory} does for networks of layers.
 */
final class GraphFactory {

    private static final List<String> NEEDED = List.of("networkInputs", "networkOutputs", "vertexInputs", "vertices");
    private static final Set<String> KEYS = Set.of("backpropType", "cacheMode", "dataType", "defaultConfiguration",
            "epochCount", "inferenceWorkspaceMode", "inputTypes", "iterationCount", "networkInputs", "networkOutputs",
            "tbpttBackLength", "tbpttFwdLength", "topologicalOrder", "topologicalOrderStr", "trainingWorkspaceMode",
            "validateOutputLayerConfig", "vertexInputs", "vertices");

    private GraphFactory() {}

    static ComputationGraphConfiguration configuration(String json) {
        JsonNode root = Json.read(json);
        NetworkFactory.checkClasses(root);
        for (String key : NEEDED) {
            if (root.path(key).size() == 0) {
                throw BridgeException.config("the graph's configuration has no '" + key + "'", null);
            }
        }
        try {
            ComputationGraphConfiguration conf;
            if (root.has("inputTypes")) {
                conf = built(root);
            } else {
                conf = ComputationGraphConfiguration.fromJson(json);
                checkKept(root, Json.read(conf.toJson()), "the graph");
                conf.validate();
            }
            conf.getVertices().forEach((name, vertex) -> {
                if (vertex instanceof LayerVertex) {
                    Layer layer = ((LayerVertex) vertex).getLayerConf().getLayer();
                    checkSizes(name, layer);
                    keepVariance(layer, root.path("vertices").path(name).path("layerConf").path("layer"));
                }
            });
            return conf;
        } catch (BridgeException e) {
            throw e;
        } catch (RuntimeException | IOException e) {
            throw BridgeException.config("DL4J refuses the configuration: " + Job.message(e), e);
        }
    }

    private static ComputationGraphConfiguration built(JsonNode root) throws IOException {
        NetworkFactory.checkKeys(root, KEYS, "the graph");
        ObjectMapper mapper = NetworkFactory.strictMapper();
        GraphBuilder graph = NetworkFactory.globals(root, root.path("defaultConfiguration")).graphBuilder();
        NetworkFactory.backpropagation(root, graph::backpropType, graph::tBPTTForwardLength, graph::tBPTTBackwardLength);
        NetworkFactory.truth(root, "validateOutputLayerConfig", graph::validateOutputLayerConfig);
        graph.addInputs(names(root.get("networkInputs"))).setOutputs(names(root.get("networkOutputs")));
        Iterator<Map.Entry<String, JsonNode>> vertices = root.get("vertices").fields();
        while (vertices.hasNext()) {
            Map.Entry<String, JsonNode> entry = vertices.next();
            add(mapper, graph, entry.getKey(), entry.getValue(), names(root.path("vertexInputs").path(entry.getKey())));
        }
        ComputationGraphConfiguration conf = graph.build();
        InputType[] types = types(mapper, root);
        if (types != null) {
            // The builder would write over every nIn that the user set, also an embedding's vocabulary.
            conf.addPreProcessors(false, types);
            restate(conf, root.get("vertices"));
        }
        NetworkFactory.whole(root, "iterationCount", conf::setIterationCount);
        NetworkFactory.whole(root, "epochCount", conf::setEpochCount);
        if (root.path("topologicalOrderStr").size() > 0) {
            conf.setTopologicalOrder(mapper.treeToValue(root.get("topologicalOrder"), int[].class));
            conf.setTopologicalOrderStr(List.of(names(root.get("topologicalOrderStr"))));
        }
        return conf;
    }

    private static void add(ObjectMapper mapper, GraphBuilder graph, String name, JsonNode json, String[] inputs)
            throws IOException {
        if (!isLayer(json)) {
            graph.addVertex(name, vertex(mapper, name, json), inputs);
            return;
        }
        JsonNode conf = json.path("layerConf");
        NetworkFactory.checkKeys(conf, NetworkFactory.ENTRY_KEYS, "vertex '" + name + "'");
        InputPreProcessor preprocessor = mapper.treeToValue(json.get("preProcessor"), InputPreProcessor.class);
        graph.addLayer(name, NetworkFactory.layer(mapper, conf.get("layer"), "vertex '" + name + "'"), preprocessor, inputs);
    }

    /** Layers of images take their sizes from DL4J's shapes even so, and these are wrong behind some vertices. */
    private static void restate(ComputationGraphConfiguration conf, JsonNode vertices) {
        conf.getVertices().forEach((name, vertex) -> {
            JsonNode json = vertices.path(name).path("layerConf").path("layer");
            if (vertex instanceof LayerVertex && ((LayerVertex) vertex).getLayerConf().getLayer() instanceof FeedForwardLayer) {
                FeedForwardLayer layer = (FeedForwardLayer) ((LayerVertex) vertex).getLayerConf().getLayer();
                if (json.path("nin").asLong() > 0) {
                    layer.setNIn(json.get("nin").asLong());
                }
                if (json.path("nout").asLong() > 0) {
                    layer.setNOut(json.get("nout").asLong());
                }
            }
        });
    }

    private static GraphVertex vertex(ObjectMapper mapper, String name, JsonNode json) {
        try {
            return mapper.treeToValue(json, GraphVertex.class);
        } catch (UnrecognizedPropertyException e) {
            throw BridgeException.config("vertex '" + name + "': DL4J's " + e.getReferringClass().getSimpleName()
                    + " has no setting '" + e.getPropertyName() + "'; it knows " + e.getKnownPropertyIds(), e);
        } catch (IOException e) {
            throw BridgeException.config("vertex '" + name + "': " + e.getMessage(), e);
        }
    }

    private static boolean isLayer(JsonNode vertex) {
        return LayerVertex.class.getName().equals(vertex.path("@class").asText());
    }

    /** What goes in by each input, in their order; null where that is not known of all. */
    private static InputType[] types(ObjectMapper mapper, JsonNode root) throws IOException {
        String[] inputs = names(root.get("networkInputs"));
        InputType[] types = new InputType[inputs.length];
        for (int i = 0; i < inputs.length; i++) {
            types[i] = mapper.treeToValue(root.path("inputTypes").get(inputs[i]), InputType.class);
            if (types[i] == null) {
                return null;
            }
        }
        return types;
    }

    private static String[] names(JsonNode list) {
        String[] names = new String[list.size()];
        for (int i = 0; i < names.length; i++) {
            names[i] = list.get(i).asText();
        }
        return names;
    }

    /** Type, preprocessor and parameter count of every vertex as DL4J sees them, in its own order. */
    static ArrayNode describe(ComputationGraphConfiguration conf, String json) {
        ObjectMapper mapper = NetworkFactory.strictMapper();
        ArrayNode vertices = mapper.createArrayNode();
        try {
            InputType[] types = types(mapper, Json.read(json));
            if (types == null) {
                throw BridgeException.config("the type of every input must be stated ('inputTypes')", null);
            }
            // Of a copy: DL4J writes sizes into the layers while it looks.
            Map<String, InputType> found = configuration(json).getLayerActivationTypes(true, false, types);
            ComputationGraph graph = new ComputationGraph(conf);
            int[] order = graph.calculateIndices().getTopologicalSortOrder();
            for (int place : order) {
                String name = graph.calculateIndices().getIdxToName().get(place);
                GraphVertex vertex = conf.getVertices().get(name);
                if (vertex != null) {
                    vertex.setDataType(conf.getDataType());
                    ObjectNode entry = vertices.addObject();
                    entry.put("name", name);
                    LayerVertex layer = vertex instanceof LayerVertex ? (LayerVertex) vertex : null;
                    Object content = layer == null ? vertex : layer.getLayerConf().getLayer();
                    entry.put("class", content.getClass().getName());
                    InputPreProcessor preprocessor = layer == null ? null : layer.getPreProcessor();
                    entry.put("preprocessor", preprocessor == null ? null : preprocessor.getClass().getName());
                    entry.set("output", mapper.valueToTree(found.get(name)));
                    entry.put("params", vertex.numParams(true));
                }
            }
            return vertices;
        } catch (IOException e) {
            throw BridgeException.config("input type: " + e.getMessage(), e);
        }
    }

    private static void checkKept(JsonNode given, JsonNode kept, String where) {
        Iterator<Map.Entry<String, JsonNode>> settings = given.fields();
        while (settings.hasNext()) {
            Map.Entry<String, JsonNode> setting = settings.next();
            if (!setting.getValue().isNull()) {
                if (!kept.has(setting.getKey())) {
                    throw BridgeException.config(where + " has no setting '" + setting.getKey() + "'", null);
                }
                checkKept(setting.getValue(), kept.get(setting.getKey()), where + " → " + setting.getKey());
            }
        }
        for (int i = 0; given.isArray() && i < Math.min(given.size(), kept.size()); i++) {
            checkKept(given.get(i), kept.get(i), where + " → " + i);
        }
    }

    /** DL4J looks at sizes only when it makes parameters. */
    private static void checkSizes(String name, Layer layer) {
        if (layer instanceof FeedForwardLayer && !(layer.initializer() instanceof EmptyParamInitializer)) {
            FeedForwardLayer sized = (FeedForwardLayer) layer;
            if (sized.getNOut() < 1 || sized.getNIn() < 1) {
                throw BridgeException.config("vertex '" + name + "': 'nin' is " + sized.getNIn() + " and 'nout' is "
                        + sized.getNOut() + "; both must be above 0", null);
            }
        }
    }

    /** What DL4J's reader makes of {@code useLogStd} depends on parameter names, which a new network does not have yet. */
    private static void keepVariance(Layer layer, JsonNode json) {
        if (layer instanceof BatchNormalization && json.has("useLogStd")) {
            ((BatchNormalization) layer).setUseLogStd(json.get("useLogStd").asBoolean());
        }
    }
}
