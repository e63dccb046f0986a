package org.pydl4j.spark;

import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.shade.jackson.databind.JsonNode;

/**
 * Trains epochs with DL4J's ParameterAveragingTrainingMaster so that every row is trained.
 *
 * <p>Left to itself the master rounds its splits down and stops each worker after {@code averagingFrequency}
 * minibatches: up to half of a small data set is never seen. So it is called once per averaging round, with exactly
 * the minibatches of that round: as many workers as have any, each with at most {@code averagingFrequency}.
 */
final class AveragingRounds implements Training {

    private final TrackedSparkContext context;
    private final Trainee network;
    private final ExampleSpec spec;
    private final Plan plan;
    private final long seed;
    private final boolean shuffle;
    private final DataNormalization normalizer;
    private final Blocks blocks;
    private final WorkerTally tally = new WorkerTally();
    private final WorkerHook hook;
    /** Trains one round's minibatches. */
    private final Consumer<JavaRDD<MultiDataSet>> master;
    private final Frozen frozen;

    AveragingRounds(JavaSparkContext context, Network network, SparkRows rows, MasterSettings settings, boolean shuffle) {
        this.context = new TrackedSparkContext(context);
        this.network = network.trainee;
        this.spec = rows.spec;
        this.normalizer = network.normalizer();
        this.shuffle = shuffle;
        this.seed = network.trainee.seed();
        this.hook = new WorkerHook(seed, tally);
        if (settings.workers > 1 && dropsInside(Json.read(network.trainee.json()))) {
            throw BridgeException.config("DL4J's own master gives its workers layers inside wrappers in common, which then take "
                    + "each other's dropout; use ResidentAveragingTrainingMaster, num_workers=1, or a DropoutLayer", null);
        }
        this.master = master(settings.stock(hook), network.trainee.model());
        this.frozen = new Frozen(network.trainee);
        long count = rows.scan().rows();
        this.plan = new Plan(count, settings.batch, settings.workers, settings.frequency,
                (long) spec.width() * Float.BYTES);
        this.blocks = new Blocks(rows.arrange(plan, plan.order(shuffle, seed)), plan);
        context.sc().register(tally, "pydl4j_spark worker tally");
    }

    private Consumer<JavaRDD<MultiDataSet>> master(ParameterAveragingTrainingMaster stock, Model model) {
        if (model instanceof MultiLayerNetwork) {
            SparkDl4jMultiLayer spark = new SparkDl4jMultiLayer(context, (MultiLayerNetwork) model, stock);
            return minibatches -> stock.executeTraining(spark, minibatches.map(Trainee::dataSet));
        }
        ComputationGraph graph = (ComputationGraph) model;
        checkCopies(graph.getConfiguration());
        SparkComputationGraph spark = new SparkComputationGraph(context, graph, stock);
        return minibatches -> stock.executeTrainingMDS(spark, minibatches);
    }

    /** Whether a layer inside a Bidirectional, a LastTimeStep or another wrapper drops what comes in. */
    private static boolean dropsInside(JsonNode json) {
        for (String inside : List.of("underlying", "fwd", "bwd")) {
            if (json.path(inside).hasNonNull("idropout")) {
                return true;
            }
        }
        for (JsonNode part : json) {
            if (dropsInside(part)) {
                return true;
            }
        }
        return false;
    }

    /** DL4J's workers train what it copies itself; its copies of some vertices forget settings. */
    private static void checkCopies(ComputationGraphConfiguration graph) {
        JsonNode vertices = Json.read(graph.toJson()).get("vertices");
        JsonNode copies = Json.read(graph.clone().toJson()).get("vertices");
        vertices.fieldNames().forEachRemaining(name -> {
            if (!vertices.get(name).equals(copies.get(name))) {
                throw BridgeException.config("vertex '" + name + "' cannot be trained by DL4J's own master, whose copies of "
                        + "the graph forget settings of it; use ResidentAveragingTrainingMaster", null);
            }
        });
    }

    @Override
    public void prepare() {
        blocks.check(blocks.all().map(Block::size).fold(0, Integer::sum));
    }

    @Override
    public Plan plan() {
        return plan;
    }

    @Override
    public WorkerTally.Totals epoch(Progress progress) {
        tally.reset();
        int epoch = network.epoch();
        long done = 0;
        for (int group : plan.groups(shuffle, seed, epoch)) {
            for (int i = 0; i < plan.roundsIn(group); i++) {
                round(plan.firstRound(group) + i, epoch);
                progress.round(++done, tally.value());
            }
        }
        network.setCounters(network.iteration(), epoch + 1);
        return tally.value();
    }

    private void round(long round, int epoch) {
        Plan p = plan;
        ExampleSpec s = spec;
        Prepared<DataNormalization> n = new Prepared<>(normalizer);
        long key = seed;
        boolean shuffled = shuffle;
        int group = plan.groupOf(round);
        hook.start(network.iteration(), epoch);
        // Of no other workers: DL4J's aggregation miscounts one that has nothing to train.
        JavaRDD<MultiDataSet> minibatches = blocks.of(group, plan.workersIn(round)).mapPartitions(iterator -> {
            Native.useThreads(TaskContext.get().cpus());
            Block block = iterator.next();
            return block.minibatches(p, round, s, n.value, p.orderIn(block.partition(), shuffled, key, epoch));
        });
        try {
            master.accept(minibatches);
        } finally {
            context.destroyBroadcasts();
            frozen.restore();
        }
        // DL4J adds averagingFrequency whatever was trained; schedules and Adam's correction need the truth.
        network.setCounters(tally.value().iteration, epoch);
    }

    @Override
    public double overheadSeconds() {
        return Double.NaN;
    }

    @Override
    public void close() {
        context.destroyBroadcasts();
        frozen.close();
        blocks.close();
    }
}
