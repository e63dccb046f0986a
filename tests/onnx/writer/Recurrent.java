package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Recurrent layers and their wrappers. */
final class Recurrent extends Family {
    @Override
    void write() {
        for (RNNFormat f : RNN_FORMATS) {
            INDArray x = series(C, f);
            net("lstm_" + f).on(x, lstm(C, 2, f).build());
            net("lstm_lstm_" + f).on(x, lstm(C, 2, f).build(), lstm(2, 6, f).build());
            net("graves_" + f).on(x, graves(C, 2, f).build());
            net("simplernn_" + f).on(x, new SimpleRnn.Builder().nIn(C).nOut(2).activation(Activation.TANH)
                    .dataFormat(f).build());
            net("gravesbidirectional_" + f).on(x, both(C, 2, f));
            net("last_gravesbidirectional_" + f).on(x, new LastTimeStep(both(C, 2, f)));
            net("last_lstm_" + f).on(x, new LastTimeStep(lstm(C, 2, f).build()));
            net("last_graves_" + f).on(x, new LastTimeStep(graves(C, 2, f).build()), output(2, 6).build());
            net("last_bidirectional_" + f).on(x, new LastTimeStep(
                    new Bidirectional(Bidirectional.Mode.CONCAT, lstm(C, 2, f).build())));
            // The defaults of the network do not reach a layer two levels down.
            LSTM.Builder explicit = lstm(C, 2, f).weightInit(WeightInit.XAVIER);
            explicit.updater(new Adam(1e-3));
            explicit.gateActivationFunction(Activation.SIGMOID);
            net("bidirectional_last_" + f).on(x,
                    new Bidirectional(Bidirectional.Mode.CONCAT, new LastTimeStep(explicit.build())));
            net("rnnoutput_softmax_" + f).on(x, lstm(C, 2, f).build(), rnnOutput(2, 6, f).build());
            net("rnnoutput_sigmoid_" + f).on(x, lstm(C, 2, f).build(), new RnnOutputLayer.Builder(LossFunction.XENT)
                    .nIn(2).nOut(6).activation(Activation.SIGMOID).dataFormat(f).build());
            for (Bidirectional.Mode mode : Bidirectional.Mode.values()) {
                net("bidirectional_lstm_" + mode + "_" + f).on(x, new Bidirectional(mode, lstm(C, 2, f).build()));
                net("bidirectional_graves_" + mode + "_" + f).on(x, new Bidirectional(mode, graves(C, 2, f).build()));
            }
        }
    }
}
