package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.layers.*;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Dense, output, dropout and embedding layers. */
final class FeedForward extends Family {
    @Override
    void write() {
        INDArray x = rows(7);
        net("dense").on(x, new DenseLayer.Builder().nIn(7).nOut(6).activation(Activation.TANH).build());
        net("dense_nobias").on(x, dense(7, 6).hasBias(false).build());
        net("dense_layernorm").on(x, dense(7, 6).hasLayerNorm(true).build());
        net("dense_layernorm_nobias").on(x, dense(7, 6).hasLayerNorm(true).hasBias(false).build());
        net("dense_dense_output").on(x, dense(7, 6).build(), dense(6, 5).build(), output(5, 4).build());
        net("output_sigmoid_nobias").on(x, new OutputLayer.Builder(LossFunction.XENT)
                .nIn(7).nOut(4).activation(Activation.SIGMOID).hasBias(false).build());
        net("loss_softmax").on(x, dense(7, 6).build(),
                new LossLayer.Builder(LossFunction.MCXENT).activation(Activation.SOFTMAX).build());
        net("dropout").on(x, dense(7, 6).dropOut(0.5).build(), new DropoutLayer.Builder(0.7).build(),
                output(6, 4).build());
        INDArray indices = Nd4j.createFromArray(new float[][] {{3}, {10}, {0}});
        net("embedding").vocabulary().on(indices, embedding().build());
        net("embedding_bias_tanh").vocabulary().on(indices,
                embedding().hasBias(true).activation(Activation.TANH).build(), output(6, 4).build());
    }
}
