package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.layers.misc.*;
import org.deeplearning4j.nn.conf.layers.variational.*;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Layers for rows that have parameters of their own kind, and the slopes that any shape can have. */
final class RowLayers extends Family {
    @Override
    void write() {
        net("element_wise").on(rows(7), times(7).build());
        net("element_wise_softmax").on(rows(7), times(7).activation(Activation.SOFTMAX).build(), output(7, 4).build());
        net("frozen_dense").on(rows(7), new FrozenLayer(dense(7, 6).build()), output(6, 4).build());
        net("frozen_with_backprop").on(rows(7), new FrozenLayerWithBackprop(dense(7, 6).build()), output(6, 4).build());
        autoencoders();
        slopes();
    }

    private static ElementWiseMultiplicationLayer.Builder times(int n) {
        return new ElementWiseMultiplicationLayer.Builder().nIn(n).nOut(n).activation(Activation.TANH);
    }

    private void autoencoders() {
        net("autoencoder").on(rows(7), new AutoEncoder.Builder(0.3).nIn(7).nOut(5).activation(Activation.SIGMOID)
                .build(), output(5, 4).build());
        ReconstructionDistribution gaussian = new GaussianReconstructionDistribution(Activation.TANH);
        ReconstructionDistribution bernoulli = new BernoulliReconstructionDistribution(Activation.SIGMOID);
        net("variational_gaussian").on(rows(7), variational(gaussian, 6, 4).build(), output(3, 4).build());
        net("variational_bernoulli").on(rows(7), variational(bernoulli, 6).build());
        net("variational_exponential").on(rows(7), variational(new ExponentialReconstructionDistribution(), 6, 5, 4)
                .activation(Activation.SOFTMAX).build());
        net("variational_loss").on(rows(7), variational(
                new LossFunctionWrapper(Activation.TANH, LossFunction.MSE.getILossFunction()), 6, 4)
                .pzxActivationFunction(Activation.SOFTMAX).build());
        net("variational_composite").on(rows(7), variational(new CompositeReconstructionDistribution.Builder()
                .addDistribution(3, gaussian).addDistribution(4, bernoulli).build(), 6, 4).build(), dense(3, 2).build());
    }

    private static VariationalAutoencoder.Builder variational(ReconstructionDistribution d, int... encoder) {
        return new VariationalAutoencoder.Builder().nIn(7).nOut(3).encoderLayerSizes(encoder).decoderLayerSizes(8, 2)
                .activation(Activation.TANH).pzxActivationFunction(Activation.SIGMOID).reconstructionDistribution(d);
    }

    @SuppressWarnings("deprecation") // HALF, which model files still have
    private void slopes() {
        net("prelu_dense").on(rows(7), dense(7, 6).activation(Activation.IDENTITY).build(), slopes(6));
        net("prelu_first").on(rows(7), slopes(7));
        net("prelu_rnn_NCW").on(series(C, RNNFormat.NCW), slopes(C, T));
        net("prelu_rnn_shared_NCW").on(series(C, RNNFormat.NCW), lstm(C, 2, RNNFormat.NCW).build(), shared(2, 2, T));
        net("prelu_rnn_shared_NWC").on(series(C, RNNFormat.NWC), lstm(C, 2, RNNFormat.NWC).build(), shared(1, T, 2));
        CNN2DFormat f = CNN2DFormat.NCHW;
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE, DataType.HALF}) {
            net("prelu_cnn_" + type).type(type).images(f).on(image(f), slopes(CHANNELS, H, W));
            net("prelu_cnn_shared_" + type).type(type).images(f).on(image(f), new PReLULayer.Builder()
                    .inputShape(CHANNELS, H, W).sharedAxes(2, 3).build());
        }
        net("prelu_cnn3d").input(volumes(Convolution3D.DataFormat.NCDHW))
                .on(volume(Convolution3D.DataFormat.NCDHW), shared(1, CHANNELS, D, H, W));
    }

    private static PReLULayer slopes(long... shape) {
        return new PReLULayer.Builder().inputShape(shape).build();
    }

    private static PReLULayer shared(long axis, long... shape) {
        return new PReLULayer.Builder().inputShape(shape).sharedAxes(axis).build();
    }
}
