package org.pydl4j.spark;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/**
 * The features of rows that are given back to the user beside their predictions. What is only read goes by
 * {@link ExampleReader}, which needs no object for each row.
 */
final class RowReader implements Serializable {

    private static final long serialVersionUID = 1L;
    private static final String ROLE = "the network takes";

    private final ExampleSpec spec;
    private final int[] columns;

    RowReader(StructType schema, ExampleSpec spec) {
        this.spec = spec;
        columns = spec.featureColumns.stream().mapToInt(schema::fieldIndex).toArray();
    }

    /** Puts a row's features to {@code start} and on. */
    void read(Row row, float[] into, int start) throws BadRow {
        int filled = 0;
        for (int i = 0; i < columns.length; i++) {
            filled += put(row, columns[i], spec.featureColumns.get(i), into, start, filled);
        }
        if (filled != spec.features) {
            throw BadRow.wrongLength(String.join(", ", spec.featureColumns), filled, spec.features, ROLE);
        }
    }

    private int put(Row row, int index, String column, float[] into, int start, int filled) throws BadRow {
        if (row.isNullAt(index)) {
            throw BadRow.isNull(column);
        }
        Object value = row.get(index);
        int at = start + filled;
        if (value instanceof Number) {
            check(column, filled + 1);
            into[at] = ((Number) value).floatValue();
            return 1;
        }
        if (value instanceof Boolean) {
            check(column, filled + 1);
            into[at] = (Boolean) value ? 1f : 0f;
            return 1;
        }
        if (value instanceof Vector) {
            double[] values = ((Vector) value).toArray();
            check(column, filled + values.length);
            for (int i = 0; i < values.length; i++) {
                into[at + i] = (float) values[i];
            }
            return values.length;
        }
        if (value instanceof byte[]) {
            ByteBuffer bytes = ByteBuffer.wrap((byte[]) value).order(ByteOrder.LITTLE_ENDIAN);
            int length = bytes.remaining() / Float.BYTES;
            check(column, filled + length);
            bytes.asFloatBuffer().get(into, at, length);
            return length;
        }
        List<Object> values = row.getList(index);
        check(column, filled + values.size());
        for (Object each : values) {
            if (each == null) {
                throw BadRow.nullElement(column);
            }
            into[at++] = ((Number) each).floatValue();
        }
        return values.size();
    }

    private void check(String column, int filled) throws BadRow {
        if (filled > spec.features) {
            throw BadRow.wrongLength(column, filled, spec.features, ROLE);
        }
    }
}
