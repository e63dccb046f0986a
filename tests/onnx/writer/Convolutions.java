package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;

/** Convolution in every mode and layout. */
final class Convolutions extends Family {
    @Override
    void write() {
        for (CNN2DFormat f : CNN_FORMATS) {
            for (ConvolutionMode m : MODES) {
                boolean same = m == ConvolutionMode.Same;
                String end = "_" + m + "_" + f;
                net("conv_even" + end).images(f).on(image(f),
                        conv(f).convolutionMode(m).kernelSize(2, 4).build());
                net("conv_stride" + end).images(f).on(image(f), conv(f).convolutionMode(m)
                        .kernelSize(same ? 3 : 2, same ? 4 : 3).stride(2, same ? 3 : 1).build());
                net("conv_dilation" + end).images(f).on(image(f),
                        conv(f).convolutionMode(m).kernelSize(2, 3).dilation(2, 1).build());
                if (!same) {
                    net("conv_padding" + end).images(f).on(image(f),
                            conv(f).convolutionMode(m).kernelSize(2, 3).stride(2, 1).padding(1, 2).build());
                }
            }
            net("conv_nobias_" + f).images(f).on(image(f), conv(f).hasBias(false).build());
            net("conv_conv_" + f).images(f).on(image(f), conv(f).build(), conv(f).kernelSize(2, 2).nOut(5).build());
        }
    }
}
