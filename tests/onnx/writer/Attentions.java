package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import java.util.List;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.*;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Attention in layers and in a vertex. */
final class Attentions extends Family {
    // One after the other; a wrong one would change what comes out in the end.
    private static final List<Activation> MILD = List.of(
            Activation.HARDTANH, Activation.SOFTPLUS, Activation.SOFTSIGN, Activation.SIGMOID, Activation.IDENTITY,
            Activation.RELU);

    @Override
    void write() {
        INDArray x = series(C, RNNFormat.NCW);
        net("attention").on(x, self(C, 7, 2, 5).build());
        net("attention_one_head").on(x, self(C, 7, 1, 7).build());
        net("attention_unprojected").on(x, new SelfAttentionLayer.Builder().nIn(C).nOut(C).nHeads(1)
                .projectInput(false).build());
        net("attention_one_step").on(random(8, N, C, 1), self(C, 6, 2, 3).build());
        net("attention_between").input(InputType.recurrent(C, T)).on(x, lstm(C, 3, RNNFormat.NCW).build(),
                self(3, 6, 2, 3).build(), new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), output(6, 4).build());

        net("recurrent_attention").on(x, recurrent(C, 6, 2, 5).build());
        net("recurrent_attention_one_head").on(x, recurrent(C, 6, 1, 6).build());
        net("recurrent_attention_unbiased").on(x, recurrent(C, 6, 2, 3).hasBias(false).build());
        net("recurrent_attention_unprojected").on(x, new RecurrentAttentionLayer.Builder().nIn(C).nOut(C).nHeads(1)
                .projectInput(false).activation(Activation.TANH).build());
        net("recurrent_attention_one_step").on(random(8, N, C, 1), recurrent(C, 6, 2, 3).build());
        for (Activation a : List.of(
                Activation.CUBE, Activation.ELU, Activation.GELU, Activation.LEAKYRELU, Activation.SOFTMAX)) {
            net("recurrent_attention_" + a).on(x, recurrent(C, 4, 2, 2).activation(a).build());
        }
        Layer[] mild = MILD.stream().map(a -> recurrent(C, C, 2, 2).activation(a).build()).toArray(Layer[]::new);
        net("recurrent_attention_mild").on(x, self(C, C, 1, 2).build(), mild);
        vertices();
        // In HALF, DL4J computes no numbers.
        net("attention_DOUBLE").type(DataType.DOUBLE).on(x, self(C, 7, 2, 5).build(), recurrent(7, 6, 2, 3).build());
        vertex("attention_vertex_DOUBLE", queries(C).nInKeys(3).nInValues(2).nOut(6).nHeads(2).headSize(5))
                .type(DataType.DOUBLE).on(random(1, N, C, T), random(2, N, 3, 6), random(3, N, 2, 6));
    }

    private static SelfAttentionLayer.Builder self(int nIn, int nOut, int heads, int size) {
        return new SelfAttentionLayer.Builder().nIn(nIn).nOut(nOut).nHeads(heads).headSize(size).projectInput(true);
    }

    private static RecurrentAttentionLayer.Builder recurrent(int nIn, int nOut, int heads, int size) {
        return new RecurrentAttentionLayer.Builder().nIn(nIn).nOut(nOut).nHeads(heads).headSize(size)
                .projectInput(true).activation(Activation.TANH);
    }

    private static AttentionVertex.Builder queries(int nIn) {
        return new AttentionVertex.Builder().nInQueries(nIn).projectInput(true);
    }

    private Case vertex(String name, AttentionVertex.Builder vertex) {
        return graph(name, g -> g.addInputs("q", "k", "v").addVertex("y", vertex.build(), "q", "k", "v").setOutputs("y"));
    }

    private void vertices() {
        vertex("attention_vertex", queries(C).nInKeys(3).nInValues(2).nOut(6).nHeads(2).headSize(5))
                .on(random(1, N, C, T), random(2, N, 3, 6), random(3, N, 2, 6));
        vertex("attention_vertex_one_head", queries(C).nInKeys(3).nInValues(2).nOut(6))
                .on(random(1, N, C, T), random(2, N, 3, 6), random(3, N, 2, 6));
        vertex("attention_vertex_unprojected",
                new AttentionVertex.Builder().nInQueries(C).nInKeys(C).nInValues(C).nOut(C).projectInput(false))
                .on(random(1, N, C, T), random(2, N, C, 6), random(3, N, C, 6));
        graph("attention_vertex_between", g -> g.addInputs("x")
                .addLayer("later", rnnOutput(6, 3, RNNFormat.NCW).build(), "attention")
                .addVertex("attention", queries(2).nInKeys(3).nInValues(3).nOut(6).nHeads(2).headSize(3).build(),
                        "queries", "keys", "keys")
                .addLayer("keys", lstm(C, 3, RNNFormat.NCW).build(), "x")
                .addLayer("queries", lstm(C, 2, RNNFormat.NCW).build(), "x")
                .setOutputs("later")).on(series(C, RNNFormat.NCW));
    }
}
