package org.pydl4j.spark;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.spark.storage.StorageUtils;

/** A NumPy {@code .npy} file of little-endian float32 or of bytes in C order, mapped and read row by row. */
final class NpyFile implements Closeable {

    private static final int MAGIC_LENGTH = 8;
    /** Longer than any that describes an array of plain numbers. */
    private static final int HEADER_LENGTH = 4096;

    private final FileChannel channel;
    private final ByteBuffer[] segments;
    private final FloatBuffer[] floats;
    private final boolean bytes;
    private final int rowLength;
    private final long rowsPerSegment;

    /**
     * @param rowLength how many values make up one row; the header's shape is not consulted, Python has checked it
     */
    NpyFile(Path path, int rowLength) {
        this.rowLength = rowLength;
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ);
            ByteBuffer start = ByteBuffer.allocate(HEADER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
            channel.read(start, 0);
            boolean longHeader = start.get(6) > 1;
            int headerLength = longHeader ? start.getInt(MAGIC_LENGTH) : start.getShort(MAGIC_LENGTH) & 0xFFFF;
            int headerStart = MAGIC_LENGTH + (longHeader ? 4 : 2);
            byte[] header = new byte[headerLength];
            start.position(headerStart);
            start.get(header);
            String text = new String(header, StandardCharsets.ISO_8859_1);
            bytes = text.contains("'|u1'");
            if (!bytes && !text.contains("'<f4'") || text.contains("'fortran_order': True")) {
                throw new IllegalArgumentException(path + ": expected C-ordered float32 or uint8, found " + text.trim());
            }
            long dataStart = headerStart + headerLength;
            long rowBytes = Math.max(1, (long) rowLength * (bytes ? 1 : Float.BYTES));
            long rows = (channel.size() - dataStart) / rowBytes;
            // One mapping holds at most 2 GB; segments end at row boundaries.
            rowsPerSegment = Math.max(1, (1L << 30) / rowBytes);
            segments = new ByteBuffer[(int) Plan.ceilDiv(rows, rowsPerSegment)];
            floats = new FloatBuffer[segments.length];
            for (int i = 0; i < segments.length; i++) {
                long from = i * rowsPerSegment;
                long count = Math.min(rowsPerSegment, rows - from);
                segments[i] = channel.map(FileChannel.MapMode.READ_ONLY, dataStart + from * rowBytes, count * rowBytes)
                        .order(ByteOrder.LITTLE_ENDIAN);
                floats[i] = segments[i].asFloatBuffer();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean isBytes() {
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

    /** Unmaps the file now: a file that is removed while it is mapped keeps its place on the disk. */
    @Override
    public void close() throws IOException {
        for (ByteBuffer segment : segments) {
            StorageUtils.dispose(segment);
        }
        channel.close();
    }
}
