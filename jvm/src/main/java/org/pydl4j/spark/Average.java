package org.pydl4j.spark;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The mean of the workers' numbers, weighted by the rows that each has trained.
 *
 * <p>Taken as first − Σ shareᵢ·(first − xᵢ) in double precision and in the workers' order: the result depends on nothing
 * but the numbers, and where all agree (frozen parameters) it is what they agree on, to the bit, the sign of a zero included.
 */
final class Average {

    private static final VarHandle FLOATS = MethodHandles.byteArrayViewVarHandle(float[].class, ByteOrder.nativeOrder());
    private static final VarHandle DOUBLES = MethodHandles.byteArrayViewVarHandle(double[].class, ByteOrder.nativeOrder());
    /** Bytes that one thread combines at a time; few enough that all workers' pieces stay in its cache. */
    private static final int PIECE = 1 << 16;

    private Average() {}

    /** @param into where the result goes, if it is of the right size and none of the parts */
    static byte[] of(List<byte[]> parts, long[] rows, boolean doubles, byte[] into) {
        byte[] first = parts.get(0);
        byte[] mean = into != null && into.length == first.length ? into : new byte[first.length];
        if (parts.size() == 1) {
            System.arraycopy(first, 0, mean, 0, first.length);
            return mean;
        }
        double total = 0;
        for (long each : rows) {
            total += each;
        }
        double[] shares = new double[rows.length];
        for (int i = 0; i < rows.length; i++) {
            shares[i] = rows[i] / total;
        }
        byte[][] all = parts.toArray(new byte[0][]);
        int pieces = (int) Plan.ceilDiv(mean.length, PIECE);
        IntStream.range(0, pieces).parallel().forEach(piece -> {
            int from = piece * PIECE;
            int to = Math.min(mean.length, from + PIECE);
            if (doubles) {
                doubles(all, shares, mean, from, to);
            } else {
                floats(all, shares, mean, from, to);
            }
        });
        return mean;
    }

    private static void floats(byte[][] parts, double[] shares, byte[] mean, int from, int to) {
        for (int at = from; at < to; at += Float.BYTES) {
            double first = (float) FLOATS.get(parts[0], at);
            double sum = 0;
            for (int i = 1; i < parts.length; i++) {
                sum += shares[i] * (first - (float) FLOATS.get(parts[i], at));
            }
            FLOATS.set(mean, at, (float) (first - sum));
        }
    }

    private static void doubles(byte[][] parts, double[] shares, byte[] mean, int from, int to) {
        for (int at = from; at < to; at += Double.BYTES) {
            double first = (double) DOUBLES.get(parts[0], at);
            double sum = 0;
            for (int i = 1; i < parts.length; i++) {
                sum += shares[i] * (first - (double) DOUBLES.get(parts[i], at));
            }
            DOUBLES.set(mean, at, first - sum);
        }
    }
}
