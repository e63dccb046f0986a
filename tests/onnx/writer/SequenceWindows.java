package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Layers with a window over sequences. */
final class SequenceWindows extends Family {
    private static final int STEPS = 9;

    @Override
    void write() {
        convolution();
        pooling();
        resizing();
        paddingBeforeMaximum();
        locallyConnected();
        dataTypes();
    }

    private static INDArray steps(RNNFormat f) {
        return f == RNNFormat.NCW ? random(8, N, C, STEPS) : random(8, N, STEPS, C);
    }

    private Case sequence(String name, RNNFormat f) {
        return net(name).input(InputType.recurrent(C, STEPS, f));
    }

    private static List<ConvolutionMode> allModes(RNNFormat f) {
        List<ConvolutionMode> modes = new ArrayList<>(modes(f));
        modes.add(ConvolutionMode.Causal);
        return modes;
    }

    private static Convolution1DLayer.Builder conv1d(int kernel, int stride, ConvolutionMode m, RNNFormat f) {
        return new Convolution1DLayer.Builder(kernel, stride).rnnDataFormat(f).convolutionMode(m).nOut(2)
                .activation(Activation.TANH);
    }

    private static Subsampling1DLayer.Builder pool1d(PoolingType p, int kernel, int stride, ConvolutionMode m) {
        // The constructor that takes the type forgets it.
        Subsampling1DLayer.Builder b = new Subsampling1DLayer.Builder().poolingType(p).kernelSize(kernel).stride(stride)
                .convolutionMode(m);
        return p == PoolingType.PNORM ? b.pnorm(3) : b;
    }

    private void convolution() {
        for (RNNFormat f : RNN_FORMATS) {
            for (ConvolutionMode m : allModes(f)) {
                String end = "_" + m + "_" + f;
                sequence("conv1d_even" + end, f).on(steps(f), conv1d(2, 1, m, f).build());
                sequence("conv1d_stride" + end, f).on(steps(f), conv1d(3, 2, m, f).build());
                sequence("conv1d_dilation" + end, f).on(steps(f), conv1d(3, 1, m, f).dilation(2).build());
            }
            sequence("conv1d_padding_" + f, f).on(steps(f),
                    conv1d(4, 3, ConvolutionMode.Truncate, f).padding(2).build());
            sequence("conv1d_nobias_" + f, f).on(steps(f),
                    conv1d(3, 1, ConvolutionMode.Same, f).hasBias(false).activation(Activation.SOFTMAX).build());
            sequence("conv1d_conv1d_" + f, f).on(steps(f), conv1d(3, 2, ConvolutionMode.Causal, f).build(),
                    conv1d(2, 1, ConvolutionMode.Same, f).nOut(5).build());
        }
    }

    private void pooling() {
        for (RNNFormat f : RNN_FORMATS) {
            for (PoolingType p : List.of(PoolingType.MAX, PoolingType.AVG, PoolingType.PNORM)) {
                for (ConvolutionMode m : f == RNNFormat.NCW ? allModes(f) : modes(f)) {
                    sequence("pool1d_" + p + "_" + m + "_" + f, f).on(steps(f), pool1d(p, 3, 2, m).build());
                }
                if (f == RNNFormat.NCW) {
                    // The builder has no dilation, a file may.
                    Subsampling1DLayer dilated = pool1d(p, 2, 1, ConvolutionMode.Truncate).build();
                    dilated.setDilation(new int[] {3, 1});
                    sequence("pool1d_dilation_" + p + "_" + f, f).on(steps(f), dilated);
                }
            }
            sequence("pool1d_even_" + f, f).on(steps(f), pool1d(PoolingType.AVG, 4, 2, ConvolutionMode.Same).build());
        }
    }

    private void resizing() {
        for (RNNFormat f : RNN_FORMATS) {
            net("upsampling1d_" + f).on(steps(f), new Upsampling1D.Builder(3).build());
            net("padding1d_" + f).on(steps(f), new ZeroPadding1DLayer.Builder(1, 2).build());
            net("cropping1d_" + f).on(steps(f), new Cropping1D.Builder(1, 2).build());
        }
    }

    private void paddingBeforeMaximum() {
        // Zeros that can be the maximum, unlike the padding of the pooling itself.
        sequence("padding1d_pool1d", RNNFormat.NCW).on(steps(RNNFormat.NCW), new ZeroPadding1DLayer.Builder(1, 2).build(),
                pool1d(PoolingType.MAX, 2, 1, ConvolutionMode.Same).build());
    }

    private void locallyConnected() {
        for (ConvolutionMode m : MODES) {
            sequence("local1d_" + m, RNNFormat.NCW).on(steps(RNNFormat.NCW), local1d(3, 2, m).build());
            sequence("local1d_dilation_" + m, RNNFormat.NCW).on(steps(RNNFormat.NCW),
                    local1d(2, 1, m).dilation(2).build());
        }
        sequence("local1d_padding", RNNFormat.NCW).on(steps(RNNFormat.NCW),
                local1d(4, 2, ConvolutionMode.Truncate).padding(2).build());
        for (Activation a : List.of(Activation.CUBE, Activation.ELU, Activation.GELU, Activation.HARDTANH,
                Activation.IDENTITY, Activation.LEAKYRELU, Activation.RELU, Activation.SIGMOID, Activation.SOFTMAX,
                Activation.SOFTPLUS, Activation.SOFTSIGN)) {
            sequence("local1d_act_" + a.name().toLowerCase(), RNNFormat.NCW).on(steps(RNNFormat.NCW),
                    local1d(2, 1, ConvolutionMode.Same).hasBias(false).activation(a).build());
        }
    }

    private static LocallyConnected1D.Builder local1d(int kernel, int stride, ConvolutionMode m) {
        return new LocallyConnected1D.Builder().kernelSize(kernel).stride(stride).convolutionMode(m).nOut(2);
    }

    private void dataTypes() {
        RNNFormat f = RNNFormat.NCW;
        for (DataType type : List.of(DataType.DOUBLE, DataType.HALF)) {
            sequence("conv1d_" + type, f).type(type).on(steps(f), conv1d(3, 2, ConvolutionMode.Causal, f).build(),
                    pool1d(PoolingType.AVG, 2, 1, ConvolutionMode.Same).build(),
                    new Upsampling1D.Builder(2).build());
            sequence("local1d_" + type, f).type(type).on(steps(f), local1d(3, 2, ConvolutionMode.Same).build());
        }
    }
}
