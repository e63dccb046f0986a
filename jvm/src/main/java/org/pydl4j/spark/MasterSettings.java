package org.pydl4j.spark;

import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.spark.api.RDDTrainingApproach;
import org.deeplearning4j.spark.api.Repartition;
import org.deeplearning4j.spark.api.TrainingHook;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The settings of a training master as Python hands them over. */
final class MasterSettings {

    final int workers;
    final int batch;
    final int frequency;
    final boolean saveUpdater;
    private final JsonNode json;

    /** @param cores workers where their number is not given */
    MasterSettings(JsonNode json, int cores) {
        this.json = json;
        workers = json.hasNonNull("num_workers") ? json.get("num_workers").asInt() : cores;
        batch = json.get("batch_size_per_worker").asInt();
        frequency = json.get("averaging_frequency").asInt();
        saveUpdater = json.get("save_updater").asBoolean();
    }

    /** A fit by the master that these settings are of. */
    Training training(JavaSparkContext context, Network network, SparkRows rows, boolean shuffle, int epochs) {
        String name = json.get("master").asText();
        if (name.equals(ParameterAveragingTrainingMaster.class.getSimpleName())) {
            return new AveragingRounds(context, network, rows, this, shuffle);
        }
        if (name.equals(ResidentAveragingTrainingMaster.class.getSimpleName())) {
            return resident().training(context, network, rows, shuffle, epochs);
        }
        throw new BridgeException(BridgeException.Code.CONFIG, "there is no training master " + name);
    }

    /**
     * DL4J's own master. It is given one round's minibatches at a time, already batched and already in place, so that
     * it has nothing to split, persist or move.
     */
    ParameterAveragingTrainingMaster stock(WorkerHook hook) {
        return new ParameterAveragingTrainingMaster.Builder(workers, batch)
                .batchSizePerWorker(batch)
                .averagingFrequency(frequency)
                .aggregationDepth(json.get("aggregation_depth").asInt())
                .workerPrefetchNumBatches(json.get("worker_prefetch_num_batches").asInt())
                .saveUpdater(saveUpdater)
                .rddTrainingApproach(RDDTrainingApproach.Direct)
                .repartionData(Repartition.Never)
                .storageLevel(null)
                .trainingHooks(new TrainingHook[] {hook})
                .build();
    }

    private ResidentAveragingTrainingMaster resident() {
        return new ResidentAveragingTrainingMaster.Builder(batch)
                .numWorkers(workers)
                .averagingFrequency(frequency)
                .saveUpdater(saveUpdater)
                .roundTimeout(json.get("round_timeout").asInt())
                .build();
    }
}
