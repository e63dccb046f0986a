package org.pydl4j.spark;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.pydl4j.spark.helpers.Helpers;

/** Small graphs that several tests share. */
final class Graphs {

    private Graphs() {}

    private static ComputationGraphConfiguration.GraphBuilder builder() {
        return new NeuralNetConfiguration.Builder().seed(12).updater(new Adam(0.01)).activation(Activation.TANH).l2(1e-3)
                .graphBuilder();
    }

    /** With the helpers that a network here has: DL4J's arithmetic without differs in the last bits. */
    static ComputationGraph made(ComputationGraphConfiguration conf) {
        ComputationGraph graph = new ComputationGraph(conf);
        graph.init();
        Helpers.install(graph);
        return graph;
    }

    /** Inputs of 4 and 2; outputs of 3 classes and of 1 value. */
    static ComputationGraphConfiguration merged() {
        return builder().addInputs("left", "right")
                .addLayer("narrow", new DenseLayer.Builder().nIn(4).nOut(5).build(), "left")
                .addLayer("wide", new DenseLayer.Builder().nIn(2).nOut(6).build(), "right")
                .addVertex("both", new MergeVertex(), "narrow", "wide")
                .addLayer("normal", new BatchNormalization.Builder().nIn(11).nOut(11).useLogStd(false).build(), "both")
                .addLayer("kind", new OutputLayer.Builder(LossFunction.MCXENT).nIn(11).nOut(3)
                        .activation(Activation.SOFTMAX).build(), "normal")
                .addLayer("value", new OutputLayer.Builder(LossFunction.MSE).nIn(11).nOut(1)
                        .activation(Activation.IDENTITY).build(), "normal")
                .setOutputs("kind", "value").build();
    }

    /** One sequence of 4 in, a sequence of 3 classes out; a vertex has parameters. */
    static ComputationGraphConfiguration attentive() {
        return builder().addInputs("steps")
                .addVertex("attention", new AttentionVertex.Builder().nInQueries(4).nInKeys(4).nInValues(4).nOut(6).nHeads(2)
                        .headSize(3).projectInput(true).build(), "steps", "steps", "steps")
                .addLayer("each", new RnnOutputLayer.Builder(LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX)
                        .build(), "attention")
                .setOutputs("each").setInputTypes(InputType.recurrent(4)).build();
    }

    /** One sequence of 4 in; a sequence of 3 classes and, from the last step, 2 values out. */
    static ComputationGraphConfiguration recurrent() {
        return builder().addInputs("steps")
                .addLayer("first", new LSTM.Builder().nIn(4).nOut(5).build(), "steps")
                .addLayer("second", new LSTM.Builder().nIn(5).nOut(5).build(), "first")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "first", "second")
                .addVertex("last", new LastTimeStepVertex("steps"), "sum")
                .addLayer("each", new RnnOutputLayer.Builder(LossFunction.MCXENT).nIn(5).nOut(3)
                        .activation(Activation.SOFTMAX).build(), "sum")
                .addLayer("end", new OutputLayer.Builder(LossFunction.MSE).nIn(5).nOut(2)
                        .activation(Activation.IDENTITY).build(), "last")
                .setOutputs("each", "end").setInputTypes(InputType.recurrent(4)).build();
    }
}
