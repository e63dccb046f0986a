package org.pydl4j.spark;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.pydl4j.spark.helpers.Helpers;

/**
 * A network that answers, of layers or a graph: as {@link Trainee}, the few things for which DL4J's two classes have no
 * common name. For one thread, with parameters that others may have, too: DL4J's networks are not safe to share.
 */
abstract class Inference {

    /** A network from what {@link Trainee#configuration} gave; it shares the parameters. */
    static Inference of(Serializable configuration, INDArray params) {
        Inference made = configuration instanceof MultiLayerConfiguration
                ? Layered.of((MultiLayerConfiguration) configuration, params)
                : new Graph((ComputationGraphConfiguration) configuration, params);
        Helpers.install(made.model());
        return made;
    }

    /** At inference these hand on what they get; where that is the input itself, DL4J finds it outside its workspaces. */
    private static boolean handsOn(org.deeplearning4j.nn.conf.layers.Layer layer) {
        return layer instanceof ActivationLayer || layer instanceof DropoutLayer;
    }

    /** Parameters as DL4J takes them where there are none. */
    private static INDArray orNone(INDArray params) {
        return params == null || params.isEmpty() || params.length() == 0 ? null : params;
    }

    abstract Model model();

    /** One array for each output, detached. */
    abstract INDArray[] output(MultiDataSet minibatch);

    /** Mean loss of a minibatch, regularisation included. */
    abstract double score(MultiDataSet minibatch);

    /** Activations by layer or vertex, in the order of computation, without the inputs. */
    abstract Map<String, INDArray> feedForward(MultiDataSet minibatch, boolean train);

    abstract INDArray[] rnnTimeStep(INDArray[] features);

    abstract void rnnClearPreviousState();

    /** Computes the gradient of a minibatch, as training does; the model then has it until it is cleared. */
    abstract void differentiate(MultiDataSet minibatch);

    /** Layers, and vertices that learn, by what their parameters' names begin with, in the order of the parameters. */
    abstract Map<String, Trainable> learners();

    /** Whether a gradient is divided by the number of examples. */
    abstract boolean averages();

    private static final class Layered extends Inference {
        private final MultiLayerNetwork network;
        private final Precision precision;

        private Layered(MultiLayerNetwork network) {
            this.network = network;
            precision = Precision.of(network);
        }

        static Layered of(MultiLayerConfiguration conf, INDArray params) {
            if (handsOn(conf.getConf(0).getLayer())) {
                conf.setInferenceWorkspaceMode(WorkspaceMode.NONE);
            }
            MultiLayerNetwork network = new MultiLayerNetwork(conf);
            network.init(orNone(params), false);
            return new Layered(network);
        }

        @Override
        Model model() {
            return network;
        }

        /** Masks stay with the layers in some of DL4J's calls, and would hide what comes next. */
        private <T> T masked(MultiDataSet given, Function<MultiDataSet, T> work) {
            MultiDataSet minibatch = precision.of(given);
            network.setLayerMaskArrays(minibatch.getFeaturesMaskArray(0), minibatch.getLabelsMaskArray(0));
            try {
                return work.apply(minibatch);
            } finally {
                network.clearLayerMaskArrays();
            }
        }

        @Override
        INDArray[] output(MultiDataSet given) {
            return masked(given, minibatch -> new INDArray[] {network.output(minibatch.getFeatures(0), false)});
        }

        @Override
        double score(MultiDataSet given) {
            return masked(given, minibatch -> network.score(Trainee.dataSet(minibatch), false));
        }

        @Override
        Map<String, INDArray> feedForward(MultiDataSet given, boolean train) {
            List<INDArray> activations =
                    masked(given, minibatch -> network.feedForward(minibatch.getFeatures(0), train));
            Map<String, INDArray> named = new LinkedHashMap<>();
            for (int i = 0; i < network.getnLayers(); i++) {
                String name = network.getLayer(i).conf().getLayer().getLayerName();
                named.put(name == null ? "layer" + i : name, activations.get(i + 1)); // the first is the input
            }
            return named;
        }

        @Override
        INDArray[] rnnTimeStep(INDArray[] features) {
            return new INDArray[] {network.rnnTimeStep(precision.of(features)[0])};
        }

        @Override
        void rnnClearPreviousState() {
            network.rnnClearPreviousState();
        }

        @Override
        void differentiate(MultiDataSet given) {
            network.initGradientsView();
            masked(given, minibatch -> {
                network.setInput(minibatch.getFeatures(0));
                network.setLabels(minibatch.getLabels(0));
                network.computeGradientAndScore();
                return null;
            });
        }

        @Override
        Map<String, Trainable> learners() {
            Map<String, Trainable> layers = new LinkedHashMap<>();
            for (Layer layer : network.getLayers()) {
                layers.put(String.valueOf(layer.getIndex()), layer);
            }
            return layers;
        }

        @Override
        boolean averages() {
            return network.getDefaultConfiguration().isMiniBatch();
        }
    }

    private static final class Graph extends Inference {
        private final ComputationGraph graph;
        private final Precision precision;

        Graph(ComputationGraphConfiguration conf, INDArray params) {
            boolean handedOn = conf.getVertices().entrySet().stream().anyMatch(vertex ->
                    vertex.getValue() instanceof LayerVertex
                    && handsOn(((LayerVertex) vertex.getValue()).getLayerConf().getLayer())
                    && conf.getNetworkInputs().containsAll(conf.getVertexInputs().get(vertex.getKey())));
            if (handedOn) {
                conf.setInferenceWorkspaceMode(WorkspaceMode.NONE);
            }
            graph = new ComputationGraph(conf);
            graph.init(orNone(params), false);
            precision = Precision.of(graph);
        }

        @Override
        Model model() {
            return graph;
        }

        /** With masks in place, which DL4J would keep for what comes next. */
        private <T> T masked(MultiDataSet given, Function<MultiDataSet, T> work) {
            MultiDataSet minibatch = precision.of(given);
            return Refusal.named(graph, minibatch.getFeatures(), minibatch.getLabels(), () -> {
                graph.setLayerMaskArrays(minibatch.getFeaturesMaskArrays(), minibatch.getLabelsMaskArrays());
                try {
                    return work.apply(minibatch);
                } finally {
                    graph.clearLayerMaskArrays();
                }
            });
        }

        @Override
        INDArray[] output(MultiDataSet given) {
            return masked(given, minibatch -> graph.output(false, minibatch.getFeatures()));
        }

        @Override
        double score(MultiDataSet given) {
            return masked(given, minibatch -> graph.score(minibatch, false));
        }

        @Override
        Map<String, INDArray> feedForward(MultiDataSet given, boolean train) {
            Map<String, INDArray> activations = masked(given, minibatch -> graph.feedForward(minibatch.getFeatures(), train));
            Map<String, INDArray> named = new LinkedHashMap<>();
            for (int index : graph.topologicalSortOrder()) {
                GraphVertex vertex = graph.getVertices()[index];
                if (!vertex.isInputVertex()) {
                    named.put(vertex.getVertexName(), activations.get(vertex.getVertexName()));
                }
            }
            return named;
        }

        @Override
        INDArray[] rnnTimeStep(INDArray[] features) {
            return Refusal.named(graph, features, null, () -> graph.rnnTimeStep(precision.of(features)));
        }

        @Override
        void rnnClearPreviousState() {
            graph.rnnClearPreviousState();
        }

        @Override
        void differentiate(MultiDataSet given) {
            graph.initGradientsView();
            masked(given, minibatch -> {
                graph.setInputs(minibatch.getFeatures());
                graph.setLabels(minibatch.getLabels());
                graph.computeGradientAndScore();
                return null;
            });
        }

        @Override
        Map<String, Trainable> learners() {
            Map<String, Trainable> learners = new LinkedHashMap<>();
            for (int index : graph.topologicalSortOrder()) {
                GraphVertex vertex = graph.getVertices()[index];
                learners.put(vertex.getVertexName(), vertex.hasLayer() ? vertex.getLayer() : vertex);
            }
            return learners;
        }

        @Override
        boolean averages() {
            return graph.getConfiguration().getDefaultConfiguration().isMiniBatch();
        }
    }
}
