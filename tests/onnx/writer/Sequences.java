package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.layers.misc.*;
import org.deeplearning4j.nn.conf.layers.recurrent.*;
import org.deeplearning4j.nn.conf.layers.util.MaskLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What makes sequences, of indices and of rows, and layers for rows that run over steps. */
final class Sequences extends Family {
    @Override
    void write() {
        for (RNNFormat f : RNN_FORMATS) {
            embeddings(f);
            net("repeat_" + f).on(rows(7), dense(7, C).build(), repeat(f).build(), lstm(C, 2, f).build());
            net("repeat_first_" + f).on(rows(7), repeat(f).build());
            net("mask_layer_" + f).on(series(C, f), new MaskLayer(), lstm(C, 2, f).build());
            distributed(f);
        }
        net("mask_layer_dense").on(rows(7), new MaskLayer(), dense(7, 6).build());
    }

    private static RepeatVector.Builder<?> repeat(RNNFormat f) {
        RepeatVector.Builder<?> b = new RepeatVector.Builder<>(6);
        b.dataFormat(f);
        return b;
    }

    private void embeddings(RNNFormat f) {
        INDArray indices = indices(11, N, T);
        net("embedding_sequence_" + f).vocabulary().on(indices, words(f).build(), lstm(6, 2, f).build());
        net("embedding_sequence_bias_" + f).vocabulary().on(indices,
                words(f).hasBias(true).activation(Activation.TANH).build());
        net("embedding_sequence_softmax_" + f).vocabulary().on(indices,
                words(f).activation(Activation.SOFTMAX).build());
        net("embedding_sequence_channel_" + f).vocabulary().on(indices.reshape(N, 1, T), words(f).build());
        net("embedding_sequence_fixed_" + f).vocabulary().on(indices,
                words(f).inputLength(T).inferInputLength(false).build());
        net("embedding_sequence_fractions_" + f).vocabulary().on(
                indices.add(Nd4j.linspace(DataType.FLOAT, 0.03, 0.06, N * T).reshape(N, T)),
                words(f).build());
    }

    private static EmbeddingSequenceLayer.Builder words(RNNFormat f) {
        return new EmbeddingSequenceLayer.Builder().nIn(11).nOut(6).activation(Activation.IDENTITY).outputDataFormat(f);
    }

    private void distributed(RNNFormat f) {
        each("dense", f, dense(C, 6).build());
        each("dense_layernorm", f, dense(C, 6).hasLayerNorm(true).build());
        each("frozen", f, new FrozenLayer(dense(C, 6).build()));
        each("output", f, output(C, 6).build());
        each("loss", f, new LossLayer.Builder(LossFunction.MSE).activation(Activation.SOFTMAX).build());
        each("activation", f, new ActivationLayer(Activation.SOFTMAX));
        each("dropout", f, new DropoutLayer(0.5));
        each("prelu", f, new PReLULayer.Builder().inputShape(C).build());
        each("element_wise", f, new ElementWiseMultiplicationLayer.Builder().nIn(C).nOut(C)
                .activation(Activation.SIGMOID).build());
        each("normalization", f, new BatchNormalization.Builder().nIn(C).nOut(C).build());
        net("distributed_embedding_" + f).vocabulary().on(
                f == RNNFormat.NCW ? indices(11, N, 1, T) : indices(11, N, T, 1),
                new TimeDistributed(embedding().hasBias(true).build(), f));
        net("frozen_distributed_" + f).on(series(C, f), new FrozenLayer(new TimeDistributed(dense(C, 6).build(), f)),
                lstm(6, 2, f).build());
    }

    private void each(String name, RNNFormat f, Layer layer) {
        net("distributed_" + name + "_" + f).on(series(C, f), new TimeDistributed(layer, f));
    }
}
