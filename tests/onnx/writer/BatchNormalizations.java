package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;

/** Batch normalization over features, channels and time. */
final class BatchNormalizations extends Family {
    @Override
    @SuppressWarnings("deprecation") // HALF, which model files still have
    void write() {
        net("bn_dense").on(rows(7), new BatchNormalization.Builder().nIn(7).nOut(7).eps(0.01).build());
        net("bn_variance").on(rows(7), new BatchNormalization.Builder().nIn(7).nOut(7).useLogStd(false).build());
        net("bn_activation").on(rows(7),
                new BatchNormalization.Builder().nIn(7).nOut(7).activation(Activation.TANH).build());
        double[][] locked = {{1, 0}, {2, 0}, {1, 3}, {2, 3}};
        for (double[] gb : locked) {
            net("bn_locked_" + (int) gb[0] + "_" + (int) gb[1]).on(rows(7), new BatchNormalization.Builder()
                    .nIn(7).nOut(7).lockGammaBeta(true).gamma(gb[0]).beta(gb[1]).build());
        }
        for (CNN2DFormat f : CNN_FORMATS) {
            net("bn_cnn_" + f).images(f).on(image(f), conv(f).build(),
                    new BatchNormalization.Builder().dataFormat(f).build());
            net("bn_cnn_locked_" + f).images(f).on(image(f), new BatchNormalization.Builder().dataFormat(f)
                    .lockGammaBeta(true).gamma(2).beta(3).useLogStd(false).build());
        }
        for (DataType type : new DataType[] {DataType.DOUBLE, DataType.HALF}) {
            net("bn_locked_" + type).type(type).on(rows(7), new BatchNormalization.Builder()
                    .nIn(7).nOut(7).lockGammaBeta(true).gamma(2).beta(3).build());
            net("bn_variance_" + type).type(type).on(rows(7),
                    new BatchNormalization.Builder().nIn(7).nOut(7).useLogStd(false).eps(0.01).build());
            for (CNN2DFormat f : CNN_FORMATS) {
                net("bn_cnn_" + type + "_" + f).type(type).images(f).on(image(f),
                        new BatchNormalization.Builder().dataFormat(f).build());
            }
        }
        net("bn_rnn_locked_NWC").on(series(C, RNNFormat.NWC), new BatchNormalization.Builder().nIn(C).nOut(C)
                .lockGammaBeta(true).gamma(2).beta(3).dataFormat(CNN2DFormat.NHWC).build());
        net("bn_rnn_NWC").on(series(C, RNNFormat.NWC), lstm(C, 2, RNNFormat.NWC).build(),
                new BatchNormalization.Builder().nIn(2).nOut(2).dataFormat(CNN2DFormat.NHWC).build());
        for (boolean logStd : new boolean[] {true, false}) { // JSON does not tell which: the names of the parameters do
            String end = logStd ? "" : "_variance";
            Layer bn = new BatchNormalization.Builder().nIn(7).nOut(7).useLogStd(logStd).build();
            net("bn_frozen" + end).on(rows(7), new FrozenLayer(bn.clone()));
            // Not as an output: DL4J fails to compute a graph that ends so.
            graph("bn_graph" + end, g -> g.addInputs("in")
                    .addLayer("bn", bn.clone(), "in")
                    .addLayer("frozen", new FrozenLayer(bn.clone()), "bn")
                    .addLayer("dense", dense(7, 4).build(), "frozen").setOutputs("dense")).on(rows(7));
        }
    }
}
