package org.pydl4j.spark;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Mean, spread and range of every channel, in one pass.
 *
 * <p>Sums are taken of the distance to the first value seen, in double: without a division per value, and without the
 * cancellation that plain sums of squares suffer from. Partitions are put together by Chan's formula.
 */
final class Moments implements Serializable {

    private static final long serialVersionUID = 1L;

    private final double[] mean;
    /** Sums of squared distances from the mean. */
    private final double[] squares;
    final float[] min;
    final float[] max;
    private long count;

    // Only while rows are added; see close().
    private float[] origin;
    private double[] sum;
    private double[] sumOfSquares;

    Moments(int channels) {
        mean = new double[channels];
        squares = new double[channels];
        min = new float[channels];
        max = new float[channels];
        Arrays.fill(min, Float.POSITIVE_INFINITY);
        Arrays.fill(max, Float.NEGATIVE_INFINITY);
    }

    int channels() {
        return mean.length;
    }

    boolean isEmpty() {
        return count == 0;
    }

    /** Adds what counts of an input, in the row that begins at {@code row}; masks are by time step, as DL4J has them. */
    void add(float[] floats, int row, Span input) {
        int each = input.size / channels();
        if (input.mask == null) {
            add(floats, row + input.from, each);
            return;
        }
        float[] counting = new float[input.size];
        int held = 0;
        for (int i = 0; i < input.size; i++) {
            if (input.counts(floats, row, i)) {
                counting[held++] = floats[row + input.from + i];
            }
        }
        if (held > 0) {
            add(counting, 0, held / channels());
        }
    }

    /**
     * Adds a row.
     *
     * @param from where it begins
     * @param each how many values it has of every channel, in it one after the other
     */
    void add(float[] values, int from, int each) {
        if (origin == null) {
            origin = new float[channels()];
            for (int c = 0; c < origin.length; c++) {
                origin[c] = values[from + c * each];
            }
            sum = new double[channels()];
            sumOfSquares = new double[channels()];
        }
        for (int c = 0; c < origin.length; c++) {
            float low = min[c];
            float high = max[c];
            double near = 0;
            double far = 0;
            for (int i = from + c * each; i < from + (c + 1) * each; i++) {
                float x = values[i];
                low = Math.min(low, x);
                high = Math.max(high, x);
                double distance = x - (double) origin[c];
                near += distance;
                far += distance * distance;
            }
            min[c] = low;
            max[c] = high;
            sum[c] += near;
            sumOfSquares[c] += far;
        }
        count += each;
    }

    /** No more rows will be added here: settles the sums. */
    void close() {
        if (origin == null) {
            return;
        }
        for (int c = 0; c < origin.length; c++) {
            mean[c] = origin[c] + sum[c] / count;
            squares[c] = Math.max(0, sumOfSquares[c] - sum[c] * sum[c] / count);
        }
        origin = null;
        sum = null;
        sumOfSquares = null;
    }

    void append(Moments next) {
        if (next.count == 0) {
            return;
        }
        double total = count + (double) next.count;
        for (int c = 0; c < mean.length; c++) {
            double delta = next.mean[c] - mean[c];
            mean[c] += delta * next.count / total;
            squares[c] += next.squares[c] + delta * delta * count * next.count / total;
            min[c] = Math.min(min[c], next.min[c]);
            max[c] = Math.max(max[c], next.max[c]);
        }
        count += next.count;
    }

    double mean(int channel) {
        return mean[channel];
    }

    /** The population standard deviation, as DL4J's NormalizerStandardize takes it. */
    double standardDeviation(int channel) {
        return Math.sqrt(squares[channel] / count);
    }
}
