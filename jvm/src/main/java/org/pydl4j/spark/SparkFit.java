package org.pydl4j.spark;

import org.apache.spark.api.java.JavaSparkContext;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** A fit on Spark, by one of the training masters. */
final class SparkFit extends Fit {

    private final JavaSparkContext context;
    private final Network network;
    private final SparkRows training;
    private final SparkRows validation;

    SparkFit(JavaSparkContext context, Network network, SparkRows training, SparkRows validation, JsonNode settings) {
        super(network, training, validation, settings);
        this.context = context;
        this.network = network;
        this.training = training;
        this.validation = validation;
    }

    @Override
    Training training(JsonNode master, boolean shuffle, int epochs) {
        return new MasterSettings(master, context.defaultParallelism())
                .training(context, network, training, shuffle, epochs);
    }

    @Override
    ObjectNode evaluate(Evaluations wanted, int output) {
        return Scorer.evaluate(context, network, validation, wanted, output);
    }
}
