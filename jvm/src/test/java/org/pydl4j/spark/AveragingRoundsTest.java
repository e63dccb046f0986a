package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.learning.config.Sgd;

/** Training on Spark against plain DL4J on one machine, without Python in between. */
class AveragingRoundsTest {

    private static JavaSparkContext context;

    @BeforeAll
    static void start() {
        context = new JavaSparkContext(new SparkConf().setMaster("local[2]").setAppName("test")
                .set("spark.ui.enabled", "false").set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.driver.host", "127.0.0.1"));
    }

    @AfterAll
    static void stop() {
        context.stop();
    }

    /** Rows from memory, in their order. */
    private static final class GivenRows extends Rows {
        private final float[][] rows;

        GivenRows(float[][] rows) {
            super(Networks.spec(), "test data");
            this.rows = rows;
        }

        @Override
        JavaRDD<Examples> ordered() {
            return context.parallelize(List.of(Networks.examples(rows)), 1);
        }

        @Override
        List<Scan> scanPartitions(boolean withMoments) {
            Scan scan = new Scan(spec, withMoments);
            scan.add(Networks.examples(rows));
            return List.of(scan.partitionDone());
        }

        @Override
        JavaRDD<Block> arrange(Plan plan, Permutation order) {
            float[][] all = rows;
            List<Integer> partitions = new java.util.ArrayList<>();
            for (int p = 0; p < plan.partitions(); p++) {
                partitions.add(p);
            }
            return context.parallelize(partitions, plan.partitions()).map(p -> {
                float[][] some = new float[plan.rowsIn(p)][];
                for (int i = 0; i < some.length; i++) {
                    some[i] = all[(int) order.at(plan.position(p, i))];
                }
                return new Block(p, Networks.examples(some));
            });
        }
    }

    private static MasterSettings settings(int workers, int batch, int frequency) {
        return new MasterSettings(Json.read("{\"num_workers\": " + workers + ", \"batch_size_per_worker\": " + batch
                + ", \"averaging_frequency\": " + frequency + ", \"aggregation_depth\": 2, "
                + "\"worker_prefetch_num_batches\": 0, \"save_updater\": true}"), context);
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
        try (AveragingRounds rounds = new AveragingRounds(context, together, null, new GivenRows(rows),
                settings(2, 8, 1), false)) {
            rounds.prepare();
            for (long step = 0; step < rounds.rounds(); step++) {
                rounds.round(step);
            }
            assertEquals(80, rounds.totals().rows);
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
        try (AveragingRounds rounds = new AveragingRounds(context, together, null, new GivenRows(rows),
                settings(1, 8, 3), false)) {
            rounds.prepare();
            rounds.round(0);
            rounds.round(1);
        }
        assertEquals(alone.params(), together.params());
        assertEquals(alone.getUpdater().getStateViewArray(), together.getUpdater().getStateViewArray());
    }
}
