package org.pydl4j.spark;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Row;

/** One DataFrame row to one example: vectors, arrays, numbers and raw little-endian float32 bytes all become floats. */
final class RowReader implements Serializable {

    private static final long serialVersionUID = 1L;

    private final ExampleSpec spec;
    private final int[] featureIndices;
    private final int labelIndex;

    /** Columns stand at the given places of every row. */
    RowReader(ExampleSpec spec, int[] featureIndices, int labelIndex) {
        this.spec = spec;
        this.featureIndices = featureIndices;
        this.labelIndex = labelIndex;
    }

    /** A row that is not what the network takes; the scan counts these by their message. */
    static final class BadRow extends Exception {
        private static final long serialVersionUID = 1L;

        BadRow(String problem) {
            super(problem, null, false, false);
        }
    }

    float[] read(Row row) throws BadRow {
        boolean labelled = labelIndex >= 0;
        float[] example = new float[labelled ? spec.width() : spec.features];
        int filled = 0;
        for (int i = 0; i < featureIndices.length; i++) {
            filled += put(row, featureIndices[i], spec.featureColumns.get(i), example, filled, spec.features, "the network takes");
        }
        if (filled != spec.features) {
            throw new BadRow(wrongLength(String.join(", ", spec.featureColumns), filled, spec.features, "the network takes"));
        }
        if (labelled) {
            int labels = put(row, labelIndex, spec.labelColumn, example, spec.features, spec.width(), "its labels are");
            if (labels != spec.labels) {
                throw new BadRow(wrongLength(spec.labelColumn, labels, spec.labels, "its labels are"));
            }
        }
        return example;
    }

    private static int put(Row row, int index, String column, float[] into, int at, int limit, String role) throws BadRow {
        if (row.isNullAt(index)) {
            throw new BadRow("column '" + column + "' is null");
        }
        Object value = row.get(index);
        if (value instanceof Number) {
            check(column, 1, at, limit, role);
            into[at] = ((Number) value).floatValue();
            return 1;
        }
        if (value instanceof Boolean) {
            check(column, 1, at, limit, role);
            into[at] = (Boolean) value ? 1f : 0f;
            return 1;
        }
        if (value instanceof Vector) {
            double[] values = ((Vector) value).toArray();
            check(column, values.length, at, limit, role);
            for (int i = 0; i < values.length; i++) {
                into[at + i] = (float) values[i];
            }
            return values.length;
        }
        if (value instanceof byte[]) {
            ByteBuffer bytes = ByteBuffer.wrap((byte[]) value).order(ByteOrder.LITTLE_ENDIAN);
            int length = bytes.remaining() / Float.BYTES;
            check(column, length, at, limit, role);
            bytes.asFloatBuffer().get(into, at, length);
            return length;
        }
        List<Object> values = row.getList(index);
        check(column, values.size(), at, limit, role);
        int i = at;
        for (Object each : values) {
            if (each == null) {
                throw new BadRow("column '" + column + "' holds an array with a null element");
            }
            into[i++] = ((Number) each).floatValue();
        }
        return values.size();
    }

    private static void check(String column, int length, int at, int limit, String role) throws BadRow {
        if (at + length > limit) {
            throw new BadRow(wrongLength(column, at + length, limit, role));
        }
    }

    private static String wrongLength(String column, int got, int expected, String role) {
        return "column '" + column + "' has " + got + (got == 1 ? " value, " : " values, ") + role + " " + expected;
    }
}
