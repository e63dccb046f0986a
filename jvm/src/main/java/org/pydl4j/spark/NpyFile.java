package org.pydl4j.spark;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.spark.storage.StorageUtils;

/** A NumPy {@code .npy} file of little-endian float32 or of bytes in C order, mapped. */
final class NpyFile implements Closeable {

    private static final int MAGIC_LENGTH = 8;
    /** Longer than any that describes an array of plain numbers. */
    private static final int HEADER_LENGTH = 4096;

    private final FileChannel channel;
    private final ByteBuffer[] segments;
    private final FlatRows rows;

    /**
     * @param rowLength how many values make up one row; the header's shape is not consulted, Python has checked it
     */
    NpyFile(Path path, int rowLength) {
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
            boolean bytes = text.contains("'|u1'");
            if (!bytes && !text.contains("'<f4'") || text.contains("'fortran_order': True")) {
                throw new IllegalArgumentException(path + ": expected C-ordered float32 or uint8, found " + text.trim());
            }
            long dataStart = headerStart + headerLength;
            long rowBytes = FlatRows.rowBytes(bytes, rowLength);
            long count = (channel.size() - dataStart) / rowBytes;
            // One mapping holds at most 2 GB; segments end at row boundaries.
            long each = Math.max(1, (1L << 30) / rowBytes);
            segments = new ByteBuffer[(int) Plan.ceilDiv(count, each)];
            for (int i = 0; i < segments.length; i++) {
                long from = i * each;
                segments[i] = channel.map(FileChannel.MapMode.READ_ONLY, dataStart + from * rowBytes,
                        Math.min(each, count - from) * rowBytes);
            }
            rows = new FlatRows(segments, bytes, rowLength);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    FlatRows rows() {
        return rows;
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
