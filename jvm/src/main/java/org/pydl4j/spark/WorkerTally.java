package org.pydl4j.spark;

import org.apache.spark.util.AccumulatorV2;

/** What the workers report of a round: rows and minibatches trained, their scores, and how far the iterations went. */
final class WorkerTally extends AccumulatorV2<WorkerTally, WorkerTally> {

    private static final long serialVersionUID = 1L;

    private long rows;
    private long minibatches;
    private double scoreSum;
    private int iteration;

    void count(int examples, double score, int iterationCount) {
        rows += examples;
        minibatches++;
        scoreSum += score * examples;
        iteration = Math.max(iteration, iterationCount);
    }

    long rows() {
        return rows;
    }

    long minibatches() {
        return minibatches;
    }

    /** The mean score over the rows trained, each minibatch scored just before its own update. */
    double score() {
        return scoreSum / rows;
    }

    int iteration() {
        return iteration;
    }

    @Override
    public boolean isZero() {
        return minibatches == 0;
    }

    @Override
    public WorkerTally copy() {
        WorkerTally copy = new WorkerTally();
        copy.add(this);
        return copy;
    }

    @Override
    public void reset() {
        rows = 0;
        minibatches = 0;
        scoreSum = 0;
        iteration = 0;
    }

    @Override
    public void add(WorkerTally other) {
        rows += other.rows;
        minibatches += other.minibatches;
        scoreSum += other.scoreSum;
        iteration = Math.max(iteration, other.iteration);
    }

    @Override
    public void merge(AccumulatorV2<WorkerTally, WorkerTally> other) {
        add(other.value());
    }

    @Override
    public WorkerTally value() {
        return this;
    }
}
