package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.pydl4j.spark.helpers.Helpers;

/**
 * Outputs and gradients in float32 with every helper on (DL4J's layer helpers, oneDNN below ND4J's operations, ours)
 * and with every one off: they agree to {@link #TOLERANCE} of the largest value of each array.
 */
class HelperParityTest {

    private static final double TOLERANCE = 2e-5;
    private static final String DISABLED = "org.eclipse.deeplearning4j.helpers.disable";
    private static double worst;
    private static final int BATCH = 5;
    private static final int SIZE = 11;

    @AfterAll
    static void report() {
        System.out.printf("helpers on and off: the largest difference is %.1e of the largest value%n", worst);
    }

    @AfterEach
    void on() {
        helpers(true);
    }

    private static void helpers(boolean on) {
        if (on) {
            System.clearProperty(DISABLED);
        } else {
            System.setProperty(DISABLED, "true");
        }
        Nd4j.getEnvironment().allowHelpers(on);
    }

    static Stream<Arguments> layers() {
        List<Arguments> cases = new ArrayList<>();
        int[][][] windows = { // kernel, stride, padding, dilation
            {{1, 1}, {1, 1}, {0, 0}, {1, 1}}, {{3, 3}, {1, 1}, {0, 0}, {1, 1}}, {{5, 5}, {1, 1}, {0, 0}, {1, 1}},
            {{3, 2}, {1, 1}, {0, 0}, {1, 1}}, {{3, 3}, {1, 1}, {1, 1}, {1, 1}}, {{5, 3}, {1, 1}, {2, 1}, {1, 1}},
            {{2, 2}, {2, 2}, {0, 0}, {1, 1}}, {{3, 3}, {2, 2}, {0, 0}, {1, 1}}, {{3, 3}, {2, 1}, {1, 1}, {1, 1}},
            {{3, 3}, {2, 3}, {1, 0}, {1, 1}}, {{4, 4}, {3, 3}, {1, 1}, {1, 1}}, {{3, 3}, {1, 1}, {0, 0}, {2, 2}},
            {{3, 3}, {1, 1}, {2, 2}, {2, 2}}, {{2, 3}, {2, 1}, {0, 1}, {2, 1}}, {{11, 11}, {1, 1}, {0, 0}, {1, 1}}};
        for (int[][] window : windows) {
            for (ConvolutionMode mode : new ConvolutionMode[] {ConvolutionMode.Truncate, ConvolutionMode.Same}) {
                for (CNN2DFormat format : CNN2DFormat.values()) {
                    String at = window[0][0] + "x" + window[0][1] + " stride " + window[1][0] + "," + window[1][1]
                            + " padding " + window[2][0] + "," + window[2][1] + " dilation " + window[3][0] + ","
                            + window[3][1] + " " + mode + " " + format;
                    for (Activation activation : new Activation[] {Activation.RELU, Activation.TANH}) {
                        cases.add(Arguments.of("convolution " + at + " " + activation, format,
                                convolution(window, mode, format).activation(activation).build()));
                    }
                    cases.add(Arguments.of("convolution without bias " + at, format,
                            convolution(window, mode, format).hasBias(false).build()));
                    for (SubsamplingLayer.PoolingType type : new SubsamplingLayer.PoolingType[] {
                        SubsamplingLayer.PoolingType.MAX, SubsamplingLayer.PoolingType.AVG,
                        SubsamplingLayer.PoolingType.PNORM}) {
                        cases.add(Arguments.of("pooling " + type + " " + at, format,
                                pooling(type, window, mode, format).build()));
                    }
                    cases.add(Arguments.of("pooling AVG with padding " + at, format,
                            pooling(SubsamplingLayer.PoolingType.AVG, window, mode, format)
                                    .avgPoolIncludePadInDivisor(true).build()));
                }
            }
        }
        for (CNN2DFormat format : CNN2DFormat.values()) {
            cases.add(Arguments.of("batch normalization " + format, format,
                    new BatchNormalization.Builder().dataFormat(format).build()));
            cases.add(Arguments.of("batch normalization, log std, eps 1e-3 " + format, format,
                    new BatchNormalization.Builder().useLogStd(true).eps(1e-3).dataFormat(format).build()));
            cases.add(Arguments.of("local response normalization " + format, format,
                    new LocalResponseNormalization.Builder().dataFormat(format).build()));
        }
        return cases.stream();
    }

    private static ConvolutionLayer.Builder convolution(int[][] window, ConvolutionMode mode, CNN2DFormat format) {
        return new ConvolutionLayer.Builder(window[0], window[1]).padding(padding(window, mode)).dilation(window[3])
                .convolutionMode(mode).dataFormat(format).nOut(6);
    }

    private static SubsamplingLayer.Builder pooling(SubsamplingLayer.PoolingType type, int[][] window,
            ConvolutionMode mode, CNN2DFormat format) {
        SubsamplingLayer.Builder builder = new SubsamplingLayer.Builder(type, window[0], window[1])
                .padding(padding(window, mode)).dilation(window[3]).convolutionMode(mode).dataFormat(format);
        return type == SubsamplingLayer.PoolingType.PNORM ? builder.pnorm(2) : builder;
    }

    private static int[] padding(int[][] window, ConvolutionMode mode) {
        return mode == ConvolutionMode.Same ? new int[] {0, 0} : window[2];
    }

    /** The layer in the middle, where gradients pass through it, and once more at the input, where none need to. */
    private static MultiLayerNetwork network(Layer layer, CNN2DFormat format, boolean first) {
        NeuralNetConfiguration.ListBuilder layers = new NeuralNetConfiguration.Builder().seed(3).updater(new Sgd(0.1))
                .list();
        if (!first) {
            layers.layer(new ConvolutionLayer.Builder(1, 1).nOut(4).activation(Activation.TANH).dataFormat(format).build());
        }
        layers.layer(layer)
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(3).build())
                .setInputType(InputType.convolutional(SIZE, SIZE, 3, format));
        MultiLayerNetwork network = new MultiLayerNetwork(layers.build());
        network.init();
        return network;
    }

    private static List<INDArray> numbers(Layer layer, CNN2DFormat format, boolean first, boolean on,
            boolean oneDnn) {
        helpers(on);
        MultiLayerNetwork network = network(layer, format, first);
        Helpers.install(network, oneDnn);
        Nd4j.getRandom().setSeed(7);
        INDArray x = format == CNN2DFormat.NCHW ? Nd4j.randn(BATCH, 3, SIZE, SIZE) : Nd4j.randn(BATCH, SIZE, SIZE, 3);
        INDArray y = Nd4j.eye(3).get(NDArrayIndex.indices(0, 1, 2, 0, 1)).dup();
        List<INDArray> numbers = new ArrayList<>();
        numbers.add(network.feedForward(x, true).get(first ? 1 : 2).dup());
        network.setInput(x);
        network.setLabels(y);
        network.computeGradientAndScore();
        for (org.deeplearning4j.nn.api.Layer each : network.getLayers()) {
            if (each.numParams() > 0) {
                each.conf().getLayer().initializer()
                        .getGradientsFromFlattened(each.conf(), each.getGradientsViewArray())
                        .values().forEach(gradient -> numbers.add(gradient.dup()));
            }
        }
        network.fit(x, y);
        numbers.add(network.output(x).dup()); // running means and variances in it
        numbers.add(network.output(x.get(NDArrayIndex.interval(0, 2))).dup());
        return numbers;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("layers")
    void numbersDoNotMove(String name, CNN2DFormat format, Layer layer) {
        for (boolean first : new boolean[] {false, true}) {
            List<INDArray> off = numbers(layer.clone(), format, first, false, false);
            agree(name, off, numbers(layer.clone(), format, first, true, false));
            if (NativeBuild.OURS.hasOneDnn()) {
                agree(name + " by oneDNN", off, numbers(layer.clone(), format, first, true, true));
            }
        }
    }

    private static void agree(String name, List<INDArray> off, List<INDArray> on) {
        assertEquals(off.size(), on.size());
        for (int i = 0; i < off.size(); i++) {
            double scale = Math.max(1e-6, off.get(i).amaxNumber().doubleValue());
            double difference = off.get(i).sub(on.get(i)).amaxNumber().doubleValue() / scale;
            worst = Math.max(worst, difference);
            assertTrue(difference <= TOLERANCE,
                    name + ", array " + i + ": they differ by " + difference + " of the largest value");
        }
    }
}
