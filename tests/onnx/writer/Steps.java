package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Networks that keep their state from call to call: single steps, and chunks of several. */
final class Steps extends Family {
    private static final RNNFormat NCW = RNNFormat.NCW;

    @Override
    void write() {
        for (RNNFormat f : RNN_FORMATS) {
            stepped("lstm_" + f, f, lstm(C, 2, f).build());
            stepped("graves_" + f, f, graves(C, 2, f).build());
            chunked(net("steps_dense_" + f), f).before(1, new RnnToFeedForwardPreProcessor(f))
                    .before(2, new FeedForwardToRnnPreProcessor(f))
                    .on(series(C, f), lstm(C, 2, f).build(), dense(2, 3).build(), graves(3, 6, f).build());
        }
        // Over NWC DL4J keeps the wrong part of what this layer gives as its state.
        stepped("simplernn", NCW, simple(C, 2, NCW).build());
        stepped("output", NCW, lstm(C, 2, NCW).build(), simple(2, 3, NCW).build(), rnnOutput(3, 6, NCW).build());
        stepped("swish", NCW, lstm(C, 2, NCW).activation(Activation.SWISH).build());
        stepped("simplernn_swish", NCW, simple(C, 2, NCW).activation(Activation.SWISH).build());
        chunked(net("steps_lstm_DOUBLE").type(DataType.DOUBLE), NCW).on(series(C, NCW), lstm(C, 2, NCW).build());
        chunked(net("steps_lstm_HALF").type(DataType.HALF), NCW).on(series(C, NCW), lstm(C, 2, NCW).build());
        chunked(net("steps_graves_HALF").type(DataType.HALF), NCW).on(series(C, NCW), graves(C, 2, NCW).build());
        // The wrapper is passed over: what is inside takes the step.
        stepped("last", NCW, new LastTimeStep(lstm(C, 2, NCW).build()));
        stepped("last_last", NCW, simple(C, 3, NCW).build(), new LastTimeStep(graves(3, 2, NCW).build()));
        stepped("zero", NCW, new MaskZeroLayer.Builder().setUnderlying(lstm(C, 2, NCW).build()).setMaskValue(-0.5).build());
        // Two wrappers hide it: every call starts anew.
        stepped("last_of_zero", NCW, lstm(C, 3, NCW).build(), new LastTimeStep(new MaskZeroLayer.Builder()
                .setUnderlying(deep(lstm(3, 2, NCW)).build()).build()), dense(2, 3).build());
        stepped("frozen_last", NCW, lstm(C, 3, NCW).build(), new FrozenLayerWithBackprop(new LastTimeStep(
                deep(lstm(3, 2, NCW)).build())), dense(2, 3).build());
        stepped("frozen", NCW, new FrozenLayer(lstm(C, 2, NCW).build()));
        stepped("frozen_backprop", NCW, new FrozenLayerWithBackprop(lstm(C, 2, NCW).build()));
        stepped("timedistributed", NCW, new TimeDistributed(dense(C, 3).build(), NCW), lstm(3, 2, NCW).build());
        graph("steps_graph", g -> g.addInputs("a", "b")
                .addLayer("first", lstm(C, 2, NCW).build(), "a")
                .addLayer("second", simple(3, 6, NCW).build(), "b")
                .addVertex("both", new MergeVertex(), "first", "second")
                .addLayer("out", rnnOutput(8, 3, NCW).build(), "both")
                .addVertex("last", new LastTimeStepVertex("a"), "first").setOutputs("out", "last"))
                .step(random(1, N, C, 1), random(2, N, 3, 1)).step(random(3, N, C, 2), random(4, N, 3, 2))
                .on(series(C, NCW), series(3, NCW));
    }

    private void stepped(String name, RNNFormat f, Layer first, Layer... rest) {
        chunked(net("steps_" + name), f).on(series(C, f), first, rest);
    }

    private static Case chunked(Case c, RNNFormat f) {
        return c.steps(chunk(1, 1, f), chunk(2, 3, f), chunk(3, 2, f));
    }

    private static INDArray chunk(long seed, int steps, RNNFormat f) {
        return f == NCW ? random(seed, N, C, steps) : random(seed, N, steps, C);
    }
}
