package org.pydl4j.spark;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
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
import org.nd4j.linalg.dataset.DataSet;
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

    abstract Model model();

    /** One array for each output, detached. */
    abstract INDArray[] output(INDArray[] features);

    /** Mean loss of a minibatch, regularisation included. */
    abstract double score(MultiDataSet minibatch);

    /** Activations by layer or vertex, in the order of computation, without the inputs. */
    abstract Map<String, INDArray> feedForward(INDArray[] features, boolean train);

    abstract INDArray[] rnnTimeStep(INDArray[] features);

    abstract void rnnClearPreviousState();

    /** Computes the gradient of a minibatch, as training does; the model then has it until it is cleared. */
    abstract void differentiate(MultiDataSet minibatch);

    /** Layers by what their parameters' names begin with, in the order of the parameters. */
    abstract Map<String, Layer> layers();

    /** Whether a gradient is divided by the number of examples. */
    abstract boolean averages();

    private static final class Layered extends Inference {
        private final MultiLayerNetwork network;

        private Layered(MultiLayerNetwork network) {
            this.network = network;
        }

        static Layered of(MultiLayerConfiguration conf, INDArray params) {
            if (handsOn(conf.getConf(0).getLayer())) {
                conf.setInferenceWorkspaceMode(WorkspaceMode.NONE);
            }
            MultiLayerNetwork network = new MultiLayerNetwork(conf);
            network.init(params, false);
            return new Layered(network);
        }

        @Override
        Model model() {
            return network;
        }

        @Override
        INDArray[] output(INDArray[] features) {
            return new INDArray[] {network.output(features[0], false)};
        }

        @Override
        double score(MultiDataSet minibatch) {
            return network.score(new DataSet(minibatch.getFeatures(0), minibatch.getLabels(0)), false);
        }

        @Override
        Map<String, INDArray> feedForward(INDArray[] features, boolean train) {
            List<INDArray> activations = network.feedForward(features[0], train);
            Map<String, INDArray> named = new LinkedHashMap<>();
            for (int i = 0; i < network.getnLayers(); i++) {
                String name = network.getLayer(i).conf().getLayer().getLayerName();
                named.put(name == null ? "layer" + i : name, activations.get(i + 1)); // the first is the input
            }
            return named;
        }

        @Override
        INDArray[] rnnTimeStep(INDArray[] features) {
            return new INDArray[] {network.rnnTimeStep(features[0])};
        }

        @Override
        void rnnClearPreviousState() {
            network.rnnClearPreviousState();
        }

        @Override
        void differentiate(MultiDataSet minibatch) {
            network.initGradientsView();
            network.setInput(minibatch.getFeatures(0));
            network.setLabels(minibatch.getLabels(0));
            network.computeGradientAndScore();
        }

        @Override
        Map<String, Layer> layers() {
            Map<String, Layer> layers = new LinkedHashMap<>();
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

        Graph(ComputationGraphConfiguration conf, INDArray params) {
            boolean handedOn = conf.getVertices().entrySet().stream().anyMatch(vertex ->
                    vertex.getValue() instanceof LayerVertex
                    && handsOn(((LayerVertex) vertex.getValue()).getLayerConf().getLayer())
                    && conf.getNetworkInputs().containsAll(conf.getVertexInputs().get(vertex.getKey())));
            if (handedOn) {
                conf.setInferenceWorkspaceMode(WorkspaceMode.NONE);
            }
            graph = new ComputationGraph(conf);
            graph.init(params, false);
        }

        @Override
        Model model() {
            return graph;
        }

        @Override
        INDArray[] output(INDArray[] features) {
            return Refusal.named(graph, features, null, () -> graph.output(false, features));
        }

        @Override
        double score(MultiDataSet minibatch) {
            return Refusal.named(graph, minibatch.getFeatures(), minibatch.getLabels(),
                    () -> graph.score(minibatch, false));
        }

        @Override
        Map<String, INDArray> feedForward(INDArray[] features, boolean train) {
            Map<String, INDArray> activations =
                    Refusal.named(graph, features, null, () -> graph.feedForward(features, train));
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
            return Refusal.named(graph, features, null, () -> graph.rnnTimeStep(features));
        }

        @Override
        void rnnClearPreviousState() {
            graph.rnnClearPreviousState();
        }

        @Override
        void differentiate(MultiDataSet minibatch) {
            graph.initGradientsView();
            graph.setInputs(minibatch.getFeatures());
            graph.setLabels(minibatch.getLabels());
            Refusal.named(graph, minibatch.getFeatures(), minibatch.getLabels(), () -> {
                graph.computeGradientAndScore();
                return null;
            });
        }

        @Override
        Map<String, Layer> layers() {
            Map<String, Layer> layers = new LinkedHashMap<>();
            for (int index : graph.topologicalSortOrder()) {
                GraphVertex vertex = graph.getVertices()[index];
                if (vertex.hasLayer()) {
                    layers.put(vertex.getVertexName(), vertex.getLayer());
                }
            }
            return layers;
        }

        @Override
        boolean averages() {
            return graph.getConfiguration().getDefaultConfiguration().isMiniBatch();
        }
    }
}
