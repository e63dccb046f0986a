package org.pydl4j.spark.helpers;

import org.apache.spark.unsafe.Platform;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What a layer computed in the forward pass, for the backward pass of the same iteration.
 *
 * <p>The workspace tells whether it is the same: DL4J opens the one for activations before a forward pass, closes it
 * after the backward pass that belongs to it, and counts. Outside workspaces nothing is kept. A copy is, because
 * activation functions and dropout write over what was computed.
 */
final class Kept {

    private INDArray input;
    private INDArray weights;
    private MemoryWorkspace workspace;
    private long generation;
    private INDArray copy;

    void put(INDArray input, INDArray weights, INDArray computed) {
        this.input = null;
        workspace = computed.isAttached() ? computed.data().getParentWorkspace() : null;
        if (workspace == null) {
            return;
        }
        generation = workspace.getGenerationId();
        if (copy == null || !copy.equalShapes(computed)) {
            try (MemoryWorkspace none = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
                copy = Nd4j.createUninitialized(computed.dataType(), computed.shape(), 'c');
            }
        }
        Platform.copyMemory(null, Floats.address(computed), null, Floats.address(copy), Float.BYTES * computed.length());
        this.weights = weights;
        this.input = input;
    }

    /** What was put for these very arrays in this iteration, once; or null. */
    INDArray take(INDArray input, INDArray weights) {
        boolean isIt = this.input == input && this.weights == weights && workspace.isScopeActive()
                && workspace.getGenerationId() == generation;
        forget();
        return isIt ? copy : null;
    }

    void forget() {
        input = null;
        weights = null;
        workspace = null;
    }
}
