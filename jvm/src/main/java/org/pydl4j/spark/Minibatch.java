package org.pydl4j.spark;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.factory.Nd4j;

/** The arrays of one minibatch, and the way of examples into them: in bulk, without a copy in between. */
final class Minibatch implements AutoCloseable {

    private final ExampleSpec spec;
    private final int rows;
    private final MultiDataSet data;
    private final FloatBuffer[] features;
    /** None where the labels are not wanted. */
    private final Labels[] labels;
    /** Widens one row of bytes. */
    private final float[] row;
    /** One row on its way to several inputs; null where there is one. */
    private final FloatBuffer joined;
    /** One row's labels. */
    private final float[] label;

    /** @param labelled whether the examples to come have labels, and these are wanted */
    Minibatch(ExampleSpec spec, int rows, boolean labelled) {
        this.spec = spec;
        this.rows = rows;
        row = new float[spec.features];
        joined = spec.inputs.length == 1 ? null : FloatBuffer.allocate(spec.features);
        label = new float[spec.labels];
        INDArray[] x = new INDArray[spec.inputs.length];
        features = new FloatBuffer[x.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = Nd4j.createUninitialized(DataType.FLOAT, spec.inputs[i].batch(rows), 'c');
            features[i] = buffer(x[i]);
        }
        labels = new Labels[labelled ? spec.outputs.length : 0];
        INDArray[] y = labelled ? new INDArray[labels.length] : null;
        for (int i = 0; i < labels.length; i++) {
            labels[i] = new Labels(spec.outputs[i], rows, spec.outputs[i].oneHot());
            y[i] = labels[i].array;
        }
        data = new org.nd4j.linalg.dataset.MultiDataSet(x, y);
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

    /** Of the only input. */
    INDArray features() {
        return data.getFeatures(0);
    }

    /** Whether these arrays are for examples of that kind, and for that many. */
    boolean fits(ExampleSpec examples, int count) {
        return spec == examples && rows == count;
    }

    /** Examples in the order in which they stand. */
    MultiDataSet fill(ExampleSource from, int first, DataNormalization normalizer) {
        return fill(from, first, Permutation.identity(from.size()), normalizer);
    }

    /** The examples at the positions from {@code first} on; what these arrays held before is gone. */
    MultiDataSet fill(ExampleSource from, int first, Permutation order, DataNormalization normalizer) {
        int each = spec.features;
        for (int i = 0; i < rows; i++) {
            int place = (int) order.at(first + i);
            if (joined == null) {
                features[0].position(i * each);
                from.features(place, features[0], row);
            } else {
                deal(from, place, i);
            }
        }
        if (normalizer != null) {
            normalizer.transform(data.getFeatures(0));
        }
        if (labels.length > 0) {
            label(from, first, order);
        }
        return data;
    }

    /** Puts an example's features to the inputs that they are of. */
    private void deal(ExampleSource from, int place, int to) {
        from.features(place, joined.clear(), row);
        for (int i = 0; i < features.length; i++) {
            Span input = spec.inputs[i];
            features[i].position(to * input.size);
            features[i].put(joined.array(), input.from, input.size);
        }
    }

    private void label(ExampleSource from, int first, Permutation order) {
        for (Labels each : labels) {
            each.clear();
        }
        for (int i = 0; i < rows; i++) {
            from.labels((int) order.at(first + i), label);
            for (Labels each : labels) {
                each.put(i, label);
            }
        }
    }

    /** An output's class indices as one-hot labels, also where the loss takes the indices themselves. */
    static INDArray oneHot(ExampleSpec spec, int output, ExampleSource examples, int from, int to) {
        Labels labels = new Labels(spec.outputs[output], to - from, true);
        float[] label = new float[spec.labels];
        for (int i = from; i < to; i++) {
            examples.labels(i, label);
            labels.put(i - from, label);
        }
        return labels.array;
    }

    /** One output's labels. */
    private static final class Labels {
        private final Span output;
        private final INDArray array;
        private final FloatBuffer buffer;
        /** Where the ones of one-hot labels stand; null for others. */
        private final int[] ones;

        Labels(Span output, int rows, boolean oneHot) {
            this.output = output;
            array = Nd4j.zeros(DataType.FLOAT, oneHot ? output.oneHotBatch(rows) : output.batch(rows));
            buffer = buffer(array);
            ones = oneHot ? new int[rows * output.size] : null;
        }

        /** Takes the ones of the last rows away; anything else is written over. */
        void clear() {
            for (int i = 0; ones != null && i < ones.length; i++) {
                buffer.put(ones[i], 0f);
            }
        }

        void put(int row, float[] label) {
            int each = output.size;
            if (ones == null) {
                buffer.position(row * each);
                buffer.put(label, output.from, each);
                return;
            }
            int first = row * Math.toIntExact(output.classes()) * each;
            for (int position = 0; position < each; position++) {
                int one = first + output.index(label[output.from + position]) * each + position;
                ones[row * each + position] = one;
                buffer.put(one, 1f);
            }
        }
    }

    /** Lets go of the memory outside the heap now, not when the garbage collector comes round to it. */
    @Override
    public void close() {
        for (INDArray each : data.getFeatures()) {
            each.close();
        }
        for (Labels each : labels) {
            each.array.close();
        }
    }
}
