package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;

/** Rows from memory, in their order. */
final class GivenRows extends SparkRows {

    private final JavaSparkContext context;
    private final float[][] rows;

    GivenRows(JavaSparkContext context, float[][] rows) {
        super(Networks.spec(), "test data");
        this.context = context;
        this.rows = rows;
    }

    @Override
    JavaRDD<Examples> ordered() {
        return context.parallelize(List.of(Networks.examples(rows)), 1);
    }

    @Override
    List<Scan> scanPartitions(boolean withMoments) {
        Scan scan = new Scan(spec, withMoments);
        scan.add(Networks.examples(rows));
        return List.of(scan.partitionDone());
    }

    @Override
    JavaRDD<Block> arrange(Plan plan, Permutation order) {
        float[][] all = rows;
        List<Integer> partitions = new ArrayList<>();
        for (int p = 0; p < plan.partitions(); p++) {
            partitions.add(p);
        }
        return context.parallelize(partitions, plan.partitions()).map(p -> {
            float[][] some = new float[plan.rowsIn(p)][];
            for (int i = 0; i < some.length; i++) {
                some[i] = all[(int) order.at(plan.position(p, i))];
            }
            return new Block(p, Networks.examples(some));
        });
    }
}
