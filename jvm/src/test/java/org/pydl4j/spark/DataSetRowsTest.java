package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** DL4J's own classes driving the master, as a Java program does: data sets of its own, sequences, masks, graphs. */
class DataSetRowsTest extends SparkTest {

    private static ResidentAveragingTrainingMaster master(int epochs) {
        return new ResidentAveragingTrainingMaster.Builder(8).numWorkers(1).averagingFrequency(2).epochs(epochs)
                .shuffle(false).build();
    }

    private static MultiLayerNetwork plainly(float[][] rows, int epochs) {
        MultiLayerNetwork network = Networks.perceptron(new Adam(0.01));
        for (int epoch = 0; epoch < epochs; epoch++) {
            for (int from = 0; from < rows.length; from += 8) {
                network.fit(Networks.dataSet(rows, from, Math.min(rows.length, from + 8)));
            }
        }
        return network;
    }

    @Test
    void sparkDl4jMultiLayerTrainsOneExampleOrManyAtATime() {
        float[][] rows = Networks.rows(45);
        MultiLayerNetwork expected = plainly(rows, 3);
        for (int each : new int[] {1, 7, 45}) {
            List<DataSet> sets = new ArrayList<>();
            for (int from = 0; from < rows.length; from += each) {
                sets.add(Networks.dataSet(rows, from, Math.min(rows.length, from + each)));
            }
            SparkDl4jMultiLayer spark = new SparkDl4jMultiLayer(context, Networks.perceptron(new Adam(0.01)), master(2));
            spark.fit(context.parallelize(sets, 3));
            assertEquals(2, spark.getNetwork().getEpochCount());
            spark = new SparkDl4jMultiLayer(context, spark.getNetwork(), master(1));
            spark.fit(context.parallelize(sets, 3));
            assertEquals(expected.params(), spark.getNetwork().params());
            assertTrue(spark.getScore() > 0);
            assertTrue(context.getPersistentRDDs().isEmpty());
        }
    }

    @Test
    void filesOfDataSets(@TempDir Path folder) throws Exception {
        float[][] rows = Networks.rows(24);
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            java.io.File file = folder.resolve(i + ".bin").toFile();
            Networks.dataSet(rows, i * 8, (i + 1) * 8).save(file);
            paths.add(file.toURI().toString());
        }
        SparkDl4jMultiLayer spark = new SparkDl4jMultiLayer(context, Networks.perceptron(new Adam(0.01)), master(1));
        spark.fitPaths(context.parallelize(paths, 1));
        assertEquals(plainly(rows, 1).params(), spark.getNetwork().params());
    }

    @Test
    void sequencesWithMasks() {
        MultiLayerConfiguration conf = new NeuralNetConfiguration.Builder().seed(3).updater(new Adam(0.01)).list()
                .layer(new LSTM.Builder().nIn(2).nOut(4).activation(Activation.TANH).build())
                .layer(new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nIn(4).nOut(3)
                        .activation(Activation.SOFTMAX).build()).build();
        INDArray x = Nd4j.randn(DataType.FLOAT, 16, 2, 5);
        INDArray y = Nd4j.zeros(DataType.FLOAT, 16, 3, 5);
        INDArray mask = Nd4j.ones(DataType.FLOAT, 16, 5);
        for (int i = 0; i < 16; i++) {
            for (int t = 0; t < 5; t++) {
                y.putScalar(i, (i + t) % 3, t, 1);
                mask.putScalar(i, t, t <= i % 5 ? 1 : 0);
            }
        }
        DataSet all = new DataSet(x, y, mask, mask);
        MultiLayerNetwork alone = new MultiLayerNetwork(conf.clone());
        alone.init();
        all.asList(); // as DL4J would cut it
        for (int from = 0; from < 16; from += 8) {
            alone.fit((DataSet) all.getRange(from, from + 8));
        }
        MultiLayerNetwork together = new MultiLayerNetwork(conf.clone());
        together.init();
        new SparkDl4jMultiLayer(context, together, master(1)).fit(context.parallelize(List.of(all), 1));
        assertEquals(0, alone.params().sub(together.params()).amaxNumber().doubleValue(), 1e-6);
    }

    @Test
    void graphsWithSeveralInputsAndOutputs() {
        ComputationGraphConfiguration conf = new NeuralNetConfiguration.Builder().seed(3).updater(new Adam(0.01))
                .graphBuilder().addInputs("a", "b")
                .addLayer("left", new DenseLayer.Builder().nIn(3).nOut(4).build(), "a")
                .addLayer("right", new DenseLayer.Builder().nIn(2).nOut(4).build(), "b")
                .addVertex("both", new MergeVertex(), "left", "right")
                .addLayer("one", new OutputLayer.Builder(LossFunctions.LossFunction.MSE).nIn(8).nOut(1)
                        .activation(Activation.IDENTITY).build(), "both")
                .addLayer("two", new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nIn(8).nOut(3)
                        .activation(Activation.SOFTMAX).build(), "both")
                .setOutputs("one", "two").build();
        List<org.nd4j.linalg.dataset.api.MultiDataSet> sets = new ArrayList<>();
        ComputationGraph alone = new ComputationGraph(conf.clone());
        alone.init();
        for (int i = 0; i < 4; i++) {
            INDArray classes = Nd4j.eye(3).castTo(DataType.FLOAT).getRows(0, 1, 2, 0, 1, 2, 0, 1);
            MultiDataSet set = new MultiDataSet(
                    new INDArray[] {Nd4j.randn(DataType.FLOAT, 8, 3), Nd4j.randn(DataType.FLOAT, 8, 2)},
                    new INDArray[] {Nd4j.randn(DataType.FLOAT, 8, 1), classes});
            sets.add(set);
            alone.fit(set);
        }
        ComputationGraph together = new ComputationGraph(conf.clone());
        together.init();
        SparkComputationGraph spark = new SparkComputationGraph(context, together, master(1));
        spark.fitMultiDataSet(context.parallelize(sets, 2));
        assertEquals(alone.params(), together.params());
        assertEquals(4, together.getIterationCount());
        assertEquals(1, together.getEpochCount());
    }

    @Test
    void shapesThatDifferAreRefused() {
        List<DataSet> sets = List.of(new DataSet(Nd4j.zeros(1, 2, 4), Nd4j.zeros(1, 2, 4)),
                new DataSet(Nd4j.zeros(1, 2, 7), Nd4j.zeros(1, 2, 7)));
        SparkDl4jMultiLayer spark = new SparkDl4jMultiLayer(context, Networks.perceptron(new Adam(0.01)), master(1));
        BridgeException refused =
                assertThrows(BridgeException.class, () -> spark.fit(context.parallelize(sets, 2)));
        assertTrue(refused.getMessage().contains("pad sequences to one length"), refused.getMessage());
    }
}
