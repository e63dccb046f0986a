package org.pydl4j.spark;

import java.io.Serializable;
import java.util.HashSet;
import java.util.Set;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.PartitionPruningRDD;
import org.apache.spark.storage.StorageLevel;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import scala.Function1;

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
    private final JavaRDD<Block> blocks;
    private final WorkerTally tally = new WorkerTally();
    private final ParameterAveragingTrainingMaster master;
    private final SparkDl4jMultiLayer spark;

    AveragingRounds(JavaSparkContext context, MultiLayerNetwork network, DataNormalization normalizer, Rows rows,
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
        Permutation order = shuffle ? Permutation.of(count, seed) : Permutation.identity(count);
        this.blocks = rows.arrange(plan, order).persist(StorageLevel.MEMORY_AND_DISK());
        context.sc().register(tally, "pydl4j_spark worker tally");
        this.master = settings.stock(new WorkerHook(seed, tally));
        this.spark = new SparkDl4jMultiLayer(this.context, network, master);
    }

    @Override
    public void prepare() {
        long arranged = blocks.map(Block::size).fold(0, Integer::sum);
        if (arranged != plan.rows) {
            throw BridgeException.data("the rows changed after they were counted: " + plan.rows + " the first time, "
                    + arranged + " the second; cache or save the DataFrame before fit");
        }
    }

    @Override
    public long rounds() {
        return plan.rounds();
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
        JavaRDD<DataSet> minibatches = only(group, plan.workersIn(round)).mapPartitions(iterator -> {
            Native.useThreads(TaskContext.get().cpus());
            Block block = iterator.next();
            Permutation order = shuffled
                    ? Permutation.of(block.size(), key, epoch, block.partition())
                    : Permutation.identity(block.size());
            return block.minibatches(p, round, s, n.value, order);
        });
        try {
            master.executeTraining(spark, minibatches);
        } finally {
            context.destroyBroadcasts();
        }
        // DL4J adds averagingFrequency whatever was trained; schedules and Adam's correction need the truth.
        network.getLayerWiseConfigurations().setIterationCount(tally.value().iteration);
    }

    /** The partitions of a group's first workers: DL4J's aggregation miscounts a worker that has nothing to train. */
    private JavaRDD<Block> only(int group, int workers) {
        Set<Object> kept = new HashSet<>();
        for (int worker = 0; worker < workers; worker++) {
            kept.add(plan.partition(group, worker));
        }
        Function1<Object, Object> isKept = (Function1<Object, Object> & Serializable) kept::contains;
        return PartitionPruningRDD.create(blocks.rdd(), isKept).toJavaRDD();
    }

    @Override
    public double overheadSeconds() {
        return Double.NaN;
    }

    @Override
    public void close() {
        context.destroyBroadcasts();
        blocks.unpersist(false);
    }
}
