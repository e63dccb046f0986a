package org.pydl4j.benchmarks;

import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.nd4j.linalg.dataset.DataSet;
import org.pydl4j.spark.LocalBridge;
import org.pydl4j.spark.helpers.Helpers;

/** DL4J's own way to several workers in one JVM, on minibatches that lie ready. */
public final class ParallelWrapperEpoch {

    private ParallelWrapperEpoch() {
    }

    public static void main(String[] arguments) throws Exception {
        LocalBridge.versions(); // brings the native code up as in a fit
        Problem problem = new Problem(arguments[0]);
        List<DataSet> minibatches = problem.training(problem.setting("batch"));
        List<DataSet> asTheyStand = List.copyOf(minibatches);
        Random order = new Random(problem.setting("seed"));
        MultiLayerNetwork network = network(problem);
        problem.environment(network);
        AtomicLong rows = new AtomicLong();
        network.setListeners(new BaseTrainingListener() {
            @Override
            public void iterationDone(Model model, int iteration, int epoch) {
                rows.addAndGet(model.batchSize());
            }
        });
        double accuracy = 0;
        try (ParallelWrapper workers = workers(problem, network)) {
            for (int epoch = 0; problem.goesOn(epoch, accuracy);) {
                long began = System.nanoTime();
                Collections.shuffle(minibatches, order);
                workers.fit(new ExistingDataSetIterator(minibatches));
                double seconds = (System.nanoTime() - began) / 1e9;
                accuracy = problem.accuracy(network);
                problem.epoch(++epoch, seconds, accuracy, rows.getAndSet(0));
            }
        }
        for (int time = 0; time < 2; time++) {
            MultiLayerNetwork again = network(problem);
            try (ParallelWrapper workers = workers(problem, again)) {
                workers.fit(new ExistingDataSetIterator(asTheyStand));
            }
            problem.digest(again);
        }
    }

    private static MultiLayerNetwork network(Problem problem) {
        MultiLayerNetwork network = problem.network();
        Helpers.install(network); // its copies for other workers have none all the same
        return network;
    }

    private static ParallelWrapper workers(Problem problem, MultiLayerNetwork network) {
        return new ParallelWrapper.Builder<>(network)
                .workers(problem.setting("workers"))
                .averagingFrequency(problem.setting("frequency"))
                .averageUpdaters(true)
                .build();
    }
}
