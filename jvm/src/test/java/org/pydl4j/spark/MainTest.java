package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

class MainTest {

    private static final int ROWS = 203;

    @TempDir
    static Path folder;

    /** A run's exit code and what it printed. */
    private static final class Run {
        final int code;
        final String out;
        final String err;

        Run(String... arguments) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            code = Main.run(arguments, new PrintStream(out, true, StandardCharsets.UTF_8),
                    new PrintStream(err, true, StandardCharsets.UTF_8));
            this.out = out.toString(StandardCharsets.UTF_8);
            this.err = err.toString(StandardCharsets.UTF_8);
        }

        /** Its one line on stderr. */
        String problem() {
            assertEquals(1, err.lines().count(), err);
            return err;
        }
    }

    @BeforeAll
    static void files() throws IOException {
        System.setProperty("spark.master", "local[2]");
        System.setProperty("spark.ui.enabled", "false");
        System.setProperty("spark.driver.bindAddress", "127.0.0.1");
        System.setProperty("spark.driver.host", "127.0.0.1");

        MultiLayerConfiguration conf = new NeuralNetConfiguration.Builder().seed(7).updater(new Adam(0.1)).list()
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nIn(2).nOut(2).build())
                .build();
        ObjectNode json = (ObjectNode) Json.read(conf.toJson());
        JsonNode inputType = ExampleShape.json(InputType.feedForward(2));
        Files.writeString(folder.resolve("net.json"), json.set("inputType", inputType).toString());
        // DL4J's own JSON has no input type; a dense first layer tells it.
        Files.writeString(folder.resolve("plain.json"), conf.toJson());

        Random random = new Random(1);
        List<String> csv = new ArrayList<>(List.of("label,right,up"));
        List<String> libsvm = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            float x = (float) random.nextGaussian();
            float y = (float) random.nextGaussian();
            int label = x + y > 0 ? 1 : 0;
            csv.add(label + "," + x + "," + y);
            libsvm.add(label + " 1:" + x); // the second feature is zero in all of them
        }
        Files.write(folder.resolve("rows.csv"), csv);
        Files.write(folder.resolve("rows.libsvm"), libsvm);
    }

    @AfterAll
    static void properties() {
        List.of("spark.master", "spark.ui.enabled", "spark.driver.bindAddress", "spark.driver.host")
                .forEach(System::clearProperty);
    }

    private static String at(String name) {
        return folder.resolve(name).toString();
    }

    private static Run train(String... more) {
        List<String> arguments = new ArrayList<>(List.of("train", "--data", at("rows.csv"), "--out", at("out.zip")));
        arguments.addAll(Arrays.asList(more));
        return new Run(arguments.toArray(new String[0]));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--epochs 0                | option --epochs 0: must be a whole number of at least 1",
        "--epochs many             | '--epochs': 'many' is not a whole number",
        "--workers -1              | option --workers -1: must be",
        "--format orc              | expected one of [PARQUET, CSV, LIBSVM, JSON] (case-insensitive)",
        "--normalizer zscore       | expected one of [STANDARDIZE, MIN_MAX, IMAGE]",
        "--epoch 2                 | Unknown options: '--epoch', '2'; did you mean",
        "--resume model.zip        | are mutually exclusive",
    })
    void aBadOptionIsNamedWithItsValueAndTheCure(String given, String told) {
        List<String> arguments = new ArrayList<>(List.of("--conf", at("net.json")));
        arguments.addAll(Arrays.asList(given.trim().split(" ")));
        Run run = train(arguments.toArray(new String[0]));
        assertEquals(2, run.code, run.err);
        assertTrue(run.problem().contains(told.trim()), run.err);
        assertTrue(run.err.startsWith("pydl4j-spark train: "), run.err);
    }

    @Test
    void oneOfConfAndResumeIsNeeded() {
        Run run = train();
        assertEquals(2, run.code);
        assertTrue(run.problem().contains("--conf=FILE | --resume=FILE"), run.err);
        assertEquals(2, new Run().code);
    }

    @Test
    void helpAndVersionNeedNothing() {
        Run help = new Run("train", "--help");
        assertEquals(0, help.code);
        assertTrue(help.out.contains("--averaging-frequency"), help.out);
        assertTrue(new Run("--version").out.contains("Deeplearning4j 1.0.0-M2.1"));
    }

    @Test
    void theFileToWriteIsLookedAtBeforeTraining() {
        Run run = new Run("train", "--conf", at("net.json"), "--data", at("rows.csv"), "--out", at("missing/out.zip"));
        assertEquals(2, run.code);
        assertTrue(run.problem().contains("missing/out.zip: its folder is not there"), run.err);
    }

    @Test
    void filesThatAreNotThereAreNamed() {
        Run conf = train("--conf", at("absent.json"));
        assertEquals(2, conf.code, conf.err);
        assertTrue(conf.problem().contains("absent.json: there is no such file"), conf.err);
        Run validation = train("--conf", at("net.json"), "--validation", at("absent.csv"));
        assertEquals(2, validation.code, validation.err);
        assertTrue(validation.problem().contains("--validation " + at("absent.csv")), validation.err);
    }

    @Test
    void whatFailsIsOneLineWithoutAStackTrace() {
        Run rows = train("--conf", at("net.json"), "--features-col", "right");
        assertEquals(1, rows.code, rows.err);
        assertTrue(rows.problem().contains("203 rows: column 'right' has 1 value, the network takes 2"), rows.err);
        Run column = train("--conf", at("net.json"), "--features-col", "left,up");
        assertEquals(1, column.code, column.err);
        assertTrue(column.problem().contains("no column 'left'; the columns are label, right, up"), column.err);
        Run verbose = train("--conf", at("net.json"), "--features-col", "left", "--verbose");
        assertTrue(verbose.err.contains("\tat org.pydl4j.spark."), verbose.err);
    }

    @Test
    void aNetworkIsTrainedTrainedFurtherEvaluatedAndApplied() throws Exception {
        String model = at("model.zip");
        Run trained = new Run("train", "--conf", at("net.json"), "--data", at("rows.csv"), "--out", model, "--epochs", "3",
                "--batch-size", "8", "--workers", "2", "--validation", at("rows.csv"), "--normalizer", "standardize",
                "--labels", "below,above");
        assertEquals(0, trained.code, trained.err);
        assertTrue(trained.out.contains("203 rows, 3 averaging rounds per epoch, 2 workers"), trained.out);
        assertTrue(trained.out.matches("(?s).*epoch 3: 203 rows, score [0-9.]+, [0-9.]+ s, validation accuracy 0\\.9.*"),
                trained.out);
        byte[] zip = Files.readAllBytes(Path.of(model));
        JsonNode manifest = Store.manifest(zip);
        assertEquals(1, manifest.get("format").asInt());
        assertEquals("above", manifest.get("labels").get(1).asText());
        assertEquals(2, manifest.get("input_type").get("size").asInt());
        assertEquals(3, Store.network(zip).trainee.epoch());

        Run further = new Run("train", "--resume", model, "--data", at("rows.csv"), "--out", model, "--epochs", "2");
        assertEquals(0, further.code, further.err);
        assertTrue(further.out.contains("epoch 5: 203 rows"), further.out);
        byte[] again = Files.readAllBytes(Path.of(model));
        assertEquals(manifest.get("labels"), Store.manifest(again).get("labels"));
        assertTrue(Store.network(again).normalizer() != null);
        Run twice = new Run("train", "--resume", model, "--data", at("rows.csv"), "--out", model, "--normalizer", "min_max");
        assertEquals(2, twice.code);
        assertTrue(twice.problem().contains("has a normalizer already"), twice.err);

        Run evaluated = new Run("evaluate", "--model", model, "--data", at("rows.csv"));
        assertEquals(0, evaluated.code, evaluated.err);
        assertTrue(evaluated.out.contains("rows 203") && evaluated.out.contains("accuracy 0.9"), evaluated.out);

        String[] predict = {"predict", "--model", model, "--data", at("rows.csv"), "--features-col", "right,up", "--out",
            at("scored.parquet")};
        Run scored = new Run(predict);
        assertEquals(0, scored.code, scored.err);
        assertTrue(Files.exists(folder.resolve("scored.parquet/_SUCCESS")));
        Run over = new Run(predict);
        assertEquals(2, over.code);
        assertTrue(over.problem().contains("is there already; remove it, or add --overwrite"), over.err);
    }

    @Test
    void aConfigurationWithoutInputTypeAndSparseRowsWithoutTheirLastFeatureWillDo() {
        Run run = new Run("train", "--conf", at("plain.json"), "--data", at("rows.libsvm"), "--out", at("sparse.zip"),
                "--no-shuffle", "--no-save-updater");
        assertEquals(0, run.code, run.err);
        assertFalse(run.out.contains("validation"), run.out);
    }
}
