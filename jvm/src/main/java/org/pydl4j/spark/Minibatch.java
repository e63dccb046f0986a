package org.pydl4j.spark;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.factory.Nd4j;

/** The arrays of one minibatch, and the way of examples into them: in bulk, without a copy in between. */
final class Minibatch implements AutoCloseable {

    private final ExampleSpec spec;
    private final int rows;
    private final DataSet data;
    private final FloatBuffer features;
    private final FloatBuffer labels;
    /** Widens one row of bytes. */
    private final float[] row;
    /** One row's labels. */
    private final float[] label;
    /** Where the ones of one-hot labels stand. */
    private int[] ones;

    /** @param labelled whether the examples to come have labels, and these are wanted */
    Minibatch(ExampleSpec spec, int rows, boolean labelled) {
        this.spec = spec;
        this.rows = rows;
        row = new float[spec.features];
        label = new float[spec.labels];
        INDArray x = Nd4j.createUninitialized(DataType.FLOAT, spec.featureBatch(rows), 'c');
        INDArray y = labelled ? Nd4j.zeros(DataType.FLOAT, spec.labelBatch(rows)) : null;
        data = new DataSet(x, y);
        features = buffer(x);
        labels = y == null ? null : buffer(y);
    }

    /** ND4J's memory itself. */
    private static FloatBuffer buffer(INDArray array) {
        if (array.length() > Integer.MAX_VALUE / Float.BYTES) {
            throw BridgeException.config("a minibatch of shape " + Arrays.toString(array.shape())
                    + " takes more than 2 GB; take fewer rows at a time", null);
        }
        return array.data().asNioFloat();
    }

    int rows() {
        return rows;
    }

    INDArray features() {
        return data.getFeatures();
    }

    /** Whether these arrays are for examples of that kind, and for that many. */
    boolean fits(ExampleSpec examples, int count) {
        return spec == examples && rows == count;
    }

    /** Examples in the order in which they stand. */
    DataSet fill(ExampleSource from, int first, DataNormalization normalizer) {
        return fill(from, first, Permutation.identity(from.size()), normalizer);
    }

    /** The examples at the positions from {@code first} on; what these arrays held before is gone. */
    DataSet fill(ExampleSource from, int first, Permutation order, DataNormalization normalizer) {
        int each = spec.features;
        for (int i = 0; i < rows; i++) {
            features.position(i * each);
            from.features((int) order.at(first + i), features, row);
        }
        if (normalizer != null) {
            normalizer.transform(data.getFeatures());
        }
        if (labels != null) {
            if (spec.oneHot()) {
                expandLabels(from, first, order);
            } else {
                for (int i = 0; i < rows; i++) {
                    from.labels((int) order.at(first + i), label);
                    labels.position(i * spec.labels);
                    labels.put(label);
                }
            }
        }
        return data;
    }

    private void expandLabels(ExampleSource from, int first, Permutation order) {
        if (ones == null) {
            ones = new int[rows * spec.labels];
        } else {
            for (int one : ones) {
                labels.put(one, 0f);
            }
        }
        expand(spec, from, first, order, labels, ones);
    }

    /** Class indices as one-hot labels, also where the loss takes the indices themselves. */
    static INDArray oneHot(ExampleSpec spec, ExampleSource examples, int from, int to) {
        INDArray labels = Nd4j.zeros(DataType.FLOAT, spec.oneHotBatch(to - from));
        expand(spec, examples, from, Permutation.identity(examples.size()), buffer(labels),
                new int[(to - from) * spec.labels]);
        return labels;
    }

    /** Puts a one for each label, and notes where. */
    private static void expand(ExampleSpec spec, ExampleSource from, int first, Permutation order, FloatBuffer into,
            int[] ones) {
        int positions = spec.labels;
        int each = Math.toIntExact(spec.classes()) * positions;
        float[] indices = new float[positions];
        for (int i = 0; i * positions < ones.length; i++) {
            from.labels((int) order.at(first + i), indices);
            for (int t = 0; t < positions; t++) {
                int one = i * each + spec.index(indices[t]) * positions + t;
                ones[i * positions + t] = one;
                into.put(one, 1f);
            }
        }
    }

    /** Lets go of the memory outside the heap now, not when the garbage collector comes round to it. */
    @Override
    public void close() {
        data.getFeatures().close();
        if (data.getLabels() != null) {
            data.getLabels().close();
        }
    }
}
