package org.pydl4j.spark;

import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;

/** Rows from memory, in their order. */
final class GivenRows extends SparkRows {

    private final JavaSparkContext context;
    private final Examples rows;

    GivenRows(JavaSparkContext context, float[][] rows) {
        this(context, Networks.spec(), Networks.examples(rows));
    }

    GivenRows(JavaSparkContext context, ExampleSpec spec, Examples rows) {
        super(spec, "test data");
        this.context = context;
        this.rows = rows;
    }

    @Override
    JavaRDD<Examples> ordered() {
        return context.parallelize(List.of(rows), 1);
    }

    @Override
    List<Scan> scanPartitions(boolean withMoments) {
        Scan scan = new Scan(spec, withMoments);
        scan.add(rows);
        return List.of(scan.partitionDone());
    }

    @Override
    JavaRDD<Block> arrange(Plan plan, Permutation order) {
        Examples all = rows;
        return context.parallelize(numbers(plan.partitions()), plan.partitions()).map(p -> {
            int[] places = new int[plan.rowsIn(p)];
            for (int i = 0; i < places.length; i++) {
                places[i] = (int) order.at(plan.position(p, i));
            }
            return new Block(p, all.pick(places, 0, places.length));
        });
    }
}
