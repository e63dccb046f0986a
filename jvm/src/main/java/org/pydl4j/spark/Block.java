package org.pydl4j.spark;

import java.io.Serializable;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;

/** The rows of one partition of a {@link Plan}, resident on an executor, cut into minibatches when they are needed. */
final class Block implements Serializable {

    private static final long serialVersionUID = 1L;

    private final int partition;
    private final Examples examples;

    Block(int partition, Examples examples) {
        this.partition = partition;
        this.examples = examples;
    }

    int partition() {
        return partition;
    }

    int size() {
        return examples.size();
    }

    Examples examples() {
        return examples;
    }

    /** The same whenever and wherever the block is made, unless the data changed. */
    long checksum() {
        return examples.checksum();
    }

    /**
     * The minibatches of one round, in arrays of their own. ({@link MinibatchBuffers} fills the same ones each time.)
     *
     * <p>In every epoch the rows of a block stand in a new order, which depends on nothing but the seed, the epoch
     * and the partition: a retried task and a resumed fit see the same.
     */
    Iterator<MultiDataSet> minibatches(Plan plan, long round, ExampleSpec spec, DataNormalization normalizer,
            Permutation order) {
        return new Iterator<>() {
            private int next = plan.firstIn(round);
            private final int end = plan.endIn(partition, round);

            @Override
            public boolean hasNext() {
                return next < end;
            }

            @Override
            public MultiDataSet next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                int from = next++ * plan.batch;
                int rows = Math.min(plan.batch, size() - from);
                return new Minibatch(spec, rows, true).fill(examples, from, order, normalizer);
            }
        };
    }
}
