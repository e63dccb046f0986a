package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.layers.*;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Layers that write over the array that goes into them, which others read, too. */
final class Overwriting extends Family {
    @Override
    void write() {
        INDArray[] x = {rows(7)};
        graph("overwriting_input", g -> g.addInputs("x")
                .addLayer("relu", activation(Activation.RELU), "x")
                .addLayer("cube", activation(Activation.CUBE), "x")
                .addLayer("hidden", dense(7, 6).build(), "x")
                .setOutputs("relu", "cube", "hidden")).on(x);
        graph("overwriting_output", g -> g.addInputs("x")
                .addLayer("scores", dense(7, 6).build(), "x")
                .addLayer("probabilities", activation(Activation.SOFTMAX), "scores")
                .setOutputs("scores", "probabilities")).on(x);
        graph("overwriting_through_dropout", g -> g.addInputs("x")
                .addLayer("scores", dense(7, 6).build(), "x")
                .addLayer("dropout", new DropoutLayer(0.5), "scores")
                .addLayer("slopes", new PReLULayer.Builder().inputShape(6).build(), "dropout")
                .addLayer("again", dense(6, 6).build(), "slopes")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "scores", "again")
                .setOutputs("sum")).withoutWorkspaces().on(x);
        graph("overwriting_nothing", Overwriting::residual).on(x);
        graph("overwriting_without_workspaces", Overwriting::residual).withoutWorkspaces().on(x);
    }

    /** What goes around the activation is what the activation changes. */
    private static GraphBuilder residual(GraphBuilder g) {
        return g.addInputs("x")
                .addLayer("first", dense(7, 6).build(), "x")
                .addLayer("relu", activation(Activation.RELU), "first")
                .addLayer("second", dense(6, 6).build(), "relu")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "first", "second")
                .setOutputs("sum");
    }

    private static ActivationLayer activation(Activation a) {
        return new ActivationLayer(a);
    }
}
