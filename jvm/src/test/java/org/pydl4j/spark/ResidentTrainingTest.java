package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.api.java.JavaRDD;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.spark.api.TrainingHook;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;

/** Resident workers against DL4J's own master, against plain DL4J on one machine, and against what gets lost. */
class ResidentTrainingTest extends SparkTest {

    private static ResidentAveragingTrainingMaster master(int workers, int batch, int frequency, boolean saveUpdater) {
        return new ResidentAveragingTrainingMaster.Builder(batch).numWorkers(workers).averagingFrequency(frequency)
                .saveUpdater(saveUpdater).build();
    }

    private static void train(ResidentAveragingTrainingMaster master, MultiLayerNetwork network, float[][] rows,
            boolean shuffle, int epochs) throws Exception {
        GivenRows given = new GivenRows(context, rows);
        try (Training fit = master.training(context, new Network(network, null), given, shuffle, epochs)) {
            fit.prepare();
            for (int epoch = 0; epoch < epochs; epoch++) {
                assertEquals(rows.length, fit.epoch((done, soFar) -> {}).rows);
                assertTrue(fit.overheadSeconds() >= 0);
            }
        }
        assertTrue(context.getPersistentRDDs().isEmpty());
    }

    /** What the workers should come to: copies of a network in this thread, averaged by their rows. */
    private static MultiLayerNetwork byHand(MultiLayerNetwork network, float[][] rows, int workers, int batch,
            int frequency, boolean saveUpdater, int epochs) {
        for (int epoch = 0; epoch < epochs; epoch++) {
            for (int from = 0; from < rows.length; from += workers * batch * frequency) {
                INDArray params = network.params().like();
                INDArray updater = network.getUpdater().getStateViewArray().like();
                int iteration = network.getIterationCount();
                int furthest = iteration;
                int end = Math.min(rows.length, from + workers * batch * frequency);
                for (int worker = 0; worker < workers; worker++) {
                    MultiLayerNetwork copy = new MultiLayerNetwork(network.getLayerWiseConfigurations().clone());
                    copy.init(network.params().dup(), false);
                    if (saveUpdater) {
                        copy.getUpdater().getStateViewArray().assign(network.getUpdater().getStateViewArray());
                    }
                    int trained = 0;
                    for (int at = from + worker * batch; at < end; at += workers * batch) {
                        int to = Math.min(end, at + batch);
                        copy.fit(Networks.dataSet(rows, at, to));
                        trained += to - at;
                    }
                    double share = trained / (double) (end - from);
                    params.addi(copy.params().mul(share));
                    updater.addi(copy.getUpdater().getStateViewArray().mul(share));
                    furthest = Math.max(furthest, copy.getIterationCount());
                }
                network.setParams(params);
                if (saveUpdater) {
                    network.getUpdater().getStateViewArray().assign(updater);
                }
                network.setIterationCount(furthest);
            }
        }
        return network;
    }

    private static void assertClose(INDArray expected, INDArray actual) {
        assertEquals(0, expected.sub(actual).amaxNumber().doubleValue(), 2e-6);
    }

    @ParameterizedTest
    @CsvSource({
        "96, 2, 8, 3, true", // equal shares, two rounds
        "96, 2, 8, 3, false",
        "100, 2, 8, 3, true", // a short last minibatch
        "70, 3, 8, 2, true", // a worker without any in the last round; more workers than cores
        "97, 4, 5, 4, false",
        "10, 4, 8, 5, true", // fewer minibatches than workers
        "64, 1, 8, 3, true",
    })
    void averagesCopiesByTheirRows(int count, int workers, int batch, int frequency, boolean saveUpdater)
            throws Exception {
        float[][] rows = Networks.rows(count);
        IUpdater adam = new Adam(0.01);
        MultiLayerNetwork expected =
                byHand(Networks.perceptron(adam), rows, workers, batch, frequency, saveUpdater, 2);
        MultiLayerNetwork network = Networks.perceptron(adam);
        train(master(workers, batch, frequency, saveUpdater), network, rows, false, 2);
        assertClose(expected.params(), network.params());
        if (saveUpdater) {
            assertClose(expected.getUpdater().getStateViewArray(), network.getUpdater().getStateViewArray());
        }
        assertEquals(expected.getIterationCount(), network.getIterationCount());
        assertEquals(2, network.getEpochCount());
    }

    @ParameterizedTest
    @CsvSource({"true, false", "true, true", "false, false"})
    void equalsDl4jsMasterWhereSharesAreEqual(boolean saveUpdater, boolean shuffle) throws Exception {
        float[][] rows = Networks.rows(2 * 8 * 3 * 4);
        MultiLayerNetwork stock = Networks.perceptron(new Adam(0.01));
        MasterSettings settings = new MasterSettings(Json.read("{\"master\": \"ParameterAveragingTrainingMaster\", "
                + "\"num_workers\": 2, \"batch_size_per_worker\": 8, \"averaging_frequency\": 3, "
                + "\"aggregation_depth\": 2, \"worker_prefetch_num_batches\": 0, \"save_updater\": " + saveUpdater + "}"),
                context.defaultParallelism());
        try (Training fit = settings.training(context, new Network(stock, null), new GivenRows(context, rows), shuffle,
                2)) {
            fit.prepare();
            fit.epoch((done, soFar) -> {});
            fit.epoch((done, soFar) -> {});
        }
        MultiLayerNetwork ours = Networks.perceptron(new Adam(0.01));
        train(master(2, 8, 3, saveUpdater), ours, rows, shuffle, 2);
        assertClose(stock.params(), ours.params());
        assertEquals(stock.getIterationCount(), ours.getIterationCount());
    }

    @Test
    void oneWorkerIsPlainDl4jBitForBit() throws Exception {
        float[][] rows = Networks.rows(30);
        MultiLayerNetwork alone = Networks.perceptron(new Adam(0.01));
        for (int from = 0; from < 30; from += 8) {
            alone.fit(Networks.dataSet(rows, from, Math.min(30, from + 8)));
        }
        MultiLayerNetwork together = Networks.perceptron(new Adam(0.01));
        train(master(1, 8, 3, true), together, rows, false, 1);
        assertEquals(alone.params(), together.params());
        assertEquals(alone.getUpdater().getStateViewArray(), together.getUpdater().getStateViewArray());
    }

    @Test
    void averagingEveryStepIsPlainDl4jOnTheJoinedBatch() throws Exception {
        float[][] rows = Networks.rows(80);
        MultiLayerNetwork alone = Networks.perceptron(new Sgd(0.1));
        for (int step = 0; step < 5; step++) {
            alone.fit(Networks.dataSet(rows, step * 16, (step + 1) * 16));
        }
        MultiLayerNetwork together = Networks.perceptron(new Sgd(0.1));
        train(master(2, 8, 1, true), together, rows, false, 1);
        assertClose(alone.params(), together.params());
    }

    /** Fails a task in the middle of some minibatches. */
    private static final class Failing implements TrainingHook {
        private static final long serialVersionUID = 1L;
        private static final AtomicInteger SEEN = new AtomicInteger();
        private final List<Integer> failing;

        Failing(Integer... failing) {
            this.failing = new ArrayList<>(Arrays.asList(failing));
            SEEN.set(0);
        }

        @Override
        public void preUpdate(DataSet minibatch, Model model) {}

        @Override
        public void postUpdate(DataSet minibatch, Model model) {
            if (failing.contains(SEEN.getAndIncrement())) {
                throw new IllegalStateException("a task is lost here, on purpose");
            }
        }

        @Override
        public void preUpdate(MultiDataSet minibatch, Model model) {}

        @Override
        public void postUpdate(MultiDataSet minibatch, Model model) {
            postUpdate((DataSet) null, model);
        }
    }

    @ParameterizedTest
    @CsvSource({"2", "3"})
    void lostTasksChangeNothing(int workers) throws Exception {
        float[][] rows = Networks.rows(200);
        MultiLayerNetwork calm = Networks.withDropout();
        train(master(workers, 8, 2, true), calm, rows, true, 3);
        MultiLayerNetwork disturbed = Networks.withDropout();
        ResidentAveragingTrainingMaster master = master(workers, 8, 2, true);
        Failing failing = new Failing(0, 7, 30, 51);
        master.addHook(failing);
        train(master, disturbed, rows, true, 3);
        assertTrue(Failing.SEEN.get() > 75, "tasks were tried again: " + Failing.SEEN);
        assertEquals(calm.params(), disturbed.params());
        assertEquals(calm.getUpdater().getStateViewArray(), disturbed.getUpdater().getStateViewArray());
    }

    @Test
    void aTaskThatFailsAgainAndAgainEndsTheFitAtTheLastAverage() throws Exception {
        float[][] rows = Networks.rows(96);
        MultiLayerNetwork network = Networks.perceptron(new Adam(0.01));
        ResidentAveragingTrainingMaster master = master(1, 8, 3, true);
        master.addHook(new Failing(7, 8, 9, 10, 11, 12, 13, 14, 15));
        Exception failure = assertThrows(Exception.class, () -> train(master, network, rows, false, 1));
        assertTrue(Job.message(failure).contains("on purpose"), failure.toString());
        MultiLayerNetwork expected = Networks.perceptron(new Adam(0.01));
        byHand(expected, Arrays.copyOf(rows, 48), 1, 8, 3, true, 1);
        assertEquals(expected.params(), network.params());
        assertEquals(6, network.getIterationCount());
        assertEquals(0, network.getEpochCount());
        assertTrue(context.getPersistentRDDs().isEmpty());
    }

    /** Runs out of memory. */
    private static final class Greedy implements TrainingHook {
        private static final long serialVersionUID = 1L;

        @Override
        public void preUpdate(DataSet minibatch, Model model) {
            throw new OutOfMemoryError("Java heap space");
        }

        @Override
        public void postUpdate(DataSet minibatch, Model model) {}

        @Override
        public void preUpdate(MultiDataSet minibatch, Model model) {}

        @Override
        public void postUpdate(MultiDataSet minibatch, Model model) {}
    }

    @Test
    void aWorkerOutOfMemoryNamesWhatToRaise() {
        ResidentAveragingTrainingMaster master = master(1, 8, 3, true);
        master.addHook(new Greedy());
        Exception failure = assertThrows(Exception.class,
                () -> train(master, Networks.perceptron(new Sgd(0.1)), Networks.rows(20), false, 1));
        String message = Job.message(failure);
        assertTrue(message.contains("a worker ran out of memory (Java heap space)"), message);
        assertTrue(message.contains("raise spark.driver.memory"), message);
    }

    /** Whose numbers are others whenever they are asked for. */
    private static final class Unsteady extends SparkRows {
        private static final AtomicInteger READ = new AtomicInteger();
        private final SparkRows steady;

        Unsteady(SparkRows steady) {
            super(steady.spec, "training data");
            this.steady = steady;
        }

        @Override
        JavaRDD<Examples> ordered() {
            return steady.ordered();
        }

        @Override
        List<Scan> scanPartitions(boolean withMoments) {
            return steady.scanPartitions(withMoments);
        }

        @Override
        JavaRDD<Block> arrange(Plan plan, Permutation order) {
            return steady.arrange(plan, order).map(block -> {
                block.examples().floats()[0] = READ.incrementAndGet();
                return block;
            });
        }
    }

    @Test
    void rowsThatAreOthersWhenTheyAreReadAgainAreRefused() throws Exception {
        MultiLayerNetwork network = Networks.perceptron(new Sgd(0.1));
        try (Training fit = master(2, 8, 3, true).training(context, new Network(network, null),
                new Unsteady(new GivenRows(context, Networks.rows(50))), false, 2)) {
            fit.prepare();
            fit.epoch((done, soFar) -> {});
            context.getPersistentRDDs().values().forEach(lost -> lost.unpersist(true));
            Exception refused = assertThrows(Exception.class, () -> fit.epoch((done, soFar) -> {}));
            assertEquals("DATA", BridgeException.within(refused).code());
            assertTrue(refused.getMessage().contains("the rows changed during the fit"), refused.getMessage());
        }
    }

    @Test
    void averagesAreExactWhereAllAgree() {
        INDArray params = Networks.perceptron(new Sgd(0.1)).params();
        params.putScalar(0, -0.0f);
        byte[] same = RawArray.read(params);
        assertArrayEquals(same, Average.of(List.of(same, same.clone(), same.clone()), new long[] {1, 7, 3}, false, null));
    }
}
