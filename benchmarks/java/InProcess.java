package org.pydl4j.benchmarks;

import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.DataSet;
import org.pydl4j.spark.Bridge;
import org.pydl4j.spark.helpers.Helpers;

/** DL4J alone, with our layer helpers or without: one network, one JVM, no Spark. Minibatches lie ready; their order changes with every epoch. */
public final class InProcess {

    private InProcess() {
    }

    public static void main(String[] arguments) throws Exception {
        boolean helpers = Boolean.getBoolean("org.pydl4j.benchmarks.helpers");
        if (helpers) {
            LocalBridge.versions(); // brings the native code up as in a fit
        }
        Problem problem = new Problem(arguments[0]);
        MultiLayerNetwork network = problem.network();
        if (helpers) {
            Helpers.install(network);
        }
        problem.environment(network);
        int batch = problem.setting("batch");
        List<DataSet> minibatches = problem.training(batch);
        Random order = new Random(problem.setting("seed"));
        double accuracy = 0;
        for (int epoch = 0; problem.goesOn(epoch, accuracy);) {
            long began = System.nanoTime();
            Collections.shuffle(minibatches, order);
            network.fit(new ExistingDataSetIterator(minibatches));
            double seconds = (System.nanoTime() - began) / 1e9;
            accuracy = problem.accuracy(network);
            problem.epoch(++epoch, seconds, accuracy, problem.setting("rows"));
        }
    }
}
