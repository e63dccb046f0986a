package org.pydl4j.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;

/** Puts a DataFrame's rows into their place among {@link Examples}, on the executor where they are. */
final class ExampleReader implements Serializable {

    private static final long serialVersionUID = 1L;
    private static final String FEATURES = "the network takes";

    private final ExampleSpec spec;
    private final List<Column> features = new ArrayList<>();
    private final Column label;

    ExampleReader(StructType schema, ExampleSpec spec) {
        this.spec = spec;
        spec.featureColumns.forEach(name -> features.add(new Column(schema, name)));
        label = spec.labelled() ? new Column(schema, spec.labelColumn) : null;
    }

    private static final class Column implements Serializable {
        private static final long serialVersionUID = 1L;
        private final String name;
        private final int index;
        private final Cells cells;

        Column(StructType schema, String name) {
            this.name = name;
            index = schema.fieldIndex(name);
            cells = Cells.of(schema.apply(index).dataType());
        }
    }

    /** Reads one row; a slot whose row is bad holds nothing of worth. */
    void read(InternalRow row, Examples into, int slot) throws BadRow {
        int filled = 0;
        for (int i = 0; i < features.size(); i++) {
            filled += put(row, features.get(i), into.floats(), slot * spec.features, filled, spec.features,
                    FEATURES);
        }
        if (filled != spec.features) {
            throw BadRow.wrongLength(String.join(", ", spec.featureColumns), filled, spec.features, FEATURES);
        }
        if (label != null) {
            int labels = put(row, label, into.labels(), slot * spec.labels, 0, spec.labels, "its labels are");
            if (labels != spec.labels) {
                throw BadRow.wrongLength(label.name, labels, spec.labels, "its labels are");
            }
        }
    }

    /** @param filled how many of the expected values, which begin at {@code start}, other columns gave already */
    private static int put(InternalRow row, Column column, float[] into, int start, int filled, int expected,
            String role) throws BadRow {
        if (row.isNullAt(column.index)) {
            throw BadRow.isNull(column.name);
        }
        int length = column.cells.length(row, column.index);
        if (filled + length > expected) {
            throw BadRow.wrongLength(column.name, filled + length, expected, role);
        }
        if (!column.cells.copy(row, column.index, into, start + filled)) {
            throw BadRow.nullElement(column.name);
        }
        return length;
    }
}
