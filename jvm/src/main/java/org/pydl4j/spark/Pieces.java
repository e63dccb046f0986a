package org.pydl4j.spark;

import java.io.Serializable;

/**
 * Runs of rows in their order, for scanning and scoring. They follow from the rows alone, and begin where a minibatch
 * of scoring begins: so sums over them, and outputs, are the same to the bit on one core, on many, and on a cluster.
 */
final class Pieces implements Serializable {

    private static final long serialVersionUID = 1L;
    private static final long BYTES = 4L << 20;
    /** Of large data there are fewer and larger ones. */
    private static final long LARGE_BYTES = 16L << 20;
    private static final long LARGE = 1L << 30;

    private final long rows;
    private final long each;

    Pieces(long rows, ExampleSpec spec) {
        long row = Math.max(1, (long) spec.width() * Float.BYTES);
        long bytes = rows * row > LARGE ? LARGE_BYTES : BYTES;
        this.rows = rows;
        this.each = Math.max(1, bytes / row / Scoring.BATCH) * Scoring.BATCH;
    }

    int count() {
        return (int) Math.max(1, Plan.ceilDiv(rows, each));
    }

    int rowsIn(int piece) {
        return (int) Math.min(each, rows - first(piece));
    }

    /** The number of a piece's first row. */
    long first(int piece) {
        return piece * each;
    }
}
