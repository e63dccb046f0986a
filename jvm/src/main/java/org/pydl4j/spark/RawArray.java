package org.pydl4j.spark;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An ND4J array as plain bytes, copied in one piece. (Java serialisation of an INDArray goes element by element, and
 * {@code Nd4j.createFromArray} with {@code assign} is twenty times slower than a copy into the buffer.)
 *
 * <p>Doubles travel as doubles, every other type as float32: half precision has no place in an average.
 */
final class RawArray {

    private static final byte[] NOTHING = {};

    private RawArray() {}

    static boolean isDouble(INDArray array) {
        return array.dataType() == DataType.DOUBLE;
    }

    /** The array's bytes; none for null. */
    static byte[] read(INDArray array) {
        return read(array, null);
    }

    /** The array's bytes, in {@code into} where that is of the right size. Large arrays are hard on the collector. */
    static byte[] read(INDArray array, byte[] into) {
        if (array == null) {
            return NOTHING;
        }
        INDArray plain = travels(array) ? array : array.castTo(DataType.FLOAT);
        byte[] bytes = into != null && into.length == size(plain) ? into : new byte[size(plain)];
        buffer(plain).get(bytes);
        return bytes;
    }

    /** Puts bytes that {@link #read} gave back into an array of the same size. */
    static void write(byte[] bytes, INDArray array) {
        if (array == null) {
            return;
        }
        INDArray plain = travels(array) ? array : Nd4j.createUninitialized(DataType.FLOAT, array.shape(), array.ordering());
        if (bytes.length != size(plain)) {
            throw new IllegalStateException(bytes.length + " bytes for an array of " + size(plain));
        }
        buffer(plain).put(bytes);
        if (plain != array) {
            array.assign(plain);
        }
    }

    /** Whether bytes are the array's own: numbers of other types go as floats. */
    static boolean travels(INDArray array) {
        return array.dataType() == DataType.FLOAT || array.dataType() == DataType.DOUBLE;
    }

    private static int size(INDArray array) {
        long bytes = array.length() * array.dataType().width();
        if (bytes > Integer.MAX_VALUE - 16) {
            throw new BridgeException(BridgeException.Code.CONFIG, "the network has " + array.length()
                    + " parameters or numbers of updater state; training on Spark moves at most "
                    + Integer.MAX_VALUE / array.dataType().width());
        }
        return (int) bytes;
    }

    private static ByteBuffer buffer(INDArray array) {
        ByteBuffer all = array.data().pointer().asByteBuffer().order(ByteOrder.nativeOrder());
        int from = Math.toIntExact(array.offset() * array.dataType().width());
        all.limit(from + size(array)).position(from);
        return all;
    }
}
