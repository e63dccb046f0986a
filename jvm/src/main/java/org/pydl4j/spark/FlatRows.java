package org.pydl4j.spark;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * Rows of float32 or of bytes in C order, in memory outside the heap that somebody else holds: a mapped file, or numpy.
 *
 * <p>A buffer takes 2 GB at most, so there may be several; each but the last holds the same number of whole rows.
 */
final class FlatRows {

    private final ByteBuffer[] segments;
    private final FloatBuffer[] floats;
    private final boolean bytes;
    private final int rowLength;
    private final long rowsPerSegment;

    /** @param rowLength how many values make up one row */
    FlatRows(ByteBuffer[] segments, boolean bytes, int rowLength) {
        this.bytes = bytes;
        this.rowLength = rowLength;
        this.segments = new ByteBuffer[segments.length];
        this.floats = new FloatBuffer[segments.length];
        for (int i = 0; i < segments.length; i++) {
            this.segments[i] = segments[i].duplicate().order(ByteOrder.nativeOrder());
            floats[i] = this.segments[i].asFloatBuffer();
        }
        rowsPerSegment = segments.length == 0 ? 1 : Math.max(1, segments[0].capacity() / rowBytes(bytes, rowLength));
    }

    static long rowBytes(boolean bytes, int rowLength) {
        return Math.max(1, (long) rowLength * (bytes ? 1 : Float.BYTES));
    }

    /** The same rows for another thread: reading moves positions. */
    FlatRows view() {
        return new FlatRows(segments, bytes, rowLength);
    }

    boolean areBytes() {
        return bytes;
    }

    /** Puts a row of floats to {@code at} and on. */
    void read(long row, float[] into, int at) {
        FloatBuffer segment = floats[(int) (row / rowsPerSegment)];
        segment.position((int) (row % rowsPerSegment) * rowLength);
        segment.get(into, at, rowLength);
    }

    /** Puts a row of bytes to {@code at} and on. */
    void read(long row, byte[] into, int at) {
        ByteBuffer segment = segments[(int) (row / rowsPerSegment)];
        segment.position((int) (row % rowsPerSegment) * rowLength);
        segment.get(into, at, rowLength);
    }

    /** Puts a row where {@code into} stands; bytes become floats by way of {@code scratch}, of a row's length. */
    void read(long row, FloatBuffer into, float[] scratch) {
        int at = (int) (row % rowsPerSegment) * rowLength;
        if (bytes) {
            ByteBuffer segment = segments[(int) (row / rowsPerSegment)];
            for (int i = 0; i < rowLength; i++) {
                scratch[i] = segment.get(at + i) & 0xFF;
            }
            into.put(scratch, 0, rowLength);
        } else {
            FloatBuffer segment = floats[(int) (row / rowsPerSegment)];
            segment.limit(at + rowLength).position(at);
            into.put(segment);
            segment.limit(segment.capacity());
        }
    }
}
