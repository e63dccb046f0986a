package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** MaskZeroLayer, which finds the mask in the data. */
final class Zeros extends Family {
    private static final double VALUE = -0.5;

    @Override
    void write() {
        // Over NWC, DL4J finds the padding only where a recurrent layer is right inside.
        for (RNNFormat f : RNN_FORMATS) {
            zeros("lstm", f, lstm(C, 2, f).build());
            zeros("graves", f, graves(C, 2, f).build());
            zeros("simplernn", f, simple(C, 2, f).build());
            zeros("gravesbidirectional", f, both(C, 2, f));
            net("zero_last_of_" + f).masked(mask(2, 5, 4)).on(data(f), new LastTimeStep(
                    zero(deep(graves(C, 2, f)).build())));
            net("zero_then_" + f).masked(mask(2, 5, 4)).on(data(f), zero(lstm(C, 3, f).build()),
                    simple(3, 2, f).build());
        }
        zeros("bidirectional", RNNFormat.NCW, new Bidirectional(deep(lstm(C, 2, RNNFormat.NCW)).build()));
        zeros("last", RNNFormat.NCW, new LastTimeStep(deep(lstm(C, 2, RNNFormat.NCW)).build()));
        zeros("timedistributed", RNNFormat.NCW, new TimeDistributed(deep(dense(C, 2)).build(), RNNFormat.NCW));
        net("zero_DOUBLE").type(DataType.DOUBLE).on(data(RNNFormat.NCW), zero(lstm(C, 2, RNNFormat.NCW).build()));
        net("zero_HALF").type(DataType.HALF).on(data(RNNFormat.NCW), zero(lstm(C, 2, RNNFormat.NCW).build()));
    }

    private void zeros(String name, RNNFormat f, Layer layer) {
        net("zero_" + name + "_" + f).on(data(f), zero(layer));
    }

    private static Layer zero(Layer layer) {
        return new MaskZeroLayer.Builder().setUnderlying(layer).setMaskValue(VALUE).build();
    }

    /** Padding behind, in front and in between, and steps of which only a part looks like padding. */
    private static INDArray data(RNNFormat f) {
        INDArray x = random(23, N, C, T);
        int[][] padding = {{0, 3}, {0, 4}, {1, 0}, {2, 2}};
        for (int[] at : padding) {
            x.get(NDArrayIndex.point(at[0]), NDArrayIndex.all(), NDArrayIndex.point(at[1])).assign(VALUE);
        }
        x.putScalar(2, 1, 3, VALUE);
        return f == RNNFormat.NCW ? x : x.permute(0, 2, 1).dup('c');
    }
}
