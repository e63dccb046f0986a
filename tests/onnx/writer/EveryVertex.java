package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.*;
import org.deeplearning4j.nn.conf.graph.rnn.*;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.preprocessor.*;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Every vertex and the usual preprocessors, as {@link EveryLayer} has the layers. */
final class EveryVertex extends Family {
    private final String prefix;
    private final DataType type;

    EveryVertex(String prefix, DataType type) {
        this.prefix = prefix;
        this.type = type;
    }

    @Override
    void write() {
        rowsOfFeatures();
        series();
        images();
        preprocessors();
        if (EveryLayer.canAttend(type)) {
            attention();
        }
    }

    private void rowsOfFeatures() {
        INDArray a = random(21, N, 6);
        INDArray b = random(22, N, 6);
        graph(prefix + "vertices_elementwise", g -> {
            g.addInputs("a", "b");
            for (ElementWiseVertex.Op op : ElementWiseVertex.Op.values()) {
                g.addVertex(op.name(), new ElementWiseVertex(op), "a", "b");
            }
            return g.setOutputs("Add", "Subtract", "Product", "Average", "Max");
        }).type(type).on(a, b);
        graph(prefix + "vertices_rows", g -> g.addInputs("a", "b")
                .addVertex("merge", new MergeVertex(), "a", "b")
                .addVertex("subset", new SubsetVertex(1, 3), "a")
                .addVertex("scale", new ScaleVertex(2.5), "a")
                .addVertex("shift", new ShiftVertex(-1.25), "a")
                .addVertex("frozen", new FrozenVertex(new ScaleVertex(0.5)), "a")
                .addVertex("normalized", new L2NormalizeVertex(), "a")
                .addVertex("distance", new L2Vertex(), "a", "b")
                .addVertex("reshape", new ReshapeVertex(-1, 2, 3), "a")
                .setOutputs("merge", "subset", "scale", "shift", "frozen", "normalized", "distance", "reshape"))
                .type(type).on(a, b);
        graph(prefix + "vertices_stack", g -> g.addInputs("a", "b")
                .addVertex("stack", new StackVertex(), "a", "b")
                .addLayer("shared", dense(6, 4).build(), "stack")
                .addVertex("first", new UnstackVertex(0, 2), "shared")
                .addVertex("second", new UnstackVertex(1, 2), "shared")
                .setOutputs("second", "first"))
                .type(type).on(a, b);
    }

    private void series() {
        graph(prefix + "vertices_series", g -> g.addInputs("series", "rows")
                .addVertex("last", new LastTimeStepVertex("series"), "series")
                .addVertex("repeated", new DuplicateToTimeSeriesVertex("series"), "rows")
                .addVertex("reversed", new ReverseTimeSeriesVertex("series"), "series")
                .setOutputs("last", "repeated", "reversed"))
                .type(type).on(Parts.series(C, RNNFormat.NCW), rows(7));
    }

    private void images() {
        graph(prefix + "vertices_images", g -> g.addInputs("a")
                .addVertex("cropped", new PoolHelperVertex(), "a")
                .addVertex("flat", new PreprocessorVertex(new CnnToFeedForwardPreProcessor(H, W, CHANNELS)), "a")
                .setOutputs("cropped", "flat"))
                .type(type).on(image(CNN2DFormat.NCHW));
    }

    private void attention() {
        graph(prefix + "vertices_attention", g -> g.addInputs("queries", "keys", "values")
                .addVertex("attention", new AttentionVertex.Builder().nInQueries(4).nInKeys(3).nInValues(2).nHeads(2)
                        .headSize(5).nOut(6).projectInput(true).build(), "queries", "keys", "values")
                .setOutputs("attention"))
                .type(type).on(random(23, N, 4, 5), random(24, N, 3, 7), random(25, N, 2, 7));
    }

    private void preprocessors() {
        net(prefix + "preprocessors_images").type(type).input(InputType.convolutionalFlat(H, W, CHANNELS))
                .on(rows(H * W * CHANNELS), conv(CNN2DFormat.NCHW).stride(2, 2).build(),
                        new OutputLayer.Builder(LossFunction.MCXENT).nOut(4).activation(Activation.SOFTMAX).build());
        net(prefix + "preprocessors_series").type(type).input(InputType.recurrent(C, T))
                .on(Parts.series(C, RNNFormat.NCW), lstm(C, 2, RNNFormat.NCW).build(),
                        new DenseLayer.Builder().nOut(7).activation(Activation.TANH).build(),
                        rnnOutput(7, 6, RNNFormat.NCW).build());
        net(prefix + "preprocessors_series_of_images").type(type)
                .before(0, new RnnToCnnPreProcessor(2, 3, CHANNELS)).before(1, new CnnToRnnPreProcessor(2, 3, 1))
                .on(Parts.series(2 * 3 * CHANNELS, RNNFormat.NCW),
                        new ConvolutionLayer.Builder(3, 3).nIn(CHANNELS).nOut(1)
                                .convolutionMode(ConvolutionMode.Same).activation(Activation.TANH).build(),
                        lstm(2 * 3, 2, RNNFormat.NCW).build());
        net(prefix + "preprocessors_volumes").type(type)
                .before(0, new FeedForwardToCnn3DPreProcessor(2, 3, 4, CHANNELS, true))
                .before(1, new Cnn3DToFeedForwardPreProcessor(1, 2, 3, 2, true))
                .on(rows(2 * 3 * 4 * CHANNELS),
                        new Convolution3D.Builder(2, 2, 2).nIn(CHANNELS).nOut(2).activation(Activation.TANH).build(),
                        dense(12, 5).build());
    }
}
