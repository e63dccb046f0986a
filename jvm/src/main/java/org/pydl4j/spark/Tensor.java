package org.pydl4j.spark;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.BytePointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Numbers on their way to Python: in C order and the machine's byte order, in memory outside the heap. */
public final class Tensor implements AutoCloseable {

    /** A buffer holds 2 GB at most. */
    private static final long PART = 1L << 30;

    private final INDArray array;
    private final boolean owned;
    private final ByteBuffer bytes;
    private final String header;

    private Tensor(INDArray array, boolean owned) {
        this.array = array;
        this.owned = owned;
        this.bytes = null;
        StringBuilder text = new StringBuilder(array.dataType() == DataType.DOUBLE ? "f8" : "f4");
        for (long n : array.shape()) {
            text.append(' ').append(n);
        }
        header = text.toString();
    }

    private Tensor(byte[] content) {
        array = null;
        owned = false;
        bytes = ByteBuffer.allocateDirect(content.length).put(content).flip();
        header = "u1 " + content.length;
    }

    /** An array that is nobody else's: it is freed with this. */
    static Tensor of(INDArray array) {
        if (array.dataType() != DataType.DOUBLE && array.dataType() != DataType.FLOAT) {
            INDArray wide = array.castTo(DataType.FLOAT);
            array.close();
            return of(wide);
        }
        if (isPlain(array)) {
            return new Tensor(array, true);
        }
        INDArray plain = array.dup('c');
        if (array.closeable()) {
            array.close();
        }
        return new Tensor(plain, true);
    }

    /** An array that lives on, as it stands when Python reads it; a copy where it cannot be read as it is. */
    static Tensor view(INDArray array) {
        boolean wide = array.dataType() == DataType.DOUBLE || array.dataType() == DataType.FLOAT;
        return wide && isPlain(array) ? new Tensor(array, false) : of(array.dup('c'));
    }

    static Tensor of(byte[] content) {
        return new Tensor(content);
    }

    /** Whether the numbers lie in C order from the start; what is permuted can say 'c' and still not be. */
    static boolean isPlain(INDArray array) {
        if (array.offset() != 0 || array.isView()) {
            return false;
        }
        long expected = 1;
        for (int axis = array.rank() - 1; axis >= 0; axis--) {
            if (array.size(axis) > 1 && array.stride(axis) != expected) {
                return false;
            }
            expected *= array.size(axis);
        }
        return true;
    }

    /** Type and shape, such as {@code "f4 3 10"}. */
    public String header() {
        return header;
    }

    /** How many buffers there are. */
    public int parts() {
        return bytes != null ? 1 : (int) Math.max(1, Plan.ceilDiv(size(), PART));
    }

    private long size() {
        return array.length() * array.dataType().width();
    }

    /** One of them; it must not be read once this is closed. */
    public ByteBuffer part(int index) {
        if (bytes != null) {
            return bytes;
        }
        long from = index * PART;
        BytePointer pointer = new BytePointer(array.data().addressPointer());
        return pointer.position(from).limit(Math.min(size(), from + PART)).asByteBuffer().order(ByteOrder.nativeOrder());
    }

    /** Puts all of it into a file. */
    void write(Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file); WritableByteChannel channel = Channels.newChannel(out)) {
            for (int i = 0; i < parts(); i++) {
                channel.write(part(i).duplicate());
            }
        }
    }

    @Override
    public void close() {
        if (owned && array.closeable()) {
            array.close();
        }
    }
}
