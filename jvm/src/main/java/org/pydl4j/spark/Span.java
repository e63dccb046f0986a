package org.pydl4j.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.shade.jackson.databind.JsonNode;

/**
 * What one array of a minibatch has of every example's flat row: an input of the features, an output of the labels, and,
 * where not all of it counts, the mask that says so.
 */
final class Span implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Shape of one example as the network takes it, e.g. [10] or [77, 50]. */
    final long[] shape;
    /** Labels that arrive as class indices, one per position, and become one-hot along the first axis. */
    final boolean indices;
    /** The loss itself takes the indices. */
    final boolean sparse;
    /** The first of its floats, and how many there are. */
    final int from;
    final int size;
    /** One for what counts and zero for what does not, behind all values of the same row; null where everything counts. */
    final Span mask;
    /** Columns of a DataFrame that hold the values, one after the other; none where rows are arrays. */
    final List<String> columns;
    /** The column that holds the mask; null where there is none. */
    final String maskColumn;
    /** Cells may hold fewer time steps than there are: they are filled up with zeros, and masked there. */
    final boolean ragged;
    /** What the user calls it; null for the only input. */
    private final String name;

    private Span(JsonNode json, long[] shape, int from, Span mask, List<String> columns, String name) {
        this.shape = shape;
        this.indices = json.path("indices").asBoolean(false);
        this.sparse = json.path("sparse").asBoolean(false);
        this.from = from;
        this.size = size(shape, indices);
        this.mask = mask;
        this.columns = columns;
        this.maskColumn = Json.text(json, "mask_column", null);
        this.ragged = json.path("ragged").asBoolean(false);
        this.name = name;
        if (ragged && !isInStep()) {
            throw BridgeException.config(title() + " are filled up along their last axis, which must be that of time", null);
        }
        if (!columns.isEmpty() && mask != null && ragged == (maskColumn != null)) {
            throw BridgeException.config(title() + (ragged ? " are filled up, and need no mask column"
                    : " have a mask, but no column that holds it"), null);
        }
    }

    private static int size(long[] shape, boolean indices) {
        long floats = 1;
        for (int i = indices ? 1 : 0; i < shape.length; i++) {
            floats *= shape[i];
        }
        return Math.toIntExact(floats);
    }

    /** Inputs as they stand among an example's features. */
    static Span[] inputs(JsonNode inputs) {
        List<List<String>> columns = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (JsonNode input : inputs) {
            List<String> these = new ArrayList<>();
            input.path("columns").forEach(column -> these.add(column.asText()));
            columns.add(these);
            String alone = inputs.size() == 1 ? null : "input " + names.size();
            names.add(input.hasNonNull("name") ? "input '" + input.get("name").asText() + "'" : alone);
        }
        return spans(inputs, columns, names);
    }

    /** Outputs as they stand among an example's labels. */
    static Span[] outputs(JsonNode outputs) {
        List<List<String>> columns = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (JsonNode output : outputs) {
            String column = Json.text(output, "column", null);
            columns.add(column == null ? List.of() : List.of(column));
            names.add(column != null ? "column '" + column + "'"
                    : output.hasNonNull("name") ? "the labels of output '" + output.get("name").asText() + "'"
                    : "the labels");
        }
        return spans(outputs, columns, names);
    }

    private static Span[] spans(JsonNode all, List<List<String>> columns, List<String> names) {
        int mask = 0;
        for (JsonNode each : all) {
            mask = Math.addExact(mask, size(longs(each.get("shape")), each.path("indices").asBoolean(false)));
        }
        Span[] spans = new Span[all.size()];
        int from = 0;
        for (int i = 0; i < spans.length; i++) {
            JsonNode json = all.get(i);
            Span masked = null;
            if (json.hasNonNull("mask")) {
                String column = Json.text(json, "mask_column", null);
                masked = new Span(Json.object(), longs(json.get("mask")), mask, null, List.of(),
                        column != null ? "column '" + column + "'"
                                : "the mask of " + (names.get(i) == null ? "the features" : names.get(i)));
                mask = masked.end();
            }
            spans[i] = new Span(json, longs(json.get("shape")), from, masked, columns.get(i), names.get(i));
            from = spans[i].end();
        }
        return spans;
    }

    private static long[] longs(JsonNode node) {
        long[] values = new long[node.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = node.get(i).asLong();
        }
        return values;
    }

    /** One past the last of some spans' floats, masks included. */
    static int end(Span[] spans) {
        int end = spans.length == 0 ? 0 : spans[spans.length - 1].end();
        for (Span span : spans) {
            end = span.mask == null ? end : span.mask.end();
        }
        return end;
    }

    /** The only input is not called anything. */
    String name() {
        return name;
    }

    private String title() {
        return name == null ? "the features" : name;
    }

    /** What one of its values is called in a message: its column, or its place in the column or the input that holds it. */
    String valueName(int index) {
        if (!columns.isEmpty()) {
            return columns.size() == size && size > 1
                    ? "column '" + columns.get(index) + "'"
                    : "column '" + columns.get(0) + "' element " + index;
        }
        return (name == null ? "" : name + " ") + "feature " + index;
    }

    int end() {
        return Math.addExact(from, size);
    }

    /** Whether a value counts, in the row that begins at {@code row} of some floats. */
    boolean counts(float[] floats, int row, int value) {
        // A mask by output value cannot be looked at where one class index stands for them all.
        return mask == null || mask.size > size || floats[row + mask.from + value % mask.size] != 0;
    }

    /** A number of values at each of some time steps. */
    boolean isSequence() {
        return shape.length == 2;
    }

    /** Whether the mask is along the last axis, that of time: elsewhere than in NWC sequences it is. */
    boolean isInStep() {
        return mask == null || mask.shape.length == 1 && shape.length > 0 && shape[shape.length - 1] == mask.size;
    }

    long classes() {
        return shape[0];
    }

    /** Class indices that become one-hot in a minibatch; a sparse loss takes them as they are. */
    boolean oneHot() {
        return indices && !sparse;
    }

    /** A label as the class that it names. */
    int index(float label) {
        int index = (int) label;
        if (index != label || index < 0 || index >= classes()) {
            throw BridgeException.data("the rows changed after they were checked: " + name + " hold " + label
                    + ", which is no class index");
        }
        return index;
    }

    /** Shape of the array that a network takes. */
    long[] batch(int rows) {
        long[] all = oneHotBatch(rows);
        if (sparse) {
            all[1] = 1;
        }
        return all;
    }

    long[] oneHotBatch(int rows) {
        long[] all = new long[shape.length + 1];
        all[0] = rows;
        System.arraycopy(shape, 0, all, 1, shape.length);
        return all;
    }
}
