package org.pydl4j.benchmarks;

import java.util.concurrent.atomic.AtomicLong;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.spark.api.TrainingHook;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Counts the rows that workers of this JVM really train: stock DL4J does not train all that it is given. */
public final class RowCount implements TrainingHook {

    private static final long serialVersionUID = 1L;
    private static final AtomicLong ROWS = new AtomicLong();

    /** Gives the rows since the last call. */
    static long take() {
        return ROWS.getAndSet(0);
    }

    @Override
    public void preUpdate(DataSet minibatch, Model model) {
        ROWS.addAndGet(minibatch.numExamples());
    }

    @Override
    public void postUpdate(DataSet minibatch, Model model) {
    }

    @Override
    public void preUpdate(MultiDataSet minibatch, Model model) {
    }

    @Override
    public void postUpdate(MultiDataSet minibatch, Model model) {
    }
}
