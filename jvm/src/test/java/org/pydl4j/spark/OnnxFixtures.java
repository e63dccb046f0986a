package org.pydl4j.spark;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.preprocessor.CnnToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.*;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.dataset.api.preprocessor.ImagePreProcessingScaler;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerMinMaxScaler;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Writes the fixtures of tests/onnx: for each layer, mode and layout one small network, built, given random
 * parameters and run by DL4J itself.
 *
 * <p>A fixture is a zip of {@code model.zip} (ModelSerializer's), {@code in.npy}, {@code out.npy} (DL4J's output for
 * it at batch 3), {@code layout.json} (for each layer and parameter: name, shape, and the positions of its values in
 * the flat vector, read in c order) and, with a normalizer, {@code norm.npy} (the input as DL4J normalizes it).
 *
 * <p>Sizes are chosen so that no two extents are equal and kernels are odd and even: a wrong axis or a wrong padding
 * side cannot hide. To write the fixtures again, with the test classpath in cp.txt:
 *
 * <pre>
 *   mvn -q -f jvm/pom.xml dependency:build-classpath -Dmdep.outputFile=cp.txt -DincludeScope=test
 *   javac -cp "$(cat cp.txt)" -d out jvm/src/test/java/org/pydl4j/spark/OnnxFixtures.java
 *   java -cp "out:$(cat cp.txt)" org.pydl4j.spark.OnnxFixtures tests/onnx/fixtures
 * </pre>
 *
 * A name behind the directory writes only the cases that start with it.
 */
public final class OnnxFixtures {
    private static final int N = 3, C = 4, T = 5, H = 6, W = 7, CHANNELS = 2;
    private static final CNN2DFormat[] CNN_FORMATS = {CNN2DFormat.NCHW, CNN2DFormat.NHWC};
    private static final RNNFormat[] RNN_FORMATS = {RNNFormat.NCW, RNNFormat.NWC};
    private static final ConvolutionMode[] MODES = {
        ConvolutionMode.Strict, ConvolutionMode.Truncate, ConvolutionMode.Same
    };

    private final File outDir;
    private final String only;
    private int written;

    private OnnxFixtures(File outDir, String only) {
        this.outDir = outDir;
        this.only = only;
    }

    public static void main(String[] args) throws IOException {
        OnnxFixtures fixtures = new OnnxFixtures(new File(args[0]), args.length > 1 ? args[1] : "");
        fixtures.outDir.mkdirs();
        fixtures.feedForward();
        fixtures.activations();
        fixtures.convolution();
        fixtures.subsampling();
        fixtures.batchNormalization();
        fixtures.globalPooling();
        fixtures.recurrent();
        fixtures.preprocessors();
        fixtures.dataTypes();
        fixtures.normalizers();
        System.out.println(fixtures.written + " fixtures");
    }

    // --- the cases ---------------------------------------------------------------------------------------------

    private void feedForward() throws IOException {
        INDArray x = rows(7);
        net("dense").on(x, new DenseLayer.Builder().nIn(7).nOut(6).activation(Activation.TANH).build());
        net("dense_nobias").on(x, dense(7, 6).hasBias(false).build());
        net("dense_layernorm").on(x, dense(7, 6).hasLayerNorm(true).build());
        net("dense_layernorm_nobias").on(x, dense(7, 6).hasLayerNorm(true).hasBias(false).build());
        net("dense_dense_output").on(x, dense(7, 6).build(), dense(6, 5).build(), output(5, 4).build());
        net("output_sigmoid_nobias").on(x, new OutputLayer.Builder(LossFunction.XENT)
                .nIn(7).nOut(4).activation(Activation.SIGMOID).hasBias(false).build());
        net("loss_softmax").on(x, dense(7, 6).build(),
                new LossLayer.Builder(LossFunction.MCXENT).activation(Activation.SOFTMAX).build());
        net("dropout").on(x, dense(7, 6).dropOut(0.5).build(), new DropoutLayer.Builder(0.7).build(),
                output(6, 4).build());
        INDArray indices = Nd4j.createFromArray(new float[][] {{3}, {10}, {0}});
        net("embedding").vocabulary().on(indices, embedding().build());
        net("embedding_bias_tanh").vocabulary().on(indices,
                embedding().hasBias(true).activation(Activation.TANH).build(), output(6, 4).build());
    }

    private void activations() throws IOException {
        Map<String, IActivation> all = new TreeMap<>();
        for (Activation a : Activation.values()) {
            try {
                all.put(a.name().toLowerCase(), a.getActivationFunction());
            } catch (UnsupportedOperationException e) {
                continue; // an entry of the enumeration that is no function
            }
        }
        all.put("elu_alpha", new ActivationELU(0.4));
        all.put("leakyrelu_alpha", new ActivationLReLU(0.2));
        all.put("relu_threshold", new ActivationReLU(null, 0.3, null));
        all.put("relu_slope", new ActivationReLU(null, null, 0.2));
        all.put("relu_max", new ActivationReLU(0.8, null, null));
        all.put("relu_all", new ActivationReLU(0.8, 0.3, 0.2));
        all.put("rrelu_bounds", new ActivationRReLU(0.1, 0.7));
        all.put("thresholdedrelu_theta", new ActivationThresholdedReLU(0.4));
        all.put("gelu_precise", new ActivationGELU(true));
        for (Map.Entry<String, IActivation> e : all.entrySet()) {
            net("act_dense_" + e.getKey()).on(rows(7), dense(7, 9).activation(e.getValue()).build());
            net("act_lstm_" + e.getKey()).scaled(0.5).on(series(C, RNNFormat.NCW),
                    lstm(C, 2, RNNFormat.NCW).activation(e.getValue()).build());
        }
        for (String gate : List.of("hardsigmoid", "tanh", "softsign", "swish", "softmax", "hardtanh", "rationaltanh")) {
            net("gate_lstm_" + gate).scaled(0.5).on(series(C, RNNFormat.NCW),
                    lstm(C, 2, RNNFormat.NCW).gateActivationFunction(all.get(gate)).build());
        }
        net("gate_graves_swish").scaled(0.5).on(series(C, RNNFormat.NCW), graves(C, 2, RNNFormat.NCW)
                .gateActivationFunction(all.get("swish")).activation(Activation.SOFTMAX).build());
        net("gate_bidirectional_swish").scaled(0.5).on(series(C, RNNFormat.NWC), new Bidirectional(
                Bidirectional.Mode.CONCAT, graves(C, 2, RNNFormat.NWC).activation(all.get("swish")).build()));
        for (RNNFormat f : RNN_FORMATS) {
            net("softmax_activation_rnn_" + f).on(series(C, f), lstm(C, 2, f).build(),
                    new ActivationLayer(Activation.SOFTMAX));
        }
        for (CNN2DFormat f : CNN_FORMATS) {
            net("softmax_activation_cnn_" + f).images(f).on(image(f), conv(f).build(),
                    new ActivationLayer(Activation.SOFTMAX));
            net("softmax_conv_" + f).images(f).on(image(f), conv(f).activation(Activation.SOFTMAX).build());
        }
    }

    private void convolution() throws IOException {
        for (CNN2DFormat f : CNN_FORMATS) {
            for (ConvolutionMode m : MODES) {
                boolean same = m == ConvolutionMode.Same;
                String end = "_" + m + "_" + f;
                net("conv_even" + end).images(f).on(image(f),
                        conv(f).convolutionMode(m).kernelSize(2, 4).build());
                net("conv_stride" + end).images(f).on(image(f), conv(f).convolutionMode(m)
                        .kernelSize(same ? 3 : 2, same ? 4 : 3).stride(2, same ? 3 : 1).build());
                net("conv_dilation" + end).images(f).on(image(f),
                        conv(f).convolutionMode(m).kernelSize(2, 3).dilation(2, 1).build());
                if (!same) {
                    net("conv_padding" + end).images(f).on(image(f),
                            conv(f).convolutionMode(m).kernelSize(2, 3).stride(2, 1).padding(1, 2).build());
                }
            }
            net("conv_nobias_" + f).images(f).on(image(f), conv(f).hasBias(false).build());
            net("conv_conv_" + f).images(f).on(image(f), conv(f).build(), conv(f).kernelSize(2, 2).nOut(5).build());
        }
    }

    private void subsampling() throws IOException {
        for (CNN2DFormat f : CNN_FORMATS) {
            for (PoolingType p : List.of(PoolingType.MAX, PoolingType.AVG, PoolingType.PNORM)) {
                for (ConvolutionMode m : MODES) {
                    boolean same = m == ConvolutionMode.Same;
                    net("pool_" + p + "_" + m + "_" + f).images(f).on(image(f), pool(p, f).convolutionMode(m)
                            .kernelSize(same ? 3 : 2, same ? 4 : 3).stride(2, same ? 3 : 1).build());
                    if (m == ConvolutionMode.Truncate) {
                        net("pool_padding_" + p + "_" + f).images(f).on(image(f), pool(p, f).convolutionMode(m)
                                .kernelSize(2, 3).stride(2, 2).padding(1, 1).build());
                    }
                }
            }
            for (ConvolutionMode m : List.of(ConvolutionMode.Truncate, ConvolutionMode.Same)) {
                net("pool_dilation_MAX_" + m + "_" + f).images(f).on(image(f),
                        pool(PoolingType.MAX, f).convolutionMode(m).kernelSize(2, 3).dilation(2, 1).stride(1, 1).build());
                net("pool_dilation_AVG_" + m + "_" + f).images(f).on(image(f),
                        pool(PoolingType.AVG, f).convolutionMode(m).kernelSize(2, 3).dilation(2, 1).stride(1, 1).build());
            }
            net("pool_include_padding_" + f).images(f).on(image(f), pool(PoolingType.AVG, f)
                    .convolutionMode(ConvolutionMode.Same).kernelSize(3, 4).stride(2, 3)
                    .avgPoolIncludePadInDivisor(true).build());
        }
    }

    private void batchNormalization() throws IOException {
        net("bn_dense").on(rows(7), new BatchNormalization.Builder().nIn(7).nOut(7).eps(0.01).build());
        net("bn_variance").on(rows(7), new BatchNormalization.Builder().nIn(7).nOut(7).useLogStd(false).build());
        net("bn_activation").on(rows(7),
                new BatchNormalization.Builder().nIn(7).nOut(7).activation(Activation.TANH).build());
        double[][] locked = {{1, 0}, {2, 0}, {1, 3}, {2, 3}};
        for (double[] gb : locked) {
            net("bn_locked_" + (int) gb[0] + "_" + (int) gb[1]).on(rows(7), new BatchNormalization.Builder()
                    .nIn(7).nOut(7).lockGammaBeta(true).gamma(gb[0]).beta(gb[1]).build());
        }
        for (CNN2DFormat f : CNN_FORMATS) {
            net("bn_cnn_" + f).images(f).on(image(f), conv(f).build(),
                    new BatchNormalization.Builder().dataFormat(f).build());
            net("bn_cnn_locked_" + f).images(f).on(image(f), new BatchNormalization.Builder().dataFormat(f)
                    .lockGammaBeta(true).gamma(2).beta(3).useLogStd(false).build());
        }
        net("bn_rnn_NWC").on(series(C, RNNFormat.NWC), lstm(C, 2, RNNFormat.NWC).build(),
                new BatchNormalization.Builder().nIn(2).nOut(2).dataFormat(CNN2DFormat.NHWC).build());
    }

    private void globalPooling() throws IOException {
        for (PoolingType p : List.of(PoolingType.MAX, PoolingType.AVG, PoolingType.SUM, PoolingType.PNORM)) {
            for (RNNFormat f : RNN_FORMATS) {
                net("gpool_" + p + "_" + f).on(series(C, f), lstm(C, 2, f).build(), global(p).build());
            }
            for (CNN2DFormat f : CNN_FORMATS) {
                net("gpool_" + p + "_" + f).images(f).on(image(f), conv(f).build(), global(p).build());
            }
            net("gpool_keep_" + p + "_NCHW").images(CNN2DFormat.NCHW).on(image(CNN2DFormat.NCHW),
                    conv(CNN2DFormat.NCHW).build(), global(p).collapseDimensions(false).build());
        }
        net("gpool_then_output").on(series(C, RNNFormat.NCW), lstm(C, 2, RNNFormat.NCW).build(),
                global(PoolingType.AVG).build(), output(2, 6).build());
    }

    private void recurrent() throws IOException {
        for (RNNFormat f : RNN_FORMATS) {
            INDArray x = series(C, f);
            net("lstm_" + f).on(x, lstm(C, 2, f).build());
            net("lstm_lstm_" + f).on(x, lstm(C, 2, f).build(), lstm(2, 6, f).build());
            net("graves_" + f).on(x, graves(C, 2, f).build());
            net("simplernn_" + f).on(x, new SimpleRnn.Builder().nIn(C).nOut(2).activation(Activation.TANH)
                    .dataFormat(f).build());
            net("last_lstm_" + f).on(x, new LastTimeStep(lstm(C, 2, f).build()));
            net("last_graves_" + f).on(x, new LastTimeStep(graves(C, 2, f).build()), output(2, 6).build());
            net("last_bidirectional_" + f).on(x, new LastTimeStep(
                    new Bidirectional(Bidirectional.Mode.CONCAT, lstm(C, 2, f).build())));
            // The defaults of the network do not reach a layer two levels down.
            LSTM.Builder explicit = lstm(C, 2, f).weightInit(WeightInit.XAVIER);
            explicit.updater(new Adam(1e-3));
            explicit.gateActivationFunction(Activation.SIGMOID);
            net("bidirectional_last_" + f).on(x,
                    new Bidirectional(Bidirectional.Mode.CONCAT, new LastTimeStep(explicit.build())));
            net("rnnoutput_softmax_" + f).on(x, lstm(C, 2, f).build(), rnnOutput(2, 6, f).build());
            net("rnnoutput_sigmoid_" + f).on(x, lstm(C, 2, f).build(), new RnnOutputLayer.Builder(LossFunction.XENT)
                    .nIn(2).nOut(6).activation(Activation.SIGMOID).dataFormat(f).build());
            for (Bidirectional.Mode mode : Bidirectional.Mode.values()) {
                net("bidirectional_lstm_" + mode + "_" + f).on(x, new Bidirectional(mode, lstm(C, 2, f).build()));
                net("bidirectional_graves_" + mode + "_" + f).on(x, new Bidirectional(mode, graves(C, 2, f).build()));
            }
        }
    }

    private void preprocessors() throws IOException {
        for (CNN2DFormat f : CNN_FORMATS) {
            net("lenet_" + f).images(f).on(image(f),
                    conv(f).kernelSize(2, 3).convolutionMode(ConvolutionMode.Same).build(),
                    pool(PoolingType.MAX, f).kernelSize(2, 2).stride(2, 2).build(),
                    new DenseLayer.Builder().nOut(5).activation(Activation.RELU).build(),
                    new OutputLayer.Builder(LossFunction.MCXENT).nOut(4).activation(Activation.SOFTMAX).build());
        }
        net("flat_images").input(InputType.convolutionalFlat(H, W, CHANNELS)).on(rows(H * W * CHANNELS),
                conv(CNN2DFormat.NCHW).build(), new OutputLayer.Builder(LossFunction.MCXENT).nOut(4).build());
        for (RNNFormat f : RNN_FORMATS) {
            net("rnn_dense_rnn_" + f).input(InputType.recurrent(C, T, f)).on(series(C, f), lstm(C, 2, f).build(),
                    new DenseLayer.Builder().nOut(7).activation(Activation.TANH).build(), rnnOutput(7, 6, f).build());
            net("rnn_dense_" + f).before(1, new RnnToFeedForwardPreProcessor(f)).on(series(C, f),
                    lstm(C, 2, f).build(), dense(2, 7).build());
            net("rnn_cnn_rnn_" + f)
                    .before(0, new RnnToCnnPreProcessor(H, W, CHANNELS, f))
                    .before(1, new CnnToRnnPreProcessor(H, W, 1, f))
                    .on(series(H * W * CHANNELS, f),
                            new ConvolutionLayer.Builder(3, 3).nIn(CHANNELS).nOut(1)
                                    .convolutionMode(ConvolutionMode.Same).activation(Activation.TANH).build(),
                            lstm(H * W, 2, f).build());
        }
    }

    @SuppressWarnings("deprecation") // HALF, which model files still have
    private void dataTypes() throws IOException {
        for (DataType type : List.of(DataType.DOUBLE, DataType.HALF)) {
            String end = "_" + type;
            net("dense" + end).type(type).on(rows(7), dense(7, 6).build(), output(6, 4).build());
            net("conv" + end).type(type).images(CNN2DFormat.NCHW).on(image(CNN2DFormat.NCHW),
                    conv(CNN2DFormat.NCHW).build(), pool(PoolingType.MAX, CNN2DFormat.NCHW).build());
            net("lstm" + end).type(type).on(series(C, RNNFormat.NCW), lstm(C, 2, RNNFormat.NCW).build());
            net("bn" + end).type(type).on(rows(7), new BatchNormalization.Builder().nIn(7).nOut(7).build());
        }
        net("lstm_scan_DOUBLE").type(DataType.DOUBLE).on(series(C, RNNFormat.NCW),
                lstm(C, 2, RNNFormat.NCW).activation(Activation.SWISH).build());
    }

    private void normalizers() throws IOException {
        INDArray x = rows(7).muli(3).addi(10);
        x.putColumn(2, Nd4j.ones(N)); // no spread at all: the guard against division by zero
        net("norm_standardize").normalizer(new NormalizerStandardize()).on(x, dense(7, 6).build(), output(6, 4).build());
        net("norm_minmax").normalizer(new NormalizerMinMaxScaler(-1, 2)).on(series(C, RNNFormat.NCW).muli(4),
                lstm(C, 2, RNNFormat.NCW).build());
        net("norm_image").images(CNN2DFormat.NCHW).normalizer(new ImagePreProcessingScaler(-1, 1)).on(
                image(CNN2DFormat.NCHW).muli(40).addi(128), conv(CNN2DFormat.NCHW).build());
    }

    // --- parts -------------------------------------------------------------------------------------------------

    private static DenseLayer.Builder dense(int nIn, int nOut) {
        return new DenseLayer.Builder().nIn(nIn).nOut(nOut).activation(Activation.TANH);
    }

    private static OutputLayer.Builder output(int nIn, int nOut) {
        return new OutputLayer.Builder(LossFunction.MCXENT).nIn(nIn).nOut(nOut).activation(Activation.SOFTMAX);
    }

    private static RnnOutputLayer.Builder rnnOutput(int nIn, int nOut, RNNFormat f) {
        return new RnnOutputLayer.Builder(LossFunction.MCXENT).nIn(nIn).nOut(nOut).activation(Activation.SOFTMAX)
                .dataFormat(f);
    }

    private static EmbeddingLayer.Builder embedding() {
        return new EmbeddingLayer.Builder().nIn(11).nOut(6).activation(Activation.IDENTITY);
    }

    private static LSTM.Builder lstm(int nIn, int nOut, RNNFormat f) {
        LSTM.Builder b = new LSTM.Builder().nIn(nIn).nOut(nOut).activation(Activation.TANH);
        b.dataFormat(f);
        return b;
    }

    @SuppressWarnings("deprecation")
    private static GravesLSTM.Builder graves(int nIn, int nOut, RNNFormat f) {
        GravesLSTM.Builder b = new GravesLSTM.Builder().nIn(nIn).nOut(nOut).activation(Activation.TANH);
        b.dataFormat(f);
        return b;
    }

    private static ConvolutionLayer.Builder conv(CNN2DFormat f) {
        return new ConvolutionLayer.Builder(3, 2).nOut(3).activation(Activation.TANH).dataFormat(f);
    }

    private static SubsamplingLayer.Builder pool(PoolingType p, CNN2DFormat f) {
        SubsamplingLayer.Builder b = new SubsamplingLayer.Builder(p).dataFormat(f);
        return p == PoolingType.PNORM ? b.pnorm(3) : b;
    }

    private static GlobalPoolingLayer.Builder global(PoolingType p) {
        GlobalPoolingLayer.Builder b = new GlobalPoolingLayer.Builder(p);
        return p == PoolingType.PNORM ? b.pnorm(3) : b;
    }

    private static INDArray random(long seed, long... shape) {
        Random r = new Random(seed);
        int length = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        double[] values = new double[length];
        for (int i = 0; i < length; i++) {
            // Few decimals, so that the same numbers arrive in every data type.
            values[i] = Math.round(r.nextGaussian() * 128) / 128.0;
        }
        return Nd4j.createFromArray(values).castTo(DataType.FLOAT).reshape(shape);
    }

    private static INDArray rows(int columns) {
        return random(7, N, columns);
    }

    private static INDArray series(int columns, RNNFormat f) {
        return f == RNNFormat.NCW ? random(8, N, columns, T) : random(8, N, T, columns);
    }

    private static INDArray image(CNN2DFormat f) {
        return f == CNN2DFormat.NCHW ? random(9, N, CHANNELS, H, W) : random(9, N, H, W, CHANNELS);
    }

    // --- a case ------------------------------------------------------------------------------------------------

    private Case net(String name) {
        return new Case(name);
    }

    private final class Case {
        private final String name;
        private final Map<Integer, InputPreProcessor> preprocessors = new TreeMap<>();
        private InputType input;
        private DataType type = DataType.FLOAT;
        private DataNormalization normalizer;
        private boolean overrideNin = true;
        private double scale = 1;

        private Case(String name) {
            this.name = name;
        }

        private Case images(CNN2DFormat f) {
            return input(InputType.convolutional(H, W, CHANNELS, f));
        }

        private Case input(InputType type) {
            this.input = type;
            return this;
        }

        private Case type(DataType type) {
            this.type = type;
            return this;
        }

        private Case scaled(double scale) {
            this.scale = scale;
            return this;
        }

        /** Keeps the nIn of an embedding, which DL4J would replace by the width of the input. */
        private Case vocabulary() {
            overrideNin = false;
            return this;
        }

        private Case before(int layer, InputPreProcessor p) {
            preprocessors.put(layer, p);
            return this;
        }

        private Case normalizer(DataNormalization n) {
            normalizer = n;
            return this;
        }

        private void on(INDArray in, Layer... layers) throws IOException {
            if (!name.startsWith(only)) {
                return;
            }
            NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder()
                    .seed(12).dataType(type).weightInit(WeightInit.XAVIER).updater(new Adam(1e-3))
                    .list(layers).overrideNinUponBuild(overrideNin);
            preprocessors.forEach(list::inputPreProcessor);
            if (input != null) {
                list.setInputType(input);
            }
            MultiLayerNetwork net = new MultiLayerNetwork(list.build());
            net.init();
            String layout = layout(net);
            randomize(net);
            INDArray x = in.castTo(type);
            INDArray normalized = x.dup();
            if (normalizer != null) {
                normalizer.fit(new DataSet(x.dup(), x.dup()));
                normalizer.transform(normalized);
            }
            INDArray out = net.output(normalized.dup(), false);

            File model = File.createTempFile("model", ".zip");
            ModelSerializer.writeModel(net, model, normalizer != null);
            if (normalizer != null) {
                // Not writeModel(…, normalizer): with commons-io from 2.7 on it flushes what it has closed, and fails.
                ModelSerializer.addNormalizerToModel(model, normalizer);
            }
            Map<String, byte[]> entries = new TreeMap<>();
            entries.put("model.zip", Files.readAllBytes(model.toPath()));
            Files.delete(model.toPath());
            entries.put("in.npy", npy(x));
            entries.put("out.npy", npy(out));
            entries.put("layout.json", layout.getBytes(StandardCharsets.UTF_8));
            if (normalizer != null) {
                entries.put("norm.npy", npy(normalized));
            }
            write(entries);
            written++;
        }

        private void randomize(MultiLayerNetwork net) {
            Random r = new Random(name.hashCode());
            INDArray flat = net.params();
            double[] values = new double[(int) flat.length()];
            for (int i = 0; i < values.length; i++) {
                values[i] = scale * (2 * r.nextDouble() - 1);
            }
            flat.assign(Nd4j.createFromArray(values).castTo(type).reshape(flat.shape()));
            for (Map.Entry<String, INDArray> e : net.paramTable().entrySet()) {
                if (e.getKey().endsWith("_var")) {
                    INDArray v = e.getValue();
                    v.muli(v).addi(0.1); // a variance is positive
                }
            }
        }

        /** Numbers the parameters through and writes down where each ended. */
        private String layout(MultiLayerNetwork net) {
            INDArray flat = net.params();
            INDArray counter = Nd4j.createFromArray(LongStream.range(0, flat.length()).asDoubleStream().toArray());
            flat.assign(counter.castTo(type).reshape(flat.shape()));
            List<String> layers = new ArrayList<>();
            for (org.deeplearning4j.nn.api.Layer layer : net.getLayers()) {
                List<String> params = new ArrayList<>();
                Map<String, INDArray> table = layer.paramTable();
                if (table != null) {
                    table.forEach((key, p) -> params.add("{\"name\":\"" + key + "\",\"shape\":"
                            + Arrays.toString(p.shape()) + ",\"at\":" + positions(p) + "}"));
                }
                layers.add(params.toString());
            }
            return layers.toString();
        }

        private String positions(INDArray p) {
            return Arrays.stream(p.dup('c').reshape(p.length()).castTo(DataType.DOUBLE).toDoubleVector())
                    .mapToObj(v -> Long.toString((long) v)).collect(Collectors.joining(",", "[", "]"));
        }

        private void write(Map<String, byte[]> entries) throws IOException {
            File file = new File(outDir, name + ".zip");
            try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file.toPath()))) {
                for (Map.Entry<String, byte[]> e : entries.entrySet()) {
                    ZipEntry entry = new ZipEntry(e.getKey());
                    entry.setTime(315532800000L); // the same bytes whenever they are written
                    zip.putNextEntry(entry);
                    zip.write(e.getValue());
                    zip.closeEntry();
                }
            }
        }
    }

    /** numpy's own file format, little-endian, c order. */
    private static byte[] npy(INDArray array) throws IOException {
        boolean wide = array.dataType() == DataType.DOUBLE;
        String shape = Arrays.stream(array.shape()).mapToObj(n -> n + ",").collect(Collectors.joining("", "(", ")"));
        String head = "{'descr': '" + (wide ? "<f8" : "<f4") + "', 'fortran_order': False, 'shape': " + shape + ", }";
        int padded = (int) Math.ceil((head.length() + 11) / 64.0) * 64 - 10;
        double[] values = array.dup('c').reshape(array.length()).castTo(DataType.DOUBLE).toDoubleVector();
        ByteBuffer data = ByteBuffer.allocate(values.length * (wide ? 8 : 4)).order(ByteOrder.LITTLE_ENDIAN);
        for (double v : values) {
            if (wide) {
                data.putDouble(v);
            } else {
                data.putFloat((float) v);
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) padded, (byte) (padded >> 8)});
        out.writeBytes(head + " ".repeat(padded - head.length() - 1) + "\n");
        out.write(data.array());
        return bytes.toByteArray();
    }
}
