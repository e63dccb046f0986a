package org.pydl4j.spark;

import java.util.Random;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** Small networks and data that several tests share. */
final class Networks {

    static final int FEATURES = 6;
    static final int CLASSES = 3;

    private Networks() {}

    static MultiLayerNetwork perceptron(IUpdater updater) {
        MultiLayerConfiguration conf = new NeuralNetConfiguration.Builder().seed(12).updater(updater)
                .activation(Activation.TANH).list()
                .layer(new DenseLayer.Builder().nIn(FEATURES).nOut(8).build())
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nIn(8).nOut(CLASSES)
                        .activation(Activation.SOFTMAX).build())
                .build();
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        network.init();
        return network;
    }

    /** A perceptron that draws by chance while it trains. */
    static MultiLayerNetwork withDropout() {
        MultiLayerConfiguration conf = new NeuralNetConfiguration.Builder().seed(12).updater(new Adam(0.01))
                .activation(Activation.TANH).list()
                .layer(new DenseLayer.Builder().nIn(FEATURES).nOut(8).build())
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nIn(8).nOut(CLASSES).dropOut(0.7)
                        .activation(Activation.SOFTMAX).build())
                .build();
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        network.init();
        return network;
    }

    /** Sequences of 4 in, a sequence of 3 classes out; truncated BPTT makes two pieces of 6 time steps. */
    static MultiLayerNetwork recurrent(BackpropType backprop) {
        MultiLayerConfiguration conf = new NeuralNetConfiguration.Builder().seed(12).updater(new Adam(0.01)).l2(1e-3)
                .activation(Activation.TANH).list()
                .layer(new LSTM.Builder().nIn(4).nOut(5).build())
                .layer(new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nIn(5).nOut(CLASSES)
                        .activation(Activation.SOFTMAX).dataFormat(RNNFormat.NCW).build())
                .backpropType(backprop).tBPTTLength(4).build();
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        network.init();
        return network;
    }

    /** Rows as they travel: features, then the class index. */
    static float[][] rows(int count) {
        Random random = new Random(5);
        float[][] rows = new float[count][FEATURES + 1];
        for (float[] row : rows) {
            for (int i = 0; i < FEATURES; i++) {
                row[i] = (float) random.nextGaussian();
            }
            row[FEATURES] = random.nextInt(CLASSES);
        }
        return rows;
    }

    static Examples examples(float[][] rows) {
        Examples examples = new Examples(spec(), rows.length, false, true);
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(rows[i], 0, examples.floats(), i * FEATURES, FEATURES);
            examples.labels()[i] = rows[i][FEATURES];
        }
        return examples;
    }

    static ExampleSpec spec() {
        return new ExampleSpec(Json.read("{\"features\": {\"inputs\": [{\"shape\": [" + FEATURES + "]}]}, "
                + "\"labels\": {\"outputs\": [{\"shape\": [" + CLASSES + "], \"indices\": true}]}}"));
    }

    static DataSet dataSet(float[][] rows, int from, int to) {
        MultiDataSet data = new Minibatch(spec(), to - from, true).fill(examples(rows), from, null);
        return new DataSet(data.getFeatures(0), data.getLabels(0));
    }
}
