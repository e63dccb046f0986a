package org.pydl4j.spark;

/** A fit under way: rows in place, ready to train epoch after epoch. */
interface Training extends AutoCloseable {

    /** Is told of every averaging round that ends; may throw to end the fit. */
    interface Progress {
        void round(long done, WorkerTally.Totals soFar);
    }

    /** Brings the rows into place, and makes sure that they are those that were looked at. */
    void prepare() throws Exception;

    /** Who trains what, in how many averaging rounds. */
    Plan plan();

    /**
     * Trains one epoch; the network is as the last average left it, whether this ends well or not.
     *
     * @return what the workers counted
     */
    WorkerTally.Totals epoch(Progress progress) throws Exception;

    /** Seconds that the median round of the last epoch took beyond its minibatches; NaN where nobody measures. */
    double overheadSeconds();

    @Override
    void close();
}
