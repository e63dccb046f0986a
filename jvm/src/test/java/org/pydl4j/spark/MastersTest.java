package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.evaluation.IEvaluation;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.evaluation.regression.RegressionEvaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Networks of layers and graphs, with masks and with truncated BPTT: by every master what DL4J's own loop makes of them. */
class MastersTest extends SparkTest {

    private static final String RESIDENT = "ResidentAveragingTrainingMaster";
    private static final String STOCK = "ParameterAveragingTrainingMaster";

    private static MasterSettings settings(String master, int workers) {
        return new MasterSettings(Json.object().put("master", master).put("num_workers", workers)
                .put("batch_size_per_worker", 16).put("averaging_frequency", workers == 1 ? 2 : 1).put("save_updater", true)
                .put("round_timeout", 600).put("aggregation_depth", 2).put("worker_prefetch_num_batches", 0), 2);
    }

    /** Trains two epochs; gives the last one's totals. */
    private static WorkerTally.Totals train(Training training) throws Exception {
        try (Training fit = training) {
            fit.prepare();
            assertEquals(Case.ROWS, fit.epoch((done, soFar) -> {}).rows);
            return fit.epoch((done, soFar) -> {});
        }
    }

    private static void assertSameBits(Trainee expected, Trainee actual) {
        assertArrayEquals(RawArray.read(expected.params()), RawArray.read(actual.params()));
        assertArrayEquals(RawArray.read(expected.updaterState()), RawArray.read(actual.updaterState()));
        assertEquals(expected.iteration(), actual.iteration());
        assertEquals(expected.epoch(), actual.epoch());
    }

    @ParameterizedTest
    @ValueSource(strings = {"layers", "layers in pieces", "merged", "masked", "in pieces"})
    void oneWorkerTrainsToTheBitsOfDl4jsOwnLoop(String kind) throws Exception {
        Case given = Case.of(kind);
        Trainee expected = given.plainly(16, 2);
        assertEquals(kind.endsWith("in pieces") ? 12 : 6, expected.iteration());
        assertNotEquals(given.network().trainee.params(), expected.params());
        Network local = given.network();
        WorkerTally.Totals totals = train(new LocalTraining(local, given.lent(0, Case.ROWS), settings(RESIDENT, 1), false));
        assertEquals(Case.ROWS, totals.rows);
        assertEquals(3, totals.minibatches);
        assertTrue(Double.isFinite(totals.score()));
        assertSameBits(expected, local.trainee);
        for (String master : List.of(RESIDENT, STOCK)) {
            Network network = given.network();
            WorkerTally.Totals onSpark =
                    train(settings(master, 1).training(context, network, given.laidOut(context), false, 2));
            assertSameBits(expected, network.trainee);
            assertEquals(totals.score(), onSpark.score());
            assertEquals(expected.iteration(), onSpark.iteration);
        }
        assertTrue(context.getPersistentRDDs().isEmpty());
    }

    @ParameterizedTest
    @CsvSource({"layers in pieces, 2", "merged, 2", "masked, 3", "in pieces, 2"})
    void workersOnSparkAndWithoutTrainToTheSameBits(String kind, int workers) throws Exception {
        Case given = Case.of(kind);
        Network local = given.network();
        train(new LocalTraining(local, given.lent(0, Case.ROWS), settings(RESIDENT, workers), true));
        Network resident = given.network();
        WorkerTally.Totals totals =
                train(settings(RESIDENT, workers).training(context, resident, given.laidOut(context), true, 2));
        assertSameBits(local.trainee, resident.trainee);
        assertEquals(Case.ROWS, totals.rows);
        // DL4J's own master does not weigh the workers' parts, of which the last is smaller.
        Network stock = given.network();
        assertEquals(Case.ROWS,
                train(settings(STOCK, workers).training(context, stock, given.laidOut(context), true, 2)).rows);
        assertEquals(resident.trainee.iteration(), stock.trainee.iteration());
        assertEquals(2, stock.trainee.epoch());
        assertEquals(0, resident.trainee.params().sub(stock.trainee.params()).amaxNumber().doubleValue(), 0.05);
        assertNotEquals(given.network().trainee.params(), stock.trainee.params());
    }

    @ParameterizedTest
    @ValueSource(strings = {"layers", "masked", "merged"})
    void scoresAreDl4js(String kind, @TempDir Path folder) throws Exception {
        Case given = Case.of(kind);
        Network network = given.network();
        MultiDataSet all = given.dataSet(0, Case.ROWS);
        MemoryRows rows = given.lent(0, Case.ROWS);
        double score;
        INDArray[] outputs;
        if (network.trainee.model() instanceof ComputationGraph) {
            ComputationGraph theirs = (ComputationGraph) given.network().trainee.model();
            score = theirs.score(all);
            outputs = theirs.output(false, all.getFeatures(), all.getFeaturesMaskArrays(), null);
        } else {
            MultiLayerNetwork theirs = (MultiLayerNetwork) given.network().trainee.model();
            score = theirs.score(Trainee.dataSet(all));
            outputs = new INDArray[] {theirs.output(all.getFeatures(0), false, all.getFeaturesMaskArray(0), null)};
        }
        for (int twice = 0; twice < 2; twice++) { // masks of the one must not stay for the other
            for (int output = 0; output < outputs.length; output++) {
                Evaluations wanted = output == 0 ? Evaluations.CLASSIFICATION : Evaluations.REGRESSION;
                JsonNode local = LocalScorer.evaluate(network, rows, wanted, output, () -> false);
                assertEquals(local, Scorer.evaluate(context, network, given.laidOut(context), wanted, output));
                assertEquals(score, local.get("loss").asDouble(), 1e-6);
                assertReport(theirs(given, wanted, output, all), local);
            }
            List<Tensor> found = LocalScorer.outputs(network, rows, true, () -> false);
            Path path = folder.resolve("outputs");
            JsonNode told = Scorer.output(context, network, given.laidOut(context), path, true);
            for (int output = 0; output < outputs.length; output++) {
                byte[] expected = RawArray.read(outputs[output].dup('c'));
                byte[] values = new byte[expected.length];
                found.get(output).part(0).duplicate().get(values);
                assertArrayEquals(expected, values);
                assertArrayEquals(expected, Files.readAllBytes(Path.of(path + "." + output)));
                assertEquals(outputs[output].rank() - 1, told.get("outputs").get(output).get("shape").size());
            }
        }
    }

    private static IEvaluation<?> theirs(Case given, Evaluations wanted, int output, MultiDataSet all) {
        IEvaluation<?> evaluation = wanted.create()[0];
        Trainee network = given.network().trainee;
        INDArray predicted = network.model() instanceof ComputationGraph
                ? ((ComputationGraph) network.model()).output(false, all.getFeatures(), all.getFeaturesMaskArrays(),
                        all.getLabelsMaskArrays())[output]
                : ((MultiLayerNetwork) network.model()).output(all.getFeatures(0), false, all.getFeaturesMaskArray(0),
                        all.getLabelsMaskArray(0));
        evaluation.eval(all.getLabels(output), predicted, all.getLabelsMaskArray(output));
        return evaluation;
    }

    private static void assertReport(IEvaluation<?> expected, JsonNode found) {
        if (expected instanceof Evaluation) {
            assertEquals(((Evaluation) expected).accuracy(), found.get("accuracy").asDouble());
            assertEquals(((Evaluation) expected).stats(false, true), found.get("stats").asText());
        } else {
            assertEquals(((RegressionEvaluation) expected).meanSquaredError(0),
                    found.get("columns").get(0).get("mean_squared_error").asDouble(), 1e-7);
        }
    }

    @Test
    void everyOutputThatIsMaskedAltogether() {
        Case given = Case.of("layers");
        for (float[] row : given.y) {
            java.util.Arrays.fill(row, given.spec.outputs[0].mask.from, given.spec.labels, 0f);
        }
        BridgeException refused = assertThrows(BridgeException.class, () -> LocalScorer.evaluate(given.network(),
                given.lent(0, Case.ROWS), Evaluations.CLASSIFICATION, 0, () -> false));
        assertTrue(refused.getMessage().contains("leaves nothing to evaluate"), refused.getMessage());
    }

    @Test
    void whatMasksMayHold() {
        Case given = Case.of("masked");
        given.x[3][given.spec.inputs[0].mask.from] = 0.5f;
        given.y[4][given.spec.outputs[1].mask.from] = Float.NaN;
        given.y[5][0] = 3; // its first time step counts
        BridgeException refused = assertThrows(BridgeException.class, () -> given.lent(0, Case.ROWS).scan());
        for (String says : List.of("the mask of input 'steps' holds 1 value that are neither 0 nor 1",
                "the mask of the labels of output 'end' holds 1 value", "the labels of output 'each' hold 1 value outside")) {
            assertTrue(refused.getMessage().contains(says), refused.getMessage());
        }
    }

    @Test
    void masksByOutputValueAreForNumbers() throws Exception {
        Case given = new Case(Graphs.recurrent(), Case.RECURRENT.replace("[2]", "[2], 'mask': [2]"));
        MemoryRows rows = given.lent(0, Case.ROWS);
        assertEquals(Case.ROWS, LocalScorer.evaluate(given.network(), rows, Evaluations.REGRESSION, 1, () -> false)
                .get("rows").asInt());
        BridgeException refused = assertThrows(BridgeException.class,
                () -> LocalScorer.evaluate(given.network(), rows, Evaluations.CLASSIFICATION, 1, () -> false));
        assertTrue(refused.getMessage().contains("is by output value"), refused.getMessage());
    }

    /** DL4J would say a word in its log, and train nothing. */
    @Test
    void truncatedBpttIsForSequences() {
        Case given = Case.of("layers in pieces");
        for (String json : List.of(Case.SEQUENCES.replace("[3, 6]", "[3]"), Case.SEQUENCES.replace("[3, 6]", "[3, 5]"))) {
            BridgeException refused = assertThrows(BridgeException.class,
                    () -> given.network().trainee.check(Case.spec(json)));
            assertTrue(refused.getMessage().contains("sequences of the same length"), refused.getMessage());
        }
        Case graph = Case.of("in pieces");
        graph.network().trainee.check(graph.spec);
        assertThrows(BridgeException.class, () -> graph.network().trainee.check(Case.spec(Case.MASKED)));
        assertThrows(BridgeException.class, () -> graph.network().trainee.check(Case.spec(Case.MERGED)));
    }

    @Test
    void dl4jsMasterCannotCopyVerticesWithParameters() {
        Case given = new Case(Graphs.attentive(), Case.RECURRENT.replaceFirst(", \\{'shape': \\[2\\].*", "]}}"));
        BridgeException refused = assertThrows(BridgeException.class,
                () -> settings(STOCK, 1).training(context, given.network(), given.laidOut(context), false, 1));
        assertTrue(refused.getMessage().contains("vertex 'attention'"), refused.getMessage());
        assertTrue(context.getPersistentRDDs().isEmpty());
    }
}
