package org.pydl4j.benchmarks;

import java.lang.management.ManagementFactory;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.pydl4j.spark.LocalBridge;
import org.pydl4j.spark.helpers.Helpers;

/** DL4J alone, with our layer helpers or without: one network, one JVM, no Spark. */
public final class InProcess {

    private static final boolean HELPERS = Boolean.getBoolean("org.pydl4j.benchmarks.helpers");

    private InProcess() {
    }

    public static void main(String[] arguments) throws Exception {
        if (HELPERS) {
            LocalBridge.versions(); // brings the native code up as in a fit
        }
        Problem problem = new Problem(arguments[0]);
        MultiLayerNetwork network = network(problem);
        switch (problem.task.get("kind").asText()) {
            case "process":
                fromRows(problem, network);
                break;
            case "output":
                oneRow(problem, network);
                break;
            case "begin":
                network.output(problem.rows("test").array(1)).data().asFloat();
                double seconds = (System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime()) / 1e3;
                problem.figure("begin", Map.of("process", seconds));
                break;
            default:
                fromMinibatches(problem, network);
        }
    }

    private static MultiLayerNetwork network(Problem problem) throws Exception {
        MultiLayerNetwork network = problem.network();
        if (HELPERS) {
            Helpers.install(network);
        }
        problem.environment(network);
        return network;
    }

    /** Minibatches lie ready; their order changes with every epoch. */
    private static void fromMinibatches(Problem problem, MultiLayerNetwork network) throws Exception {
        List<DataSet> minibatches = problem.training(problem.setting("batch"));
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

    /** Minibatches are made of the rows as they are trained, anew and in another order in every epoch. */
    private static void fromRows(Problem problem, MultiLayerNetwork network) throws Exception {
        FlatRows rows = problem.rows("train");
        int batch = problem.setting("batch");
        Random order = new Random(problem.setting("seed"));
        double[] seconds = new double[problem.setting("epochs")];
        for (int epoch = 0; epoch < seconds.length; epoch++) {
            long began = System.nanoTime();
            rows.epoch(batch, order, network::fit);
            seconds[epoch] = (System.nanoTime() - began) / 1e9;
        }
        double accuracy = problem.accuracy(network);
        for (int epoch = 0; epoch < seconds.length; epoch++) {
            problem.figure("epoch", Map.of("epoch", epoch + 1.0, "seconds", seconds[epoch]));
        }
        problem.figure("fit", Map.of("epochs", (double) seconds.length, "seconds", DoubleStream.of(seconds).sum(),
                "accuracy", accuracy));
        // An epoch of the rows as they stand: whoever tells the same digest has done the same.
        MultiLayerNetwork same = network(problem);
        rows.epoch(batch, null, same::fit);
        problem.digest(same);
    }

    /** Calls by themselves: with an array of ND4J's that is there, and from Java's floats to Java's floats. */
    private static void oneRow(Problem problem, MultiLayerNetwork network) throws Exception {
        FlatRows rows = problem.rows("test");
        INDArray row = rows.array(1);
        float[] floats = row.data().asFloat();
        int calls = problem.setting("calls");
        Runnable array = () -> network.output(row);
        Runnable there = () ->
                network.output(Nd4j.createFromArray(floats).reshape(1, floats.length)).data().asFloat();
        for (int i = 0; i < calls; i++) {
            array.run();
            there.run();
        }
        problem.calls("array", calls, array);
        problem.calls("floats", calls, there);
    }
}
