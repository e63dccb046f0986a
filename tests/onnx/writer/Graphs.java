package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.*;
import org.deeplearning4j.nn.conf.graph.rnn.DuplicateToTimeSeriesVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.graph.rnn.ReverseTimeSeriesVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;

/** Whole graphs: orders, ends, branches. */
final class Graphs extends Family {
    @Override
    void write() {
        wiring();
        sequences();
        for (CNN2DFormat f : CNN_FORMATS) {
            residual("graph_residual_" + f, f, DataType.FLOAT);
            images(f);
        }
        for (DataType type : OTHER_TYPES) {
            residual("graph_residual_" + type, CNN2DFormat.NCHW, type);
        }
    }

    private void wiring() {
        // Described from the end to the beginning: parameters are in the order of computation.
        graph("graph_described_backwards", g -> g.addInputs("b", "a")
                .addLayer("far", output(8, 4).build(), "joined")
                .addLayer("near", dense(8, 3).build(), "joined")
                .addVertex("joined", new MergeVertex(), "left", "right")
                .addLayer("right", dense(5, 2).build(), "before")
                .addLayer("left", dense(7, 6).build(), "a")
                .addLayer("before", dense(4, 5).build(), "b")
                .setOutputs("far", "near")).on(random(1, N, 4), random(2, N, 7));
        graph("graph_inner_output", g -> g.addInputs("x").addLayer("hidden", dense(7, 6).build(), "x")
                .addLayer("end", output(6, 4).build(), "hidden").setOutputs("end", "hidden")).on(rows(7));
        graph("graph_vertex_output", g -> g.addInputs("x").addLayer("hidden", dense(7, 6).build(), "x")
                .addVertex("twice", new ScaleVertex(2), "hidden").addVertex("same", new MergeVertex(), "twice")
                .addLayer("end", output(6, 4).build(), "same").setOutputs("same", "end", "twice")).on(rows(7));
        graph("graph_implicit_merge", g -> g.addInputs("a", "b").addLayer("left", dense(7, 6).build(), "a")
                .addLayer("right", dense(4, 2).build(), "b").addLayer("end", output(8, 4).build(), "right", "left")
                .setOutputs("end")).on(random(1, N, 7), random(2, N, 4));
        graph("graph_input_merged", g -> g.addInputs("a", "b").addLayer("left", dense(7, 6).build(), "a")
                .addLayer("end", output(10, 4).build(), "left", "b").setOutputs("end")).on(random(1, N, 7), random(2, N, 4));
        graph("graph_siamese", g -> g.addInputs("a", "b").addVertex("both", new StackVertex(), "a", "b")
                .addLayer("shared", dense(7, 6).build(), "both")
                .addVertex("left", new UnstackVertex(0, 2), "shared").addVertex("right", new UnstackVertex(1, 2), "shared")
                .addVertex("distance", new L2Vertex(), "left", "right")
                .addLayer("end", dense(1, 1).build(), "distance")
                .setOutputs("end")).on(random(1, N, 7), random(2, N, 7));
        graph("graph_twice_input", g -> g.addInputs("a").addVertex("y", new MergeVertex(), "a", "a").setOutputs("y"))
                .on(rows(7));
        graph("graph_frozen", g -> g.addInputs("x").addLayer("hidden", new FrozenLayer(dense(7, 6).build()), "x")
                .addVertex("shifted", new FrozenVertex(new ShiftVertex(0.5)), "hidden")
                .addLayer("end", output(6, 4).build(), "shifted").setOutputs("end")).on(rows(7));
    }

    private void sequences() {
        RNNFormat f = RNNFormat.NCW;
        // Of different lengths.
        graph("graph_encoder_decoder", g -> g.addInputs("said", "answer")
                .addLayer("encoder", lstm(C, 3, f).build(), "said")
                .addVertex("meaning", new LastTimeStepVertex("said"), "encoder")
                .addVertex("repeated", new DuplicateToTimeSeriesVertex("answer"), "meaning")
                .addLayer("decoder", lstm(5, 6, f).build(), "repeated", "answer")
                .addLayer("end", rnnOutput(6, 4, f).build(), "decoder").setOutputs("end"))
                .on(random(1, N, C, T), random(2, N, 2, 3));
        graph("graph_both_ways", g -> g.addInputs("x")
                .addLayer("forth", lstm(C, 3, f).build(), "x")
                .addVertex("turned", new ReverseTimeSeriesVertex("x"), "x")
                .addLayer("back", lstm(C, 2, f).build(), "turned")
                .addVertex("again", new ReverseTimeSeriesVertex("x"), "back")
                .addLayer("end", rnnOutput(5, 4, f).build(), "forth", "again").setOutputs("end")).on(series(C, f));
        for (RNNFormat each : RNN_FORMATS) {
            graph("graph_rows_in_time_" + each, g -> g.addInputs("x").addLayer("lstm", lstm(C, 3, each).build(), "x")
                    .addLayer("row", dense(3, 6).build(), "lstm").addLayer("rows", dense(6, 2).build(), "row")
                    .addLayer("end", rnnOutput(2, 4, each).build(), "rows").setOutputs("end"))
                    .input(InputType.recurrent(C, T, each)).on(series(C, each));
        }
        graph("graph_pooled_twice", g -> g.addInputs("x").addLayer("lstm", lstm(C, 3, f).build(), "x")
                .addLayer("most", new GlobalPoolingLayer.Builder(PoolingType.MAX).build(), "lstm")
                .addLayer("mean", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), "lstm")
                .addLayer("end", output(6, 4).build(), "most", "mean").setOutputs("end")).on(series(C, f));
    }

    /** A block as in a residual network, with a convolution beside it. */
    private void residual(String name, CNN2DFormat f, DataType type) {
        graph(name, g -> head(g.addInputs("x")
                .addLayer("first", plain(f, 3, 4).build(), "x").addLayer("norm", norm(f), "first")
                .addLayer("relu", new ActivationLayer(Activation.RELU), "norm")
                .addLayer("second", plain(f, 3, 4).build(), "relu").addLayer("norm2", norm(f), "second")
                .addLayer("beside", plain(f, 1, 4).build(), "x")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "norm2", "beside")
                .addLayer("end", new ActivationLayer(Activation.RELU), "sum"), "end"))
                .input(InputType.convolutional(H, W, CHANNELS, f)).type(type).on(image(f));
    }

    private static GraphBuilder head(GraphBuilder g, String last) {
        return g.addLayer("pooled", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), last)
                .addLayer("classes", output(0, 5).build(), "pooled").setOutputs("classes");
    }

    private static ConvolutionLayer.Builder plain(CNN2DFormat f, int kernel, int nOut) {
        return new ConvolutionLayer.Builder(kernel, kernel).nOut(nOut).convolutionMode(ConvolutionMode.Same)
                .activation(Activation.IDENTITY).dataFormat(f);
    }

    private static BatchNormalization norm(CNN2DFormat f) {
        return new BatchNormalization.Builder().dataFormat(f).build();
    }

    private void images(CNN2DFormat f) {
        graph("graph_inception_" + f, g -> head(g.addInputs("x")
                .addLayer("small", plain(f, 1, 2).build(), "x").addLayer("large", plain(f, 3, 3).build(), "x")
                .addLayer("pool", pool(PoolingType.MAX, f).kernelSize(2, 3).stride(1, 1)
                        .convolutionMode(ConvolutionMode.Same).build(), "x")
                .addVertex("joined", new MergeVertex(), "small", "large", "pool"), "joined"))
                .input(InputType.convolutional(H, W, CHANNELS, f)).on(image(f));
        graph("graph_implicit_merge_" + f, g -> g.addInputs("x").addLayer("small", plain(f, 1, 2).build(), "x")
                .addLayer("large", plain(f, 3, 3).build(), "x")
                .addLayer("flat", new DenseLayer.Builder().nOut(3).activation(Activation.TANH).build(), "small", "large")
                .setOutputs("flat")).input(InputType.convolutional(H, W, CHANNELS, f)).on(image(f));
    }
}
