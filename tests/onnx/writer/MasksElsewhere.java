package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.conf.layers.util.MaskLayer;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What all other layers do with feature masks: those over rows that were steps, pooling, convolutions. */
final class MasksElsewhere extends Family {
    private static final RNNFormat NCW = RNNFormat.NCW;
    private static final PoolingType[] POOLINGS = {
        PoolingType.MAX, PoolingType.AVG, PoolingType.SUM, PoolingType.PNORM
    };

    @Override
    void write() {
        rows();
        sequences();
        pooling();
        convolutions();
        images();
    }

    private void rows() {
        for (RNNFormat f : RNN_FORMATS) {
            net("mask_rows_" + f).masked(Masks.NONE).before(0, new RnnToFeedForwardPreProcessor(f))
                    .before(1, new FeedForwardToRnnPreProcessor(f))
                    .on(Masks.sequences(f), dense(C, 3).build(), simple(3, 2, f).build());
        }
        net("mask_rows_DOUBLE").type(DataType.DOUBLE).masked(Masks.SOME).before(0, new RnnToFeedForwardPreProcessor(NCW))
                .on(Masks.sequences(NCW), dense(C, 3).build());
        over("dense", dense(C, 3).activation(Activation.SOFTMAX).build(), new ActivationLayer(Activation.SIGMOID),
                dense(3, 2).build());
        over("dense_layernorm", dense(C, 3).hasLayerNorm(true).build());
        over("output", output(C, 3).build());
        over("loss", new LossLayer.Builder(LossFunction.MSE).activation(Activation.SIGMOID).build());
        over("dropout", new DropoutLayer(0.5));
        over("elementwise", new ElementWiseMultiplicationLayer.Builder().nIn(C).nOut(C)
                .activation(Activation.SIGMOID).build());
        over("autoencoder", new AutoEncoder.Builder().nIn(C).nOut(3).activation(Activation.SIGMOID).build());
        over("batchnormalization", new BatchNormalization.Builder().nIn(C).nOut(C).build());
        over("ocnn", new OCNNOutputLayer.Builder().nIn(C).hiddenLayerSize(3).activation(Activation.SIGMOID).build());
        over("masklayer", new MaskLayer());
        net("mask_rows_embedding").masked(Masks.SOME).vocabulary().before(0, new RnnToFeedForwardPreProcessor(NCW))
                .on(indices(11, Masks.ROWS, 1, Masks.STEPS), embedding().build());
    }

    private void over(String name, Layer first, Layer... rest) {
        net("mask_rows_" + name).masked(Masks.SOME).before(0, new RnnToFeedForwardPreProcessor(NCW))
                .on(Masks.sequences(NCW), first, rest);
    }

    private void sequences() {
        some("activation", new ActivationLayer(Activation.SIGMOID));
        some("masklayer", new MaskLayer());
        some("attention", new SelfAttentionLayer.Builder().nIn(C).nOut(C).nHeads(1).projectInput(false).build(),
                simple(C, 2, NCW).build());
        for (RNNFormat f : RNN_FORMATS) {
            net("mask_embeddingsequence_" + f).masked(Masks.NONE).vocabulary()
                    .on(indices(11, Masks.ROWS, Masks.STEPS), new EmbeddingSequenceLayer.Builder().nIn(11).nOut(3)
                            .hasBias(true).activation(Activation.SIGMOID).inputLength(Masks.STEPS).outputDataFormat(f)
                            .build(), simple(3, 2, f).build());
        }
    }

    private void some(String name, Layer first, Layer... rest) {
        net("mask_" + name).masked(Masks.SOME).on(Masks.sequences(NCW), first, rest);
    }

    private void pooling() {
        for (PoolingType p : POOLINGS) {
            net("mask_global_" + p).masked(Masks.NONE).on(Masks.sequences(NCW), global(p).build());
        }
        some("global_behind", simple(C, 2, NCW).build(), global(PoolingType.MAX).build(), output(2, 3).build());
        some("global_keep", global(PoolingType.AVG).collapseDimensions(false).build());
    }

    private static Convolution1DLayer.Builder conv1d(int kernel, int stride, int dilation, int padding, ConvolutionMode m,
            RNNFormat f) {
        return new Convolution1DLayer.Builder().kernelSize(kernel).stride(stride).dilation(dilation).padding(padding)
                .convolutionMode(m).nIn(C).nOut(3).activation(Activation.TANH).rnnDataFormat(f);
    }

    private static Subsampling1DLayer.Builder pool1d(int kernel, int stride, int padding, ConvolutionMode m) {
        return new Subsampling1DLayer.Builder(SubsamplingLayer.PoolingType.MAX).kernelSize(kernel).stride(stride)
                .padding(padding).convolutionMode(m);
    }

    private void convolutions() {
        for (RNNFormat f : RNN_FORMATS) {
            net("mask_conv1d_truncate_" + f).masked(Masks.SOME).on(Masks.sequences(f),
                    conv1d(3, 2, 1, 0, ConvolutionMode.Truncate, f).build(), simple(3, 2, f).build());
        }
        some("conv1d_same", conv1d(2, 1, 1, 0, ConvolutionMode.Same, NCW).build(), simple(3, 2, NCW).build());
        some("conv1d_padded", conv1d(2, 2, 2, 1, ConvolutionMode.Truncate, NCW).build(), simple(3, 2, NCW).build());
        some("conv1d_same_stride", conv1d(3, 2, 1, 0, ConvolutionMode.Same, NCW).build(), simple(3, 2, NCW).build());
        some("conv1d_causal", conv1d(2, 1, 2, 0, ConvolutionMode.Causal, NCW).build(), simple(3, 2, NCW).build());
        some("conv1d_causal_stride", conv1d(3, 2, 1, 0, ConvolutionMode.Causal, NCW).build(),
                simple(3, 2, NCW).build());
        some("pool1d", pool1d(3, 2, 0, ConvolutionMode.Same).build(), simple(C, 2, NCW).build());
    }

    /** Steps that are images. */
    private void images() {
        net("mask_images_rnn").masked(Masks.NONE)
                .before(0, new RnnToCnnPreProcessor(2, 2, 1)).before(1, new CnnToRnnPreProcessor(2, 1, 3))
                .on(Masks.sequences(NCW), conv12(), simple(6, 2, NCW).build());
        net("mask_images_rows").masked(Masks.NONE)
                .before(0, new RnnToCnnPreProcessor(2, 2, 1)).before(2, new CnnToFeedForwardPreProcessor(2, 1, 1))
                .on(Masks.sequences(NCW), new ActivationLayer(Activation.TANH),
                        pool(PoolingType.MAX, CNN2DFormat.NCHW).kernelSize(1, 2).stride(1, 1).build(),
                        dense(2, 3).build());
        for (PoolingType p : POOLINGS) {
            net("mask_images_global_" + p).masked(Masks.NONE).before(0, new RnnToCnnPreProcessor(2, 2, 1))
                    .on(Masks.sequences(NCW), conv12(), global(p).build());
        }
    }

    private static ConvolutionLayer conv12() {
        return new ConvolutionLayer.Builder(1, 2).nIn(1).nOut(3).activation(Activation.TANH).build();
    }
}
