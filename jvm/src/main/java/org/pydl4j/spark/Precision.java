package org.pydl4j.spark;

import java.util.Arrays;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.feedforward.embedding.EmbeddingLayer;
import org.deeplearning4j.nn.layers.feedforward.embedding.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.layers.util.MaskLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * The type of numbers in which a network computes, for its features, which come as floats.
 *
 * <p>Most of DL4J's layers see to that themselves; transposed convolution fails, and PReLU computes in single precision.
 */
final class Precision {

    private final DataType type;
    private final boolean masksToo;

    private Precision(DataType type, boolean masksToo) {
        this.type = type;
        this.masksToo = masksToo;
    }

    static Precision of(Model model) {
        boolean layered = model instanceof MultiLayerNetwork;
        DataType type = layered ? ((MultiLayerNetwork) model).getLayerWiseConfigurations().getDataType()
                : ((ComputationGraph) model).getConfiguration().getDataType();
        Layer[] layers = layered ? ((MultiLayerNetwork) model).getLayers() : ((ComputationGraph) model).getLayers();
        // Half precision does not hold the indices of a large vocabulary.
        boolean indices = Stream.of(layers)
                .anyMatch(layer -> layer instanceof EmbeddingLayer || layer instanceof EmbeddingSequenceLayer);
        // It multiplies with them; convolution on the other hand wants them as floats.
        boolean masksToo = Stream.of(layers).anyMatch(layer -> layer instanceof MaskLayer);
        return new Precision(indices && type != DataType.DOUBLE ? DataType.FLOAT : type, masksToo);
    }

    INDArray[] of(INDArray[] features) {
        return Arrays.stream(features).map(each -> each == null ? null : each.castTo(type)).toArray(INDArray[]::new);
    }

    MultiDataSet of(MultiDataSet minibatch) {
        if (type == DataType.FLOAT) {
            return minibatch;
        }
        INDArray[] masks = minibatch.getFeaturesMaskArrays();
        return new org.nd4j.linalg.dataset.MultiDataSet(of(minibatch.getFeatures()), minibatch.getLabels(),
                masksToo && masks != null ? of(masks) : masks, minibatch.getLabelsMaskArrays());
    }
}
