package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Output and loss layers, of which a softmax tells over which axis they run. */
final class Outputs extends Family {
    @Override
    void write() {
        net("center_loss").on(rows(7), dense(7, 6).build(), center(6, 4).build());
        net("center_loss_nobias").on(rows(7), center(7, 4).hasBias(false).build());
        net("ocnn_sigmoid").on(rows(7), one(7, 5).build());
        net("ocnn_softmax").on(rows(7), dense(7, 6).build(), one(6, 4).activation(Activation.SOFTMAX).build());
        for (Activation a : new Activation[] {Activation.SOFTMAX, Activation.TANH}) {
            String start = a.name().toLowerCase() + "_";
            for (RNNFormat f : RNN_FORMATS) {
                net("rnn_loss_" + start + f).on(series(C, f), lstm(C, 2, f).build(),
                        new RnnLossLayer.Builder(LossFunction.MSE).activation(a).dataFormat(f).build());
                loss("loss_rnn_" + start + f, a, series(C, f));
            }
            for (CNN2DFormat f : CNN_FORMATS) {
                net("cnn_loss_" + start + f).images(f).on(image(f), conv(f).build(),
                        new CnnLossLayer.Builder(LossFunction.MSE).activation(a).format(f).build());
                loss("loss_cnn_" + start + f, a, image(f));
            }
            for (Convolution3D.DataFormat f : Convolution3D.DataFormat.values()) {
                net("cnn3d_loss_" + start + f).input(volumes(f)).on(volume(f),
                        new Cnn3DLossLayer.Builder(f).lossFunction(LossFunction.MSE).activation(a).build());
                loss("loss_cnn3d_" + start + f, a, volume(f));
            }
        }
    }

    /** In a graph that does not know what goes in, and so does not flatten it. */
    private void loss(String name, Activation a, INDArray x) {
        LossLayer layer = new LossLayer.Builder(LossFunction.MSE).activation(a).build();
        graph(name, g -> g.addInputs("x").addLayer("loss", layer, "x").setOutputs("loss")).on(new INDArray[] {x});
    }

    private static CenterLossOutputLayer.Builder center(int nIn, int nOut) {
        return new CenterLossOutputLayer.Builder(LossFunction.MCXENT).nIn(nIn).nOut(nOut)
                .activation(Activation.SOFTMAX);
    }

    private static OCNNOutputLayer.Builder one(int nIn, int hidden) {
        return new OCNNOutputLayer.Builder().nIn(nIn).hiddenLayerSize(hidden).activation(Activation.SIGMOID);
    }
}
