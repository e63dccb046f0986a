package org.pydl4j.spark;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Training, evaluation and prediction by spark-submit alone, with no Python on the cluster.
 *
 * <p>Here are the options and how errors are told; {@link Commands} does the work. Nothing here names a class of
 * Spark, so that {@code --help} answers by {@code java -cp} too.
 */
@Command(name = Main.NAME, mixinStandardHelpOptions = true, versionProvider = Main.Version.class,
        subcommands = {Main.Train.class, Main.Evaluate.class, Main.Predict.class},
        synopsisSubcommandLabel = "COMMAND",
        description = "Deeplearning4j networks on Spark.",
        footer = {"", "spark-submit --class org.pydl4j.spark.Main pydl4j-spark.jar COMMAND ...",
            "Exit codes: 0, done; 1, failed; 2, an option is wrong."})
public final class Main implements Runnable {

    static final String NAME = "pydl4j-spark";

    @Option(names = "--verbose", scope = ScopeType.INHERIT,
            description = "Show Java's stack traces, and let Spark log as it is configured to.")
    boolean verbose;

    @Spec
    CommandSpec spec;

    private Main() {}

    public static void main(String[] arguments) {
        int code = run(arguments, System.out, System.err);
        if (code != 0) { // on success main returns: some cluster managers take an early exit for a failure
            System.exit(code);
        }
    }

    static int run(String[] arguments, PrintStream out, PrintStream err) {
        CommandLine line = new CommandLine(new Main())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(false)
                .setParameterExceptionHandler((problem, given) -> {
                    CommandLine at = problem.getCommandLine();
                    at.getErr().println(at.getCommandSpec().qualifiedName() + ": " + explain(problem));
                    return CommandLine.ExitCode.USAGE;
                });
        line.setExecutionExceptionHandler((thrown, at, given) -> failed(thrown, at, line));
        return line.execute(arguments);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command given: train, evaluate or predict");
    }

    private static String explain(ParameterException problem) {
        String message = oneLine(problem.getMessage()).replace("is not an int", "is not a whole number");
        if (problem instanceof UnmatchedArgumentException) {
            List<String> suggestions = ((UnmatchedArgumentException) problem).getSuggestions();
            if (!suggestions.isEmpty()) {
                message += "; did you mean " + String.join(" or ", suggestions) + "?";
            }
        }
        return message + " (see --help)";
    }

    private static int failed(Throwable thrown, CommandLine at, CommandLine root) {
        boolean verbose = ((Main) root.getCommand()).verbose;
        PrintWriter err = at.getErr();
        if (verbose) {
            thrown.printStackTrace(err);
        }
        String message;
        if (thrown instanceof NoClassDefFoundError || thrown instanceof ClassNotFoundException) {
            message = "Spark is not on the class path (" + thrown.getMessage()
                    + "): run this by spark-submit --class org.pydl4j.spark.Main";
        } else {
            message = Commands.message(thrown);
        }
        err.println(at.getCommandSpec().qualifiedName() + ": " + oneLine(message)
                + (verbose || BridgeException.within(thrown) != null ? "" : " (--verbose shows more)"));
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** Without the frames of a stack trace that Spark puts into its messages. */
    private static String oneLine(String message) {
        List<String> lines = new ArrayList<>();
        for (String line : String.valueOf(message).split("\\R")) {
            if (line.startsWith("\tat ") || line.startsWith("Driver stacktrace")) {
                break;
            }
            if (!line.isBlank()) {
                lines.add(line.strip());
            }
        }
        return String.join(" ", lines);
    }

    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {NAME + " " + Commands.version() + ", Deeplearning4j " + Commands.DL4J};
        }
    }

    // --- options -------------------------------------------------------------------------------------------------

    enum Format {
        PARQUET, CSV, LIBSVM, JSON;

        /** Also how picocli spells it. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Format of(String path) {
            String name = path.toLowerCase(Locale.ROOT).replaceFirst("\\.(gz|bz2|zst)$", "");
            if (name.endsWith(".csv")) {
                return CSV;
            }
            if (name.endsWith(".json") || name.endsWith(".jsonl")) {
                return JSON;
            }
            return name.endsWith(".libsvm") || name.endsWith(".svm") ? LIBSVM : PARQUET;
        }
    }

    enum Normalizer {
        STANDARDIZE, MIN_MAX, IMAGE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What is wrong with an option only shows when it is used: in a file, on a filesystem, beside another option. */
    static final class BadOption extends Exception {
        private static final long serialVersionUID = 1L;

        BadOption(String option, Object value, String problem) {
            super("option " + option + " " + value + ": " + problem);
        }
    }

    /** The rows, wherever they are needed. */
    static final class Data {
        @Option(names = "--data", required = true, paramLabel = "PATH",
                description = "Rows: a file or folder, on any filesystem that Spark reads.")
        String path;

        @Option(names = "--format", paramLabel = "FORMAT",
                description = "${COMPLETION-CANDIDATES}; by default what the name ends in, else parquet. CSV has a "
                        + "header line.")
        private Format format;

        @Option(names = "--features-col", split = ",", paramLabel = "COLUMN",
                description = "Column with all features, or one numeric column per feature, in order, separated by "
                        + "commas. Default: features; for CSV every column but the label.")
        List<String> features;

        Format format(String file) {
            return format == null ? Format.of(file) : format;
        }
    }

    static final class Label {
        @Option(names = "--label-col", paramLabel = "COLUMN", defaultValue = "label",
                description = "Column with the label. Default: ${DEFAULT-VALUE}.")
        String column;
    }

    /** A command with its options; its exceptions become a line on stderr. */
    abstract static class Base implements Callable<Integer> {
        @Spec
        CommandSpec spec;

        boolean verbose() {
            return ((Main) spec.root().userObject()).verbose;
        }

        PrintWriter out() {
            return spec.commandLine().getOut();
        }

        void atLeastOne(String option, Integer value) throws BadOption {
            if (value != null && value < 1) {
                throw new BadOption(option, value, "must be a whole number of at least 1");
            }
        }

        abstract void work() throws Exception;

        @Override
        public Integer call() throws Exception {
            try {
                work();
            } catch (BadOption e) {
                throw new ParameterException(spec.commandLine(), e.getMessage(), e);
            }
            return CommandLine.ExitCode.OK;
        }
    }

    @Command(name = "train", mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false,
            description = "Train a network, new or trained before, and write it as a model zip.")
    static final class Train extends Base {

        static final class Source {
            @Option(names = "--conf", required = true, paramLabel = "FILE",
                    description = "A new network: the JSON that Python's conf.to_json() writes.")
            String conf;

            @Option(names = "--resume", required = true, paramLabel = "FILE",
                    description = "A model zip to train further.")
            String resume;
        }

        @ArgGroup(exclusive = true, multiplicity = "1")
        Source source;

        @Mixin
        Data data;

        @Mixin
        Label label;

        @Option(names = "--out", required = true, paramLabel = "FILE",
                description = "The model zip to write: a path beside the driver, or a URI such as hdfs://...")
        String out;

        @Option(names = "--epochs", defaultValue = "1", paramLabel = "N",
                description = "Passes over the rows. Default: ${DEFAULT-VALUE}.")
        int epochs;

        @Option(names = "--batch-size", defaultValue = "16", paramLabel = "N",
                description = "Rows of a minibatch on one worker. Default: ${DEFAULT-VALUE}.")
        int batchSize;

        @Option(names = "--averaging-frequency", defaultValue = "5", paramLabel = "N",
                description = "Minibatches of a worker between two averages. Default: ${DEFAULT-VALUE}.")
        int averagingFrequency;

        @Option(names = "--workers", paramLabel = "N",
                description = "Copies of the network. Default: Spark's default parallelism.")
        Integer workers;

        @Option(names = "--no-save-updater", description = "Neither average nor keep the updater's state.")
        boolean noSaveUpdater;

        @Option(names = "--validation", paramLabel = "PATH",
                description = "Rows to evaluate on after every epoch, with the columns of --data.")
        String validation;

        @Option(names = "--normalizer", paramLabel = "KIND",
                description = "${COMPLETION-CANDIDATES}; fitted on the rows and kept with the network.")
        Normalizer normalizer;

        @Option(names = "--labels", split = ",", paramLabel = "NAME",
                description = "Names of the classes, in the order of the outputs, separated by commas.")
        List<String> labels;

        @Option(names = "--no-shuffle", description = "Keep the rows in their order.")
        boolean noShuffle;

        @Override
        void work() throws Exception {
            atLeastOne("--epochs", epochs);
            atLeastOne("--batch-size", batchSize);
            atLeastOne("--averaging-frequency", averagingFrequency);
            atLeastOne("--workers", workers);
            Commands.train(this);
        }
    }

    @Command(name = "evaluate", mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false,
            description = "Evaluate a trained network on labelled rows.")
    static final class Evaluate extends Base {
        @Option(names = "--model", required = true, paramLabel = "FILE", description = "A model zip.")
        String model;

        @Mixin
        Data data;

        @Mixin
        Label label;

        @Override
        void work() throws Exception {
            Commands.evaluate(this);
        }
    }

    @Command(name = "predict", mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false,
            description = "Write rows with their predictions beside them.")
    static final class Predict extends Base {
        @Option(names = "--model", required = true, paramLabel = "FILE", description = "A model zip.")
        String model;

        @Mixin
        Data data;

        @Option(names = "--out", required = true, paramLabel = "PATH",
                description = "The parquet folder to write: the rows as they are, with `prediction` and, for "
                        + "classifiers, `probability`.")
        String out;

        @Option(names = "--overwrite", description = "Replace what is there already.")
        boolean overwrite;

        @Override
        void work() throws Exception {
            Commands.predict(this);
        }
    }
}
