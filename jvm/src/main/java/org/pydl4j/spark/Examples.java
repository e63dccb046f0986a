package org.pydl4j.spark;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * Examples one after the other in flat arrays: few objects however many rows, so that they are cached, spilled and
 * sent in bulk.
 *
 * <p>Features that came as bytes (images) stay bytes, a quarter of the memory, until a minibatch is made of them.
 */
final class Examples implements ExampleSource, Serializable {

    private static final long serialVersionUID = 1L;
    private static final int PIECE_BYTES = 1 << 20;

    private int size;
    private int features;
    private int labelled;
    /** Features of every example, row after row; null where they are bytes. */
    private float[] floats;
    private byte[] bytes;
    /** As many per example as {@link ExampleSpec#labels} says, or none. */
    private float[] labels;

    /** Room for {@code size} examples. */
    Examples(ExampleSpec spec, int size, boolean asBytes, boolean labelled) {
        this(size, spec.features, labelled ? spec.labels : 0, asBytes);
    }

    private Examples(int size, int features, int labelled, boolean asBytes) {
        this.size = size;
        this.features = features;
        this.labelled = labelled;
        int length = length(size, features, "features");
        floats = asBytes ? null : new float[length];
        bytes = asBytes ? new byte[length] : null;
        labels = new float[length(size, labelled, "labels")];
    }

    private static int length(int size, int each, String what) {
        long length = (long) size * each;
        if (length > Integer.MAX_VALUE - 8) {
            throw BridgeException.data(String.format(Locale.ROOT, "one partition would hold %,d rows of %,d %s, "
                    + "more than a Java array takes (%,d values): average more often (averaging_frequency) or use more "
                    + "workers (num_workers)", size, each, what, Integer.MAX_VALUE - 8));
        }
        return (int) length;
    }

    @Override
    public int size() {
        return size;
    }

    boolean areBytes() {
        return bytes != null;
    }

    boolean areLabelled() {
        return labelled > 0;
    }

    float[] floats() {
        return floats;
    }

    byte[] bytes() {
        return bytes;
    }

    float[] labels() {
        return labels;
    }

    /** The first of these, or these with room for more. */
    Examples resized(int length) {
        Examples other = new Examples(0, features, labelled, areBytes());
        other.size = length;
        if (areBytes()) {
            other.bytes = Arrays.copyOf(bytes, length(length, features, "features"));
        } else {
            other.floats = Arrays.copyOf(floats, length(length, features, "features"));
        }
        other.labels = Arrays.copyOf(labels, length(length, labelled, "labels"));
        return other;
    }

    /** The examples at some places, in that order. */
    Examples pick(int[] places, int from, int to) {
        Examples some = new Examples(to - from, features, labelled, areBytes());
        for (int i = from; i < to; i++) {
            copy(places[i], some, i - from);
        }
        return some;
    }

    /** One example of bytes as floats. */
    void widen(int place, float[] into) {
        for (int i = 0; i < features; i++) {
            into[i] = bytes[place * features + i] & 0xFF;
        }
    }

    @Override
    public void features(int place, FloatBuffer into, float[] scratch) {
        if (areBytes()) {
            widen(place, scratch);
            into.put(scratch, 0, features);
        } else {
            into.put(floats, place * features, features);
        }
    }

    @Override
    public void labels(int place, float[] into) {
        System.arraycopy(labels, place * labelled, into, 0, labelled);
    }

    /** Copies one example to a place among others of the same kind. */
    void copy(int place, Examples into, int slot) {
        if (areBytes()) {
            System.arraycopy(bytes, place * features, into.bytes, slot * features, features);
        } else {
            System.arraycopy(floats, place * features, into.floats, slot * features, features);
        }
        System.arraycopy(labels, place * labelled, into.labels, slot * labelled, labelled);
    }

    /** Depends on every bit and on the order: data that was read twice alike has the same. */
    long checksum() {
        long sum = Permutation.mix(size);
        sum = sum * 31 + (floats != null ? checksum(floats) : checksum(bytes));
        return sum * 31 + checksum(labels);
    }

    /** Goes on with the checksum of examples that come in pieces. */
    long checksum(long before) {
        return 31 * before + checksum();
    }

    /** In four lanes, so that the processor need not wait for each multiplication. */
    private static long checksum(float[] values) {
        long a = 1;
        long b = 2;
        long c = 3;
        long d = 4;
        int i = 0;
        for (; i + 4 <= values.length; i += 4) {
            a = a * 0x9E3779B97F4A7C15L + Float.floatToRawIntBits(values[i]);
            b = b * 0x9E3779B97F4A7C15L + Float.floatToRawIntBits(values[i + 1]);
            c = c * 0x9E3779B97F4A7C15L + Float.floatToRawIntBits(values[i + 2]);
            d = d * 0x9E3779B97F4A7C15L + Float.floatToRawIntBits(values[i + 3]);
        }
        for (; i < values.length; i++) {
            a = a * 0x9E3779B97F4A7C15L + Float.floatToRawIntBits(values[i]);
        }
        return Permutation.mix(a) + 3 * Permutation.mix(b) + 5 * Permutation.mix(c) + 7 * Permutation.mix(d);
    }

    private static long checksum(byte[] values) {
        CRC32C crc = new CRC32C();
        crc.update(values);
        return Permutation.mix(crc.getValue());
    }

    // Java would write every float by itself.

    private void writeObject(ObjectOutputStream out) throws IOException {
        out.writeInt(size);
        out.writeInt(features);
        out.writeInt(labelled);
        out.writeInt(bytes == null ? -1 : bytes.length);
        if (bytes != null) {
            out.write(bytes);
        } else {
            write(floats, out);
        }
        write(labels, out);
    }

    private void readObject(ObjectInputStream in) throws IOException {
        size = in.readInt();
        features = in.readInt();
        labelled = in.readInt();
        int length = in.readInt();
        if (length >= 0) {
            bytes = new byte[length];
            in.readFully(bytes);
        } else {
            floats = read(in);
        }
        labels = read(in);
    }

    private static void write(float[] values, ObjectOutputStream out) throws IOException {
        out.writeInt(values.length);
        ByteBuffer piece = piece(values.length);
        int per = piece.capacity() / Float.BYTES;
        for (int from = 0; from < values.length; from += per) {
            int count = Math.min(per, values.length - from);
            piece.asFloatBuffer().put(values, from, count);
            out.write(piece.array(), 0, count * Float.BYTES);
        }
    }

    private static float[] read(ObjectInputStream in) throws IOException {
        float[] values = new float[in.readInt()];
        ByteBuffer piece = piece(values.length);
        int per = piece.capacity() / Float.BYTES;
        for (int from = 0; from < values.length; from += per) {
            int count = Math.min(per, values.length - from);
            in.readFully(piece.array(), 0, count * Float.BYTES);
            piece.asFloatBuffer().get(values, from, count);
        }
        return values;
    }

    private static ByteBuffer piece(int length) {
        return ByteBuffer.allocate((int) Math.min(PIECE_BYTES, Math.max(1, length) * (long) Float.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
    }
}
