package org.pydl4j.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** What is to be trained, as the harness says it in one JSON argument; and how figures are reported. */
final class Problem {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int SCORED_AT_ONCE = 500;

    final JsonNode task;
    private final List<DataSet> held;

    Problem(String argument) throws Exception {
        task = JSON.readTree(argument);
        held = cut(array("test_features"), array("test_labels"), SCORED_AT_ONCE);
    }

    /** The network, as a user of DL4J writes it down. */
    MultiLayerConfiguration configuration() {
        NeuralNetConfiguration.ListBuilder layers = new NeuralNetConfiguration.Builder()
                .seed(task.get("seed").asLong())
                .updater(new Adam(task.get("learning_rate").asDouble()))
                .weightInit(WeightInit.XAVIER)
                .activation(Activation.RELU)
                .list();
        JsonNode hidden = task.get("hidden");
        switch (task.get("network").asText()) {
            case "mlp":
                for (JsonNode units : hidden) {
                    layers.layer(new DenseLayer.Builder().nOut(units.asInt()).build());
                }
                layers.setInputType(InputType.feedForward(784));
                break;
            case "lenet":
                for (int maps : new int[] {hidden.get(0).asInt(), hidden.get(1).asInt()}) {
                    layers.layer(new ConvolutionLayer.Builder(5, 5).nOut(maps).build());
                    layers.layer(new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                            .kernelSize(2, 2).stride(2, 2).build());
                }
                layers.layer(new DenseLayer.Builder().nOut(hidden.get(2).asInt()).build());
                layers.setInputType(InputType.convolutional(28, 28, 1));
                break;
            case "lstm":
                layers.layer(new LastTimeStep(
                        new LSTM.Builder().nOut(hidden.get(0).asInt()).activation(Activation.TANH).build()));
                layers.setInputType(InputType.recurrent(28, 28));
                break;
            default:
                throw new IllegalArgumentException("no such network: " + task.get("network"));
        }
        layers.layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .activation(Activation.SOFTMAX).nOut(10).build());
        return layers.build();
    }

    MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(configuration());
        network.init();
        return network;
    }

    /** The training rows in pieces that own their memory: a view would take its whole array along to Spark. */
    List<DataSet> training(int rows) {
        return cut(array("train_features"), array("train_labels"), rows);
    }

    /** The rows of one part, training or test, as Java's arrays. */
    FlatRows rows(String part) {
        return new FlatRows(array(part + "_features"), array(part + "_labels"));
    }

    double accuracy(MultiLayerNetwork network) {
        long right = 0;
        long all = 0;
        for (DataSet rows : held) {
            INDArray given = network.output(rows.getFeatures()).argMax(1);
            right += given.eq(rows.getLabels().argMax(1)).castTo(org.nd4j.linalg.api.buffer.DataType.INT64)
                    .sumNumber().longValue();
            all += rows.numExamples();
        }
        return (double) right / all;
    }

    int setting(String name) {
        return task.get(name).asInt();
    }

    /** Whether one more epoch is wanted: all were asked for, or those that the accuracy still needs. */
    boolean goesOn(int done, double accuracy) {
        if (done < setting("epochs")) {
            return true;
        }
        return done < setting("most_epochs") && accuracy < task.get("target").asDouble();
    }

    void epoch(int number, double seconds, double accuracy, long rows) throws Exception {
        emit(JSON.createObjectNode().put("figure", "epoch").put("epoch", number).put("seconds", seconds)
                .put("accuracy", accuracy).put("rows", rows));
    }

    /** Tells what the run really used: it is not asked for but found. */
    void environment(MultiLayerNetwork network) throws Exception {
        emit(JSON.createObjectNode().put("figure", "environment")
                .put("parameters", network.numParams())
                .put("blas", String.valueOf(Nd4j.getExecutioner().getEnvironmentInformation()
                        .getProperty("blas.vendor")))
                .put("threads", System.getenv("OMP_NUM_THREADS"))
                .put("native", System.getProperty("org.bytedeco.javacpp.platform.extension", "generic"))
                .put("helpers", String.valueOf(network.getLayer(0).getHelper())));
    }

    /** Times calls one by one. */
    void calls(String what, int calls, Runnable call) throws Exception {
        double[] micros = new double[calls];
        for (int i = 0; i < calls; i++) {
            long began = System.nanoTime();
            call.run();
            micros[i] = (System.nanoTime() - began) / 1e3;
        }
        Arrays.sort(micros);
        emit(JSON.createObjectNode().put("figure", "calls").put("what", what).put("calls", calls)
                .put("median", micros[calls / 2]).put("p99", micros[calls * 99 / 100]));
    }

    void figure(String name, Map<String, Double> values) throws Exception {
        ObjectNode figure = JSON.createObjectNode().put("figure", name);
        values.forEach(figure::put);
        emit(figure);
    }

    /** A number for all parameters' bits: equal where two runs did the same. */
    void digest(MultiLayerNetwork network) throws Exception {
        byte[] bytes = new byte[Math.toIntExact(network.numParams() * Float.BYTES)];
        network.params().data().asNio().get(bytes);
        CRC32 sum = new CRC32();
        sum.update(bytes);
        emit(JSON.createObjectNode().put("figure", "digest").put("params", sum.getValue()));
    }

    private static void emit(ObjectNode figure) throws Exception {
        System.out.println(JSON.writeValueAsString(figure));
        System.out.flush();
    }

    private INDArray array(String name) {
        return Nd4j.createFromNpyFile(Path.of(task.get("data").get(name).asText()).toFile());
    }

    private static List<DataSet> cut(INDArray features, INDArray labels, int rows) {
        List<DataSet> pieces = new ArrayList<>();
        for (long from = 0; from < features.size(0); from += rows) {
            long to = Math.min(features.size(0), from + rows);
            pieces.add(new DataSet(piece(features, from, to), piece(labels, from, to)));
        }
        return pieces;
    }

    private static INDArray piece(INDArray array, long from, long to) {
        org.nd4j.linalg.indexing.INDArrayIndex[] part = new org.nd4j.linalg.indexing.INDArrayIndex[array.rank()];
        Arrays.fill(part, NDArrayIndex.all());
        part[0] = NDArrayIndex.interval(from, to);
        return array.get(part).dup('c');
    }
}
