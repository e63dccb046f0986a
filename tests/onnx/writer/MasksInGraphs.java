package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.*;
import org.deeplearning4j.nn.conf.graph.rnn.DuplicateToTimeSeriesVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.graph.rnn.ReverseTimeSeriesVertex;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.preprocessor.ComposableInputPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** How feature masks travel through graphs. */
final class MasksInGraphs extends Family {
    private static final INDArray OTHER = steps("110000", "001111", "011101", "111111", "100000");
    private static final RNNFormat NCW = RNNFormat.NCW;

    @Override
    void write() {
        two("add", new ElementWiseVertex(ElementWiseVertex.Op.Add), C, C);
        two("merge", new MergeVertex(), 3, C + 3);
        graph("mask_graph_merge_dense", g -> g.addInputs("a", "b")
                .addVertex("both", new MergeVertex(), "a", "b")
                .addLayer("dense", dense(C + 3, 2).build(), new RnnToFeedForwardPreProcessor(NCW), "both")
                .setOutputs("dense"))
                .masked(Masks.NONE, OTHER).on(Masks.sequences(NCW), second(3, Masks.STEPS));
        graph("mask_graph_one_of_two", g -> g.addInputs("a", "b")
                .addVertex("both", new MergeVertex(), "a", "b")
                .addLayer("rnn", simple(C + 3, 2, NCW).build(), "both").setOutputs("rnn"))
                .masked(Masks.SOME, null).on(Masks.sequences(NCW), second(3, Masks.STEPS));
        graph("mask_graph_stack", g -> g.addInputs("a", "b")
                .addVertex("stacked", new StackVertex(), "a", "b")
                .addLayer("rnn", simple(C, 2, NCW).build(), "stacked")
                .addVertex("first", new UnstackVertex(0, 2), "rnn")
                .addVertex("second", new UnstackVertex(1, 2), "rnn")
                .addLayer("more", simple(2, 3, NCW).build(), "second")
                .setOutputs("first", "more"))
                .masked(Masks.NONE, OTHER).on(Masks.sequences(NCW), second(C, Masks.STEPS));
        graph("mask_graph_stack_lengths", g -> g.addInputs("a", "b")
                .addVertex("stacked", new StackVertex(), "a", "b")
                .addLayer("rnn", simple(C, 2, NCW).build(), "stacked").setOutputs("rnn"))
                .masked(Masks.NONE, steps("1100", "0011", "0110", "1111", "1000"))
                .on(Masks.sequences(NCW), second(C, 4));
        through("subset", new SubsetVertex(1, 2), 2);
        through("scale", new ScaleVertex(2.5), C);
        through("shift", new ShiftVertex(0.5), C);
        through("l2normalize", new L2NormalizeVertex(), C);
        through("reshape", new ReshapeVertex(-1, C, Masks.STEPS), C);
        through("preprocessor", new PreprocessorVertex(new ComposableInputPreProcessor(
                new RnnToFeedForwardPreProcessor(NCW), new FeedForwardToRnnPreProcessor(NCW))), C);
        graph("mask_graph_last", g -> g.addInputs("a")
                .addLayer("rnn", lstm(C, 2, NCW).build(), "a")
                .addVertex("last", new LastTimeStepVertex("a"), "rnn")
                .addLayer("dense", dense(2, 3).build(), "last").setOutputs("dense"))
                .masked(Masks.NONE).on(Masks.sequences(NCW));
        graph("mask_graph_last_of_other", g -> g.addInputs("a", "b")
                .addLayer("rnn", lstm(C, 2, NCW).build(), "a")
                .addVertex("last", new LastTimeStepVertex("b"), "rnn")
                .addVertex("repeated", new DuplicateToTimeSeriesVertex("b"), "last")
                .addVertex("both", new MergeVertex(), "repeated", "b")
                .addLayer("more", simple(5, 3, NCW).build(), "repeated", "b").setOutputs("more", "both"))
                .masked(Masks.NONE, OTHER).on(Masks.sequences(NCW), second(3, Masks.STEPS));
        // Where a row has padding on both sides, or nothing else, DL4J reads beyond its end.
        graph("mask_graph_reverse", g -> g.addInputs("a")
                .addVertex("turned", new ReverseTimeSeriesVertex("a"), "a")
                .addLayer("rnn", simple(C, 2, NCW).build(), "turned")
                .addVertex("back", new ReverseTimeSeriesVertex("a"), "rnn").setOutputs("rnn", "back"))
                .masked(steps("111000", "000111", "101101", "111111", "100000")).on(Masks.sequences(NCW));
        graph("mask_graph_reverse_all", g -> g.addInputs("a")
                .addVertex("turned", new ReverseTimeSeriesVertex(), "a")
                .addLayer("rnn", simple(C, 2, NCW).build(), "turned").setOutputs("rnn"))
                .masked(Masks.NONE).on(Masks.sequences(NCW));
        graph("mask_graph_frozen", g -> g.addInputs("a")
                .addLayer("rnn", new FrozenLayer(simple(C, 2, NCW).build()), "a")
                .addLayer("last", new FrozenLayerWithBackprop(new LastTimeStep(deep(lstm(2, 3, NCW)).build())), "rnn")
                .setOutputs("last"))
                .masked(Masks.SOME).on(Masks.sequences(NCW));
        graph("mask_graph_attention", g -> g.addInputs("a")
                .addVertex("attention", new AttentionVertex.Builder().nInQueries(C).nInKeys(C).nInValues(C).nOut(C)
                        .nHeads(1).projectInput(false).build(), "a", "a", "a")
                .addLayer("rnn", simple(C, 2, NCW).build(), "attention").setOutputs("rnn"))
                .masked(Masks.NONE).on(Masks.sequences(NCW));
    }

    private static INDArray second(int columns, int steps) {
        return random(22, Masks.ROWS, columns, steps);
    }

    private void two(String name, GraphVertex vertex, int columns, int together) {
        graph("mask_graph_" + name, g -> g.addInputs("a", "b").addVertex("both", vertex, "a", "b")
                .addLayer("rnn", simple(together, 2, NCW).build(), "both").setOutputs("rnn"))
                .masked(Masks.NONE, OTHER).on(Masks.sequences(NCW), second(columns, Masks.STEPS));
    }

    private void through(String name, GraphVertex vertex, int columns) {
        graph("mask_graph_" + name, g -> g.addInputs("a").addVertex("through", vertex, "a")
                .addLayer("rnn", simple(columns, 2, NCW).build(), "through").setOutputs("rnn"))
                .masked(Masks.NONE).on(Masks.sequences(NCW));
    }
}
