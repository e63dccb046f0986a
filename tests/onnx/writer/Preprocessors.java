package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.preprocessor.CnnToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What stands between layers of different kinds. */
final class Preprocessors extends Family {
    @Override
    void write() {
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
}
