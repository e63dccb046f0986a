package org.pydl4j.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** What {@link Main}'s commands do once their options are read. */
final class Commands {

    /** The release that writes the model files. */
    static final String DL4J = "1.0.0-M2.1";

    private static final long POLL_MILLIS = 1000;

    private Commands() {}

    static String version() {
        return Commands.class.getPackage().getImplementationVersion();
    }

    /** The message that Python would show, or the innermost one of Java's. */
    static String message(Throwable thrown) {
        return Job.message(thrown);
    }

    /** A network out of a file, and what the file said about it besides. */
    private static final class Model {
        final Network network;
        final ExampleShape shape;
        final JsonNode labels;

        Model(Network network, JsonNode inputType, JsonNode labels) {
            this.network = network;
            this.shape = new ExampleShape(network.layered().getLayerWiseConfigurations(), inputType);
            this.labels = labels;
        }
    }

    private interface Work {
        void run(SparkSession spark, JavaSparkContext context) throws Exception;
    }

    private static void onSpark(Main.Base command, Work work) throws Exception {
        SparkConf conf = new SparkConf();
        if (!conf.contains("spark.master")) {
            throw new BridgeException(BridgeException.Code.ENGINE,
                    "there is no Spark master: run this by spark-submit --class " + Main.class.getName());
        }
        if (conf.get("spark.serializer", "").endsWith(".KryoSerializer")) {
            // Without it Kryo writes the addresses of ND4J's off-heap arrays instead of their contents.
            conf.setIfMissing("spark.kryo.registrator",
                    NativeRegistrator.class.getName() + ",org.nd4j.kryo.Nd4jRegistrator");
        }
        conf.setIfMissing("spark.app.name", Main.NAME);
        SparkSession spark = SparkSession.builder().config(conf).getOrCreate();
        try {
            if (!command.verbose() && !conf.contains("spark.log.level")) {
                spark.sparkContext().setLogLevel("ERROR");
            }
            Native.prepare();
            work.run(spark, JavaSparkContext.fromSparkContext(spark.sparkContext()));
        } finally {
            spark.stop();
        }
    }

    static void train(Main.Train options) throws Exception {
        checkFolder("--out", options.out);
        onSpark(options, (spark, context) -> {
            boolean anew = options.source.conf != null;
            Model model = anew ? fresh(options.source.conf, context) : trained("--resume", options.source.resume, context);
            if (options.normalizer != null && model.network.normalizer() != null) {
                throw new Main.BadOption("--normalizer", options.normalizer,
                        "the model of --resume has a normalizer already; leave the option out to keep it");
            }
            JsonNode labels = options.labels == null ? model.labels : names(options.labels, model.shape);
            SparkRows rows = rows(spark, options.data, options.data.path, options.label.column, model.shape, "--data");
            SparkRows validation = options.validation == null ? null
                    : rows(spark, options.data, options.validation, options.label.column, model.shape, "--validation");
            String settings = settings(options, model.shape).toString();
            follow(Bridge.fit(context, model.network, rows, validation, settings), options.out());
            String manifest = manifest(model.shape.inputType, labels).toString();
            Bridge.saveNetwork(context, model.network, options.out, !options.noSaveUpdater, manifest);
            options.out().println("wrote " + options.out);
        });
    }

    static void evaluate(Main.Evaluate options) throws Exception {
        onSpark(options, (spark, context) -> {
            Model model = trained("--model", options.model, context);
            SparkRows rows = rows(spark, options.data, options.data.path, options.label.column, model.shape, "--data");
            rows.scan();
            report(Scorer.evaluate(context, model.network, rows, model.shape.evaluation(), 0), options.out());
        });
    }

    static void predict(Main.Predict options) throws Exception {
        onSpark(options, (spark, context) -> {
            Model model = trained("--model", options.model, context);
            if (!options.overwrite && exists(options.out, context.hadoopConfiguration())) {
                throw new Main.BadOption("--out", options.out, "is there already; remove it, or add --overwrite");
            }
            Dataset<Row> frame = frame(spark, options.data, options.data.path, model.shape, "--data");
            List<String> columns = ExampleShape.featureColumns(
                    frame, options.data.features, options.data.format(options.data.path), null);
            for (String added : List.of("prediction", "probability")) {
                if (List.of(frame.columns()).contains(added)) {
                    throw BridgeException.data("the rows have a column '" + added + "' already; rename it");
                }
            }
            ExampleSpec spec = model.shape.spec(frame, columns, null, "--data");
            Predicted wanted = new Predicted(spec, 0, model.shape.task, "prediction", "probability");
            Scorer.predict(context, model.network, frame, spec, wanted)
                    .write().mode(SaveMode.Overwrite).parquet(options.out);
            options.out().println("wrote " + options.out);
        });
    }

    // --- files -----------------------------------------------------------------------------------------------------

    private static byte[] read(String option, String path, JavaSparkContext context) throws Main.BadOption, IOException {
        try {
            return Store.read(path, context.hadoopConfiguration());
        } catch (NoSuchFileException | FileNotFoundException e) {
            throw new Main.BadOption(option, path, "there is no such file");
        }
    }

    private static Model fresh(String path, JavaSparkContext context) throws Exception {
        String json = new String(read("--conf", path, context), StandardCharsets.UTF_8);
        return new Model(LocalBridge.newNetwork(json), present(Json.read(json).get("inputType")), null);
    }

    private static Model trained(String option, String path, JavaSparkContext context) throws Exception {
        byte[] zip = read(option, path, context);
        JsonNode manifest = Store.manifest(zip);
        return new Model(Store.network(zip), present(manifest.get("input_type")), present(manifest.get("labels")));
    }

    private static JsonNode present(JsonNode node) {
        return node == null || node.isNull() ? null : node;
    }

    /** Before hours of training, not after them. */
    private static void checkFolder(String option, String path) throws Main.BadOption {
        if (!Store.isLocal(path)) {
            return;
        }
        Path file = Path.of(path).toAbsolutePath();
        if (Files.isDirectory(file)) {
            throw new Main.BadOption(option, path, "is a folder; name the file to write");
        }
        if (!Files.isWritable(file.getParent())) {
            throw new Main.BadOption(option, path, "its folder is not there or cannot be written to; create it first");
        }
    }

    /** What Python's {@code MultiLayerNetwork} writes beside DL4J's entries. */
    static ObjectNode manifest(JsonNode inputType, JsonNode labels) {
        ObjectNode manifest = Json.object();
        manifest.put("format", 1);
        manifest.put("version", version());
        manifest.put("dl4j", DL4J);
        manifest.set("input_type", inputType);
        manifest.set("labels", labels);
        return manifest;
    }

    private static JsonNode names(List<String> labels, ExampleShape shape) throws Main.BadOption {
        if (labels.size() != shape.namedClasses()) {
            throw new Main.BadOption("--labels", String.join(",", labels), labels.size()
                    + " names, but the network tells " + shape.namedClasses() + " classes apart");
        }
        ArrayNode names = Json.object().putArray("labels");
        labels.forEach(names::add);
        return names;
    }

    // --- rows ------------------------------------------------------------------------------------------------------

    private static boolean exists(String path, Configuration hadoop) throws IOException {
        org.apache.hadoop.fs.Path pattern = new org.apache.hadoop.fs.Path(path);
        FileStatus[] found = pattern.getFileSystem(hadoop).globStatus(pattern);
        return found != null && found.length > 0;
    }

    private static Dataset<Row> frame(SparkSession spark, Main.Data data, String path, ExampleShape shape, String option)
            throws Main.BadOption, IOException {
        if (!exists(path, spark.sparkContext().hadoopConfiguration())) {
            throw new Main.BadOption(option, path, "there is nothing there");
        }
        Main.Format format = data.format(path);
        DataFrameReader reader = spark.read().format(format.toString());
        if (format == Main.Format.CSV) {
            reader = reader.option("header", true).option("inferSchema", true);
        } else if (format == Main.Format.LIBSVM && shape.size() > 0) {
            // The file itself only tells the last feature that is not zero.
            reader = reader.option("numFeatures", shape.size());
        }
        try {
            return reader.load(path);
        } catch (Exception e) { // AnalysisException is checked, but undeclared: Scala
            throw new BridgeException(BridgeException.Code.DATA, option + " " + path + " cannot be read as " + format
                    + " (--format names another): " + message(e), e);
        }
    }

    private static SparkRows rows(SparkSession spark, Main.Data data, String path, String label, ExampleShape shape,
            String option) throws Main.BadOption, IOException {
        Dataset<Row> frame = frame(spark, data, path, shape, option);
        List<String> columns = ExampleShape.featureColumns(frame, data.features, data.format(path), label);
        String name = option + " " + path;
        return new FrameRows(frame, shape.spec(frame, columns, label, name), name);
    }

    // --- training and evaluation -------------------------------------------------------------------------------------

    private static ObjectNode settings(Main.Train options, ExampleShape shape) {
        ObjectNode settings = Json.object();
        settings.put("epochs", options.epochs);
        settings.put("shuffle", !options.noShuffle);
        settings.set("normalizer", normalizer(options.normalizer));
        settings.put("evaluation", shape.evaluation().name());
        ObjectNode master = settings.putObject("master");
        master.put("master", ResidentAveragingTrainingMaster.class.getSimpleName());
        master.put("num_workers", options.workers);
        master.put("batch_size_per_worker", options.batchSize);
        master.put("averaging_frequency", options.averagingFrequency);
        master.put("round_timeout", 600);
        master.put("save_updater", !options.noSaveUpdater);
        return settings;
    }

    private static ObjectNode normalizer(Main.Normalizer kind) {
        if (kind == null) {
            return null;
        }
        ObjectNode spec = Json.object();
        spec.put("type", kind == Main.Normalizer.IMAGE ? "image_min_max" : kind.toString());
        if (kind != Main.Normalizer.STANDARDIZE) {
            spec.put("min_range", 0.0).put("max_range", 1.0);
        }
        return kind == Main.Normalizer.IMAGE ? spec.put("max_pixel_val", 255.0) : spec;
    }

    /** A line for what happens, until the job has ended. */
    private static void follow(Job job, PrintWriter out) throws Exception {
        while (true) {
            for (JsonNode event : Json.read(job.poll(POLL_MILLIS))) {
                switch (event.get("event").asText()) {
                    case "start":
                        print(out, "%,d rows, %,d averaging rounds per epoch, %d workers", event.get("rows").asLong(),
                                event.get("rounds").asLong(), event.get("workers").asInt());
                        break;
                    case "epoch":
                        print(out, "epoch %d: %,d rows, score %.6g, %.1f s%s", event.get("epoch").asInt(),
                                event.get("rows").asLong(), event.get("score").asDouble(),
                                event.get("seconds").asDouble(), validation(event.path("validation")));
                        break;
                    case "done":
                        return;
                    case "failed":
                        throw job.failure();
                    default: // a round inside an epoch
                        break;
                }
            }
        }
    }

    private static String validation(JsonNode report) {
        if (report.hasNonNull("accuracy")) {
            return String.format(Locale.ROOT, ", validation accuracy %.4f, loss %.6g",
                    report.get("accuracy").asDouble(), report.get("loss").asDouble());
        }
        return report.hasNonNull("loss")
                ? String.format(Locale.ROOT, ", validation loss %.6g", report.get("loss").asDouble()) : "";
    }

    private static void report(JsonNode report, PrintWriter out) {
        print(out, "rows %,d, loss %.6g", report.get("rows").asLong(), report.get("loss").asDouble());
        if (report.hasNonNull("accuracy")) {
            print(out, "accuracy %.4f, precision %.4f, recall %.4f, F1 %.4f", report.get("accuracy").asDouble(),
                    report.get("precision").asDouble(), report.get("recall").asDouble(), report.get("f1").asDouble());
        }
        out.println(report.get("stats").asText());
    }

    private static void print(PrintWriter out, String format, Object... values) {
        out.println(String.format(Locale.ROOT, format, values));
        out.flush();
    }
}
