package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.layers.*;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Local response normalization, whose windows lie across the channels. */
final class LocalResponse extends Family {
    @Override
    @SuppressWarnings("deprecation") // HALF, which model files still have
    void write() {
        for (CNN2DFormat f : CNN_FORMATS) {
            INDArray x = f == CNN2DFormat.NCHW ? random(9, N, 6, 4, 5) : random(9, N, 4, 5, 6);
            for (double n : new double[] {1, 3, 4, 5}) {
                net("lrn_" + (int) n + "_" + f).on(x, lrn(n, f));
            }
            for (DataType type : new DataType[] {DataType.DOUBLE, DataType.HALF}) {
                net("lrn_" + type + "_" + f).type(type).on(x, lrn(4, f));
            }
            net("lrn_conv_" + f).images(f).on(image(f), conv(f).nOut(5).build(), lrn(3, f), conv(f).build());
        }
    }

    private static LocalResponseNormalization lrn(double n, CNN2DFormat f) {
        return new LocalResponseNormalization.Builder().n(n).k(1.5).alpha(0.3).beta(0.6).dataFormat(f).build();
    }
}
