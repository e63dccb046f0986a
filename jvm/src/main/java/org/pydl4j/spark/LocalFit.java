package org.pydl4j.spark;

import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** A fit in this JVM alone, on rows in memory. */
final class LocalFit extends Fit {

    private final Network network;
    private final MemoryRows training;
    private final MemoryRows validation;

    LocalFit(Network network, MemoryRows training, MemoryRows validation, JsonNode settings) {
        super(network, training, validation, settings);
        this.network = network;
        this.training = training;
        this.validation = validation;
    }

    @Override
    Training training(JsonNode master, boolean shuffle, int epochs) {
        return new LocalTraining(network, training, new MasterSettings(master, 1), shuffle);
    }

    @Override
    ObjectNode evaluate(Evaluations wanted, int output) throws Exception {
        return LocalScorer.evaluate(network, validation, wanted, output, () -> false);
    }
}
