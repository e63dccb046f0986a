package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What recurrent layers and their wrappers do with feature masks, and where they do not look at them. */
final class Masks extends Family {
    static final int ROWS = 5, STEPS = 6;
    /** Padding behind, in front and in between; all there; hardly anything there. */
    static final INDArray SOME = steps("111000", "000111", "101101", "111111", "010000");
    /** The same with a row that is padding only, which DL4J refuses where it looks for the last step. */
    static final INDArray NONE = steps("111000", "000111", "101101", "111111", "000000");
    private static final RNNFormat NCW = RNNFormat.NCW;

    @Override
    void write() {
        for (RNNFormat f : RNN_FORMATS) {
            none("lstm_" + f, f, lstm(C, 2, f).build());
            none("simplernn_" + f, f, simple(C, 2, f).build());
            none("gravesbidirectional_" + f, f, both(C, 2, f));
            none("bidirectional_simplernn_" + f, f, new Bidirectional(simple(C, 2, f).build()));
            some("last_lstm_" + f, f, new LastTimeStep(lstm(C, 2, f).build()));
            some("last_bidirectional_simplernn_" + f, f, new LastTimeStep(
                    new Bidirectional(Bidirectional.Mode.MUL, deep(simple(C, 2, f)).build())));
            some("bidirectional_last_lstm_" + f, f, new Bidirectional(new LastTimeStep(deep(lstm(C, 2, f)
                    .gateActivationFunction(Activation.SIGMOID)).build())));
            some("timedistributed_" + f, f, new TimeDistributed(dense(C, 3).build(), f), simple(3, 2, f).build());
        }
        none("graves", NCW, graves(C, 2, NCW).build());
        none("swish", NCW, simple(C, 2, NCW).activation(Activation.SWISH).build());
        none("passed_on", NCW, lstm(C, 3, NCW).build(), simple(3, 2, NCW).build());
        none("rnnoutput", NCW, simple(C, 2, NCW).build(), rnnOutput(2, 3, NCW).build());
        none("rnnloss", NCW, simple(C, 2, NCW).build(), new RnnLossLayer.Builder(LossFunction.MCXENT)
                .activation(Activation.SOFTMAX).dataFormat(NCW).build());
        none("bidirectional_lstm", NCW, new Bidirectional(lstm(C, 2, NCW).build()));
        none("bidirectional_gravesbidirectional", NCW, new Bidirectional(both(C, 2, NCW)));
        some("last_graves", NCW, new LastTimeStep(graves(C, 2, NCW).build()), output(2, 3).build());
        some("last_gravesbidirectional", NCW, new LastTimeStep(both(C, 2, NCW)));
        some("last_bidirectional_lstm", NCW, new LastTimeStep(new Bidirectional(deep(lstm(C, 2, NCW)).build())));
        for (DataType type : new DataType[] {DataType.DOUBLE, DataType.HALF}) {
            net("mask_last_lstm_" + type).type(type).masked(SOME).on(sequences(NCW),
                    new LastTimeStep(lstm(C, 2, NCW).build()));
            net("mask_bidirectional_simplernn_" + type).type(type).masked(NONE).on(sequences(NCW),
                    new Bidirectional(simple(C, 2, NCW).build()));
        }
    }

    private void some(String name, RNNFormat f, Layer first, Layer... rest) {
        net("mask_" + name).masked(SOME).on(sequences(f), first, rest);
    }

    private void none(String name, RNNFormat f, Layer first, Layer... rest) {
        net("mask_" + name).masked(NONE).on(sequences(f), first, rest);
    }

    static INDArray sequences(RNNFormat f) {
        return f == NCW ? random(21, ROWS, C, STEPS) : random(21, ROWS, STEPS, C);
    }
}
