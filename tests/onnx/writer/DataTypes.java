package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import java.util.List;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.*;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.*;
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
        // Cells in double precision, of which DL4J holds some constants in single.
        for (Activation a : Activation.values()) {
            double scale = a == Activation.THRESHOLDEDRELU ? 3 : 0.5; // to get over the threshold
            net("double_act_lstm_" + a.name().toLowerCase()).type(DataType.DOUBLE).scaled(scale).on(
                    series(C, RNNFormat.NCW), lstm(C, 2, RNNFormat.NCW).activation(a).build());
        }
        List<IActivation> others =
                List.of(new ActivationELU(0.4), new ActivationLReLU(0.2), new ActivationThresholdedReLU(0.4));
        for (IActivation a : others) {
            net("double_act_lstm_" + a.toString().replaceAll("\\(.*", "") + "_alpha").type(DataType.DOUBLE).on(
                    series(C, RNNFormat.NCW), lstm(C, 2, RNNFormat.NCW).activation(a).build());
        }
    }
}
