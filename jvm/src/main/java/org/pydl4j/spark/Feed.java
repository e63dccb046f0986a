package org.pydl4j.spark;

import java.io.Serializable;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;

/** How the rows of a {@link Block} become what a network trains on. */
interface Feed extends Serializable {

    /** Arrays of a worker's own, to be filled again and again. */
    Source open(int batch);

    /** Makes one minibatch after the other; each is valid until the next is made. */
    interface Source extends AutoCloseable {
        MultiDataSet fill(Block block, int minibatch, Permutation order);

        @Override
        void close();
    }

    /** Rows as an {@link ExampleSpec} describes them, normalised on the way. */
    static Feed of(ExampleSpec spec, DataNormalization normalizer) {
        byte[] bytes = normalizer == null ? null : Normalizers.write(normalizer);
        return batch -> {
            // A copy for each worker: DL4J's normalizers change their statistics when they are first used.
            MinibatchBuffers buffers =
                    new MinibatchBuffers(spec, batch, bytes == null ? null : Normalizers.read(bytes));
            return new Source() {
                @Override
                public MultiDataSet fill(Block block, int minibatch, Permutation order) {
                    return buffers.fill(block.examples(), minibatch, order);
                }

                @Override
                public void close() {
                    buffers.close();
                }
            };
        };
    }
}
