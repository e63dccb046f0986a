package org.pydl4j.spark;

import java.io.Serializable;
import org.apache.spark.util.AccumulatorV2;

/** What the workers report of an epoch: rows and minibatches trained, their scores, and how far the iterations went. */
final class WorkerTally extends AccumulatorV2<WorkerTally.Totals, WorkerTally.Totals> {

    private static final long serialVersionUID = 1L;

    /** Sums over minibatches; a value like any other. */
    static final class Totals implements Serializable {
        private static final long serialVersionUID = 1L;
        static final Totals NONE = new Totals(0, 0, 0, 0);

        final long rows;
        final long minibatches;
        final double scoreSum;
        final int iteration;

        Totals(long rows, long minibatches, double scoreSum, int iteration) {
            this.rows = rows;
            this.minibatches = minibatches;
            this.scoreSum = scoreSum;
            this.iteration = iteration;
        }

        static Totals ofMinibatch(int rows, double score, int iteration) {
            return new Totals(rows, 1, score * rows, iteration);
        }

        /** The mean score over the rows trained, each minibatch scored just before its own update. */
        double score() {
            return scoreSum / rows;
        }

        Totals plus(Totals other) {
            return new Totals(rows + other.rows, minibatches + other.minibatches, scoreSum + other.scoreSum,
                    Math.max(iteration, other.iteration));
        }
    }

    private Totals totals = Totals.NONE;

    @Override
    public boolean isZero() {
        return totals.minibatches == 0;
    }

    @Override
    public WorkerTally copy() {
        WorkerTally copy = new WorkerTally();
        copy.totals = totals;
        return copy;
    }

    @Override
    public void reset() {
        totals = Totals.NONE;
    }

    @Override
    public void add(Totals more) {
        totals = totals.plus(more);
    }

    @Override
    public void merge(AccumulatorV2<Totals, Totals> other) {
        add(other.value());
    }

    @Override
    public Totals value() {
        return totals;
    }
}
