package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.*;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Blocks as imported networks have them: channels last, an operator of each kind between the convolutions. */
final class ChannelsLast extends Family {
    private static final CNN2DFormat F = CNN2DFormat.NHWC;
    private static final InputType IMAGES = InputType.convolutional(8, 9, CHANNELS, F);

    @Override
    void write() {
        graph("last_residual", g -> g.addInputs("in").setInputTypes(IMAGES)
                .addLayer("pad", new ZeroPaddingLayer.Builder(1, 1, 0, 1).dataFormat(F).build(), "in")
                .addLayer("conv", plain(4, 3).build(), "pad")
                .addLayer("bn", norm(), "conv")
                .addLayer("relu", relu(), "bn")
                .addLayer("pool", pool(PoolingType.MAX, F).kernelSize(3, 2).stride(2, 1)
                        .convolutionMode(ConvolutionMode.Same).build(), "relu")
                .addLayer("a", plain(4, 2).build(), "pool")
                .addLayer("a_bn", norm(), "a")
                .addLayer("a_swish", new ActivationLayer(Activation.SWISH), "a_bn")
                .addLayer("b", plain(4, 3).build(), "a_swish")
                .addLayer("b_bn", norm(), "b")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "b_bn", "pool")
                .addLayer("sum_relu", relu(), "sum")
                .addLayer("c", plain(3, 1).build(), "sum_relu")
                .addVertex("both", new MergeVertex(), "c", "sum_relu")
                .addLayer("last", plain(5, 2).activation(Activation.SOFTMAX).build(), "both")
                .setOutputs("last")).on(image());
        graph("last_first_sum", g -> g.addInputs("in").setInputTypes(IMAGES)
                .addLayer("conv", plain(CHANNELS, 3).build(), "in")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "in", "conv")
                .addLayer("global", global(PoolingType.AVG).build(), "sum")
                .addLayer("out", output(CHANNELS, 3).build(), "global")
                .setOutputs("out")).on(image());
    }

    private static INDArray image() {
        return random(9, N, 8, 9, CHANNELS);
    }

    private static ConvolutionLayer.Builder plain(int nOut, int kernel) {
        return new ConvolutionLayer.Builder(kernel, kernel).convolutionMode(ConvolutionMode.Same).dataFormat(F).nOut(nOut)
                .activation(Activation.IDENTITY);
    }

    private static BatchNormalization norm() {
        return new BatchNormalization.Builder().dataFormat(F).build();
    }

    private static ActivationLayer relu() {
        return new ActivationLayer(Activation.RELU);
    }
}
