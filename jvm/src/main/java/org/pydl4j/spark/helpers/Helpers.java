package org.pydl4j.spark.helpers;

import java.lang.reflect.Field;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.graph.vertex.VertexIndices;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.deeplearning4j.nn.layers.LayerHelper;
import org.deeplearning4j.nn.layers.convolution.ConvolutionLayer;
import org.deeplearning4j.nn.layers.convolution.subsampling.SubsamplingLayer;
import org.deeplearning4j.nn.layers.normalization.BatchNormalization;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.pydl4j.spark.NativeBuild;

/**
 * Gives a network's layers the helpers that are fast and right here.
 *
 * <p>DL4J's own way is closed in 1.0.0-M2.1 (a property switches all helpers off, a class it looks for is gone) and
 * would bring wrong gradients: for ReLU on NHWC convolutions, and for averages that count the padding. So DL4J's
 * switch stays off, and what is good is put into the layers one by one. A network without is slow, never wrong.
 */
public final class Helpers {

    /** DL4J's property: set to true by the user, nothing is installed. */
    private static final String DISABLED = "org.eclipse.deeplearning4j.helpers.disable";

    private Helpers() {}

    /** Whether {@link #install} does anything: the user may have disabled helpers. */
    public static boolean areEnabled() {
        return !Boolean.getBoolean(DISABLED);
    }

    /**
     * Installs helpers in an initialised network; again is no harm, and costs little.
     *
     * <p>The network then no longer computes the gradient of its inputs (it is zeros): training does not ask for it.
     */
    public static void install(Model model) {
        install(model, NativeBuild.OURS.hasOneDnn());
    }

    /** The same, as for native code with or without oneDNN. */
    public static void install(Model model, boolean oneDnn) {
        if (!areEnabled()) {
            return;
        }
        if (model instanceof MultiLayerNetwork) {
            Layer[] layers = ((MultiLayerNetwork) model).getLayers();
            for (int i = 0; i < layers.length; i++) {
                install(layers[i], i == 0, oneDnn);
            }
        } else if (model instanceof ComputationGraph) {
            ComputationGraph graph = (ComputationGraph) model;
            for (GraphVertex vertex : graph.getVertices()) {
                if (vertex.hasLayer()) {
                    install(vertex.getLayer(), readsInputsOnly(graph, vertex), oneDnn);
                }
            }
        }
    }

    private static boolean readsInputsOnly(ComputationGraph graph, GraphVertex vertex) {
        for (VertexIndices input : vertex.getInputVertices()) {
            if (!graph.getVertices()[input.getVertexIndex()].isInputVertex()) {
                return false;
            }
        }
        return true;
    }

    private static void install(Layer given, boolean first, boolean oneDnn) {
        Layer layer = given instanceof FrozenLayer ? ((FrozenLayer) given).getInsideLayer() : given;
        // Exactly these classes: their subclasses (one or three dimensions, depthwise, ...) compute in ways of their own.
        if (layer.getClass() == ConvolutionLayer.class) {
            set(layer, ConvolutionLayer.class, new PatchConvolution(first, oneDnn));
        } else if (layer.getClass() == SubsamplingLayer.class) {
            set(layer, SubsamplingLayer.class, new MaxPooling());
        } else if (layer.getClass() == BatchNormalization.class && oneDnn) {
            BatchNormalization normalization = (BatchNormalization) layer;
            if (!normalization.layerConf().isLockGammaBeta()) {
                set(layer, BatchNormalization.class, new PlainBatchNorm());
            }
        }
    }

    private static void set(Layer layer, Class<? extends Layer> declaring, LayerHelper helper) {
        try {
            Field field = declaring.getDeclaredField("helper");
            field.setAccessible(true);
            if (field.get(layer) == null) {
                field.set(layer, helper);
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("DL4J's " + declaring.getName() + " is not the one this jar was built for", e);
        }
    }
}
