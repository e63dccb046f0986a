package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.layers.Convolution3D.DataFormat;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping3D;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Layers with a window over volumes. */
final class Volumes extends Family {
    private static final int DEPTH = 4, HEIGHT = 6, WIDTH = 5;

    @Override
    void write() {
        for (DataFormat f : DataFormat.values()) {
            for (ConvolutionMode m : modes(f)) {
                String end = "_" + m + "_" + f;
                net("conv3d_stride" + end).on(volume(f), conv3d(f, m).kernelSize(2, 3, 2)
                        .stride(strides(m)).build());
                net("deconv3d_stride" + end).on(volume(f), deconv3d(f, m).kernelSize(3, 2, 2).stride(2, 1, 1).build());
                if (m == ConvolutionMode.Strict) {
                    continue;
                }
                net("conv3d_dilation" + end).on(volume(f), conv3d(f, m).kernelSize(2, 1, 3).dilation(2, 1, 2).build());
                net("deconv3d_dilation" + end).on(volume(f),
                        deconv3d(f, m).kernelSize(2, 3, 1).dilation(2, 1, 1).build());
            }
            net("conv3d_padding_" + f).on(volume(f), conv3d(f, ConvolutionMode.Truncate).kernelSize(3, 2, 2)
                    .padding(1, 0, 1).hasBias(false).build());
            net("deconv3d_padding_" + f).on(volume(f), deconv3d(f, ConvolutionMode.Truncate).kernelSize(3, 2, 3)
                    .stride(1, 2, 1).padding(1, 0, 1).hasBias(false).build());
            for (PoolingType p : List.of(PoolingType.MAX, PoolingType.AVG)) {
                for (ConvolutionMode m : modes(f)) {
                    net("pool3d_" + p + "_" + m + "_" + f).on(volume(f), pool3d(p, f, m).kernelSize(2, 3, 2)
                            .stride(strides(m)).build());
                }
                net("pool3d_padding_" + p + "_" + f).on(volume(f), pool3d(p, f, ConvolutionMode.Truncate)
                        .kernelSize(2, 3, 1).padding(1, 1, 0).build());
                net("pool3d_dilation_" + p + "_" + f).on(volume(f), pool3d(p, f, ConvolutionMode.Truncate)
                        .kernelSize(2, 2, 3).dilation(1, 3, 2).build());
            }
            net("upsampling3d_" + f).on(volume(f),
                    new Upsampling3D.Builder(1).dataFormat(f).size(new int[] {2, 1, 3}).build());
        }
        for (PoolingType p : List.of(PoolingType.SUM, PoolingType.PNORM)) {
            // DL4J averages here, too.
            net("pool3d_" + p).on(volume(DataFormat.NCDHW),
                    pool3d(p, DataFormat.NCDHW, ConvolutionMode.Truncate).kernelSize(2, 1, 3).build());
        }
        net("padding3d").on(volume(DataFormat.NCDHW), new ZeroPadding3DLayer.Builder(1, 2, 1, 0, 0, 1).build());
        net("padding3d_pool3d").on(volume(DataFormat.NCDHW), new ZeroPadding3DLayer.Builder(1, 0, 1, 1, 0, 2).build(),
                pool3d(PoolingType.MAX, DataFormat.NCDHW, ConvolutionMode.Truncate).kernelSize(2, 2, 2).build());
        net("cropping3d").on(volume(DataFormat.NCDHW), new Cropping3D.Builder(1, 0, 2, 1, 0, 1).build());
        for (DataType type : List.of(DataType.DOUBLE, DataType.HALF)) {
            DataFormat f = DataFormat.NCDHW;
            net("conv3d_" + type).type(type).on(volume(f),
                    conv3d(f, ConvolutionMode.Same).kernelSize(2, 3, 2).stride(2, 2, 1).build(),
                    pool3d(PoolingType.AVG, f, ConvolutionMode.Same).kernelSize(2, 3, 2).build(),
                    new Upsampling3D.Builder(2).dataFormat(f).build());
            net("deconv3d_" + type).type(type).on(volume(f),
                    deconv3d(f, ConvolutionMode.Same).kernelSize(2, 2, 1).stride(1, 1, 3).build());
        }
    }

    /** Strict takes the stride of the depth for that of all. */
    private static int[] strides(ConvolutionMode m) {
        return m == ConvolutionMode.Strict ? new int[] {1, 1, 2} : new int[] {2, m == ConvolutionMode.Same ? 2 : 1, 3};
    }

    private static INDArray volume(DataFormat f) {
        return f == DataFormat.NCDHW
                ? random(9, N, CHANNELS, DEPTH, HEIGHT, WIDTH)
                : random(9, N, DEPTH, HEIGHT, WIDTH, CHANNELS);
    }

    private static Convolution3D.Builder conv3d(DataFormat f, ConvolutionMode m) {
        return new Convolution3D.Builder().dataFormat(f).convolutionMode(m).nIn(CHANNELS).nOut(3)
                .activation(Activation.TANH);
    }

    private static Deconvolution3D.Builder deconv3d(DataFormat f, ConvolutionMode m) {
        return new Deconvolution3D.Builder().dataFormat(f).convolutionMode(m).nIn(CHANNELS).nOut(3)
                .activation(Activation.TANH);
    }

    private static Subsampling3DLayer.Builder pool3d(PoolingType p, DataFormat f, ConvolutionMode m) {
        return new Subsampling3DLayer.Builder(p).dataFormat(f).convolutionMode(m).stride(1, 1, 1);
    }
}
