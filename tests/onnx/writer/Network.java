package org.pydl4j.fixtures;

import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What a case needs of a network, of whichever kind. */
interface Network {
    Model model();

    /** The flat vector, as a view; empty where there are no parameters, for which M2 gives null. */
    default INDArray params() {
        INDArray flat = model().params();
        return flat == null ? Nd4j.empty(DataType.FLOAT) : flat;
    }

    List<String> inputs();

    List<String> outputs();

    /** The network that DL4J reads from this file. */
    Network read(File file) throws IOException;

    /** The output of inference. An absent mask is null, and so is {@code masks} where there is none at all. */
    INDArray[] output(INDArray[] x, INDArray[] masks);

    /** One call of rnnTimeStep; the state stays for the next. */
    INDArray[] step(INDArray[] x);

    /** The parameters of each layer or vertex, in the order of the flat vector, as views on it. */
    List<Part> parts();

    /** A layer of a sequence, which has no name, or a vertex. */
    record Part(String vertex, Map<String, INDArray> params) {}

    record Sequence(MultiLayerNetwork model) implements Network {
        @Override
        public List<String> inputs() {
            return List.of("input");
        }

        @Override
        public List<String> outputs() {
            return List.of("output");
        }

        @Override
        public Network read(File file) throws IOException {
            return new Sequence(MultiLayerNetwork.load(file, false));
        }

        @Override
        public INDArray[] output(INDArray[] x, INDArray[] masks) {
            return new INDArray[] {model.output(x[0], false, masks == null ? null : masks[0], null)};
        }

        @Override
        public INDArray[] step(INDArray[] x) {
            return new INDArray[] {model.rnnTimeStep(x[0])};
        }

        @Override
        public List<Part> parts() {
            List<Part> parts = new ArrayList<>();
            for (Layer layer : model.getLayers()) {
                parts.add(new Part(null, orEmpty(layer.paramTable())));
            }
            return parts;
        }
    }

    record Graph(ComputationGraph model) implements Network {
        @Override
        public List<String> inputs() {
            return model.getConfiguration().getNetworkInputs();
        }

        @Override
        public List<String> outputs() {
            return model.getConfiguration().getNetworkOutputs();
        }

        @Override
        public Network read(File file) throws IOException {
            return new Graph(ComputationGraph.load(file, false));
        }

        @Override
        public INDArray[] output(INDArray[] x, INDArray[] masks) {
            return model.output(false, x, masks);
        }

        @Override
        public INDArray[] step(INDArray[] x) {
            return model.rnnTimeStep(x);
        }

        @Override
        public List<Part> parts() {
            List<Part> parts = new ArrayList<>();
            for (int index : model.topologicalSortOrder()) {
                GraphVertex vertex = model.getVertices()[index];
                if (vertex.numParams() > 0) {
                    parts.add(new Part(vertex.getVertexName(), orEmpty(vertex.paramTable(false))));
                }
            }
            return parts;
        }
    }

    private static Map<String, INDArray> orEmpty(Map<String, INDArray> table) {
        return table == null ? new LinkedHashMap<>() : table;
    }
}
