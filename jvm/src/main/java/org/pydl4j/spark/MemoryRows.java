package org.pydl4j.spark;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.IntToLongFunction;

/** Rows of numpy arrays where Python has them, or in files that are mapped: nothing is copied before a minibatch is. */
public final class MemoryRows extends Rows {

    private final long count;
    private final FlatExamples examples;

    /**
     * @param features each but the last holds the same number of whole rows
     * @param labels null where there are none
     */
    MemoryRows(ByteBuffer[] features, boolean bytes, ByteBuffer[] labels, long count, ExampleSpec spec, String name) {
        super(spec, name);
        this.count = count;
        examples = new FlatExamples(spec, new FlatRows(features, bytes, spec.features),
                labels == null ? null : new FlatRows(labels, false, spec.labels));
    }

    long count() {
        return count;
    }

    Pieces pieces() {
        return new Pieces(count, spec);
    }

    /** Some of the rows, for the calling thread. */
    ExampleSource pick(int size, IntToLongFunction row) {
        return examples.pick(size, row);
    }

    /** All of them, where they go through a network together. */
    ExampleSource all() {
        if (count > Integer.MAX_VALUE) {
            throw BridgeException.data(name() + " has " + count + " rows; take fewer at a time");
        }
        return pick((int) count, row -> row);
    }

    @Override
    List<Scan> scanPartitions(boolean withMoments) {
        return examples.scan(pieces(), withMoments);
    }
}
