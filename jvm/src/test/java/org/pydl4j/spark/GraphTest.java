package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.spark.SparkConf;
import org.apache.spark.serializer.JavaSerializer;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.serializer.SerializerInstance;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/** Graphs in one JVM: the bits of DL4J's own loop, several inputs and outputs, and files both ways. */
class GraphTest {

    private static final int ROWS = Case.ROWS;

    @BeforeAll
    static void prepare() {
        Native.prepare();
        Native.useThreads(1);
    }

    private static JsonNode json(int workers, int batch, int frequency) {
        return Json.object().put("master", "ResidentAveragingTrainingMaster").put("num_workers", workers)
                .put("batch_size_per_worker", batch).put("averaging_frequency", frequency).put("save_updater", true)
                .put("round_timeout", 600);
    }

    private static ComputationGraph graph(Case given) {
        return (ComputationGraph) given.model.get();
    }

    private static ComputationGraph trained(Case given, int workers, boolean shuffle, int epochs) throws Exception {
        ComputationGraph graph = graph(given);
        train(given, new Network(graph, null), workers, shuffle, epochs);
        return graph;
    }

    private static void train(Case given, Network network, int workers, boolean shuffle, int epochs) throws Exception {
        try (Training fit = new LocalTraining(network, given.lent(0, ROWS),
                new MasterSettings(json(workers, 8, 2), 1), shuffle)) {
            fit.prepare();
            for (int epoch = 0; epoch < epochs; epoch++) {
                assertEquals(ROWS, fit.epoch((done, soFar) -> {}).rows);
            }
        }
    }

    private static void assertSameBits(ComputationGraph expected, ComputationGraph actual) {
        assertArrayEquals(RawArray.read(expected.params()), RawArray.read(actual.params()));
        assertArrayEquals(RawArray.read(expected.getUpdater().getUpdaterStateViewArray()),
                RawArray.read(actual.getUpdater().getUpdaterStateViewArray()));
        assertEquals(expected.getIterationCount(), actual.getIterationCount());
        assertEquals(expected.getEpochCount(), actual.getEpochCount());
    }

    private static float[] values(Tensor tensor, int count) {
        float[] values = new float[count];
        tensor.part(0).duplicate().order(ByteOrder.nativeOrder()).asFloatBuffer().get(values);
        return values;
    }

    private static void assertHolds(INDArray expected, Tensor found) {
        assertArrayEquals(expected.dup('c').data().asFloat(), values(found, (int) expected.length()));
        found.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"merged", "recurrent"})
    void oneWorkerTrainsToTheBitsOfDl4jsOwnLoop(String kind) throws Exception {
        Case given = Case.of(kind);
        ComputationGraph expected = graph(given);
        for (int epoch = 0; epoch < 2; epoch++) {
            for (int from = 0; from < ROWS; from += 8) {
                expected.fit(given.dataSet(from, Math.min(ROWS, from + 8)));
            }
            expected.incrementEpochCount();
        }
        assertSameBits(expected, trained(given, 1, false, 2));
        assertNotEquals(graph(given).params(), expected.params());
    }

    /** Two workers by hand: each trains its minibatches of a round from the last average, then they are averaged. */
    @ParameterizedTest
    @ValueSource(strings = {"merged", "recurrent"})
    void twoWorkersAreTheAverageOfDl4jsOwnLoops(String kind) throws Exception {
        Case given = Case.of(kind);
        ComputationGraph expected = graph(given);
        int rows = 32; // one round of 2 × 2 minibatches of 8
        List<ComputationGraph> workers = new ArrayList<>();
        for (int worker = 0; worker < 2; worker++) {
            ComputationGraph mine = graph(given);
            for (int minibatch = worker; minibatch < 4; minibatch += 2) {
                mine.fit(given.dataSet(minibatch * 8, minibatch * 8 + 8));
            }
            workers.add(mine);
        }
        ComputationGraph graph = graph(given);
        try (StreamFit fit = new StreamFit(new Network(graph, null), json(2, 8, 2))) {
            for (int from = 0; from < rows; from += 8) {
                LocalBridge.give(fit, given.lent(from, from + 8));
            }
            LocalBridge.round(fit);
            LocalBridge.endEpoch(fit);
        }
        INDArray average = workers.get(0).params().add(workers.get(1).params()).div(2);
        assertEquals(0, average.sub(graph.params()).amaxNumber().doubleValue(), 1e-7);
        assertNotEquals(expected.params(), graph.params());
    }

    @ParameterizedTest
    @CsvSource({"merged, 1", "merged, 2", "recurrent, 2"})
    void twoRunsAreTheSameBits(String kind, int workers) throws Exception {
        Case given = Case.of(kind);
        ComputationGraph once = trained(given, workers, true, 3);
        assertSameBits(once, trained(given, workers, true, 3));
    }

    @ParameterizedTest
    @ValueSource(strings = {"merged", "recurrent"})
    void everyOutputIsDl4js(String kind) throws Exception {
        Case given = Case.of(kind);
        Network network = new Network(graph(given), null);
        INDArray[] expected = graph(given).output(false, given.features(0, ROWS));
        List<Tensor> found = LocalScorer.outputs(network, given.lent(0, ROWS), true, () -> false);
        assertEquals(2, found.size());
        for (int output = 0; output < 2; output++) {
            assertHolds(expected[output], found.get(output));
        }
        Map<String, INDArray> activations = graph(given).feedForward(given.features(0, ROWS), false);
        Map<String, Tensor> seen = LocalScorer.feedForward(network, given.lent(0, ROWS), false);
        activations.keySet().removeAll(given.conf.getNetworkInputs());
        assertEquals(activations.keySet(), seen.keySet());
        seen.forEach((name, tensor) -> assertHolds(activations.get(name), tensor));
        double score = graph(given).score(given.dataSet(0, ROWS), false);
        for (int output = 0; output < 2; output++) {
            Evaluations wanted = output == 0 ? Evaluations.CLASSIFICATION : Evaluations.REGRESSION;
            JsonNode report = LocalScorer.evaluate(network, given.lent(0, ROWS), wanted, output, () -> false);
            assertEquals(score, report.get("loss").asDouble(), 1e-6);
            assertEquals(output == 0 ? "classification" : "regression", report.get("kind").asText());
        }
    }

    @Test
    void gradientsAreNamedByVertex() throws Exception {
        Case given = Case.of("merged");
        ComputationGraph graph = graph(given);
        graph.setInputs(given.features(0, ROWS));
        graph.setLabels(given.dataSet(0, ROWS).getLabels());
        graph.computeGradientAndScore();
        Map<String, Tensor> found = LocalScorer.gradient(new Network(graph(given), null), given.lent(0, ROWS));
        assertEquals(List.of("narrow_W", "narrow_b"), List.copyOf(found.keySet()).subList(0, 2));
        assertTrue(found.containsKey("normal_gamma") && !found.containsKey("normal_mean"));
        Layer narrow = graph.getLayer("narrow");
        assertHolds(graph.gradient().gradientForVariable().get("narrow_b").div(ROWS), found.get("narrow_b"));
        assertEquals("f4 4 5", found.get("narrow_W").header());
        assertEquals(5, narrow.getParam("b").length());
    }

    @Test
    void stepsGoOnFromTheStateOfTheLast() throws Exception {
        Case given = Case.of("recurrent");
        ComputationGraph expected = graph(given);
        Network network = new Network(graph(given), null);
        for (int call = 0; call < 2; call++) {
            INDArray[] theirs = expected.rnnTimeStep(given.features(0, 3));
            List<Tensor> ours = LocalBridge.rnnTimeStep(network, given.lent(0, 3));
            for (int output = 0; output < 2; output++) {
                assertHolds(theirs[output], ours.get(output));
            }
        }
        LocalScorer.rnnClearPreviousState(network);
        expected.rnnClearPreviousState();
        assertHolds(expected.rnnTimeStep(given.features(0, 3))[0], LocalBridge.rnnTimeStep(network, given.lent(0, 3)).get(0));
    }

    @Test
    void filesGoBothWays(@TempDir Path folder) throws Exception {
        Case given = Case.of("merged");
        ComputationGraph trained = trained(given, 1, true, 1);
        File file = folder.resolve("graph.zip").toFile();
        ModelSerializer.writeModel(trained, file, true);
        Network network = Store.network(Files.readAllBytes(file.toPath()));
        assertSameBits(trained, (ComputationGraph) network.trainee.model());
        byte[] ours = Store.bytes(network, true, "{}");
        assertSameBits(trained, ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(ours), true));
        BridgeException refused = assertThrows(BridgeException.class, network::layered);
        assertTrue(refused.getMessage().contains("ComputationGraph"), refused.getMessage());
        assertEquals("CONFIG", refused.code());
    }

    @ParameterizedTest
    @ValueSource(strings = {"merged", "recurrent"})
    void aGraphOfDl4jsJsonIsTheSameGraph(String kind) {
        Case given = Case.of(kind);
        for (String json : List.of(given.conf.toJson(), graph(given).getConfiguration().toJson())) {
            Network network = LocalBridge.newNetwork(json);
            assertSameBits(graph(given), (ComputationGraph) network.trainee.model());
        }
    }

    /** On its way to executors, by either of Spark's serializers. */
    @ParameterizedTest
    @ValueSource(strings = {"Java", "Kryo"})
    void aGraphTravels(String serializer) throws Exception {
        SparkConf settings = new SparkConf().set("spark.kryo.registrator",
                NativeRegistrator.class.getName() + ",org.nd4j.kryo.Nd4jRegistrator");
        SerializerInstance through = serializer.equals("Java") ? new JavaSerializer(settings).newInstance()
                : new KryoSerializer(settings).newInstance();
        ClassTag<Residents> kind = ClassTag$.MODULE$.apply(Residents.class);
        Case given = new Case(Graphs.attentive(), Case.RECURRENT.replaceFirst(", \\{'shape': \\[2\\].*", "]}}"));
        Network network = LocalBridge.newNetwork(given.conf.toJson());
        Plan plan = new Plan(ROWS, 8, 1, 2, 100);
        Residents sent = new Residents(network.trainee, plan, new long[0], new Feed(given.spec, null), 1, false, true,
                List.of(), List.of());
        Residents come = through.deserialize(through.serialize(sent, kind), kind);
        Trainee[] trained = {network.trainee, come.take(0).resident.network};
        State start = new State(0, 5, RawArray.read(trained[0].params()), RawArray.read(trained[0].updaterState()));
        for (Trainee each : trained) {
            RawArray.write(start.params, each.params());
            RawArray.write(start.updater, each.updaterState());
            each.setCounters(5, 1);
            each.fit(given.dataSet(0, 8));
        }
        assertSameBits((ComputationGraph) trained[0].model(), (ComputationGraph) trained[1].model());
    }

    /** Copies of the graph need to know how. */
    @Test
    void verticesWithParametersAreTrainedByAllWorkers() throws Exception {
        Case given = new Case(Graphs.attentive(), Case.RECURRENT.replaceFirst(", \\{'shape': \\[2\\].*", "]}}"));
        Network[] networks = new Network[2];
        for (int i = 0; i < 2; i++) {
            networks[i] = LocalBridge.newNetwork(given.conf.toJson()); // DL4J's clone would not do
            INDArray before = networks[i].trainee.params().dup();
            train(given, networks[i], 2, true, 2);
            assertNotEquals(before, networks[i].trainee.params());
        }
        assertSameBits((ComputationGraph) networks[0].trainee.model(), (ComputationGraph) networks[1].trainee.model());
    }

    /** As in graphs that were built without input types; DL4J's own loop refuses them. */
    @Test
    void sequencesOfNoStatedLayoutTrainLikeNcw() throws Exception {
        Case given = Case.of("recurrent");
        ComputationGraph expected = trained(given, 2, true, 1);
        ObjectNode json = (ObjectNode) Json.read(given.conf.toJson());
        ((ObjectNode) json.at("/vertices/each/layerConf/layer")).putNull("rnnDataFormat");
        Network network = LocalBridge.newNetwork(json.toString());
        train(given, network, 2, true, 1);
        assertSameBits(expected, (ComputationGraph) network.trainee.model());
    }

    @Test
    void jsonIsReadStrictly() {
        Case given = Case.of("merged");
        assertRefused(json -> layer(json).put("@class", "evil.Layer"), "class 'evil.Layer' is not one of DL4J's own");
        assertRefused(json -> layer(json).put("nuot", 3), "layer has no setting 'nuot'");
        assertRefused(json -> layer(json).put("nin", 0), "vertex 'narrow': 'nin' is 0");
        assertRefused(json -> json.remove("networkOutputs"), "no 'networkOutputs'");
        assertRefused(json -> ((ObjectNode) json.get("vertexInputs")).putArray("narrow").add("nowhere"), "nowhere");
        assertTrue(LocalBridge.resolve(graph(given).getConfiguration().toJson()).contains("networkInputs"));
    }

    private static ObjectNode layer(ObjectNode json) {
        return (ObjectNode) json.at("/vertices/narrow/layerConf/layer");
    }

    private static void assertRefused(java.util.function.Consumer<ObjectNode> change, String says) {
        ObjectNode json = (ObjectNode) Json.read(Graphs.merged().toJson());
        change.accept(json);
        BridgeException refused = assertThrows(BridgeException.class, () -> LocalBridge.newNetwork(json.toString()));
        assertEquals("CONFIG", refused.code(), refused.getMessage());
        assertTrue(refused.getMessage().contains(says), refused.getMessage());
    }

    @Test
    void whatIsWrongWithArraysIsSaidByName() throws Exception {
        Case given = Case.of("merged");
        Network network = new Network(graph(given), null);
        given.x[3][5] = Float.NaN;
        given.y[7][0] = 3;
        given.y[8][1] = Float.POSITIVE_INFINITY;
        BridgeException refused = assertThrows(BridgeException.class, () -> given.lent(0, ROWS).scan());
        for (String says : List.of("input 'right' feature 1 holds NaN", "the labels of output 'kind' hold 1 value outside",
                "the labels of output 'value' hold NaN or infinity 1 time")) {
            assertTrue(refused.getMessage().contains(says), refused.getMessage());
        }
        ExampleSpec other = Case.spec(Case.MERGED.replace("[4]", "[3]").replace("[2]", "[3]"));
        MemoryRows wrong = new MemoryRows(Case.buffers(given.x, 9, 20), false, null, 11, other, "rows");
        BridgeException shapes = assertThrows(BridgeException.class,
                () -> LocalScorer.outputs(network, wrong, true, () -> false));
        assertTrue(shapes.getMessage().contains("inputs 'left' [11, 3], 'right' [11, 3]"), shapes.getMessage());
        assertEquals("DATA", shapes.code());
        BridgeException normalizer = assertThrows(BridgeException.class,
                () -> network.setNormalizer(new NormalizerStandardize()));
        assertTrue(normalizer.getMessage().contains("the graph has 2 inputs"), normalizer.getMessage());
    }

    /** As an activation layer behind an input does, which hands on what it gets. */
    @Test
    void layersThatHandOnTheirInput() throws Exception {
        Supplier<ComputationGraph> made = () -> Graphs.made(new NeuralNetConfiguration.Builder().seed(1)
                .updater(new Adam(0.01)).graphBuilder().addInputs("in")
                .addLayer("same", new ActivationLayer.Builder().activation(Activation.IDENTITY).build(), "in")
                .addLayer("out", new LossLayer.Builder(LossFunction.MSE).activation(Activation.IDENTITY).build(), "same")
                .setOutputs("out", "same").build());
        ExampleSpec spec = new ExampleSpec(Json.read("{\"features\": {\"inputs\": [{\"shape\": [4]}]}, \"labels\": null}"));
        float[][] x = {{1, 2, 3, 4}, {5, 6, 7, 8}};
        Network network = new Network(made.get(), null);
        MemoryRows rows = new MemoryRows(Case.buffers(x, 0, 2), false, null, 2, spec, "rows");
        for (Tensor tensor : LocalScorer.outputs(network, rows, true, () -> false)) {
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, values(tensor, 8));
        }
        assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7, 8},
                values(LocalScorer.output(network, Nd4j.create(x), true), 8));
    }
}
