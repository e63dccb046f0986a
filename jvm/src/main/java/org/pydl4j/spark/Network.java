package org.pydl4j.spark;

import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;

/** What Python holds on to: a network and, where there is one, the normalizer its inputs go through. */
public final class Network {

    final MultiLayerNetwork model;
    private DataNormalization normalizer;
    private boolean inUse;

    Network(MultiLayerNetwork model, DataNormalization normalizer) {
        this.model = model;
        this.normalizer = normalizer;
    }

    synchronized DataNormalization normalizer() {
        return normalizer;
    }

    synchronized void setNormalizer(DataNormalization fitted) {
        normalizer = fitted;
    }

    /** Claims the network for one fit; two at once would write into the same parameters. */
    synchronized void acquire() {
        if (inUse) {
            throw new BridgeException(BridgeException.Code.TRAINING,
                    "this network is being trained by another fit; wait for it, or train a second network");
        }
        inUse = true;
    }

    synchronized void release() {
        inUse = false;
    }
}
