package org.pydl4j.spark;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** Rows packed for the way to an executor: a few long byte arrays, which Java serialises many times faster than rows. */
final class Parcel implements Serializable {

    private static final long serialVersionUID = 1L;
    private static final int CHUNK_BYTES = 8 << 20;

    private final int rows;
    private final int width;
    private final int rowsPerChunk;
    private final byte[][] chunks;

    Parcel(float[][] all) {
        rows = all.length;
        width = rows == 0 ? 0 : all[0].length;
        rowsPerChunk = Math.max(1, CHUNK_BYTES / Math.max(1, width * Float.BYTES));
        chunks = new byte[(int) Plan.ceilDiv(rows, rowsPerChunk)][];
        for (int c = 0; c < chunks.length; c++) {
            int from = c * rowsPerChunk;
            int to = Math.min(rows, from + rowsPerChunk);
            chunks[c] = new byte[(to - from) * width * Float.BYTES];
            FloatBuffer floats = ByteBuffer.wrap(chunks[c]).asFloatBuffer();
            for (int i = from; i < to; i++) {
                floats.put(all[i]);
            }
        }
    }

    float[][] unpack() {
        float[][] all = new float[rows][width];
        for (int c = 0; c < chunks.length; c++) {
            FloatBuffer floats = ByteBuffer.wrap(chunks[c]).asFloatBuffer();
            for (int i = c * rowsPerChunk; floats.hasRemaining(); i++) {
                floats.get(all[i]);
            }
        }
        return all;
    }
}
