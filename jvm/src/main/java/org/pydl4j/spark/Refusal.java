package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a graph cannot compute with, said with names and shapes: DL4J does not record the shapes that a graph takes, so
 * the first to find out that arrays do not fit is its arithmetic, which knows no names.
 */
final class Refusal {

    private Refusal() {}

    /** @param labels null where there are none */
    static <T> T named(ComputationGraph graph, INDArray[] features, INDArray[] labels, Supplier<T> work) {
        try {
            return work.get();
        } catch (BridgeException e) {
            throw e;
        } catch (RuntimeException e) {
            String given = "inputs " + shapes(graph.getConfiguration().getNetworkInputs(), features)
                    + (labels == null ? "" : ", labels " + shapes(graph.getConfiguration().getNetworkOutputs(), labels));
            throw new BridgeException(BridgeException.Code.DATA, "the graph cannot compute with " + given
                    + "; does every array have the shape that its vertex takes? DL4J says: " + Job.message(e), e);
        }
    }

    private static String shapes(List<String> names, INDArray[] arrays) {
        List<String> named = new ArrayList<>();
        for (int i = 0; i < arrays.length; i++) {
            named.add("'" + names.get(i) + "' " + Arrays.toString(arrays[i].shape()));
        }
        return String.join(", ", named);
    }
}
