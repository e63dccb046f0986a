package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;

/** One case for each thing that a fixture can hold. */
final class Examples extends Family {
    @Override
    void write() {
        graph("example_graph", g -> g.addInputs("rows", "series")
                .addLayer("hidden", dense(7, 6).build(), "rows")
                .addLayer("last", new LastTimeStep(lstm(C, 2, RNNFormat.NCW).build()), "series")
                .addVertex("both", new MergeVertex(), "last", "hidden")
                .addLayer("classes", output(8, 4).build(), "both")
                .addLayer("values", dense(8, 3).build(), "both")
                .setOutputs("values", "classes"))
                .masked(null, mask(5, 2, 3)).on(rows(7), series(C, RNNFormat.NCW));
        net("example_masked").masked(mask(3, 5, 2)).note("sequences of 3, 5 and 2 steps").on(series(C, RNNFormat.NWC),
                new SimpleRnn.Builder().nIn(C).nOut(2).activation(Activation.TANH).dataFormat(RNNFormat.NWC).build());
        net("example_steps").type(DataType.DOUBLE).steps(random(1, N, C), random(2, N, C, 2)).on(
                series(C, RNNFormat.NCW), lstm(C, 2, RNNFormat.NCW).build());
        graph("example_graph_steps", g -> g.addInputs("a", "b")
                .addLayer("lstm", lstm(C, 2, RNNFormat.NCW).build(), "a")
                .addVertex("both", new MergeVertex(), "lstm", "b")
                .setOutputs("both"))
                .step(random(1, N, C, 1), random(2, N, 3, 1)).step(random(3, N, C, 1), random(4, N, 3, 1))
                .on(series(C, RNNFormat.NCW), series(3, RNNFormat.NCW));
    }
}
