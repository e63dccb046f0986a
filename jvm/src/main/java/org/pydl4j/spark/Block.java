package org.pydl4j.spark;

import java.io.Serializable;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;

/** The rows of one partition of a {@link Plan}, resident on an executor and cut into minibatches when they are needed. */
final class Block implements Serializable {

    private static final long serialVersionUID = 1L;

    private final int partition;
    private final float[][] rows;

    Block(int partition, float[][] rows) {
        this.partition = partition;
        this.rows = rows;
    }

    int partition() {
        return partition;
    }

    int size() {
        return rows.length;
    }

    /**
     * The minibatches of one round. In every epoch the rows of a block stand in a new order, which depends on
     * nothing but the seed, the epoch and the partition: a retried task and a resumed fit see the same.
     */
    Iterator<DataSet> minibatches(Plan plan, long round, ExampleSpec spec, DataNormalization normalizer,
            Permutation order) {
        return new Iterator<>() {
            private int next = plan.firstIn(round);
            private final int end = plan.endIn(partition, round);

            @Override
            public boolean hasNext() {
                return next < end;
            }

            @Override
            public DataSet next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                int from = next++ * plan.batch;
                float[][] some = new float[Math.min(plan.batch, rows.length - from)][];
                for (int i = 0; i < some.length; i++) {
                    some[i] = rows[(int) order.at(from + i)];
                }
                return spec.dataSet(some, normalizer);
            }
        };
    }
}
