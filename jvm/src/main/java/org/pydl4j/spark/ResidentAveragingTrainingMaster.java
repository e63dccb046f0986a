package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.datavec.spark.util.SerializableHadoopConfig;
import org.deeplearning4j.core.loader.DataSetLoader;
import org.deeplearning4j.core.loader.MultiDataSetLoader;
import org.deeplearning4j.core.storage.StatsStorageRouter;
import org.deeplearning4j.nn.graph.util.ComputationGraphUtil;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.spark.api.TrainingHook;
import org.deeplearning4j.spark.api.TrainingMaster;
import org.deeplearning4j.spark.api.stats.SparkTrainingStats;
import org.deeplearning4j.spark.data.loader.RemoteFileSourceFactory;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingResult;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingWorker;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Parameter averaging with workers that stay: the same training as DL4J's ParameterAveragingTrainingMaster, without
 * what that costs.
 *
 * <p>Rows are converted once into compact blocks, which Spark caches (and spills) on the executors. Networks, updater
 * state and buffers stay there between rounds and epochs. After {@code averagingFrequency} minibatches the workers'
 * parameters and updater state are averaged, weighted by the rows that each has trained (DL4J's averages are not
 * weighted; with equal shares both are the same). Every row is trained once per epoch. The same seed, number of workers
 * and native library give the same parameters to the bit, whatever is lost and retried on the way.
 *
 * <p>With {@link SparkDl4jMultiLayer} and {@link SparkComputationGraph} as they are in DL4J, a call of {@code fit}
 * trains {@code epochs} epochs (1 unless set) and then lets go of everything.
 */
public final class ResidentAveragingTrainingMaster
        implements TrainingMaster<ParameterAveragingTrainingResult, ParameterAveragingTrainingWorker> {

    private final int batchSizePerWorker;
    private final Integer numWorkers;
    private final int averagingFrequency;
    private final boolean saveUpdater;
    private final int roundTimeout;
    private final int epochs;
    private final boolean shuffle;
    private final List<TrainingHook> hooks = new ArrayList<>();
    private final List<TrainingListener> listeners = new ArrayList<>();

    private ResidentAveragingTrainingMaster(Builder builder) {
        batchSizePerWorker = builder.batchSizePerWorker;
        numWorkers = builder.numWorkers;
        averagingFrequency = builder.averagingFrequency;
        saveUpdater = builder.saveUpdater;
        roundTimeout = builder.roundTimeout;
        epochs = builder.epochs;
        shuffle = builder.shuffle;
    }

    /** Settings; defaults are DL4J's, but for the updater's state, which is kept. */
    public static final class Builder {
        private final int batchSizePerWorker;
        private Integer numWorkers;
        private int averagingFrequency = 5;
        private boolean saveUpdater = true;
        private int roundTimeout = 600;
        private int epochs = 1;
        private boolean shuffle = true;

        /** @param batchSizePerWorker rows in a minibatch */
        public Builder(int batchSizePerWorker) {
            this.batchSizePerWorker = atLeastOne("batchSizePerWorker", batchSizePerWorker);
        }

        /** Copies of the network. Default: Spark's default parallelism. */
        public Builder numWorkers(int workers) {
            numWorkers = atLeastOne("numWorkers", workers);
            return this;
        }

        /** Minibatches that each worker trains between two averages. Default 5. */
        public Builder averagingFrequency(int minibatches) {
            averagingFrequency = atLeastOne("averagingFrequency", minibatches);
            return this;
        }

        /** Average the updater's state too; otherwise every round starts from a fresh one. Default true. */
        public Builder saveUpdater(boolean save) {
            saveUpdater = save;
            return this;
        }

        /** Seconds after which a round that has not ended is given up. Default 600. */
        public Builder roundTimeout(int seconds) {
            roundTimeout = atLeastOne("roundTimeout", seconds);
            return this;
        }

        /** Epochs of one call of DL4J's {@code fit}. Default 1. */
        public Builder epochs(int count) {
            epochs = atLeastOne("epochs", count);
            return this;
        }

        /** Shuffle rows at the start of a fit and within every worker's in each epoch. Default true. */
        public Builder shuffle(boolean rows) {
            shuffle = rows;
            return this;
        }

        public ResidentAveragingTrainingMaster build() {
            return new ResidentAveragingTrainingMaster(this);
        }

        private static int atLeastOne(String name, int value) {
            if (value < 1) {
                throw new IllegalArgumentException(name + " must be at least 1, got " + value);
            }
            return value;
        }
    }

    boolean saveUpdater() {
        return saveUpdater;
    }

    int roundTimeout() {
        return roundTimeout;
    }

    List<TrainingHook> hooks() {
        return hooks;
    }

    List<TrainingListener> listeners() {
        return listeners;
    }

    /** A fit on rows as Python hands them over. */
    Training training(JavaSparkContext context, Network network, SparkRows rows, boolean shuffled, int wanted) {
        long seed = network.trainee.seed();
        long count = rows.scan().rows();
        Plan plan = plan(context, count, (long) rows.spec.width() * Float.BYTES);
        return new ResidentTraining(context, network.trainee, rows.arrange(plan, plan.order(shuffled, seed)), plan,
                new Feed(rows.spec, network.normalizer()), seed, shuffled, wanted, this);
    }

    private Plan plan(JavaSparkContext context, long rows, long bytesPerRow) {
        int workers = numWorkers == null ? context.defaultParallelism() : numWorkers;
        return new Plan(rows, batchSizePerWorker, workers, averagingFrequency, bytesPerRow);
    }

    // --- DL4J's TrainingMaster ---------------------------------------------------------------------------------------

    @Override
    public void executeTraining(SparkDl4jMultiLayer network, JavaRDD<DataSet> data) {
        network.setScore(train(network.getSparkContext(), Trainee.of(network.getNetwork()),
                data.map(ComputationGraphUtil::toMultiDataSet)));
    }

    @Override
    public void executeTraining(SparkComputationGraph graph, JavaRDD<DataSet> data) {
        executeTrainingMDS(graph, data.map(ComputationGraphUtil::toMultiDataSet));
    }

    @Override
    public void executeTrainingMDS(SparkComputationGraph graph, JavaRDD<MultiDataSet> data) {
        graph.setScore(train(graph.getSparkContext(), Trainee.of(graph.getNetwork()), data));
    }

    @Override
    public void executeTrainingPaths(SparkDl4jMultiLayer network, SparkComputationGraph graph, JavaRDD<String> paths,
            DataSetLoader loader, MultiDataSetLoader multiLoader) {
        JavaSparkContext context = network != null ? network.getSparkContext() : graph.getSparkContext();
        Broadcast<SerializableHadoopConfig> hadoop =
                context.broadcast(new SerializableHadoopConfig(context.hadoopConfiguration()));
        try {
            RemoteFileSourceFactory files = new RemoteFileSourceFactory(hadoop);
            JavaRDD<MultiDataSet> data = loader != null
                    ? paths.map(path -> ComputationGraphUtil.toMultiDataSet(loader.load(files.getSource(path))))
                    : paths.map(path -> multiLoader.load(files.getSource(path)));
            if (network != null) {
                network.setScore(train(context, Trainee.of(network.getNetwork()), data));
            } else {
                executeTrainingMDS(graph, data);
            }
        } finally {
            hadoop.destroy();
        }
    }

    /** Trains; gives the last epoch's score. */
    private double train(JavaSparkContext context, Trainee network, JavaRDD<MultiDataSet> data) {
        Native.prepare();
        try (DataSetRows rows = DataSetRows.of(data)) {
            network.check(rows.spec);
            long seed = network.seed();
            long count = rows.scan().rows();
            Plan plan = plan(context, count, (long) rows.spec.width() * Float.BYTES);
            double score = 0;
            try (ResidentTraining fit = new ResidentTraining(context, network,
                    rows.arrange(plan, plan.order(shuffle, seed)), plan, new Feed(rows.spec, null), seed, shuffle, epochs,
                    this)) {
                fit.prepare();
                rows.settle();
                for (int epoch = 0; epoch < epochs; epoch++) {
                    score = fit.epoch((done, soFar) -> {}).score();
                }
            }
            // DL4J's fit counts an epoch itself when it returns.
            network.setCounters(network.iteration(), network.epoch() - 1);
            return score;
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new BridgeException(BridgeException.Code.TRAINING, Job.message(e), e);
        }
    }

    @Override
    public void addHook(TrainingHook hook) {
        hooks.add(hook);
    }

    @Override
    public void removeHook(TrainingHook hook) {
        hooks.remove(hook);
    }

    @Override
    public void setListeners(Collection<TrainingListener> all) {
        listeners.clear();
        if (all != null) {
            listeners.addAll(all);
        }
    }

    @Override
    public void setListeners(StatsStorageRouter router, Collection<TrainingListener> all) {
        if (router != null) {
            throw new UnsupportedOperationException("listeners run on the workers, which have no StatsStorageRouter");
        }
        setListeners(all);
    }

    @Override
    public ParameterAveragingTrainingWorker getWorkerInstance(SparkDl4jMultiLayer network) {
        throw noWorkers();
    }

    @Override
    public ParameterAveragingTrainingWorker getWorkerInstance(SparkComputationGraph graph) {
        throw noWorkers();
    }

    private static UnsupportedOperationException noWorkers() {
        return new UnsupportedOperationException("the workers of this master live in its own tasks");
    }

    @Override
    public void setCollectTrainingStats(boolean collect) {
        if (collect) {
            throw new UnsupportedOperationException("this master collects no SparkTrainingStats");
        }
    }

    @Override
    public boolean getIsCollectTrainingStats() {
        return false;
    }

    @Override
    public SparkTrainingStats getTrainingStats() {
        return null;
    }

    /** There are none: nothing outlives a fit. */
    @Override
    public boolean deleteTempFiles(JavaSparkContext context) {
        return true;
    }

    /** There are none: nothing outlives a fit. */
    @Override
    public boolean deleteTempFiles(SparkContext context) {
        return true;
    }

    @Override
    public String toJson() {
        return Json.object()
                .put("@class", getClass().getName())
                .put("batchSizePerWorker", batchSizePerWorker)
                .put("numWorkers", numWorkers)
                .put("averagingFrequency", averagingFrequency)
                .put("saveUpdater", saveUpdater)
                .put("roundTimeout", roundTimeout)
                .put("epochs", epochs)
                .put("shuffle", shuffle)
                .toString();
    }

    /** The same as {@link #toJson}: JSON is YAML. */
    @Override
    public String toYaml() {
        return toJson();
    }
}
