package org.pydl4j.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.StructType;

/** Puts a DataFrame's rows into their place among {@link Examples}, on the executor where they are. */
final class ExampleReader implements Serializable {

    private static final long serialVersionUID = 1L;

    private final ExampleSpec spec;
    private final List<SpanReader<InternalRow>> inputs;
    private final List<SpanReader<InternalRow>> outputs;

    ExampleReader(StructType schema, ExampleSpec spec) {
        this.spec = spec;
        inputs = SpanReader.ofInputs(spec, name -> new Column(schema, name));
        outputs = Arrays.stream(spec.outputs)
                .map(output -> new SpanReader<InternalRow>(output, "its labels are", name -> new Column(schema, name)))
                .collect(Collectors.toList());
    }

    private static final class Column extends SpanReader.Column<InternalRow> {
        private static final long serialVersionUID = 1L;
        private final Cells cells;

        Column(StructType schema, String name) {
            super(name, schema.fieldIndex(name));
            cells = Cells.of(schema.apply(index).dataType());
        }

        @Override
        boolean isNull(InternalRow row) {
            return row.isNullAt(index);
        }

        @Override
        int length(InternalRow row) {
            return cells.length(row, index);
        }

        @Override
        boolean copy(InternalRow row, float[] into, int at) {
            return cells.copy(row, index, into, at);
        }
    }

    /** Reads one row; a slot whose row is bad holds nothing of worth. */
    void read(InternalRow row, Examples into, int slot) throws BadRow {
        for (SpanReader<InternalRow> input : inputs) {
            input.read(row, into.floats(), slot * spec.features);
        }
        for (SpanReader<InternalRow> output : outputs) {
            output.read(row, into.labels(), slot * spec.labels);
        }
    }
}
