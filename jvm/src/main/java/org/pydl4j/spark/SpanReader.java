package org.pydl4j.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Reads an input or an output from the columns that hold it, with its mask, whatever form the rows are of. */
final class SpanReader<R> implements Serializable {

    private static final long serialVersionUID = 1L;

    /** A column whose cells hold numbers. */
    abstract static class Column<R> implements Serializable {
        private static final long serialVersionUID = 1L;
        final String name;
        final int index;

        Column(String name, int index) {
            this.name = name;
            this.index = index;
        }

        abstract boolean isNull(R row);

        /** How many values a cell has. */
        abstract int length(R row);

        /**
         * Copies a cell's values to {@code at} and on.
         *
         * @return false where a value is null
         */
        abstract boolean copy(R row, float[] into, int at);
    }

    private final Span span;
    private final List<Column<R>> columns;
    private final List<Column<R>> mask;
    private final String role;
    private transient float[] cell;

    /** @param role what the expected number of values is, as in "the network takes" */
    SpanReader(Span span, String role, Function<String, Column<R>> column) {
        this.span = span;
        this.role = role;
        columns = span.columns.stream().map(column).collect(Collectors.toList());
        mask = span.maskColumn == null ? List.of() : List.of(column.apply(span.maskColumn));
    }

    /** A reader for each input of some features; each names itself where there are several. */
    static <R> List<SpanReader<R>> ofInputs(ExampleSpec spec, Function<String, Column<R>> column) {
        return Arrays.stream(spec.inputs)
                .map(input ->
                        new SpanReader<>(input, (input.name() == null ? "the network" : input.name()) + " takes", column))
                .collect(Collectors.toList());
    }

    /** Puts what a row has to its place in an example that begins at {@code start}. */
    void read(R row, float[] into, int start) throws BadRow {
        if (span.ragged) {
            fillUp(row, into, start);
        } else {
            put(row, columns, into, start, span, role);
            if (!mask.isEmpty()) {
                put(row, mask, into, start, span.mask, "its mask has");
            }
        }
    }

    private static <R> void put(R row, List<Column<R>> columns, float[] into, int start, Span span, String role)
            throws BadRow {
        int filled = 0;
        for (Column<R> column : columns) {
            filled += put(row, column, into, start + span.from + filled, filled, span.size, role);
        }
        if (filled != span.size) {
            String names = columns.stream().map(column -> column.name).collect(Collectors.joining(", "));
            throw BadRow.wrongLength(names, filled, span.size, role);
        }
    }

    /** @param filled how many of the expected values other columns gave already */
    private static <R> int put(R row, Column<R> column, float[] into, int at, int filled, int expected, String role)
            throws BadRow {
        if (column.isNull(row)) {
            throw BadRow.isNull(column.name);
        }
        int length = column.length(row);
        if (filled + length > expected) {
            throw BadRow.wrongLength(column.name, filled + length, expected, role);
        }
        if (!column.copy(row, into, at)) {
            throw BadRow.nullElement(column.name);
        }
        return length;
    }

    /** As many time steps as the cell has, then zeros; what is told by the mask. */
    private void fillUp(R row, float[] into, int start) throws BadRow {
        int steps = span.mask.size;
        int channels = span.size / steps;
        if (cell == null) {
            cell = new float[span.size];
        }
        Column<R> column = columns.get(0);
        int length = put(row, column, cell, 0, 0, span.size, role + " at most");
        int held = length / channels;
        if (held == 0 || held * channels != length) {
            throw BadRow.raggedLength(column.name, length, channels, steps);
        }
        for (int channel = 0; channel < channels; channel++) {
            int at = start + span.from + channel * steps;
            System.arraycopy(cell, channel * held, into, at, held);
            Arrays.fill(into, at + held, at + steps, 0f);
        }
        int at = start + span.mask.from;
        Arrays.fill(into, at, at + held, 1f);
        Arrays.fill(into, at + held, at + steps, 0f);
    }
}
