package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Workers without Spark against workers on Spark: the same bits. And what surrounds a network in one JVM. */
class LocalTrainingTest extends SparkTest {

    /** Rows in buffers of {@code perSegment} rows, as Python lends them. */
    static MemoryRows lent(float[][] rows, int perSegment) {
        int segments = (int) Plan.ceilDiv(rows.length, perSegment);
        ByteBuffer[] x = new ByteBuffer[segments];
        ByteBuffer[] y = new ByteBuffer[segments];
        for (int s = 0; s < segments; s++) {
            int from = s * perSegment;
            int count = Math.min(perSegment, rows.length - from);
            x[s] = buffer(count * Networks.FEATURES);
            y[s] = buffer(count);
            for (int i = from; i < from + count; i++) {
                for (int f = 0; f < Networks.FEATURES; f++) {
                    x[s].putFloat(rows[i][f]);
                }
                y[s].putFloat(rows[i][Networks.FEATURES]);
            }
            x[s].rewind();
            y[s].rewind();
        }
        return LocalBridge.rows(x, false, y, rows.length, Networks.spec(), "test data");
    }

    /** As JPype makes them: whatever their order is said to be, the values are the machine's own. */
    private static ByteBuffer buffer(int floats) {
        return ByteBuffer.allocateDirect(floats * Float.BYTES).order(ByteOrder.nativeOrder());
    }

    private static MasterSettings settings(int workers, int batch, int frequency) {
        return new MasterSettings(json(workers, batch, frequency), 1);
    }

    private static JsonNode json(int workers, int batch, int frequency) {
        return Json.object().put("master", "ResidentAveragingTrainingMaster").put("num_workers", workers)
                .put("batch_size_per_worker", batch).put("averaging_frequency", frequency).put("save_updater", true)
                .put("round_timeout", 600);
    }

    private static void assertSameBits(MultiLayerNetwork expected, MultiLayerNetwork actual) {
        assertArrayEquals(RawArray.read(expected.params()), RawArray.read(actual.params()));
        assertArrayEquals(RawArray.read(expected.getUpdater().getStateViewArray()),
                RawArray.read(actual.getUpdater().getStateViewArray()));
        assertEquals(expected.getIterationCount(), actual.getIterationCount());
        assertEquals(expected.getEpochCount(), actual.getEpochCount());
    }

    @ParameterizedTest
    @CsvSource({
        "96, 1, 8, 3, true, false",
        "97, 1, 8, 5, false, true",
        "96, 2, 8, 3, true, false",
        "100, 2, 8, 3, true, true", // a short last minibatch
        "70, 3, 8, 2, true, true", // a worker without any in the last round
        "10, 4, 8, 5, false, false", // fewer minibatches than workers
    })
    void trainsToTheBitsOfTrainingOnSpark(int count, int workers, int batch, int frequency, boolean shuffle,
            boolean dropout) throws Exception {
        float[][] rows = Networks.rows(count);
        Supplier<MultiLayerNetwork> made = () -> dropout ? Networks.withDropout() : Networks.perceptron(new Adam(0.01));
        MultiLayerNetwork expected = made.get();
        try (Training fit = settings(workers, batch, frequency)
                .training(context, new Network(expected, null), new GivenRows(context, rows), shuffle, 2)) {
            fit.prepare();
            fit.epoch((done, soFar) -> {});
            fit.epoch((done, soFar) -> {});
        }
        MultiLayerNetwork network = made.get();
        try (Training fit = new LocalTraining(new Network(network, null), lent(rows, 7),
                settings(workers, batch, frequency), shuffle)) {
            fit.prepare();
            for (int epoch = 0; epoch < 2; epoch++) {
                WorkerTally.Totals totals = fit.epoch((done, soFar) -> {});
                assertEquals(count, totals.rows);
            }
        }
        assertSameBits(expected, network);
        assertNotEquals(made.get().params(), network.params());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void minibatchesFromPythonTrainLikeThoseOfThePlan(int workers) throws Exception {
        float[][] rows = Networks.rows(75);
        MultiLayerNetwork expected = Networks.withDropout();
        try (Training fit = new LocalTraining(new Network(expected, null), lent(rows, 75), settings(workers, 8, 2),
                false)) {
            fit.prepare();
            fit.epoch((done, soFar) -> {});
        }
        MultiLayerNetwork network = Networks.withDropout();
        try (StreamFit fit = new StreamFit(new Network(network, null), json(workers, 8, 2))) {
            for (int from = 0; from < rows.length; from += 8 * workers * 2) {
                for (int at = from; at < Math.min(rows.length, from + 8 * workers * 2); at += 8) {
                    float[][] some = java.util.Arrays.copyOfRange(rows, at, Math.min(rows.length, at + 8));
                    LocalBridge.give(fit, lent(some, 8));
                }
                LocalBridge.round(fit);
            }
            JsonNode event = Json.read(LocalBridge.endEpoch(fit));
            assertEquals(75, event.get("rows").asInt());
            assertEquals(10, event.get("minibatches").asInt());
        }
        assertSameBits(expected, network);
    }

    @Test
    void aFailureInAWorkerEndsTheFitAndLeavesTheLastAverage() throws Exception {
        float[][] rows = Networks.rows(64);
        MultiLayerNetwork network = Networks.perceptron(new Adam(0.01));
        INDArray[] first = new INDArray[1];
        try (Training fit = new LocalTraining(new Network(network, null), lent(rows, 64), settings(2, 8, 1), false)) {
            fit.prepare();
            assertThrows(IllegalStateException.class, () -> fit.epoch((done, soFar) -> {
                if (done == 2) {
                    throw new IllegalStateException("enough");
                }
            }));
            first[0] = network.params().dup();
        }
        assertEquals(2, network.getIterationCount());
        assertEquals(0, network.getEpochCount());
        assertEquals(first[0], network.params());
    }

    @Test
    void nobodyComputesWithANetworkWhileItIsTrained() throws Exception {
        Network network = new Network(Networks.perceptron(new Adam(0.01)), null);
        CountDownLatch training = new CountDownLatch(1);
        CountDownLatch asked = new CountDownLatch(1);
        Thread other = new Thread(() -> {
            try {
                network.train(() -> {
                    training.countDown();
                    return asked.await(30, TimeUnit.SECONDS);
                });
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        other.start();
        training.await();
        BridgeException refused = assertThrows(BridgeException.class, () -> LocalBridge.params(network));
        assertTrue(refused.getMessage().contains("being trained by a fit in another thread"), refused.getMessage());
        asked.countDown();
        other.join();
        LocalBridge.params(network).close();
    }

    @Test
    void aJobStandsStillUntilItsEventHasBeenDealtWith() throws Exception {
        boolean[] wentOn = new boolean[1];
        Job job = new Job(me -> {
            me.tellAndWait(Json.object().put("event", "epoch"));
            wentOn[0] = true;
            return "result";
        }).start();
        assertEquals("epoch", Json.read(job.poll(10_000)).get(0).get("event").asText());
        Thread.sleep(100);
        assertTrue(!wentOn[0]);
        assertEquals("done", Json.read(job.poll(10_000)).get(0).get("event").asText());
        assertTrue(wentOn[0]);
        assertEquals("result", job.result());
        Job other = new Job(me -> {
            me.tellAndWait(Json.object().put("event", "epoch"));
            return null;
        }).start();
        other.cancel(10_000); // ends the wait
        assertEquals("done", Json.read(other.poll(1000)).get(1).get("event").asText());
    }

    @Test
    void outputsAreTheSameOnManyCoresAndOnSpark() throws Exception {
        float[][] rows = Networks.rows(300_000); // several pieces
        MemoryRows all = lent(rows, 100_000);
        assertTrue(all.pieces().count() > 1);
        Network network = new Network(Networks.perceptron(new Adam(0.01)), null);
        Tensor together = LocalScorer.outputs(network, all, true, () -> false).get(0);
        assertEquals("f4 300000 3", together.header());
        ByteBuffer values = together.part(0);
        for (int from : new int[] {0, 256, 299_776}) {
            int count = Math.min(256, rows.length - from);
            Stage stage = LocalBridge.stage(all.spec, count);
            java.nio.FloatBuffer memory = stage.memory().asFloatBuffer();
            for (int i = 0; i < count; i++) {
                memory.put(rows[from + i], 0, Networks.FEATURES);
            }
            Tensor few = stage.output(network, true);
            for (int i = 0; i < count * 3; i++) {
                assertEquals(few.part(0).getFloat(i * 4), values.getFloat((from * 3 + i) * 4));
            }
            few.close();
        }
        together.close();
        JsonNode local = LocalScorer.evaluate(network, all, Evaluations.CLASSIFICATION, 0, () -> false);
        assertEquals(300_000, local.get("rows").asInt());
    }

    @Test
    void tensorsCarryViewsAndOtherOrders() {
        INDArray array = Nd4j.arange(24).reshape('c', 2, 3, 4).castTo(org.nd4j.linalg.api.buffer.DataType.FLOAT);
        Tensor turned = Tensor.of(array.permute(2, 0, 1).dup('f'));
        assertEquals("f4 4 2 3", turned.header());
        assertEquals(4f, turned.part(0).getFloat(4));
        assertEquals(12f, turned.part(0).getFloat(12));
        turned.close();
        Tensor bytes = Tensor.of(new byte[] {1, 2, 3});
        assertEquals("u1 3", bytes.header());
        assertEquals(3, bytes.part(0).get(2));
    }
}
