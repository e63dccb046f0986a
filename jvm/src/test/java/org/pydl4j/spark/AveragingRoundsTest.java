package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.learning.config.Sgd;

/** Training on Spark against plain DL4J on one machine, without Python in between. */
class AveragingRoundsTest extends SparkTest {

    private static MasterSettings settings(int workers, int batch, int frequency) {
        return new MasterSettings(Json.read("{\"num_workers\": " + workers + ", \"batch_size_per_worker\": " + batch
                + ", \"averaging_frequency\": " + frequency + ", \"aggregation_depth\": 2, "
                + "\"worker_prefetch_num_batches\": 0, \"save_updater\": true, \"master\": \"ParameterAveragingTrainingMaster\"}"),
                context.defaultParallelism());
    }

    @Test
    void averagingEveryStepEqualsPlainDl4jOnTheJoinedBatch() {
        float[][] rows = Networks.rows(80);
        MultiLayerNetwork alone = Networks.perceptron(new Sgd(0.1));
        for (int step = 0; step < 5; step++) {
            alone.fit(Networks.dataSet(rows, step * 16, (step + 1) * 16));
        }
        MultiLayerNetwork together = Networks.perceptron(new Sgd(0.1));
        assertTrue(alone.params().sub(together.params()).ameanNumber().doubleValue() > 1e-3);
        try (AveragingRounds rounds = new AveragingRounds(context, new Network(together, null), new GivenRows(context, rows),
                settings(2, 8, 1), false)) {
            rounds.prepare();
            assertEquals(80, rounds.epoch((done, soFar) -> {}).rows);
            assertEquals(5, together.getIterationCount());
        }
        assertEquals(0, alone.params().sub(together.params()).amaxNumber().doubleValue(), 1e-5);
        assertTrue(context.getPersistentRDDs().isEmpty());
    }

    @Test
    void oneWorkerIsPlainDl4jBitForBit() {
        float[][] rows = Networks.rows(30);
        MultiLayerNetwork alone = Networks.perceptron(new org.nd4j.linalg.learning.config.Adam(0.01));
        for (int from = 0; from < 30; from += 8) {
            alone.fit(Networks.dataSet(rows, from, Math.min(30, from + 8)));
        }
        MultiLayerNetwork together = Networks.perceptron(new org.nd4j.linalg.learning.config.Adam(0.01));
        try (AveragingRounds rounds = new AveragingRounds(context, new Network(together, null), new GivenRows(context, rows),
                settings(1, 8, 3), false)) {
            rounds.prepare();
            assertEquals(30, rounds.epoch((done, soFar) -> {}).rows);
        }
        assertEquals(alone.params(), together.params());
        assertEquals(alone.getUpdater().getStateViewArray(), together.getUpdater().getStateViewArray());
    }
}
