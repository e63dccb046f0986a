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

    private final List<SpanReader<Row>> inputs;

    RowReader(StructType schema, ExampleSpec spec) {
        inputs = SpanReader.ofInputs(spec, name -> new Column(name, schema.fieldIndex(name)));
    }

    /** Puts a row's features to {@code start} and on. */
    void read(Row row, float[] into, int start) throws BadRow {
        for (SpanReader<Row> input : inputs) {
            input.read(row, into, start);
        }
    }

    private static final class Column extends SpanReader.Column<Row> {
        private static final long serialVersionUID = 1L;

        Column(String name, int index) {
            super(name, index);
        }

        @Override
        boolean isNull(Row row) {
            return row.isNullAt(index);
        }

        @Override
        int length(Row row) {
            Object value = row.get(index);
            if (value instanceof Number || value instanceof Boolean) {
                return 1;
            }
            if (value instanceof Vector) {
                return ((Vector) value).size();
            }
            return value instanceof byte[] ? ((byte[]) value).length / Float.BYTES : row.getList(index).size();
        }

        @Override
        boolean copy(Row row, float[] into, int at) {
            Object value = row.get(index);
            if (value instanceof Number || value instanceof Boolean) {
                into[at] = number(value);
            } else if (value instanceof Vector) {
                double[] values = ((Vector) value).toArray();
                for (int i = 0; i < values.length; i++) {
                    into[at + i] = (float) values[i];
                }
            } else if (value instanceof byte[]) {
                ByteBuffer.wrap((byte[]) value).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
                        .get(into, at, length(row));
            } else {
                List<Object> values = row.getList(index);
                for (int i = 0; i < values.size(); i++) {
                    if (values.get(i) == null) {
                        return false;
                    }
                    into[at + i] = number(values.get(i));
                }
            }
            return true;
        }

        private static float number(Object value) {
            return value instanceof Boolean ? ((Boolean) value ? 1f : 0f) : ((Number) value).floatValue();
        }
    }
}
