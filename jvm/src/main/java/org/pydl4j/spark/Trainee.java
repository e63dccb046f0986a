package org.pydl4j.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.apache.commons.lang3.SerializationUtils;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.spark.api.TrainingHook;
import org.nd4j.linalg.api.memory.MemoryWorkspaceManager;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.pydl4j.spark.helpers.Helpers;

/** A network in training, of layers or a graph: the few things for which DL4J's two classes have no common name. */
abstract class Trainee implements AutoCloseable {

    static Trainee of(Model model) {
        Trainee network = model instanceof MultiLayerNetwork
                ? new Layered((MultiLayerNetwork) model)
                : new Graph((ComputationGraph) model);
        Frozen.settle(network);
        return network;
    }

    /** A network of an executor's own, from what {@link #configuration} gave; its numbers are still to come. */
    static Trainee from(Serializable configuration) {
        Trainee made = made(configuration);
        Helpers.install(made.model());
        return made;
    }

    private static Trainee made(Serializable configuration) {
        if (configuration instanceof MultiLayerConfiguration) {
            MultiLayerNetwork network = new MultiLayerNetwork((MultiLayerConfiguration) copy(configuration));
            network.init();
            return of(network);
        }
        ComputationGraph graph = new ComputationGraph((ComputationGraphConfiguration) copy(configuration));
        graph.init();
        return of(graph);
    }

    /**
     * A configuration that shares nothing. DL4J's own copy has the layers inside wrappers in common, and these keep what
     * they dropped there, so that two workers would take each other's; its copies of vertices forget along which axis to
     * merge, in which order to reshape, how parameters are trained.
     */
    private static Serializable copy(Serializable configuration) {
        return SerializationUtils.clone(configuration);
    }

    /** All that makes the network but its numbers. */
    abstract Serializable configuration();

    /** DL4J's JSON of it as it is now, counters included. */
    abstract String json();

    abstract Model model();

    /** How many arrays an example's features are, and its labels. */
    abstract int inputs();

    abstract int outputs();

    abstract Layer[] layers();

    /** The updater's state in one row; null where the updater has none. */
    abstract INDArray updaterState();

    /** One update (with truncated BPTT several) on a minibatch. */
    abstract void fit(MultiDataSet minibatch);

    abstract long seed();

    /** Whether sequences are cut into pieces, with an update for each: truncated BPTT. */
    abstract boolean truncates();

    /** Refuses what truncated BPTT would not train, or not as a whole; DL4J says so in its log at most. */
    final void check(ExampleSpec spec) {
        List<Span> all = new ArrayList<>(Arrays.asList(spec.inputs));
        all.addAll(Arrays.asList(spec.outputs));
        long lengths = all.stream().filter(Span::isSequence).map(span -> span.shape[1]).distinct().count();
        boolean pieces = all.stream().allMatch(span -> span.isSequence() || takesWholes() && span.mask == null);
        if (truncates() && !(lengths == 1 && pieces)) {
            throw BridgeException.config("truncated BPTT cuts sequences into pieces: inputs and labels must be sequences of "
                    + "the same length" + (takesWholes() ? ", and what is no sequence has no mask" : "")
                    + "; train with standard backpropagation (backprop_type)", null);
        }
    }

    /** Whether truncated BPTT leaves arrays that are no sequences whole; otherwise there must be none. */
    abstract boolean takesWholes();

    abstract int iteration();

    abstract int epoch();

    /** Sets both counters, in every layer too: schedules of dropout and weight noise look there. */
    abstract void setCounters(int iteration, int epoch);

    final void countLayers(int iteration, int epoch) {
        for (Layer layer : layers()) {
            layer.setIterationCount(iteration);
            layer.setEpochCount(epoch);
        }
    }

    abstract void listen(Collection<TrainingListener> listeners);

    abstract void before(TrainingHook hook, MultiDataSet minibatch);

    abstract void after(TrainingHook hook, MultiDataSet minibatch);

    final INDArray params() {
        return model().params();
    }

    /** Frees what is off the heap now; the collector, which sees small objects only, would take its time. */
    @Override
    public void close() {
        for (INDArray array : Arrays.asList(params(), model().getGradientsViewArray(), updaterState())) {
            if (array != null && array.closeable()) {
                array.close();
            }
        }
    }

    /** What a network of layers takes. */
    static DataSet dataSet(MultiDataSet one) {
        return new DataSet(one.getFeatures(0), one.getLabels(0), one.getFeaturesMaskArray(0), one.getLabelsMaskArray(0));
    }

    /** Frees the scratch memory that networks left with this thread. (ND4J's call for all of it collects garbage too.) */
    static void releaseThread() {
        MemoryWorkspaceManager manager = Nd4j.getWorkspaceManager();
        manager.getAllWorkspacesForCurrentThread().forEach(manager::destroyWorkspace);
    }

    private static final class Layered extends Trainee {
        private final MultiLayerNetwork network;
        private final Precision precision;

        Layered(MultiLayerNetwork network) {
            this.network = network;
            precision = Precision.of(network);
        }

        @Override
        Serializable configuration() {
            return network.getLayerWiseConfigurations().clone();
        }

        @Override
        String json() {
            return network.getLayerWiseConfigurations().toJson();
        }

        @Override
        int inputs() {
            return 1;
        }

        @Override
        int outputs() {
            return 1;
        }

        @Override
        Layer[] layers() {
            return network.getLayers();
        }

        @Override
        Model model() {
            return network;
        }

        @Override
        INDArray updaterState() {
            return network.getUpdater().getStateViewArray();
        }

        @Override
        void fit(MultiDataSet given) {
            MultiDataSet minibatch = precision.of(given);
            network.fit(minibatch.getFeatures(0), minibatch.getLabels(0), minibatch.getFeaturesMaskArray(0),
                    minibatch.getLabelsMaskArray(0));
        }

        @Override
        long seed() {
            return network.getDefaultConfiguration().getSeed();
        }

        @Override
        boolean truncates() {
            return network.getLayerWiseConfigurations().getBackpropType() == BackpropType.TruncatedBPTT;
        }

        @Override
        boolean takesWholes() {
            return false;
        }

        @Override
        int iteration() {
            return network.getIterationCount();
        }

        @Override
        int epoch() {
            return network.getEpochCount();
        }

        @Override
        void setCounters(int iteration, int epoch) {
            network.setIterationCount(iteration);
            network.setEpochCount(epoch);
            countLayers(iteration, epoch);
        }

        @Override
        void listen(Collection<TrainingListener> listeners) {
            network.setListeners(listeners);
        }

        @Override
        void before(TrainingHook hook, MultiDataSet minibatch) {
            hook.preUpdate(dataSet(minibatch), network);
        }

        @Override
        void after(TrainingHook hook, MultiDataSet minibatch) {
            hook.postUpdate(dataSet(minibatch), network);
        }
    }

    private static final class Graph extends Trainee {
        private final ComputationGraph graph;
        private final Precision precision;

        Graph(ComputationGraph graph) {
            this.graph = graph;
            precision = Precision.of(graph);
        }

        @Override
        Serializable configuration() {
            return copy(graph.getConfiguration());
        }

        @Override
        String json() {
            return graph.getConfiguration().toJson();
        }

        @Override
        int inputs() {
            return graph.getNumInputArrays();
        }

        @Override
        int outputs() {
            return graph.getNumOutputArrays();
        }

        @Override
        Layer[] layers() {
            return graph.getLayers();
        }

        @Override
        Model model() {
            return graph;
        }

        @Override
        INDArray updaterState() {
            return graph.getUpdater().getUpdaterStateViewArray();
        }

        @Override
        void fit(MultiDataSet given) {
            MultiDataSet minibatch = precision.of(given);
            Refusal.named(graph, minibatch.getFeatures(), minibatch.getLabels(), () -> {
                graph.fit(minibatch);
                return null;
            });
        }

        @Override
        long seed() {
            return graph.getConfiguration().getDefaultConfiguration().getSeed();
        }

        @Override
        boolean truncates() {
            return graph.getConfiguration().getBackpropType() == BackpropType.TruncatedBPTT;
        }

        @Override
        boolean takesWholes() {
            return true;
        }

        @Override
        int iteration() {
            return graph.getIterationCount();
        }

        @Override
        int epoch() {
            return graph.getEpochCount();
        }

        @Override
        void setCounters(int iteration, int epoch) {
            graph.getConfiguration().setIterationCount(iteration);
            graph.getConfiguration().setEpochCount(epoch);
            countLayers(iteration, epoch);
        }

        @Override
        void listen(Collection<TrainingListener> listeners) {
            graph.setListeners(List.copyOf(listeners));
        }

        @Override
        void before(TrainingHook hook, MultiDataSet minibatch) {
            hook.preUpdate(minibatch, graph);
        }

        @Override
        void after(TrainingHook hook, MultiDataSet minibatch) {
            hook.postUpdate(minibatch, graph);
        }
    }
}
