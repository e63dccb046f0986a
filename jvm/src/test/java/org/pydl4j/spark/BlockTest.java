package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Iterator;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;

/** Examples in flat arrays, and the minibatches that come of them. */
class BlockTest {

    private static ExampleSpec spec(String features, String labels, boolean indices, boolean sparse) {
        return new ExampleSpec(Json.read("{\"features\": {\"inputs\": [{\"shape\": " + features + "}]}, \"labels\": {\"outputs\": "
                + "[{\"shape\": " + labels + ", \"indices\": " + indices + ", \"sparse\": " + sparse + "}]}}"));
    }

    private static Examples random(ExampleSpec spec, int rows, boolean bytes) {
        Random random = new Random(rows);
        Examples examples = new Examples(spec, rows, bytes, true);
        if (bytes) {
            random.nextBytes(examples.bytes());
        } else {
            for (int i = 0; i < examples.floats().length; i++) {
                examples.floats()[i] = (float) random.nextGaussian();
            }
        }
        for (int i = 0; i < examples.labels().length; i++) {
            examples.labels()[i] = spec.outputs[0].indices ? random.nextInt((int) spec.outputs[0].classes()) : random.nextFloat();
        }
        return examples;
    }

    private static Block copy(Block block) throws IOException, ClassNotFoundException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(block);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (Block) in.readObject();
        }
    }

    /** No rows, a few, and more than one piece of the bulk copy. */
    @ParameterizedTest
    @CsvSource({"0, false", "3, false", "3, true", "2000, false", "2000, true"})
    void isTheSameAfterSpilling(int rows, boolean bytes) throws Exception {
        ExampleSpec spec = spec("[300]", "[10]", true, false);
        Block block = new Block(7, random(spec, rows, bytes));
        Block read = copy(block);
        assertEquals(7, read.partition());
        assertEquals(rows, read.size());
        assertArrayEquals(block.examples().floats(), read.examples().floats());
        assertArrayEquals(block.examples().bytes(), read.examples().bytes());
        assertArrayEquals(block.examples().labels(), read.examples().labels());
        assertEquals(block.checksum(), read.checksum());
    }

    @Test
    void checksumKnowsEveryValueAndTheirOrder() {
        ExampleSpec spec = spec("[3]", "[2]", true, false);
        for (boolean bytes : new boolean[] {false, true}) {
            long sum = new Block(0, random(spec, 5, bytes)).checksum();
            for (int i = 0; i < 15; i++) {
                Examples other = random(spec, 5, bytes);
                if (bytes) {
                    other.bytes()[i] ^= 1;
                } else {
                    other.floats()[i] = Math.nextUp(other.floats()[i]);
                }
                assertNotEquals(sum, new Block(0, other).checksum());
            }
            Examples other = random(spec, 5, bytes);
            other.labels()[3] = 1 - other.labels()[3];
            assertNotEquals(sum, new Block(0, other).checksum());
        }
        Examples a = random(spec, 2, false);
        Examples swapped = random(spec, 2, false);
        for (int i = 0; i < 3; i++) {
            swapped.floats()[i] = a.floats()[3 + i];
            swapped.floats()[3 + i] = a.floats()[i];
        }
        assertNotEquals(a.checksum(), swapped.checksum());
    }

    /** Every kind of labels; 23 rows in minibatches of 5, dealt to two workers; twice, as in two epochs. */
    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "[4]; [3]; true; false; false", "[4]; [3]; true; false; true", "[4]; [3]; true; true; false",
        "[4]; [3]; false; false; false", "[2,3]; [4,3]; true; false; false", "[2,3]; [4,3]; false; false; false",
        "[2,3]; [4,3]; true; true; false"})
    void buffersHoldWhatFreshArraysHold(String features, String labels, boolean indices, boolean sparse,
            boolean bytes) {
        ExampleSpec spec = spec(features, labels, indices, sparse);
        Plan plan = new Plan(23, 5, 2, 2, spec.width() * 4L);
        NormalizerStandardize normalizer = new NormalizerStandardize(
                Nd4j.ones(1, spec.inputs[0].shape[0]), Nd4j.ones(1, spec.inputs[0].shape[0]).mul(2));
        try (MinibatchBuffers buffers = new MinibatchBuffers(spec, plan.batch, normalizer)) {
            int seen = 0;
            for (int epoch = 0; epoch < 2; epoch++) {
                for (int p = 0; p < plan.partitions(); p++) {
                    Block block = new Block(p, random(spec, plan.rowsIn(p), bytes));
                    Permutation order = Permutation.of(block.size(), 1, epoch, p);
                    for (long round = 0; round < plan.rounds(); round++) {
                        int minibatch = plan.firstIn(round);
                        Iterator<MultiDataSet> fresh = block.minibatches(plan, round, spec, normalizer, order);
                        while (fresh.hasNext()) {
                            DataSet expected = Trainee.dataSet(fresh.next());
                            MultiDataSet filled = buffers.fill(block.examples(), minibatch++, order);
                            assertEquals(expected.getFeatures(), filled.getFeatures(0));
                            assertEquals(expected.getLabels(), filled.getLabels(0));
                            check(spec, block.examples(), expected, order, (minibatch - 1) * plan.batch);
                            seen += expected.numExamples();
                        }
                        assertEquals(plan.endIn(p, round), minibatch);
                    }
                }
            }
            assertEquals(2 * 23, seen);
        }
    }

    /** Value by value, against the definition. */
    private static void check(ExampleSpec spec, Examples examples, DataSet data, Permutation order, int from) {
        int classes = (int) spec.outputs[0].classes();
        int positions = spec.labels / (spec.outputs[0].indices ? 1 : classes);
        float[] x = data.getFeatures().dup('c').data().asFloat();
        float[] y = data.getLabels().dup('c').data().asFloat();
        for (int i = 0; i < data.numExamples(); i++) {
            int row = (int) order.at(from + i);
            for (int f = 0; f < spec.features; f++) {
                float raw = examples.areBytes() ? examples.bytes()[row * spec.features + f] & 0xFF
                        : examples.floats()[row * spec.features + f];
                assertEquals((raw - 1) / 2, x[i * spec.features + f], 1e-5f);
            }
            for (int l = 0; l < y.length / data.numExamples(); l++) {
                float expected = spec.outputs[0].oneHot()
                        ? examples.labels()[row * positions + l % positions] == l / positions ? 1 : 0
                        : examples.labels()[row * spec.labels + l];
                assertEquals(expected, y[i * (y.length / data.numExamples()) + l]);
            }
        }
    }

    @Test
    void fullMinibatchesShareTheirArrays() {
        ExampleSpec spec = spec("[4]", "[3]", true, false);
        Block block = new Block(0, random(spec, 12, false));
        Permutation order = Permutation.identity(12);
        try (MinibatchBuffers buffers = new MinibatchBuffers(spec, 5, null)) {
            MultiDataSet first = buffers.fill(block.examples(), 0, order);
            assertSame(first, buffers.fill(block.examples(), 1, order));
            assertEquals(2, buffers.fill(block.examples(), 2, order).getFeatures(0).size(0));
            assertSame(first, buffers.fill(block.examples(), 0, order));
        }
    }

    @Test
    void aLabelThatIsNoClassIsRefused() {
        ExampleSpec spec = spec("[4]", "[3]", true, false);
        for (float label : new float[] {-1, 3, 0.5f, Float.NaN}) {
            Examples examples = random(spec, 2, false);
            examples.labels()[1] = label;
            assertThrows(BridgeException.class, () -> new Minibatch(spec, 2, true).fill(examples, 0, null));
        }
    }

    @Test
    void moreThanAnArrayHoldsIsRefusedWithTheArithmetic() {
        ExampleSpec spec = spec("[100000]", "[3]", true, false);
        assertTrue(assertThrows(BridgeException.class, () -> new Examples(spec, 30000, false, true)).getMessage()
                .contains("30,000 rows of 100,000 features"));
    }
}
