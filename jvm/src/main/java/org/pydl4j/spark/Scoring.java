package org.pydl4j.spark;

import java.io.Serializable;
import java.util.List;
import org.nd4j.evaluation.IEvaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Runs a network over examples: what scoring is in any JVM, on an executor as in Python's own process. For one thread,
 * whose minibatches are all made in the same arrays.
 */
final class Scoring implements AutoCloseable {

    /** Examples that go through a network together. The same everywhere: a row's output may depend on it in its last bits. */
    static final int BATCH = 256;

    private final Inference model;
    private final ExampleSpec spec;
    private final MinibatchBuffers buffers;

    /** @param labelled whether the examples have labels, and these are wanted */
    Scoring(Inference model, ExampleSpec spec, boolean labelled, DataNormalization normalizer) {
        this.model = model;
        this.spec = spec;
        buffers = new MinibatchBuffers(spec, BATCH, labelled, normalizer);
    }

    /** How many minibatches some examples make. */
    static int batches(int size) {
        return (int) Plan.ceilDiv(size, BATCH);
    }

    private MultiDataSet fill(ExampleSource examples, int batch) {
        return buffers.fill(examples, batch, Permutation.identity(examples.size()));
    }

    /** The outputs of one minibatch of some examples, in memory of their own. */
    INDArray[] output(ExampleSource examples, int batch) {
        return output(model, fill(examples, batch));
    }

    /** Evaluates one output for some examples. */
    void evaluate(ExampleSource examples, int output, Partial into) {
        for (int batch = 0; batch < batches(examples.size()); batch++) {
            MultiDataSet data = fill(examples, batch);
            int from = batch * BATCH;
            int rows = (int) data.getFeatures(0).size(0);
            INDArray mask = data.getLabelsMaskArray(output);
            into.evaluated |= into.evaluations.length == 0 || mask == null || mask.sumNumber().doubleValue() > 0;
            if (into.evaluations.length > 0) {
                INDArray predicted = model.output(data)[output];
                // Evaluations count classes one-hot, also where the loss takes indices.
                INDArray actual = spec.outputs[output].sparse
                        ? Minibatch.oneHot(spec, output, examples, from, from + rows) : data.getLabels(output);
                for (IEvaluation<?> evaluation : into.evaluations) {
                    evaluation.eval(actual, column(predicted), mask);
                }
            }
            into.lossSum += model.score(data) * rows;
            into.rows += rows;
        }
    }

    @Override
    public void close() {
        buffers.close();
    }

    /** A one-class output gives a number for each row, without an axis for it. */
    private static INDArray column(INDArray predicted) {
        return predicted.rank() == 1 ? predicted.reshape(predicted.length(), 1) : predicted;
    }

    static INDArray[] output(Inference model, MultiDataSet minibatch) {
        INDArray[] y = model.output(minibatch);
        for (int i = 0; i < y.length; i++) {
            for (INDArray each : minibatch.getFeatures()) {
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
        /** Whether they saw any label that counts. */
        private boolean evaluated;
        private double lossSum;
        private long rows;

        Partial(Evaluations wanted) {
            evaluations = wanted.create();
        }
    }

    /** What several partials, in their order, come to. */
    static ObjectNode report(List<Partial> partials, Evaluations wanted, String name) {
        IEvaluation<?>[] whole = null;
        double lossSum = 0;
        long rows = 0;
        for (Partial partial : partials) {
            lossSum += partial.lossSum;
            rows += partial.rows;
            // Into the first that saw any: DL4J cannot merge into an evaluation that saw none.
            if (partial.evaluated && whole != null) {
                wanted.merge(whole, partial.evaluations);
            } else if (partial.evaluated) {
                whole = partial.evaluations;
            }
        }
        if (whole == null) {
            throw BridgeException.data(name + (rows == 0 ? " has no rows" : ": the labels' mask leaves nothing to evaluate"));
        }
        ObjectNode result = wanted.report(whole);
        result.put("rows", rows);
        result.put("loss", lossSum / rows);
        return result;
    }
}
