package org.pydl4j.spark.helpers;

import org.apache.spark.unsafe.Platform;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;

/** Off-heap float32, by address. */
final class Floats {

    private Floats() {}

    /** Where a dense row-major array begins. */
    static long address(INDArray array) {
        return array.data().addressPointer().address();
    }

    static boolean areIn(INDArray... arrays) {
        for (INDArray array : arrays) {
            if (array.dataType() != DataType.FLOAT) {
                return false;
            }
        }
        return true;
    }

    /** The array itself, or a copy of it that is dense and row-major. */
    static INDArray dense(INDArray array) {
        return Shape.hasDefaultStridesForShape(array) ? array : array.dup('c');
    }

    static float get(long address, long index) {
        return Platform.getFloat(null, address + Float.BYTES * index);
    }

    static void put(long address, long index, float value) {
        Platform.putFloat(null, address + Float.BYTES * index, value);
    }

    static void copy(long from, long to, long count) {
        long pairs = count & ~1L;
        for (long i = 0; i < pairs; i += 2) { // a copy by the library costs more than these few
            Platform.putLong(null, to + Float.BYTES * i, Platform.getLong(null, from + Float.BYTES * i));
        }
        if (pairs < count) {
            put(to, pairs, get(from, pairs));
        }
    }

    static void fill(long address, int count, float value) {
        for (int i = 0; i < count; i++) {
            put(address, i, value);
        }
    }

    static void zero(long address, long count) {
        Platform.setMemory(address, (byte) 0, Float.BYTES * count);
    }
}
