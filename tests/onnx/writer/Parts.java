package org.pydl4j.fixtures;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Sizes, layers and inputs that the cases share. No two extents are equal, so that a wrong axis cannot hide. */
final class Parts {
    static final int N = 3, C = 4, T = 5, D = 4, H = 6, W = 7, CHANNELS = 2;
    @SuppressWarnings("deprecation") // HALF, which model files still have
    static final List<DataType> OTHER_TYPES = List.of(DataType.DOUBLE, DataType.HALF);
    static final CNN2DFormat[] CNN_FORMATS = {CNN2DFormat.NCHW, CNN2DFormat.NHWC};
    static final RNNFormat[] RNN_FORMATS = {RNNFormat.NCW, RNNFormat.NWC};
    static final ConvolutionMode[] MODES = {
        ConvolutionMode.Strict, ConvolutionMode.Truncate, ConvolutionMode.Same
    };

    private Parts() {}

    /** Strict differs from Truncate in what it refuses only, so channels first are enough for it. */
    static List<ConvolutionMode> modes(Enum<?> layout) {
        return Arrays.stream(MODES).filter(m -> m != ConvolutionMode.Strict || layout.ordinal() == 0).toList();
    }

    static DenseLayer.Builder dense(int nIn, int nOut) {
        return new DenseLayer.Builder().nIn(nIn).nOut(nOut).activation(Activation.TANH);
    }

    static OutputLayer.Builder output(int nIn, int nOut) {
        return new OutputLayer.Builder(LossFunction.MCXENT).nIn(nIn).nOut(nOut).activation(Activation.SOFTMAX);
    }

    static RnnOutputLayer.Builder rnnOutput(int nIn, int nOut, RNNFormat f) {
        return new RnnOutputLayer.Builder(LossFunction.MCXENT).nIn(nIn).nOut(nOut).activation(Activation.SOFTMAX)
                .dataFormat(f);
    }

    static EmbeddingLayer.Builder embedding() {
        return new EmbeddingLayer.Builder().nIn(11).nOut(6).activation(Activation.IDENTITY);
    }

    static LSTM.Builder lstm(int nIn, int nOut, RNNFormat f) {
        LSTM.Builder b = new LSTM.Builder().nIn(nIn).nOut(nOut).activation(Activation.TANH);
        b.dataFormat(f);
        return b;
    }

    @SuppressWarnings("deprecation")
    static GravesLSTM.Builder graves(int nIn, int nOut, RNNFormat f) {
        GravesLSTM.Builder b = new GravesLSTM.Builder().nIn(nIn).nOut(nOut).activation(Activation.TANH);
        b.dataFormat(f);
        return b;
    }

    static SimpleRnn.Builder simple(int nIn, int nOut, RNNFormat f) {
        return new SimpleRnn.Builder().nIn(nIn).nOut(nOut).activation(Activation.TANH).dataFormat(f);
    }

    @SuppressWarnings("deprecation")
    static GravesBidirectionalLSTM both(int nIn, int nOut, RNNFormat f) {
        GravesBidirectionalLSTM.Builder b = new GravesBidirectionalLSTM.Builder();
        b.nIn(nIn).nOut(nOut).activation(Activation.TANH);
        b.dataFormat(f);
        return b.build();
    }

    /** For a layer two levels down, which the defaults of the network do not reach. */
    static <B extends BaseLayer.Builder<B>> B deep(B b) {
        b.weightInit(WeightInit.XAVIER);
        b.updater(new Adam(1e-3));
        return b;
    }

    static ConvolutionLayer.Builder conv(CNN2DFormat f) {
        return new ConvolutionLayer.Builder(3, 2).nOut(3).activation(Activation.TANH).dataFormat(f);
    }

    static SubsamplingLayer.Builder pool(PoolingType p, CNN2DFormat f) {
        SubsamplingLayer.Builder b = new SubsamplingLayer.Builder(p).dataFormat(f);
        return p == PoolingType.PNORM ? b.pnorm(3) : b;
    }

    static GlobalPoolingLayer.Builder global(PoolingType p) {
        GlobalPoolingLayer.Builder b = new GlobalPoolingLayer.Builder(p);
        return p == PoolingType.PNORM ? b.pnorm(3) : b;
    }

    private static int product(long... shape) {
        return (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    static INDArray random(long seed, long... shape) {
        Random r = new Random(seed);
        double[] values = new double[product(shape)];
        for (int i = 0; i < values.length; i++) {
            // Few decimals, so that the same numbers arrive in every data type.
            values[i] = Math.round(r.nextGaussian() * 128) / 128.0;
        }
        return Nd4j.createFromArray(values).castTo(DataType.FLOAT).reshape(shape);
    }

    /** Whole numbers below {@code end}. */
    static INDArray indices(int end, long... shape) {
        return Transforms.floor(Nd4j.createFromArray(new Random(10).doubles(product(shape), 0, end).toArray()))
                .castTo(DataType.FLOAT).reshape(shape);
    }

    /** Ones for so many steps of each row, then zeros. */
    static INDArray mask(int... lengths) {
        INDArray mask = Nd4j.zeros(DataType.FLOAT, lengths.length, T);
        for (int row = 0; row < lengths.length; row++) {
            mask.get(NDArrayIndex.point(row), NDArrayIndex.interval(0, lengths[row])).assign(1);
        }
        return mask;
    }

    /** A row per word, a step per character: {@code 1} where there is data. */
    static INDArray steps(String... rows) {
        INDArray mask = Nd4j.zeros(DataType.FLOAT, rows.length, rows[0].length());
        for (int row = 0; row < rows.length; row++) {
            for (int step = 0; step < rows[row].length(); step++) {
                mask.putScalar(row, step, rows[row].charAt(step) - '0');
            }
        }
        return mask;
    }

    static INDArray rows(int columns) {
        return random(7, N, columns);
    }

    static INDArray series(int columns, RNNFormat f) {
        return f == RNNFormat.NCW ? random(8, N, columns, T) : random(8, N, T, columns);
    }

    static INDArray volume(Convolution3D.DataFormat f) {
        return f == Convolution3D.DataFormat.NCDHW
                ? random(11, N, CHANNELS, D, H, W)
                : random(11, N, D, H, W, CHANNELS);
    }

    static InputType volumes(Convolution3D.DataFormat f) {
        return InputType.convolutional3D(f, D, H, W, CHANNELS);
    }

    static INDArray image(CNN2DFormat f) {
        return f == CNN2DFormat.NCHW ? random(9, N, CHANNELS, H, W) : random(9, N, H, W, CHANNELS);
    }
}
