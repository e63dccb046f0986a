package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import java.util.List;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.nd4j.linalg.api.buffer.DataType;

/** Subsampling and pooling over all that is left. */
final class Pooling extends Family {
    @Override
    void write() {
        subsampling();
        globalPooling();
    }

    private void subsampling() {
        for (CNN2DFormat f : CNN_FORMATS) {
            for (PoolingType p : List.of(PoolingType.MAX, PoolingType.AVG, PoolingType.PNORM)) {
                for (ConvolutionMode m : MODES) {
                    boolean same = m == ConvolutionMode.Same;
                    net("pool_" + p + "_" + m + "_" + f).images(f).on(image(f), pool(p, f).convolutionMode(m)
                            .kernelSize(same ? 3 : 2, same ? 4 : 3).stride(2, same ? 3 : 1).build());
                    if (m == ConvolutionMode.Truncate) {
                        net("pool_padding_" + p + "_" + f).images(f).on(image(f), pool(p, f).convolutionMode(m)
                                .kernelSize(2, 3).stride(2, 2).padding(1, 1).build());
                    }
                }
            }
            for (ConvolutionMode m : List.of(ConvolutionMode.Truncate, ConvolutionMode.Same)) {
                for (PoolingType p : List.of(PoolingType.MAX, PoolingType.AVG)) {
                    net("pool_dilation_" + p + "_" + m + "_" + f).images(f).on(image(f), pool(p, f).convolutionMode(m)
                            .kernelSize(2, 3).dilation(2, 1).stride(1, 1).build());
                }
            }
            net("pool_include_padding_" + f).images(f).on(image(f), pool(PoolingType.AVG, f)
                    .convolutionMode(ConvolutionMode.Same).kernelSize(3, 4).stride(2, 3)
                    .avgPoolIncludePadInDivisor(true).build());
        }
    }

    @SuppressWarnings("deprecation") // HALF, which model files still have
    private void globalPooling() {
        for (PoolingType p : List.of(PoolingType.MAX, PoolingType.AVG, PoolingType.SUM, PoolingType.PNORM)) {
            for (RNNFormat f : RNN_FORMATS) {
                net("gpool_" + p + "_" + f).on(series(C, f), lstm(C, 2, f).build(), global(p).build());
            }
            for (CNN2DFormat f : CNN_FORMATS) {
                net("gpool_" + p + "_" + f).images(f).on(image(f), conv(f).build(), global(p).build());
            }
            net("gpool_keep_" + p + "_NCHW").images(CNN2DFormat.NCHW).on(image(CNN2DFormat.NCHW),
                    conv(CNN2DFormat.NCHW).build(), global(p).collapseDimensions(false).build());
        }
        for (PoolingType p : List.of(PoolingType.MAX, PoolingType.AVG, PoolingType.SUM, PoolingType.PNORM)) {
            for (Convolution3D.DataFormat f : Convolution3D.DataFormat.values()) {
                net("gpool_" + p + "_" + f).input(volumes(f)).on(volume(f), global(p).build());
            }
            net("gpool_keep_" + p + "_NCDHW").input(volumes(Convolution3D.DataFormat.NCDHW))
                    .on(volume(Convolution3D.DataFormat.NCDHW), global(p).collapseDimensions(false).build());
            net("gpool_keep_" + p + "_NCW").on(series(C, RNNFormat.NCW), global(p).collapseDimensions(false).build());
            for (DataType type : List.of(DataType.DOUBLE, DataType.HALF)) {
                net("gpool_" + p + "_" + type).type(type).on(series(C, RNNFormat.NCW), global(p).build());
            }
        }
        net("gpool_time_NWC").on(series(C, RNNFormat.NWC),
                global(PoolingType.AVG).poolingDimensions(1).build(), output(C, 6).build());
        net("gpool_width_NCHW").on(image(CNN2DFormat.NCHW), global(PoolingType.SUM).poolingDimensions(3).build());
        net("gpool_volume_NDHWC").on(volume(Convolution3D.DataFormat.NDHWC),
                global(PoolingType.MAX).poolingDimensions(1, 2, 3).build());
        // As many rows of pixels as channels: only then the axes can be kept here, and they are the wrong ones.
        net("gpool_keep_square_NHWC").on(random(9, N, 3, W, 3), global(PoolingType.AVG).poolingDimensions(1, 2)
                .collapseDimensions(false).build());
        net("gpool_then_output").on(series(C, RNNFormat.NCW), lstm(C, 2, RNNFormat.NCW).build(),
                global(PoolingType.AVG).build(), output(2, 6).build());
    }
}
