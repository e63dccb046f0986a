package org.pydl4j.spark;

import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;
import org.nd4j.evaluation.IEvaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

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

    /** The outputs of a minibatch, in memory of their own. */
    static INDArray[] output(Inference model, ExampleSpec spec, DataNormalization normalizer, ExampleSource examples,
            int from, int to) {
        try (Minibatch batch = new Minibatch(spec, to - from, false)) {
            return output(model, batch.fill(examples, from, normalizer).getFeatures());
        }
    }

    static INDArray[] output(Inference model, INDArray[] x) {
        INDArray[] y = model.output(x);
        for (int i = 0; i < y.length; i++) {
            for (INDArray each : x) {
                y[i] = sharesMemory(each, y[i]) ? y[i].dup() : y[i];
            }
        }
        return y;
    }

    /** Layers that only hand on what they get may give the input itself, or a view of it. */
    private static boolean sharesMemory(INDArray x, INDArray y) {
        long from = x.data().address();
        long at = y.data().address();
        return at >= from && at < from + x.length() * x.dataType().width();
    }

    /** Evaluations of one output for some examples, and their loss, weighted by rows. */
    static final class Partial implements Serializable {
        private static final long serialVersionUID = 1L;
        private final IEvaluation<?>[] evaluations;
        private double lossSum;
        private long rows;

        Partial(Evaluations wanted) {
            evaluations = wanted.create();
        }

        void add(Inference model, ExampleSpec spec, int output, DataNormalization normalizer, ExampleSource examples) {
            starts(examples.size()).forEach(from ->
                    add(model, spec, output, normalizer, examples, from, end(from, examples.size())));
        }

        private void add(Inference model, ExampleSpec spec, int output, DataNormalization normalizer,
                ExampleSource examples, int from, int to) {
            try (Minibatch batch = new Minibatch(spec, to - from, true)) {
                MultiDataSet data = batch.fill(examples, from, normalizer);
                if (evaluations.length > 0) {
                    INDArray predicted = model.output(data.getFeatures())[output];
                    // Evaluations count classes one-hot, also where the loss takes indices.
                    INDArray actual = spec.outputs[output].sparse
                            ? Minibatch.oneHot(spec, output, examples, from, to) : data.getLabels(output);
                    for (IEvaluation<?> evaluation : evaluations) {
                        evaluation.eval(actual, predicted);
                    }
                }
                lossSum += model.score(data) * (to - from);
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
