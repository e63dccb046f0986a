package org.pydl4j.benchmarks;

import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.spark.api.RDDTrainingApproach;
import org.deeplearning4j.spark.api.Repartition;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.nd4j.linalg.dataset.DataSet;

/**
 * DL4J's own ParameterAveragingTrainingMaster, as a Java program gives it to spark-submit.
 *
 * <p>Forms: "usual" is an RDD of single examples; "best" an RDD of whole minibatches that stay where they are;
 * "export" the builder's own default, which writes the minibatches to files and has the workers read them.
 */
public final class StockMaster {

    private StockMaster() {
    }

    public static void main(String[] arguments) throws Exception {
        Problem problem = new Problem(arguments[0]);
        String form = problem.task.get("form").asText();
        boolean single = form.equals("usual");
        int batch = problem.setting("batch");
        int workers = problem.setting("workers");
        try (JavaSparkContext context = new JavaSparkContext(new SparkConf().setAppName("stock DL4J, " + form))) {
            List<DataSet> pieces = problem.training(single ? 1 : batch);
            JavaRDD<DataSet> rows = context.parallelize(pieces, workers);
            ParameterAveragingTrainingMaster.Builder builder =
                    new ParameterAveragingTrainingMaster.Builder(workers, single ? 1 : batch)
                            .batchSizePerWorker(batch)
                            .averagingFrequency(problem.setting("frequency"))
                            .workerPrefetchNumBatches(2)
                            .trainingHooks(new RowCount());
            if (form.equals("export")) {
                builder.rddTrainingApproach(RDDTrainingApproach.Export)
                        .exportDirectory(problem.task.get("scratch").asText());
            } else {
                builder.rddTrainingApproach(RDDTrainingApproach.Direct);
            }
            if (form.equals("best")) {
                builder.repartionData(Repartition.Never);
            }
            ParameterAveragingTrainingMaster master = builder.build();
            MultiLayerNetwork network = problem.network();
            problem.environment(network);
            SparkDl4jMultiLayer spark = new SparkDl4jMultiLayer(context, network, master);
            double accuracy = 0;
            for (int epoch = 0; problem.goesOn(epoch, accuracy);) {
                long began = System.nanoTime();
                spark.fit(rows);
                double seconds = (System.nanoTime() - began) / 1e9;
                accuracy = problem.accuracy(spark.getNetwork());
                problem.epoch(++epoch, seconds, accuracy, RowCount.take());
            }
            master.deleteTempFiles(context);
        }
    }
}
