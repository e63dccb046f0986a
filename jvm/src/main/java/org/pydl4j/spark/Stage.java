package org.pydl4j.spark;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.BytePointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Features of a few rows that Python writes straight into ND4J's memory, again and again: one copy, and nothing to be
 * made or let go of for it. For one thread, and networks of one input.
 */
public final class Stage {

    private final Minibatch batch;
    private final INDArray features;

    Stage(ExampleSpec spec, int rows) {
        batch = new Minibatch(spec, rows, false);
        features = batch.features();
    }

    /** The memory itself: float32 in C order. It goes with this object. */
    public ByteBuffer memory() {
        return new BytePointer(features.data().addressPointer()).limit(features.length() * Float.BYTES).asByteBuffer()
                .order(ByteOrder.nativeOrder());
    }

    /** The only output, or the first, for the rows that stand there; their normalized values take their place. */
    public Tensor output(Network network, boolean normalize) throws Exception {
        Native.useOneThread();
        return LocalScorer.output(network, features, normalize);
    }

    /** The same for the next time steps of a recurrent network. */
    public Tensor rnnTimeStep(Network network) throws Exception {
        Native.useOneThread();
        return LocalScorer.rnnTimeStep(network, features).get(0);
    }
}
