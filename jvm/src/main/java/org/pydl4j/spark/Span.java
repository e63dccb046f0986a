package org.pydl4j.spark;

import java.io.Serializable;
import org.nd4j.shade.jackson.databind.JsonNode;

/** What one array of a minibatch has of every example's flat row: an input of the features, an output of the labels. */
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
    /** What the user calls it. */
    private final String name;

    private Span(long[] shape, boolean indices, boolean sparse, int from, String name) {
        this.shape = shape;
        this.indices = indices;
        this.sparse = sparse;
        this.from = from;
        this.name = name;
        long floats = 1;
        for (int i = indices ? 1 : 0; i < shape.length; i++) {
            floats *= shape[i];
        }
        size = Math.toIntExact(floats);
    }

    static Span input(JsonNode shape, int from, String name) {
        return new Span(longs(shape), false, false, from, name);
    }

    static Span output(JsonNode json, int from, String name) {
        return new Span(longs(json.get("shape")), json.path("indices").asBoolean(false),
                json.path("sparse").asBoolean(false), from, name);
    }

    private static long[] longs(JsonNode node) {
        long[] values = new long[node.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = node.get(i).asLong();
        }
        return values;
    }

    String name() {
        return name;
    }

    int end() {
        return Math.addExact(from, size);
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
        all[1] = sparse ? 1 : all[1];
        return all;
    }

    long[] oneHotBatch(int rows) {
        long[] all = new long[shape.length + 1];
        all[0] = rows;
        System.arraycopy(shape, 0, all, 1, shape.length);
        return all;
    }
}
