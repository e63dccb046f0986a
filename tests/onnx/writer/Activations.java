package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.*;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Every activation function, in dense layers, in cells and gates, and over either layout. */
final class Activations extends Family {
    @Override
    void write() {
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
        everywhere(all);
        for (Map.Entry<String, IActivation> e : all.entrySet()) {
            net("act_dense_" + e.getKey()).on(rows(7), dense(7, 9).activation(e.getValue()).build());
            net("act_lstm_" + e.getKey()).scaled(0.5).on(series(C, RNNFormat.NCW),
                    lstm(C, 2, RNNFormat.NCW).activation(e.getValue()).build());
        }
        // Wide enough to get over the threshold.
        net("act_lstm_thresholdedrelu_wide").scaled(3).on(series(C, RNNFormat.NCW),
                lstm(C, 2, RNNFormat.NCW).activation(Activation.THRESHOLDEDRELU).build());
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
            net("dropout_rnn_" + f).on(series(C, f), lstm(C, 2, f).build(), new DropoutLayer(0.5));
        }
        for (Convolution3D.DataFormat f : Convolution3D.DataFormat.values()) {
            net("softmax_activation_cnn3d_" + f).input(volumes(f)).on(volume(f),
                    new ActivationLayer(Activation.SOFTMAX));
        }
        for (CNN2DFormat f : CNN_FORMATS) {
            net("softmax_activation_cnn_" + f).images(f).on(image(f), conv(f).build(),
                    new ActivationLayer(Activation.SOFTMAX));
            net("dropout_cnn_" + f).images(f).on(image(f), conv(f).build(), new DropoutLayer(0.5));
            net("softmax_conv_" + f).images(f).on(image(f), conv(f).activation(Activation.SOFTMAX).build());
        }
    }

    /** All of them in one graph, at each kind of place that takes them, and in every data type. */
    @SuppressWarnings("deprecation") // HALF, which model files still have
    private void everywhere(Map<String, IActivation> all) {
        for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE, DataType.HALF)) {
            side("act_output_" + type, type, rows(7), all, a -> new OutputLayer.Builder(LossFunction.MSE)
                    .nIn(7).nOut(3).activation(a).build());
            side("act_loss_" + type, type, rows(7), all,
                    a -> new LossLayer.Builder(LossFunction.MSE).activation(a).build());
            side("act_rnn_loss_" + type, type, series(2, RNNFormat.NWC), all, a -> new RnnLossLayer.Builder(
                    LossFunction.MSE).activation(a).dataFormat(RNNFormat.NWC).build());
            side("act_cnn_loss_" + type, type, random(9, 1, 3, 2, 4), all,
                    a -> new CnnLossLayer.Builder(LossFunction.MSE).activation(a).build());
        }
    }

    private void side(String name, DataType type, INDArray x, Map<String, IActivation> all,
            Function<IActivation, Layer> layer) {
        graph(name, g -> {
            g.addInputs("x");
            all.forEach((key, a) -> g.addLayer(key, layer.apply(a), "x"));
            return g.setOutputs(all.keySet().toArray(String[]::new));
        }).type(type).on(new INDArray[] {x});
    }
}
