package org.pydl4j.spark;

import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;

/**
 * Trains epochs with DL4J's ParameterAveragingTrainingMaster so that every row is trained.
 *
 * <p>Left to itself the master rounds its splits down and stops each worker after {@code averagingFrequency}
 * minibatches: up to half of a small data set is never seen. So it is called once per averaging round, with exactly
 * the minibatches of that round: as many workers as have any, each with at most {@code averagingFrequency}.
 */
final class AveragingRounds implements Training {

    private final TrackedSparkContext context;
    private final MultiLayerNetwork network;
    private final ExampleSpec spec;
    private final Plan plan;
    private final long seed;
    private final boolean shuffle;
    private final DataNormalization normalizer;
    private final Blocks blocks;
    private final WorkerTally tally = new WorkerTally();
    private final ParameterAveragingTrainingMaster master;
    private final SparkDl4jMultiLayer spark;
    private final Frozen frozen;

    AveragingRounds(JavaSparkContext context, MultiLayerNetwork network, DataNormalization normalizer, SparkRows rows,
            MasterSettings settings, boolean shuffle) {
        this.context = new TrackedSparkContext(context);
        this.network = network;
        this.spec = rows.spec;
        this.normalizer = normalizer;
        this.shuffle = shuffle;
        this.seed = network.getDefaultConfiguration().getSeed();
        long count = rows.scan().rows();
        this.plan = new Plan(count, settings.batch, settings.workers, settings.frequency,
                (long) spec.width() * Float.BYTES);
        this.blocks = new Blocks(rows.arrange(plan, plan.order(shuffle, seed)), plan);
        context.sc().register(tally, "pydl4j_spark worker tally");
        this.master = settings.stock(new WorkerHook(seed, tally));
        this.spark = new SparkDl4jMultiLayer(this.context, network, master);
        this.frozen = new Frozen(Trainee.of(network));
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
        int epoch = network.getEpochCount();
        long done = 0;
        for (int group : plan.groups(shuffle, seed, epoch)) {
            for (int i = 0; i < plan.roundsIn(group); i++) {
                round(plan.firstRound(group) + i, epoch);
                progress.round(++done, tally.value());
            }
        }
        MultiLayerConfiguration conf = network.getLayerWiseConfigurations();
        conf.setEpochCount(epoch + 1);
        return tally.value();
    }

    private void round(long round, int epoch) {
        Plan p = plan;
        ExampleSpec s = spec;
        Prepared<DataNormalization> n = new Prepared<>(normalizer);
        long key = seed;
        boolean shuffled = shuffle;
        int group = plan.groupOf(round);
        // Of no other workers: DL4J's aggregation miscounts one that has nothing to train.
        JavaRDD<DataSet> minibatches = blocks.of(group, plan.workersIn(round)).mapPartitions(iterator -> {
            Native.useThreads(TaskContext.get().cpus());
            Block block = iterator.next();
            return block.minibatches(p, round, s, n.value, p.orderIn(block.partition(), shuffled, key, epoch));
        });
        try {
            master.executeTraining(spark, minibatches);
        } finally {
            context.destroyBroadcasts();
            frozen.restore();
        }
        // DL4J adds averagingFrequency whatever was trained; schedules and Adam's correction need the truth.
        network.getLayerWiseConfigurations().setIterationCount(tally.value().iteration);
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
