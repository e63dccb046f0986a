package org.pydl4j.spark;

import java.io.Serializable;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;

/** How the rows of a {@link Block} become what a network trains on: as they are described, normalised on the way. */
final class Feed implements Serializable {

    private static final long serialVersionUID = 1L;

    private final ExampleSpec spec;
    /** Null where rows are taken as they are. */
    private final byte[] normalizer;

    Feed(ExampleSpec spec, DataNormalization normalizer) {
        this.spec = spec;
        this.normalizer = normalizer == null ? null : Normalizers.write(normalizer);
    }

    /** Arrays of a worker's own. DL4J's normalizers are copied: they change their statistics when they are first used. */
    MinibatchBuffers open(int batch) {
        return new MinibatchBuffers(spec, batch, normalizer == null ? null : Normalizers.read(normalizer));
    }
}
