package org.pydl4j.spark;

import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.evaluation.IEvaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.shade.jackson.databind.node.ObjectNode;
import org.pydl4j.spark.helpers.Helpers;

/** Runs a network over examples: what scoring is in any JVM, on an executor as in Python's own process. */
final class Scoring {

    /** Examples that go through a network together. The same everywhere: a row's output may depend on it in its last bits. */
    static final int BATCH = 256;

    private Scoring() {}

    /** Where the minibatches of some examples begin. */
    static IntStream starts(int size) {
        return IntStream.iterate(0, from -> from < size, from -> from + BATCH);
    }

    static int end(int from, int size) {
        return Math.min(size, from + BATCH);
    }

    /** A network for one thread, with parameters that others may have, too: DL4J's networks are not safe to share. */
    static MultiLayerNetwork network(MultiLayerConfiguration conf, INDArray params) {
        Layer first = conf.getConf(0).getLayer();
        if (first instanceof ActivationLayer || first instanceof DropoutLayer) {
            // At inference these hand on what they get, here the input itself, and DL4J then finds an activation
            // outside its workspaces and throws.
            conf.setInferenceWorkspaceMode(WorkspaceMode.NONE);
        }
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        network.init(params, false);
        Helpers.install(network);
        return network;
    }

    /** The outputs of a minibatch, detached. */
    static INDArray output(MultiLayerNetwork model, ExampleSpec spec, DataNormalization normalizer,
            ExampleSource examples, int from, int to) {
        try (Minibatch batch = new Minibatch(spec, to - from, false)) {
            INDArray x = batch.fill(examples, from, normalizer).getFeatures();
            INDArray y = model.output(x, false);
            return sharesMemory(x, y) ? y.dup() : y;
        }
    }

    /** Layers that only hand on what they get may give the input itself, or a view of it. */
    static boolean sharesMemory(INDArray x, INDArray y) {
        long from = x.data().address();
        long at = y.data().address();
        return at >= from && at < from + x.length() * x.dataType().width();
    }

    /** Evaluations of some examples, and their loss, weighted by rows. */
    static final class Partial implements Serializable {
        private static final long serialVersionUID = 1L;
        private final IEvaluation<?>[] evaluations;
        private double lossSum;
        private long rows;

        Partial(Evaluations wanted) {
            evaluations = wanted.create();
        }

        void add(MultiLayerNetwork model, ExampleSpec spec, DataNormalization normalizer, ExampleSource examples) {
            starts(examples.size()).forEach(from ->
                    add(model, spec, normalizer, examples, from, end(from, examples.size())));
        }

        private void add(MultiLayerNetwork model, ExampleSpec spec, DataNormalization normalizer,
                ExampleSource examples, int from, int to) {
            try (Minibatch batch = new Minibatch(spec, to - from, true)) {
                DataSet data = batch.fill(examples, from, normalizer);
                if (evaluations.length > 0) {
                    INDArray output = model.output(data.getFeatures(), false);
                    // Evaluations count classes one-hot, also where the loss takes indices.
                    INDArray actual = spec.sparse ? Minibatch.oneHot(spec, examples, from, to) : data.getLabels();
                    for (IEvaluation<?> evaluation : evaluations) {
                        evaluation.eval(actual, output);
                    }
                }
                lossSum += model.score(data, false) * (to - from);
                rows += to - from;
            }
        }

        private Partial append(Partial next, Evaluations wanted) {
            wanted.merge(evaluations, next.evaluations);
            lossSum += next.lossSum;
            rows += next.rows;
            return this;
        }
    }

    /** What several partials, in their order, come to. */
    static ObjectNode report(List<Partial> partials, Evaluations wanted, String name) {
        // Into the first that saw rows: DL4J cannot merge into an evaluation that saw none.
        Partial whole = null;
        for (Partial partial : partials) {
            if (partial.rows > 0) {
                whole = whole == null ? partial : whole.append(partial, wanted);
            }
        }
        if (whole == null) {
            throw BridgeException.data(name + " has no rows");
        }
        ObjectNode result = wanted.report(whole.evaluations);
        result.put("rows", whole.rows);
        result.put("loss", whole.lossSum / whole.rows);
        return result;
    }
}
