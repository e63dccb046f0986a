package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.deeplearning4j.nn.api.Trainable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Runs a network over rows in memory, in this JVM: outputs, evaluation, activations, gradients. */
final class LocalScorer {

    private LocalScorer() {}

    /** What one thread does with one piece of the rows. */
    private interface Step<T> {
        T run(Scoring scoring, int piece) throws Exception;
    }

    /** Takes the pieces by all of the machine's cores; the results stand in the pieces' order. */
    private static <T> List<T> each(Network network, MemoryRows rows, boolean labelled, boolean normalize,
            BooleanSupplier cancelled, Step<T> step) throws Exception {
        return network.use(() -> {
            int pieces = rows.pieces().count();
            int threads = Math.min(pieces, Runtime.getRuntime().availableProcessors());
            List<Callable<Map<Integer, T>>> tasks = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                int first = thread;
                Inference model = network.twin(thread);
                tasks.add(() -> {
                    Native.useThreads(1);
                    DataNormalization normalizer = normalize ? Normalizers.copy(network.normalizer()) : null;
                    Map<Integer, T> mine = new LinkedHashMap<>();
                    try (Scoring scoring = new Scoring(model, rows.spec, labelled, normalizer)) {
                        for (int piece = first; piece < pieces && !cancelled.getAsBoolean(); piece += threads) {
                            mine.put(piece, step.run(scoring, piece));
                        }
                    }
                    return mine;
                });
            }
            Map<Integer, T> all = new TreeMap<>();
            try {
                for (Future<Map<Integer, T>> task : LocalThreads.ALL.invokeAll(tasks)) {
                    all.putAll(task.get());
                }
            } catch (ExecutionException e) {
                throw e.getCause() instanceof Exception ? (Exception) e.getCause() : e;
            }
            return new ArrayList<>(all.values());
        });
    }

    /** Evaluates one output. */
    static ObjectNode evaluate(Network network, MemoryRows rows, Evaluations wanted, int output,
            BooleanSupplier cancelled) throws Exception {
        wanted.check(rows.spec.outputs[output]);
        Pieces pieces = rows.pieces();
        return Scoring.report(each(network, rows, true, true, cancelled, (scoring, piece) -> {
            Scoring.Partial partial = new Scoring.Partial(wanted);
            scoring.evaluate(piece(rows, pieces, piece), output, partial);
            return partial;
        }), wanted, rows.name());
    }

    private static ExampleSource piece(MemoryRows rows, Pieces pieces, int piece) {
        long first = pieces.first(piece);
        return rows.pick(pieces.rowsIn(piece), i -> first + i);
    }

    /** The first output for features that go through the network together; they are normalized where they are. */
    static Tensor output(Network network, INDArray features, boolean normalize) throws Exception {
        return network.use(() -> {
            normalize(network, features, normalize);
            MultiDataSet minibatch = new org.nd4j.linalg.dataset.MultiDataSet(new INDArray[] {features}, null);
            return Tensor.of(Scoring.output(network.twin(), minibatch)[0]);
        });
    }

    private static void normalize(Network network, INDArray features, boolean normalize) {
        DataNormalization normalizer = normalize ? network.normalizer() : null;
        if (normalizer != null) {
            normalizer.transform(features);
        }
    }

    /** Every output for the next time steps; goes on from where the last call ended. */
    static List<Tensor> rnnTimeStep(Network network, INDArray... features) throws Exception {
        return network.use(() -> {
            normalize(network, features[0], true);
            return Stream.of(network.twin().rnnTimeStep(features)).map(output -> Tensor.of(output.dup('c')))
                    .collect(Collectors.toList());
        });
    }

    /** Every output for any number of rows. */
    static List<Tensor> outputs(Network network, MemoryRows rows, boolean normalize, BooleanSupplier cancelled)
            throws Exception {
        Pieces pieces = rows.pieces();
        Whole[] wholes = new Whole[network.trainee.outputs()];
        Arrays.setAll(wholes, output -> new Whole(rows.count()));
        each(network, rows, false, normalize, cancelled, (scoring, piece) -> {
            ExampleSource some = piece(rows, pieces, piece);
            for (int batch = 0; batch < Scoring.batches(some.size()); batch++) {
                INDArray[] outputs = scoring.output(some, batch);
                int from = batch * Scoring.BATCH;
                for (int i = 0; i < wholes.length; i++) {
                    wholes[i].put(pieces.first(piece) + from, Math.min(Scoring.BATCH, some.size() - from), outputs[i]);
                }
                // Only now, and each only once: outputs of a graph may be one and the same array.
                Stream.of(outputs).filter(INDArray::closeable).forEach(INDArray::close);
            }
            return null;
        });
        return Stream.of(wholes).map(whole -> Tensor.of(whole.array)).collect(Collectors.toList());
    }

    /** One output of all examples, which come in minibatches. */
    private static final class Whole {
        private final long examples;
        private INDArray array;

        Whole(long examples) {
            this.examples = examples;
        }

        void put(long first, long count, INDArray some) {
            long rows = some.size(0);
            // The steps of sequences that a layer gives as rows, say, lie in an order that holds for one minibatch.
            if (rows != count && count < examples) {
                throw BridgeException.data("an output has " + rows + " rows for " + count + " examples: of such a "
                        + "network no more than " + Scoring.BATCH + " examples can be scored at once");
            }
            INDArray plain = Tensor.isPlain(some) ? some : some.dup('c');
            long bytes = plain.length() * plain.dataType().width();
            Pointer into = new BytePointer(like(plain, count).data().addressPointer()).position(first * bytes / count);
            Pointer.memcpy(into, new BytePointer(plain.data().addressPointer()), bytes);
            if (plain != some) {
                plain.close();
            }
        }

        private synchronized INDArray like(INDArray some, long count) {
            if (array == null) {
                long[] shape = some.shape().clone();
                shape[0] = count == examples ? shape[0] : examples;
                array = Nd4j.createUninitialized(some.dataType(), shape, 'c');
            }
            return array;
        }
    }

    /** Activations by layer or vertex; all rows go through the network together, as in DL4J's feedForward. */
    static Map<String, Tensor> feedForward(Network network, MemoryRows rows, boolean train) throws Exception {
        return network.use(() -> {
            Inference model = network.twin();
            seed(model);
            ExampleSource all = rows.all();
            try (Minibatch batch = new Minibatch(rows.spec, all.size(), false)) {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                // Copies: layers that hand on what they get share an array.
                model.feedForward(batch.fill(all, 0, network.normalizer()), train)
                        .forEach((name, activations) -> tensors.put(name, Tensor.of(activations.dup('c'))));
                return tensors;
            }
        });
    }

    private static void seed(Inference model) {
        Trainee numbers = Trainee.of(model.model());
        Chance.seed(numbers.seed(), numbers.epoch(), numbers.iteration(), 0);
    }

    static void rnnClearPreviousState(Network network) throws Exception {
        network.use(() -> {
            network.twin().rnnClearPreviousState();
            return null;
        });
    }

    /**
     * The gradient of the mean score, regularisation included, by parameter. What a layer moves without a gradient
     * (running means and variances) is not in it.
     */
    static Map<String, Tensor> gradient(Network network, MemoryRows rows) throws Exception {
        rows.scan();
        return network.use(() -> {
            ExampleSource all = rows.all();
            try (Minibatch batch = new Minibatch(rows.spec, all.size(), true)) {
                Inference model = network.twin();
                seed(model);
                model.differentiate(batch.fill(all, 0, network.normalizer()));
                Map<String, Tensor> gradients = new LinkedHashMap<>();
                model.learners().forEach((prefix, learner) -> {
                    for (String name : learner.paramTable(false).keySet()) {
                        if (learner.updaterDivideByMinibatch(name)) {
                            String full = prefix + "_" + name;
                            INDArray sum = model.model().gradient().gradientForVariable().get(full);
                            INDArray one = model.averages() ? sum.div(all.size()) : sum.dup();
                            regularize(learner, name, one);
                            gradients.put(full, Tensor.of(one));
                        }
                    }
                });
                model.model().clear();
                return gradients;
            }
        });
    }

    private static void regularize(Trainable learner, String name, INDArray gradient) {
        List<Regularization> all = learner.getConfig().getRegularizationByParam(name);
        if (all != null) {
            for (Regularization each : all) {
                each.apply(learner.paramTable(false).get(name), gradient, 1.0, 0, 0);
            }
        }
    }
}
