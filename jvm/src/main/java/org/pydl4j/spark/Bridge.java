package org.pydl4j.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * All that Python calls: JSON, paths and handles in, JSON and handles out. No overloads, no varargs, no arrays, and
 * nothing per row, per parameter or per layer.
 */
public final class Bridge {

    private Bridge() {}

    /**
     * The versions of everything that must fit together, and how the native code is set up, as JSON. Python asks this
     * first; a machine that the native code does not run on is told here, before it is loaded.
     */
    public static String versions() {
        Native.prepare();
        Package ours = Bridge.class.getPackage();
        ObjectNode json = Json.object();
        json.put("jar", ours.getImplementationVersion());
        json.put("java", System.getProperty("java.version"));
        json.put("backend", Nd4j.getBackend().getClass().getSimpleName());
        json.set("native", Native.report());
        return json.toString();
    }

    /** The folder that Python and this JVM exchange files through. */
    public static String workspace() {
        return Workspace.folder().toString();
    }

    /** DL4J's canonical JSON of a configuration: builder defaults, nIn and preprocessors filled in. */
    public static String resolve(String configuration) {
        return NetworkFactory.configuration(configuration).toJson();
    }

    /** Every layer's output type and parameter count as DL4J has them, as JSON. */
    public static String describe(String configuration) {
        return NetworkFactory.describe(NetworkFactory.configuration(configuration), configuration).toString();
    }

    /** A new network with freshly initialised parameters. */
    public static Network newNetwork(String configuration) {
        MultiLayerConfiguration conf = NetworkFactory.configuration(configuration);
        MultiLayerNetwork model = new MultiLayerNetwork(conf);
        try {
            model.init();
        } catch (RuntimeException e) {
            throw BridgeException.config("DL4J cannot initialise the network: " + e.getMessage(), e);
        }
        return new Network(model, null);
    }

    /** Reads a model file, local or on a Hadoop filesystem, by allow-list. */
    public static Network loadNetwork(JavaSparkContext context, String path) throws IOException {
        return Store.network(Store.read(path, context.hadoopConfiguration()));
    }

    public static void saveNetwork(JavaSparkContext context, Network network, String path, boolean saveUpdater,
            String manifest) throws IOException {
        Store.write(Store.bytes(network, saveUpdater, manifest), path, context.hadoopConfiguration());
    }

    /** Copies a file between a Hadoop filesystem and the driver, whole or not at all. */
    public static void copyFile(JavaSparkContext context, String from, String to) throws IOException {
        Store.write(Store.read(from, context.hadoopConfiguration()), to, context.hadoopConfiguration());
    }

    /** DL4J's JSON of a network's configuration as it is now, counters included. */
    public static String configuration(Network network) {
        return network.model.getLayerWiseConfigurations().toJson();
    }

    /** Replaces a network's normalizer by one from a file in DL4J's layout. */
    public static void setNormalizer(Network network, String path) throws IOException {
        network.setNormalizer(Normalizers.read(Files.readAllBytes(Path.of(path))));
    }

    public static Rows frameRows(Dataset<Row> frame, String spec, String name) {
        return new FrameRows(frame, new ExampleSpec(Json.read(spec)), name);
    }

    /** Rows of {@code .npy} files; {@code labels} is null where there are none. */
    public static Rows arrayRows(JavaSparkContext context, String features, String labels, long count, String spec,
            String name) {
        return new ArrayRows(context, features, labels, count, new ExampleSpec(Json.read(spec)), name);
    }

    public static Job fit(JavaSparkContext context, Network network, Rows training, Rows validation, String settings) {
        return new Job(context, "fit", new Fit(context, network, training, validation, Json.read(settings)));
    }

    public static Job evaluate(JavaSparkContext context, Network network, Rows rows, String settings) {
        JsonNode json = Json.read(settings);
        return new Job(context, "evaluate", job -> closing(rows, () -> {
            rows.scan();
            return Scorer.evaluate(context, network, rows, Evaluations.valueOf(json.get("evaluation").asText()),
                    json.get("batch").asInt()).toString();
        }));
    }

    /** The network's outputs into a file; the job's result is one row's output shape and their type as JSON. */
    public static Job output(JavaSparkContext context, Network network, Rows rows, String path, int batch,
            boolean normalize) {
        return new Job(context, "output", job -> closing(rows, () ->
                Scorer.output(context, network, rows, Path.of(path), batch, normalize).toString()));
    }

    public static Dataset<Row> predict(JavaSparkContext context, Network network, Dataset<Row> frame, String spec,
            String settings) {
        JsonNode json = Json.read(settings);
        return Scorer.predict(context, network, frame, new ExampleSpec(Json.read(spec)),
                Scorer.Task.valueOf(json.get("task").asText()), json.get("prediction_col").asText(),
                json.get("probability_col").asText(), json.get("batch").asInt());
    }

    public static String poll(Job job, long millis) throws InterruptedException {
        return job.poll(millis);
    }

    public static Object result(Job job) {
        return job.result();
    }

    public static void cancel(Job job, long millis) throws InterruptedException {
        job.cancel(millis);
    }

    private interface Action {
        Object run() throws Exception;
    }

    private static Object closing(Rows rows, Action action) throws Exception {
        try (rows) {
            return action.run();
        }
    }
}
