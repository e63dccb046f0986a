package org.pydl4j.spark;

import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.spark.api.RDDTrainingApproach;
import org.deeplearning4j.spark.api.Repartition;
import org.deeplearning4j.spark.api.TrainingHook;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The settings of a ParameterAveragingTrainingMaster as Python hands them over. */
final class MasterSettings {

    final int workers;
    final int batch;
    final int frequency;
    private final int depth;
    private final int prefetch;
    private final boolean saveUpdater;

    MasterSettings(JsonNode json, JavaSparkContext context) {
        workers = json.hasNonNull("num_workers") ? json.get("num_workers").asInt() : context.defaultParallelism();
        batch = json.get("batch_size_per_worker").asInt();
        frequency = json.get("averaging_frequency").asInt();
        depth = json.get("aggregation_depth").asInt();
        prefetch = json.get("worker_prefetch_num_batches").asInt();
        saveUpdater = json.get("save_updater").asBoolean();
    }

    /**
     * DL4J's own master. It is given one round's minibatches at a time, already batched and already in place, so that
     * it has nothing to split, persist or move.
     */
    ParameterAveragingTrainingMaster build(WorkerHook hook) {
        return new ParameterAveragingTrainingMaster.Builder(workers, batch)
                .batchSizePerWorker(batch)
                .averagingFrequency(frequency)
                .aggregationDepth(depth)
                .workerPrefetchNumBatches(prefetch)
                .saveUpdater(saveUpdater)
                .rddTrainingApproach(RDDTrainingApproach.Direct)
                .repartionData(Repartition.Never)
                .storageLevel(null)
                .trainingHooks(new TrainingHook[] {hook})
                .build();
    }
}
