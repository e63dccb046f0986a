package org.pydl4j.spark;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** One array of a minibatch, and the way into it of what it has of every row. */
class Filling implements AutoCloseable {

    final INDArray array;
    final Span span;
    /** ND4J's memory itself. */
    final FloatBuffer buffer;

    private Filling(Span span, INDArray array) {
        if (array.length() > Integer.MAX_VALUE / Float.BYTES) {
            throw BridgeException.config("a minibatch of shape " + Arrays.toString(array.shape())
                    + " takes more than 2 GB; take fewer rows at a time", null);
        }
        this.span = span;
        this.array = array;
        buffer = array.data().asNioFloat();
    }

    /** For values as they are: an input's, or a mask's. */
    static Filling plain(Span span, int rows) {
        return new Filling(span, Nd4j.createUninitialized(DataType.FLOAT, span.batch(rows), 'c'));
    }

    /** For the labels of an output. */
    static Filling labels(Span output, int rows) {
        return output.oneHot() ? new OneHot(output, rows)
                : output.mask == null ? plain(output, rows) : new Masked(output, rows);
    }

    /** For class indices as one-hot labels, also where the loss takes the indices themselves. */
    static Filling oneHot(Span output, int rows) {
        return new OneHot(output, rows);
    }

    /** Takes away of the last rows what would not be written over. */
    void clear() {}

    /** @param values an example's features or labels, whole */
    void put(int row, float[] values) {
        buffer.position(row * span.size);
        buffer.put(values, span.from, span.size);
    }

    /** Lets go of the memory outside the heap now, not when the garbage collector comes round to it. */
    @Override
    public void close() {
        array.close();
    }

    /** What does not count may be anything, not a number even: it would spoil the loss, which multiplies it by zero. */
    private static final class Masked extends Filling {

        Masked(Span output, int rows) {
            super(output, Nd4j.createUninitialized(DataType.FLOAT, output.batch(rows), 'c'));
        }

        @Override
        void put(int row, float[] values) {
            buffer.position(row * span.size);
            for (int i = 0; i < span.size; i++) {
                buffer.put(span.counts(values, 0, i) ? values[span.from + i] : 0f);
            }
        }
    }

    private static final class OneHot extends Filling {
        /** Where the ones stand. */
        private final int[] ones;

        OneHot(Span output, int rows) {
            super(output, Nd4j.zeros(DataType.FLOAT, output.oneHotBatch(rows)));
            ones = new int[rows * output.size];
        }

        @Override
        void clear() {
            for (int one : ones) {
                buffer.put(one, 0f);
            }
        }

        @Override
        void put(int row, float[] values) {
            int each = span.size;
            int first = row * Math.toIntExact(span.classes()) * each;
            for (int position = 0; position < each; position++) {
                if (span.counts(values, 0, position)) {
                    int one = first + span.index(values[span.from + position]) * each + position;
                    ones[row * each + position] = one;
                    buffer.put(one, 1f);
                }
            }
        }
    }
}
