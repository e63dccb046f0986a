package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import java.util.List;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.*;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;

/** Double and half precision. */
final class DataTypes extends Family {
    @Override
    @SuppressWarnings("deprecation") // HALF, which model files still have
    void write() {
        for (DataType type : List.of(DataType.DOUBLE, DataType.HALF)) {
            String end = "_" + type;
            net("dense" + end).type(type).on(rows(7), dense(7, 6).build(), output(6, 4).build());
            net("conv" + end).type(type).images(CNN2DFormat.NCHW).on(image(CNN2DFormat.NCHW),
                    conv(CNN2DFormat.NCHW).build(), pool(PoolingType.MAX, CNN2DFormat.NCHW).build());
            net("lstm" + end).type(type).on(series(C, RNNFormat.NCW), lstm(C, 2, RNNFormat.NCW).build());
            net("bn" + end).type(type).on(rows(7), new BatchNormalization.Builder().nIn(7).nOut(7).build());
        }
        net("lstm_scan_DOUBLE").type(DataType.DOUBLE).on(series(C, RNNFormat.NCW),
                lstm(C, 2, RNNFormat.NCW).activation(Activation.SWISH).build());
    }
}
