package org.pydl4j.spark;

import org.apache.spark.TaskContext;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.spark.api.TrainingHook;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Runs on the worker around every minibatch: seeds its random stream before, counts what was trained after.
 *
 * <p>ND4J's generator belongs to a thread, and task threads are shared by all that Spark runs. Seeded by (seed, epoch,
 * iteration, worker), dropout is the same whichever thread runs the task, however often it is retried, and in a fit
 * that was resumed.
 */
final class WorkerHook implements TrainingHook {

    private static final long serialVersionUID = 1L;

    private final long seed;
    private final WorkerTally tally;
    private transient Scores scores;

    /** Adds up the scores of a minibatch's updates: truncated BPTT makes several, one for each piece of the sequences. */
    private static final class Scores extends BaseTrainingListener {
        private double sum;

        @Override
        public void iterationDone(Model model, int iteration, int epoch) {
            sum += model.score();
        }
    }

    WorkerHook(long seed, WorkerTally tally) {
        this.seed = seed;
        this.tally = tally;
    }

    private void before(Model model) {
        if (scores == null) {
            scores = new Scores();
            model.addListeners(scores);
        }
        scores.sum = 0;
        long state = Permutation.mix(seed);
        state = Permutation.mix(state + ((MultiLayerNetwork) model).getEpochCount());
        state = Permutation.mix(state + ((MultiLayerNetwork) model).getIterationCount());
        Nd4j.getRandom().setSeed(Permutation.mix(state + TaskContext.getPartitionId()));
    }

    private void after(int examples, Model model) {
        tally.add(WorkerTally.Totals.ofMinibatch(examples, scores.sum, ((MultiLayerNetwork) model).getIterationCount()));
    }

    @Override
    public void preUpdate(DataSet minibatch, Model model) {
        before(model);
    }

    @Override
    public void postUpdate(DataSet minibatch, Model model) {
        after(minibatch.numExamples(), model);
    }

    @Override
    public void preUpdate(MultiDataSet minibatch, Model model) {
        before(model);
    }

    @Override
    public void postUpdate(MultiDataSet minibatch, Model model) {
        after((int) minibatch.getFeatures(0).size(0), model);
    }
}
