package org.pydl4j.spark;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.params.EmptyParamInitializer;
import org.nd4j.shade.jackson.databind.JsonNode;

/**
 * Makes a graph's configuration out of DL4J's canonical JSON, as {@code ComputationGraphConfiguration.toJson} gives it.
 *
 * <p>DL4J's own reader drops keys it does not know; what it would drop is refused here.
 */
final class GraphFactory {

    private static final List<String> NEEDED = List.of("networkInputs", "networkOutputs", "vertexInputs", "vertices");

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
            ComputationGraphConfiguration conf = ComputationGraphConfiguration.fromJson(json);
            checkKept(root, Json.read(conf.toJson()), "the graph");
            conf.validate();
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
        } catch (RuntimeException e) {
            throw BridgeException.config("DL4J refuses the configuration: " + Job.message(e), e);
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
