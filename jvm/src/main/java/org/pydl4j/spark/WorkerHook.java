package org.pydl4j.spark;

import org.apache.spark.TaskContext;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.spark.api.TrainingHook;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.pydl4j.spark.helpers.Helpers;

/** Runs on a worker of DL4J's own master around every minibatch: seeds its chance before, counts its rows after. */
final class WorkerHook implements TrainingHook {

    private static final long serialVersionUID = 1L;

    private final long seed;
    private final WorkerTally tally;
    /** Where the round starts: DL4J's copies of a graph forget how far it is. */
    private int iteration;
    private int epoch;
    private transient Trainee network;
    private transient ScoreSum scores;

    WorkerHook(long seed, WorkerTally tally) {
        this.seed = seed;
        this.tally = tally;
    }

    /** The next round's tasks get this as it is then. */
    void start(int atIteration, int inEpoch) {
        iteration = atIteration;
        epoch = inEpoch;
    }

    private void before(Model model) {
        if (network == null) {
            network = Trainee.of(model);
            scores = new ScoreSum();
            model.addListeners(scores);
            Helpers.install(model);
            network.setCounters(iteration, epoch);
        }
        scores.reset();
        Chance.seed(seed, network.epoch(), network.iteration(), TaskContext.getPartitionId());
    }

    private void after(int examples) {
        tally.add(WorkerTally.Totals.ofMinibatch(examples, scores.sum(), network.iteration()));
    }

    @Override
    public void preUpdate(DataSet minibatch, Model model) {
        before(model);
    }

    @Override
    public void postUpdate(DataSet minibatch, Model model) {
        after(minibatch.numExamples());
    }

    @Override
    public void preUpdate(MultiDataSet minibatch, Model model) {
        before(model);
    }

    @Override
    public void postUpdate(MultiDataSet minibatch, Model model) {
        after((int) minibatch.getFeatures(0).size(0));
    }
}
