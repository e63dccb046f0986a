package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import java.util.List;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Layers over images, convolution and pooling aside. */
final class Images extends Family {
    @Override
    void write() {
        for (CNN2DFormat f : CNN_FORMATS) {
            for (ConvolutionMode m : modes(f)) {
                String end = "_" + m + "_" + f;
                boolean same = m == ConvolutionMode.Same;
                net("deconv_stride" + end).images(f).on(image(f), deconv(f, m).kernelSize(3, 2).stride(2, 3).build());
                net("depthwise_stride" + end).images(f).on(image(f), depthwise(f, m)
                        .kernelSize(same ? 3 : 2, same ? 4 : 3).stride(2, same ? 3 : 1).build());
                net("separable_stride" + end).images(f).on(image(f), separable(f, m)
                        .kernelSize(same ? 3 : 2, same ? 4 : 3).stride(2, same ? 3 : 1).build());
                net("local2d" + end).images(f).on(image(f), local(m)
                        .kernelSize(2, 3).stride(same ? 3 : 2, same ? 2 : 1).build());
                if (m != ConvolutionMode.Strict) {
                    dilation(end, m, f);
                }
            }
            ConvolutionMode t = ConvolutionMode.Truncate;
            net("deconv_gap_" + f).images(f).on(image(f),
                    deconv(f, ConvolutionMode.Same).kernelSize(1, 2).stride(3, 4).build());
            net("deconv_padding_" + f).images(f).on(image(f),
                    deconv(f, t).kernelSize(3, 4).stride(2, 1).padding(1, 2).hasBias(false).build());
            net("depthwise_padding_" + f).images(f).on(image(f),
                    depthwise(f, t).kernelSize(2, 3).stride(2, 1).padding(1, 2).hasBias(false).build());
            net("separable_padding_" + f).images(f).on(image(f),
                    separable(f, t).kernelSize(2, 3).stride(2, 1).padding(1, 2).hasBias(false).build());
            net("local2d_padding_" + f).images(f).on(image(f),
                    local(t).kernelSize(3, 2).stride(2, 3).padding(1, 2).hasBias(false).build());
            net("local2d_dilation_" + f).images(f).on(image(f), local(t).kernelSize(2, 3).dilation(2, 2).build());
            resizing(f);
            detection("yolo_" + f, f, DataType.FLOAT);
        }
        dataTypes();
    }

    private void dilation(String end, ConvolutionMode m, CNN2DFormat f) {
        net("deconv_dilation" + end).images(f).on(image(f), deconv(f, m).kernelSize(2, 3).dilation(3, 1).build());
        net("depthwise_dilation" + end).images(f).on(image(f), depthwise(f, m).kernelSize(2, 3).dilation(2, 1).build());
        net("separable_dilation" + end).images(f).on(image(f), separable(f, m).kernelSize(2, 3).dilation(2, 1).build());
    }

    private void resizing(CNN2DFormat f) {
        net("upsampling2d_" + f).images(f).on(image(f), new Upsampling2D.Builder(2).size(new int[] {2, 3}).dataFormat(f).build());
        net("padding2d_" + f).images(f).on(image(f), new ZeroPaddingLayer.Builder(1, 0, 2, 3).dataFormat(f).build());
        for (PoolingType p : List.of(PoolingType.MAX, PoolingType.AVG, PoolingType.PNORM)) {
            // Padding as wide as the kernel.
            net("pool_gaps_" + p + "_" + f).images(f).on(image(f), pool(p, f).kernelSize(2, 2).stride(1, 2)
                    .dilation(4, 5).convolutionMode(ConvolutionMode.Same).build());
            net("padding2d_pool_" + p + "_" + f).images(f).on(image(f),
                    new ZeroPaddingLayer.Builder(1, 0, 2, 2).dataFormat(f).build(),
                    pool(p, f).kernelSize(2, 2).stride(1, 1).convolutionMode(ConvolutionMode.Same).build());
        }
        net("cropping2d_" + f).images(f).on(image(f), new Cropping2D.Builder(1, 0, 2, 1).dataFormat(f).build());
        net("depth_" + f).input(InputType.convolutional(6, 9, CHANNELS, f)).on(
                f == CNN2DFormat.NCHW ? random(9, N, CHANNELS, 6, 9) : random(9, N, 6, 9, CHANNELS),
                new SpaceToDepthLayer.Builder(3, f).build());
        net("batch_" + f).images(f).on(image(f), new SpaceToBatchLayer.Builder(new int[] {2, 3})
                .dataFormat(f).padding(new int[][] {{1, 1}, {2, 0}}).build());
    }

    private void detection(String name, CNN2DFormat f, DataType type) {
        INDArray priors = Nd4j.createFromArray(new double[][] {{0.5, 1.25}, {2, 0.75}});
        net(name).scaled(0.3).type(type).images(f).on(image(f), conv(f).nOut(16).activation(Activation.IDENTITY).build(),
                new Yolo2OutputLayer.Builder().boundingBoxPriors(priors).build());
    }

    @SuppressWarnings("deprecation") // HALF, which model files still have
    private void dataTypes() {
        CNN2DFormat f = CNN2DFormat.NCHW;
        ConvolutionMode same = ConvolutionMode.Same;
        for (DataType type : List.of(DataType.DOUBLE, DataType.HALF)) {
            net("deconv_" + type).type(type).images(f).on(image(f),
                    deconv(f, same).kernelSize(2, 4).stride(3, 2).build());
            net("deconv_padding_" + type).type(type).images(f).on(image(f),
                    deconv(f, ConvolutionMode.Truncate).kernelSize(2, 3).stride(1, 2).padding(2, 1).build());
            net("depthwise_" + type).type(type).images(f).on(image(f),
                    depthwise(f, same).kernelSize(2, 3).stride(2, 1).build());
            net("separable_" + type).type(type).images(f).on(image(f),
                    separable(f, same).kernelSize(2, 3).stride(2, 1).build());
            net("local2d_" + type).type(type).images(f).on(image(f), local(same).kernelSize(2, 3).stride(2, 1).build());
            net("resizing_" + type).type(type).images(f).on(image(f),
                    new Upsampling2D.Builder(2).dataFormat(f).build(),
                    new ZeroPaddingLayer.Builder(1, 1, 2, 0).dataFormat(f).build(),
                    new Cropping2D.Builder(0, 2, 1, 1).dataFormat(f).build(),
                    new SpaceToDepthLayer.Builder(2, f).build());
            detection("yolo_" + type, f, type);
        }
    }

    private static Deconvolution2D.Builder deconv(CNN2DFormat f, ConvolutionMode m) {
        return new Deconvolution2D.Builder().nOut(3).dataFormat(f).convolutionMode(m).activation(Activation.TANH);
    }

    private static DepthwiseConvolution2D.Builder depthwise(CNN2DFormat f, ConvolutionMode m) {
        return new DepthwiseConvolution2D.Builder().depthMultiplier(3).dataFormat(f).convolutionMode(m)
                .activation(Activation.TANH);
    }

    private static SeparableConvolution2D.Builder separable(CNN2DFormat f, ConvolutionMode m) {
        return new SeparableConvolution2D.Builder(2, 2).depthMultiplier(3).nOut(5).dataFormat(f).convolutionMode(m)
                .activation(Activation.TANH);
    }

    private static LocallyConnected2D.Builder local(ConvolutionMode m) {
        return new LocallyConnected2D.Builder().nOut(3).convolutionMode(m);
    }
}
