package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.pydl4j.spark.helpers.Helpers;

/** A network of floats, which oneDNN computes where it can, against the same of doubles, which ND4J computes itself. */
@ExtendWith(PreparedNative.class)
class PrecisionTest {

    private static final int TIME = 9;

    private static MultiLayerNetwork network(DataType type, InputType input, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder().seed(3).dataType(type)
                .updater(new Sgd(0.1)).activation(Activation.TANH).list();
        for (Layer layer : layers) {
            list.layer(layer.clone());
        }
        MultiLayerNetwork network = new MultiLayerNetwork((input == null ? list : list.setInputType(input)).build());
        network.init();
        return network;
    }

    private static MultiDataSet data(INDArray x, INDArray y) {
        return new org.nd4j.linalg.dataset.MultiDataSet(x, y);
    }

    static Stream<Arguments> networks() {
        List<Arguments> cases = new ArrayList<>();
        for (RNNFormat format : RNNFormat.values()) {
            boolean last = format == RNNFormat.NWC;
            for (ConvolutionMode mode : new ConvolutionMode[] {
                ConvolutionMode.Truncate, ConvolutionMode.Same, ConvolutionMode.Causal}) {
                cases.add(Arguments.of("conv1d " + mode + " " + format, InputType.recurrent(3, TIME, format),
                        new long[] {3, last ? TIME : 3, last ? 3 : TIME}, new Layer[] {
                            new Convolution1DLayer.Builder(3).nOut(4).dilation(2).convolutionMode(mode)
                                    .rnnDataFormat(format).build(),
                            new Convolution1DLayer.Builder(2).nOut(5).dilation(3).convolutionMode(mode)
                                    .rnnDataFormat(format).hasBias(last).build(),
                            new RnnOutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).dataFormat(format)
                                    .build()}));
            }
        }
        cases.add(Arguments.of("normalized steps", null, new long[] {3, TIME, 3}, new Layer[] {
            new LSTM.Builder().nIn(3).nOut(4).dataFormat(RNNFormat.NWC).build(),
            new BatchNormalization.Builder().nIn(4).nOut(4).dataFormat(CNN2DFormat.NHWC).build(),
            new RnnOutputLayer.Builder().nIn(4).nOut(2).activation(Activation.SOFTMAX).dataFormat(RNNFormat.NWC)
                    .build()}));
        cases.add(Arguments.of("conv3d", InputType.convolutional3D(Convolution3D.DataFormat.NCDHW, 5, 6, 7, 2),
                new long[] {3, 2, 5, 6, 7}, new Layer[] {
                    new Convolution3D.Builder(2, 3, 2).nOut(3).dilation(2, 1, 3)
                            .dataFormat(Convolution3D.DataFormat.NCDHW).build(),
                    new Cnn3DLossLayer.Builder(Convolution3D.DataFormat.NCDHW)
                            .lossFunction(LossFunctions.LossFunction.MSE).build()}));
        for (PoolingType type : new PoolingType[] {PoolingType.AVG, PoolingType.MAX}) {
            cases.add(Arguments.of("pooling3d " + type, InputType.convolutional3D(Convolution3D.DataFormat.NCDHW, 5, 6, 7, 2),
                    new long[] {3, 2, 5, 6, 7}, new Layer[] {
                        new Convolution3D.Builder(1, 1, 1).nOut(3).dataFormat(Convolution3D.DataFormat.NCDHW).build(),
                        new Subsampling3DLayer.Builder(type).kernelSize(2, 3, 2).stride(1, 2, 1).dilation(2, 1, 3)
                                .dataFormat(Convolution3D.DataFormat.NCDHW).build(),
                        new Cnn3DLossLayer.Builder(Convolution3D.DataFormat.NCDHW)
                                .lossFunction(LossFunctions.LossFunction.MSE).build()}));
        }
        return cases.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("networks")
    void floatsGiveWhatDoublesGive(String name, InputType input, long[] shape, Layer[] layers) {
        MultiLayerNetwork exact = network(DataType.DOUBLE, input, layers);
        MultiLayerNetwork fast = network(DataType.FLOAT, input, layers);
        fast.setParams(exact.params().castTo(DataType.FLOAT));
        Helpers.install(fast);
        Nd4j.getRandom().setSeed(5);
        INDArray x = Nd4j.randn(DataType.FLOAT, shape);
        INDArray expected = exact.output(x.castTo(DataType.DOUBLE));
        agree(expected, fast.output(x));
        if (shape[1] == TIME) {
            return; // DL4J itself cannot train these layers where the time comes first
        }
        INDArray y = Nd4j.zerosLike(expected).castTo(DataType.FLOAT);
        y.addi(0.5);
        exact.fit(x.castTo(DataType.DOUBLE), y.castTo(DataType.DOUBLE));
        fast.fit(x, y);
        agree(exact.params(), fast.params());
    }

    private static void agree(INDArray expected, INDArray actual) {
        double difference = expected.sub(actual.castTo(DataType.DOUBLE)).amaxNumber().doubleValue();
        assertTrue(difference <= 1e-5, "they differ by " + difference);
    }

    @Test
    void featuresComeInTheTypeOfTheNetwork() {
        Layer output = new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build();
        MultiLayerNetwork network = network(DataType.DOUBLE, InputType.convolutional(4, 5, 2),
                new Deconvolution2D.Builder(2, 2).nOut(3).build(), output);
        INDArray x = Nd4j.randn(DataType.FLOAT, 3, 2, 4, 5);
        INDArray y = Nd4j.create(new float[][] {{0, 1}, {1, 0}, {0, 1}});
        INDArray expected = network.output(x.castTo(DataType.DOUBLE));
        Inference scoring = Inference.of(Trainee.of(network).configuration(), network.params());
        assertEquals(expected, scoring.output(data(x, null))[0]);
        assertEquals(expected, scoring.rnnTimeStep(new INDArray[] {x})[0]);
        assertEquals(expected, scoring.feedForward(data(x, null), false).get("layer1"));
        scoring.differentiate(data(x, y));
        Trainee.of(network).fit(data(x, y));
        assertEquals(1, network.getIterationCount());
    }

    @Test
    void indicesOfEmbeddingsAreNotRounded() {
        Layer output = new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build();
        MultiLayerNetwork network = network(DataType.HALF, InputType.feedForward(1),
                new EmbeddingLayer.Builder().nIn(5000).nOut(2).build(), output);
        MultiDataSet rows = data(Nd4j.create(new float[][] {{4097}}), null);
        assertSame(rows.getFeatures(0), Precision.of(network).of(rows).getFeatures(0));
    }

    @Test
    void networksWithoutParametersRunInEveryPrecision() {
        INDArray x = Nd4j.create(new float[][] {{-1, 2, 3}});
        for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT, DataType.HALF}) {
            MultiLayerNetwork network = network(type, InputType.feedForward(3), new ActivationLayer(Activation.RELU));
            INDArray given = network.params() == null ? Nd4j.empty(type) : network.params();
            Inference scoring = Inference.of(Trainee.of(network).configuration(), given);
            assertEquals(Nd4j.create(new float[][] {{0, 2, 3}}).castTo(type), scoring.output(data(x, null))[0]);
        }
    }
}
