package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.layers.convolutional.*;
import org.deeplearning4j.nn.conf.layers.misc.*;
import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.*;
import org.deeplearning4j.nn.conf.layers.util.*;
import org.deeplearning4j.nn.conf.layers.variational.*;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Every class of layer once, for what holds whatever the layer: a data type, a version of DL4J. */
final class EveryLayer extends Family {
    private static final InputType SERIES = InputType.recurrent(C, T);
    private static final InputType IMAGE = InputType.convolutional(H, W, CHANNELS);
    private static final InputType IMAGE_NHWC = InputType.convolutional(H, W, CHANNELS, CNN2DFormat.NHWC);
    private static final InputType VOLUME =
            InputType.convolutional3D(Convolution3D.DataFormat.NCDHW, 4, 5, 6, CHANNELS);

    private final String prefix;
    private final DataType type;

    /** The prefix goes in front of every case's name. */
    EveryLayer(String prefix, DataType type) {
        this.prefix = prefix;
        this.type = type;
    }

    @Override
    void write() {
        rowsOfFeatures();
        recurrent();
        wrappers();
        images();
        imagesRearranged();
        locallyConnected();
        volumes();
        capsules();
        if (canAttend(type)) {
            attention();
        }
    }

    /** Masks weigh 1e9, which half precision does not hold: all that DL4J's attention gives there is no number. */
    @SuppressWarnings("deprecation") // HALF, which model files still have
    static boolean canAttend(DataType type) {
        return type != DataType.HALF;
    }

    private Case of(String name) {
        return net(prefix + name).type(type);
    }

    private Case of(String name, InputType input) {
        return of(name).input(input);
    }

    private static INDArray series() {
        return Parts.series(C, RNNFormat.NCW);
    }

    private static INDArray image() {
        return Parts.image(CNN2DFormat.NCHW);
    }

    private static INDArray volume() {
        return random(11, N, CHANNELS, 4, 5, 6);
    }

    private void rowsOfFeatures() {
        INDArray x = rows(7);
        of("dense").on(x, dense(7, 6).build(), output(6, 4).build());
        of("loss").on(x, dense(7, 6).build(),
                new LossLayer.Builder(LossFunction.MSE).activation(Activation.SELU).build());
        of("activation").on(x, dense(7, 6).build(), new ActivationLayer(Activation.GELU));
        of("dropout").on(x, dense(7, 6).build(), new DropoutLayer(0.5));
        of("elementwise").on(x,
                new ElementWiseMultiplicationLayer.Builder().nIn(7).nOut(7).activation(Activation.TANH).build());
        of("prelu").on(x, new PReLULayer.Builder().inputShape(7).build());
        of("auto_encoder").on(x, new AutoEncoder.Builder(0.2).nIn(7).nOut(5).activation(Activation.TANH).build());
        of("variational").on(x, new VariationalAutoencoder.Builder().nIn(7).nOut(2).encoderLayerSizes(6, 4)
                .decoderLayerSizes(3, 5).activation(Activation.TANH).pzxActivationFunction(Activation.SOFTSIGN)
                .reconstructionDistribution(new GaussianReconstructionDistribution()).build());
        of("center_loss").on(x, new CenterLossOutputLayer.Builder(LossFunction.MCXENT).nIn(7).nOut(4)
                .activation(Activation.SOFTMAX).build());
        of("ocnn").on(x, new OCNNOutputLayer.Builder().nIn(7).hiddenLayerSize(4).build());
        of("batch_normalization").on(x, new BatchNormalization.Builder().nIn(7).nOut(7).build());
        of("batch_normalization_variance").on(x,
                new BatchNormalization.Builder().nIn(7).nOut(7).useLogStd(false).build());
        of("embedding").vocabulary().on(indices(11, N, 1), embedding().hasBias(true).build());
        of("embedding_sequence").vocabulary().on(indices(11, N, T),
                new EmbeddingSequenceLayer.Builder().nIn(11).nOut(6).inputLength(T).build());
        of("repeat", InputType.feedForward(7)).on(x, new RepeatVector.Builder(5).build());
    }

    private void recurrent() {
        INDArray x = series();
        of("lstm", SERIES).on(x, lstm(C, 2, RNNFormat.NCW).build(), rnnOutput(2, 6, RNNFormat.NCW).build());
        of("lstm_other_activation", SERIES).on(x,
                lstm(C, 2, RNNFormat.NCW).activation(Activation.SWISH).build(),
                new RnnLossLayer.Builder(LossFunction.MSE).activation(Activation.SOFTMAX).build());
        of("graves", SERIES).on(x, graves(C, 2, RNNFormat.NCW).build());
        of("graves_bidirectional", SERIES).on(x, gravesBidirectional());
        of("simple_rnn", SERIES).on(x,
                new SimpleRnn.Builder().nIn(C).nOut(2).activation(Activation.TANH).build());
        of("convolution1d", SERIES).on(x, new Convolution1DLayer.Builder(3, 2).nOut(3)
                .convolutionMode(ConvolutionMode.Causal).activation(Activation.TANH).build());
        of("pooling1d", SERIES).on(x, new Subsampling1DLayer.Builder(SubsamplingLayer.PoolingType.AVG, 2, 2).build());
        of("upsampling1d", SERIES).on(x, new Upsampling1D.Builder(3).build());
        of("zero_padding1d", SERIES).on(x, new ZeroPadding1DLayer.Builder(1, 2).build());
        of("cropping1d", SERIES).on(x, new Cropping1D.Builder(1, 2).build());
        of("global_pooling", SERIES).on(x, lstm(C, 2, RNNFormat.NCW).build(), global(PoolingType.PNORM).build());
        of("mask", SERIES).on(x, new MaskLayer());
    }

    @SuppressWarnings("deprecation")
    private static Layer gravesBidirectional() {
        return new GravesBidirectionalLSTM.Builder().nIn(C).nOut(2).activation(Activation.TANH).build();
    }

    private void wrappers() {
        INDArray x = series();
        of("bidirectional", SERIES).on(x,
                new Bidirectional(Bidirectional.Mode.CONCAT, lstm(C, 2, RNNFormat.NCW).build()));
        of("last_time_step", SERIES).on(x, new LastTimeStep(lstm(C, 2, RNNFormat.NCW).build()));
        of("time_distributed", SERIES).on(x, new TimeDistributed(dense(C, 6).build()));
        INDArray gaps = x.dup();
        gaps.get(NDArrayIndex.interval(0, 2), NDArrayIndex.all(), NDArrayIndex.interval(2, T - 1)).assign(0);
        of("mask_zero", SERIES).on(gaps, new MaskZeroLayer(lstm(C, 2, RNNFormat.NCW).build(), 0));
        of("frozen").on(rows(7), new FrozenLayer(dense(7, 6).build()));
        of("frozen_with_backprop").on(rows(7), new FrozenLayerWithBackprop(dense(7, 6).build()));
    }

    private void images() {
        INDArray x = image();
        of("convolution", IMAGE).on(x, conv(CNN2DFormat.NCHW).kernelSize(2, 3).stride(2, 1)
                .convolutionMode(ConvolutionMode.Same).build(), new OutputLayer.Builder(LossFunction.MCXENT).nOut(4)
                .activation(Activation.SOFTMAX).build());
        of("convolution_NHWC", IMAGE_NHWC).on(Parts.image(CNN2DFormat.NHWC),
                conv(CNN2DFormat.NHWC).build(), new BatchNormalization.Builder().dataFormat(CNN2DFormat.NHWC).build());
        of("deconvolution", IMAGE).on(random(9, N, CHANNELS, 2, 4),
                new Deconvolution2D.Builder(3, 2).stride(2, 1).nOut(3).activation(Activation.TANH).build());
        of("depthwise", IMAGE).on(x, new DepthwiseConvolution2D.Builder(3, 2).depthMultiplier(3).nOut(6)
                .activation(Activation.TANH).build());
        of("separable", IMAGE).on(x, new SeparableConvolution2D.Builder(3, 2).depthMultiplier(3).nOut(5)
                .activation(Activation.TANH).build());
        of("pooling_max", IMAGE).on(x, pool(PoolingType.MAX, CNN2DFormat.NCHW).kernelSize(3, 2).build());
        of("pooling_average", IMAGE).on(x, pool(PoolingType.AVG, CNN2DFormat.NCHW).kernelSize(3, 2)
                .convolutionMode(ConvolutionMode.Same).build());
        of("pooling_pnorm", IMAGE).on(x, pool(PoolingType.PNORM, CNN2DFormat.NCHW).kernelSize(3, 2).build());
        of("local_response").on(random(9, N, 5, 2, 4),
                new LocalResponseNormalization.Builder().n(3).k(2).alpha(0.1).beta(0.5).build());
        of("cnn_loss", IMAGE).on(x, conv(CNN2DFormat.NCHW).build(),
                new CnnLossLayer.Builder(LossFunction.MSE).activation(Activation.SOFTMAX).build());
        of("yolo", InputType.convolutional(4, 5, 14)).on(random(12, N, 14, 4, 5), new Yolo2OutputLayer.Builder()
                .boundingBoxPriors(Nd4j.create(new double[][] {{1, 2}, {3.5, 4}})).build());
    }

    private void imagesRearranged() {
        INDArray x = image();
        of("upsampling", IMAGE).on(x, new Upsampling2D.Builder(2).build());
        of("zero_padding", IMAGE).on(x, new ZeroPaddingLayer(1, 2, 3, 0));
        of("cropping", IMAGE).on(x, new Cropping2D(1, 2, 0, 1));
        of("space_to_depth", InputType.convolutional(H, 8, CHANNELS)).on(random(9, N, CHANNELS, H, 8),
                new SpaceToDepthLayer.Builder(2).build());
        of("space_to_batch", InputType.convolutional(H, 9, CHANNELS)).on(random(9, N, CHANNELS, H, 9),
                new SpaceToBatchLayer.Builder(new int[] {2, 3}).build());
    }

    private void locallyConnected() {
        of("locally_connected1d", SERIES).on(series(), new LocallyConnected1D.Builder().kernelSize(3).nOut(2)
                .activation(Activation.TANH).build());
        of("locally_connected2d", IMAGE).on(image(), new LocallyConnected2D.Builder().kernelSize(3, 2).stride(2, 2)
                .nOut(2).activation(Activation.TANH).build());
    }

    private void volumes() {
        INDArray x = volume();
        of("convolution3d", VOLUME).on(x,
                new Convolution3D.Builder(2, 3, 2).nOut(3).activation(Activation.TANH).build());
        of("deconvolution3d").on(random(11, N, CHANNELS, 1, 3, 4),
                new Deconvolution3D.Builder().kernelSize(2, 3, 2).nIn(CHANNELS).nOut(3)
                        .activation(Activation.TANH).build());
        of("pooling3d", VOLUME).on(x, new Subsampling3DLayer.Builder(
                Subsampling3DLayer.PoolingType.AVG, new int[] {2, 3, 2}).build());
        of("upsampling3d").on(random(11, N, CHANNELS, 1, 2, 3), new Upsampling3D.Builder(2).build());
        of("zero_padding3d").on(random(11, N, CHANNELS, 1, 2, 3),
                new ZeroPadding3DLayer.Builder(1, 2, 1, 0, 2, 1).build());
        of("cropping3d", VOLUME).on(x, new Cropping3D.Builder(1, 2, 1, 0, 2, 1).build());
        of("cnn3d_loss").on(random(11, N, 4, 1, 2, 3), new Cnn3DLossLayer.Builder(Convolution3D.DataFormat.NCDHW)
                .lossFunction(LossFunction.MSE).activation(Activation.SOFTMAX).build());
    }

    private void capsules() {
        Layer primary = new PrimaryCapsules.Builder(2, 2).kernelSize(3, 3).stride(2, 2).build();
        Layer capsules = new CapsuleLayer.Builder(3, 4, 2).build();
        Layer strength = new CapsuleStrengthLayer.Builder().build();
        of("capsules", IMAGE).on(image(), primary, capsules, strength);
    }

    private void attention() {
        of("self_attention", SERIES).on(series(),
                new SelfAttentionLayer.Builder().nIn(C).nOut(6).nHeads(2).headSize(3).projectInput(true).build());
        of("recurrent_attention", SERIES).on(series(), new RecurrentAttentionLayer.Builder().nIn(C).nOut(6).nHeads(2)
                .headSize(3).projectInput(true).activation(Activation.TANH).build());
    }
}
