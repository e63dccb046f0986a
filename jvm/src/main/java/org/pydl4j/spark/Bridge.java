package org.pydl4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What Python calls for work on Spark, beside {@link LocalBridge}: JSON, paths and handles in, JSON and handles out. No
 * overloads, no varargs, no arrays, and nothing per row, per parameter or per layer.
 */
public final class Bridge {

    private Bridge() {}

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

    public static boolean fileExists(JavaSparkContext context, String path) throws IOException {
        return Store.exists(path, context.hadoopConfiguration());
    }

    /** Deletes a file on a Hadoop filesystem, where it is there. */
    public static void deleteFile(JavaSparkContext context, String path) throws IOException {
        Store.delete(path, context.hadoopConfiguration());
    }

    public static SparkRows frameRows(Dataset<Row> frame, String spec, String name) {
        return new FrameRows(frame, new ExampleSpec(Json.read(spec)), name);
    }

    /** Rows of {@code .npy} files; {@code labels} is null where there are none. */
    public static SparkRows arrayRows(JavaSparkContext context, String features, String labels, long count, String spec,
            String name) {
        return new ArrayRows(context, features, labels, count, new ExampleSpec(Json.read(spec)), name);
    }

    public static Job fit(JavaSparkContext context, Network network, SparkRows training,
            SparkRows validation, String settings) {
        return new SparkJob(context, "fit", new SparkFit(context, network, training, validation, Json.read(settings)))
                .start();
    }

    /** Evaluates one output; the job's result is JSON. */
    public static Job evaluate(JavaSparkContext context, Network network, SparkRows rows, String evaluation, int output) {
        return new SparkJob(context, "evaluate", job -> closing(rows, () -> {
            rows.scan();
            return Scorer.evaluate(context, network, rows, Evaluations.valueOf(evaluation), output).toString();
        })).start();
    }

    /** Every output into a file of its own: {@code path.0}, …; the job's result tells their types and shapes as JSON. */
    public static Job output(JavaSparkContext context, Network network, SparkRows rows, String path,
            boolean normalize) {
        return new SparkJob(context, "output", job -> closing(rows, () ->
                Scorer.output(context, network, rows, Path.of(path), normalize).toString())).start();
    }

    /** A DataFrame's rows with columns for each output that the settings name. */
    public static Dataset<Row> predict(JavaSparkContext context, Network network, Dataset<Row> frame, String spec,
            String settings) {
        ExampleSpec what = new ExampleSpec(Json.read(spec));
        return Scorer.predict(context, network, frame, what, Predicted.of(what, Json.read(settings).get("outputs")));
    }

    private interface Action {
        Object run() throws Exception;
    }

    private static Object closing(SparkRows rows, Action action) throws Exception {
        try (rows) {
            return action.run();
        }
    }
}
