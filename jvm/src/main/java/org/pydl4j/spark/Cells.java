package org.pydl4j.spark;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.SpecializedGetters;
import org.apache.spark.sql.catalyst.expressions.UnsafeArrayData;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.UserDefinedType;
import org.apache.spark.unsafe.Platform;

/**
 * The cells of a column of numbers, whatever their type, as floats. They are taken from Spark's own form of a row:
 * arrays of floats and doubles are copied from its memory in one go.
 */
abstract class Cells implements Serializable {

    private static final long serialVersionUID = 1L;

    /** How many values a cell has. */
    abstract int length(InternalRow row, int column);

    /**
     * Copies a cell's values to {@code at} and on.
     *
     * @return false where a value is null
     */
    abstract boolean copy(InternalRow row, int column, float[] into, int at);

    static Cells of(DataType type) {
        if (type instanceof UserDefinedType && ((UserDefinedType<?>) type).sqlType().equals(Vectors.LAYOUT)) {
            return new Vectors();
        }
        if (type instanceof BinaryType) {
            return new Floats();
        }
        return type instanceof ArrayType ? new Several(((ArrayType) type).elementType()) : new Single(type);
    }

    private enum Kind { BOOLEAN, BYTE, SHORT, INTEGER, LONG, FLOAT, DOUBLE, DECIMAL }

    /** One number, in a row or in an array. */
    private static final class Value implements Serializable {
        private static final long serialVersionUID = 1L;
        private final Kind kind;
        private final int precision;
        private final int scale;

        Value(DataType type) {
            DecimalType decimal = type instanceof DecimalType ? (DecimalType) type : null;
            precision = decimal == null ? 0 : decimal.precision();
            scale = decimal == null ? 0 : decimal.scale();
            kind = decimal != null ? Kind.DECIMAL : Kind.valueOf(type.typeName().toUpperCase(java.util.Locale.ROOT));
        }

        float get(SpecializedGetters from, int index) {
            switch (kind) {
                case BOOLEAN:
                    return from.getBoolean(index) ? 1f : 0f;
                case BYTE:
                    return from.getByte(index);
                case SHORT:
                    return from.getShort(index);
                case INTEGER:
                    return from.getInt(index);
                case LONG:
                    return from.getLong(index);
                case FLOAT:
                    return from.getFloat(index);
                case DOUBLE:
                    return (float) from.getDouble(index);
                default:
                    return from.getDecimal(index, precision, scale).toJavaBigDecimal().floatValue();
            }
        }
    }

    private static final class Single extends Cells {
        private static final long serialVersionUID = 1L;
        private final Value value;

        Single(DataType type) {
            value = new Value(type);
        }

        @Override
        int length(InternalRow row, int column) {
            return 1;
        }

        @Override
        boolean copy(InternalRow row, int column, float[] into, int at) {
            into[at] = value.get(row, column);
            return true;
        }
    }

    private static final class Several extends Cells {
        private static final long serialVersionUID = 1L;
        private final Value value;
        private transient double[] wide;

        Several(DataType element) {
            value = new Value(element);
        }

        @Override
        int length(InternalRow row, int column) {
            return row.getArray(column).numElements();
        }

        @Override
        boolean copy(InternalRow row, int column, float[] into, int at) {
            return copy(row.getArray(column), into, at);
        }

        private boolean copy(ArrayData array, float[] into, int at) {
            int length = array.numElements();
            if (array instanceof UnsafeArrayData && (value.kind == Kind.FLOAT || value.kind == Kind.DOUBLE)) {
                return copy((UnsafeArrayData) array, length, into, at);
            }
            for (int i = 0; i < length; i++) {
                if (array.isNullAt(i)) {
                    return false;
                }
                into[at + i] = value.get(array, i);
            }
            return true;
        }

        /** Its memory: the length, one bit per null in words of 64, then the values one after the other. */
        private boolean copy(UnsafeArrayData array, int length, float[] into, int at) {
            Object base = array.getBaseObject();
            long values = array.getBaseOffset() + UnsafeArrayData.calculateHeaderPortionInBytes(length);
            for (long nulls = array.getBaseOffset() + Long.BYTES; nulls < values; nulls += Long.BYTES) {
                if (Platform.getLong(base, nulls) != 0) {
                    return false;
                }
            }
            if (value.kind == Kind.FLOAT) {
                Platform.copyMemory(base, values, into, Platform.FLOAT_ARRAY_OFFSET + (long) at * Float.BYTES,
                        (long) length * Float.BYTES);
                return true;
            }
            if (wide == null || wide.length < length) {
                wide = new double[length];
            }
            Platform.copyMemory(base, values, wide, Platform.DOUBLE_ARRAY_OFFSET, (long) length * Double.BYTES);
            for (int i = 0; i < length; i++) {
                into[at + i] = (float) wide[i];
            }
            return true;
        }
    }

    /** Raw little-endian float32. */
    private static final class Floats extends Cells {
        private static final long serialVersionUID = 1L;

        @Override
        int length(InternalRow row, int column) {
            return row.getBinary(column).length / Float.BYTES;
        }

        @Override
        boolean copy(InternalRow row, int column, float[] into, int at) {
            byte[] bytes = row.getBinary(column);
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
                    .get(into, at, bytes.length / Float.BYTES);
            return true;
        }
    }

    /** Vectors of spark.ml: a struct of the kind (0 sparse, 1 dense), the size, the indices and the values. */
    private static final class Vectors extends Cells {
        private static final long serialVersionUID = 1L;
        static final DataType LAYOUT = ((UserDefinedType<?>) SQLDataTypes.VectorType()).sqlType();
        private static final int FIELDS = 4;

        private final Several values = new Several(org.apache.spark.sql.types.DataTypes.DoubleType);

        @Override
        int length(InternalRow row, int column) {
            InternalRow vector = row.getStruct(column, FIELDS);
            return isSparse(vector) ? vector.getInt(1) : vector.getArray(3).numElements();
        }

        @Override
        boolean copy(InternalRow row, int column, float[] into, int at) {
            InternalRow vector = row.getStruct(column, FIELDS);
            if (!isSparse(vector)) {
                return values.copy(vector.getArray(3), into, at);
            }
            Arrays.fill(into, at, at + vector.getInt(1), 0f);
            ArrayData indices = vector.getArray(2);
            ArrayData given = vector.getArray(3);
            for (int i = 0; i < indices.numElements(); i++) {
                into[at + indices.getInt(i)] = (float) given.getDouble(i);
            }
            return true;
        }

        private static boolean isSparse(InternalRow vector) {
            return vector.getByte(0) == 0;
        }
    }
}
