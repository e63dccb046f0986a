package org.pydl4j.spark;

import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;

/**
 * Where a worker's minibatches are made, one after the other: arrays for a full one and, once it comes, for the short
 * one at the end. Each is valid until the next is made, its arrays are used again; its labels must be left as they are.
 */
final class MinibatchBuffers implements AutoCloseable {

    private final ExampleSpec spec;
    private final int batch;
    private final boolean labelled;
    private final DataNormalization normalizer;
    private Minibatch full;
    private Minibatch last;

    /** For rows with labels. */
    MinibatchBuffers(ExampleSpec spec, int batch, DataNormalization normalizer) {
        this(spec, batch, true, normalizer);
    }

    /**
     * @param labelled whether the examples have labels, and these are wanted
     * @param normalizer null where features are taken as they are
     */
    MinibatchBuffers(ExampleSpec spec, int batch, boolean labelled, DataNormalization normalizer) {
        this.spec = spec;
        this.batch = batch;
        this.labelled = labelled;
        this.normalizer = normalizer;
    }

    /**
     * One minibatch of a worker's examples.
     *
     * @param minibatch its number among them, from {@link Plan#firstIn} to {@link Plan#endIn}
     * @param order the order of the examples in this epoch
     */
    MultiDataSet fill(ExampleSource examples, int minibatch, Permutation order) {
        int from = minibatch * batch;
        return sized(Math.min(batch, examples.size() - from)).fill(examples, from, order, normalizer);
    }

    private Minibatch sized(int rows) {
        if (rows == batch) {
            full = full == null ? new Minibatch(spec, batch, labelled) : full;
            return full;
        }
        if (last == null || last.rows() != rows) {
            if (last != null) {
                last.close();
            }
            last = new Minibatch(spec, rows, labelled);
        }
        return last;
    }

    @Override
    public void close() {
        if (full != null) {
            full.close();
        }
        if (last != null) {
            last.close();
        }
    }
}
