package org.pydl4j.spark;

import java.util.UUID;
import org.apache.spark.api.java.JavaSparkContext;

/** A job whose Spark jobs share a group, so that they end with it. */
final class SparkJob extends Job {

    private final JavaSparkContext context;
    private final String description;
    private final String group = "pydl4j_spark-" + UUID.randomUUID();

    SparkJob(JavaSparkContext context, String description, Work work) {
        super(work);
        this.context = context;
        this.description = description;
    }

    @Override
    void begin() {
        context.setJobGroup(group, "pydl4j_spark: " + description, true);
    }

    @Override
    void stop() {
        context.sc().cancelJobGroup(group);
    }
}
