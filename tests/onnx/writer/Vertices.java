package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.*;
import org.deeplearning4j.nn.conf.graph.rnn.DuplicateToTimeSeriesVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.graph.rnn.ReverseTimeSeriesVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Vertices without parameters, between inputs and outputs. */
final class Vertices extends Family {
    private static final String[] NAMES = {"a", "b", "c"};

    @Override
    void write() {
        elementWise();
        merging();
        stacking();
        lengths();
        shaping();
        sequences();
        for (DataType type : OTHER_TYPES) {
            inOtherTypes(type);
        }
    }

    /** One vertex over as many inputs as there are arrays. */
    private Case vertex(String name, GraphVertex vertex, int inputs) {
        return vertices(name, List.of(vertex), inputs);
    }

    private void vertex(String name, GraphVertex vertex, INDArray... x) {
        vertex(name, vertex, x.length).on(x);
    }

    /** Several vertices, each over all inputs, and an output. */
    private Case vertices(String name, List<? extends GraphVertex> vertices, int inputs) {
        String[] names = Arrays.copyOf(NAMES, inputs);
        String[] outputs = IntStream.range(0, vertices.size()).mapToObj(i -> "y" + i).toArray(String[]::new);
        return graph("vertex_" + name, g -> {
            g.addInputs(names);
            for (int i = 0; i < outputs.length; i++) {
                g.addVertex(outputs[i], vertices.get(i), names);
            }
            return g.setOutputs(outputs);
        });
    }

    private static List<ElementWiseVertex> operations(ElementWiseVertex.Op... ops) {
        return Arrays.stream(ops).map(ElementWiseVertex::new).toList();
    }

    private void elementWise() {
        ElementWiseVertex.Op[] all = ElementWiseVertex.Op.values();
        vertices("elements", operations(ElementWiseVertex.Op.Add, ElementWiseVertex.Op.Product,
                ElementWiseVertex.Op.Average, ElementWiseVertex.Op.Max), 3)
                .on(random(1, N, 7), random(2, N, 7), random(3, N, 7));
        vertices("elements_of_images", operations(all), 2).on(random(1, N, 2, 4, 5), random(2, N, 2, 4, 5));
        vertices("elements_column_behind", operations(all), 2).on(random(1, N, 7), random(2, N, 1));
        vertices("elements_channels_behind", operations(all), 2).on(random(1, N, 2, 4, 5), random(2, N, 2, 1, 1));
        vertices("elements_column_first", operations(ElementWiseVertex.Op.Add, ElementWiseVertex.Op.Subtract,
                ElementWiseVertex.Op.Average), 2).on(random(1, N, 1), random(2, N, 7));
        vertices("elements_one", operations(ElementWiseVertex.Op.Average), 1).on(random(1, N, C));
    }

    private void merging() {
        vertex("merge", new MergeVertex(), random(1, N, 7), random(2, N, 4), random(3, N, 2));
        vertex("merge_one", new MergeVertex(), random(1, N, 7));
        vertex("merge_NCW", new MergeVertex(), 2).input(series(C, T), series(2, T))
                .on(random(1, N, C, T), random(2, N, 2, T));
        vertex("merge_NWC", new MergeVertex(), 2)
                .input(InputType.recurrent(C, T, RNNFormat.NWC), InputType.recurrent(2, T, RNNFormat.NWC))
                .on(random(1, N, T, C), random(2, N, T, 2));
        vertex("merge_time", new MergeVertex(), random(1, N, T, C), random(2, N, 2, C));
        for (CNN2DFormat f : CNN_FORMATS) {
            boolean last = f == CNN2DFormat.NHWC;
            vertex("merge_" + f, new MergeVertex(), 2)
                    .input(InputType.convolutional(4, 5, 2, f), InputType.convolutional(4, 5, 3, f))
                    .on(last ? random(1, N, 4, 5, 2) : random(1, N, 2, 4, 5),
                            last ? random(2, N, 4, 5, 3) : random(2, N, 3, 4, 5));
        }
        vertex("merge_volumes", new MergeVertex(), random(1, N, 2, 3, 4, 5), random(2, N, 1, 3, 4, 5));
        vertex("subset", new SubsetVertex(2, 4), random(1, N, 7));
        vertex("subset_series", new SubsetVertex(1, 2), random(1, N, C, T));
        vertex("subset_NCHW", new SubsetVertex(0, 1), random(1, N, 3, 4, 5));
        vertex("subset_NHWC", new SubsetVertex(1, 2), 1).input(InputType.convolutional(4, 5, 3, CNN2DFormat.NHWC))
                .on(random(1, N, 4, 5, 3));
    }

    private static InputType series(int size, int steps) {
        return InputType.recurrent(size, steps);
    }

    private void stacking() {
        vertex("stack", new StackVertex(), random(1, N, 7), random(2, N, 7), random(3, N, 7));
        vertex("stack_series", new StackVertex(), random(1, N, C, T), random(2, N, C, T));
        vertex("stack_unequal_series", new StackVertex(), random(1, N, C, 3), random(2, N, C, T), random(3, N, C, 2));
        vertex("stack_images", new StackVertex(), random(1, N, 2, 4, 5), random(2, N, 2, 4, 5));
        graph("vertex_unstack", g -> g.addInputs(NAMES).addVertex("all", new StackVertex(), NAMES)
                .addLayer("shared", dense(7, 4).build(), "all")
                .addVertex("x", new UnstackVertex(0, 3), "shared").addVertex("y", new UnstackVertex(1, 3), "shared")
                .addVertex("z", new UnstackVertex(2, 3), "shared").setOutputs("x", "y", "z"))
                .on(random(1, N, 7), random(2, N, 7), random(3, N, 7));
        graph("vertex_unstack_series", g -> g.addInputs("a", "b").addVertex("all", new StackVertex(), "a", "b")
                .addLayer("shared", lstm(C, 2, RNNFormat.NCW).build(), "all")
                .addVertex("y", new UnstackVertex(0, 2), "shared")
                .addVertex("z", new UnstackVertex(1, 2), "shared").setOutputs("y", "z"))
                .on(random(1, N, C, 3), random(2, N, C, T));
        graph("vertex_unstack_images", g -> g.addInputs("a", "b").addVertex("all", new StackVertex(), "a", "b")
                .addVertex("y", new UnstackVertex(1, 2), "all").setOutputs("y"))
                .on(random(1, N, 2, 4, 5), random(2, N, 2, 4, 5));
    }

    private void lengths() {
        vertices("l2normalize", List.of(new L2NormalizeVertex(), new L2NormalizeVertex(null, 3),
                new L2NormalizeVertex(new int[] {1}, 1e-8)), 1).on(random(1, N, 7));
        vertex("l2normalize_zeros", new L2NormalizeVertex(),
                random(1, N, 7).muliColumnVector(Nd4j.createFromArray(1f, 0, 1)));
        vertex("l2normalize_series", new L2NormalizeVertex(), random(1, N, C, T));
        vertex("l2normalize_images", new L2NormalizeVertex(), random(1, N, 2, 4, 5));
        vertices("l2", List.of(new L2Vertex(), new L2Vertex(100)), 2).on(random(1, N, 7), random(2, N, 7));
        vertex("l2_series", new L2Vertex(), random(1, N, C, T), random(2, N, C, T));
        vertex("l2_images", new L2Vertex(), random(1, N, 2, 4, 5), random(2, N, 2, 4, 5));
        vertices("scale", List.of(new ScaleVertex(2.5), new ShiftVertex(-1.25), new FrozenVertex(new ScaleVertex(-0.5))), 1)
                .on(random(1, N, 7));
        vertex("frozen_merge", new FrozenVertex(new MergeVertex()), random(1, N, 7), random(2, N, 4));
    }

    private void shaping() {
        vertices("reshape_images", reshaped(-1, 5, 8), 1).on(random(1, N, 2, 4, 5));
        vertices("reshape_series", reshaped(-1, C), 1).on(random(1, N, C, T));
        vertices("reshape_open", reshaped(N, -1, 2), 1).on(random(1, N, 6));
        vertices("reshape_fixed", reshaped(2, 3, N), 1).wholeBatchOnly().on(random(1, N, 6));
        vertex("poolhelper", new PoolHelperVertex(), random(1, N, 2, 4, 5));
    }

    /** In both orders. */
    private static List<ReshapeVertex> reshaped(int... shape) {
        return List.of(new ReshapeVertex('c', shape, null), new ReshapeVertex('f', shape, null));
    }

    private void sequences() {
        vertices("series", List.of(new LastTimeStepVertex("a"), new ReverseTimeSeriesVertex("a"),
                new ReverseTimeSeriesVertex()), 1).on(random(1, N, C, T));
        graph("vertex_duplicate", g -> g.addInputs("rows", "series").allowDisconnected(true)
                .addVertex("y", new DuplicateToTimeSeriesVertex("series"), "rows").setOutputs("y"))
                .on(random(1, N, 7), random(2, N, C, T));
        graph("vertex_last_of_lstm", g -> g.addInputs("a").addLayer("lstm", lstm(C, 2, RNNFormat.NCW).build(), "a")
                .addVertex("y", new LastTimeStepVertex("a"), "lstm").setOutputs("y")).on(random(1, N, C, T));
    }

    /** All at once: every vertex is an output. */
    private void inOtherTypes(DataType type) {
        graph("vertices_" + type, g -> {
            g.addInputs("a", "b", "s", "t");
            for (ElementWiseVertex.Op op : ElementWiseVertex.Op.values()) {
                g.addVertex(op.name(), new ElementWiseVertex(op), "a", "b");
            }
            return g.addVertex("merge", new MergeVertex(), "a", "b")
                    .addVertex("subset", new SubsetVertex(2, 4), "a")
                    .addVertex("normalized", new L2NormalizeVertex(), "b")
                    .addVertex("distance", new L2Vertex(), "a", "b")
                    .addVertex("scaled", new ScaleVertex(2.5), "a").addVertex("shifted", new ShiftVertex(-1.25), "scaled")
                    .addVertex("reversed", new ReverseTimeSeriesVertex("s"), "s")
                    .addVertex("last", new LastTimeStepVertex("s"), "reversed")
                    .addVertex("repeated", new DuplicateToTimeSeriesVertex("t"), "last")
                    .addVertex("stacked", new StackVertex(), "s", "t")
                    .addVertex("part", new UnstackVertex(1, 2), "stacked")
                    .addVertex("reshaped", new ReshapeVertex('f', new int[] {-1, 4, 3}, null), "stacked")
                    .setOutputs("Add", "Subtract", "Product", "Average", "Max", "merge", "subset", "normalized", "distance",
                            "shifted", "repeated", "part", "reshaped");
        }).type(type).on(random(1, N, 7), random(2, N, 7), random(3, N, C, 3), random(4, N, C, 6));
    }
}
