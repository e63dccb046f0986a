package org.pydl4j.spark;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;

/** Rows that Spark holds: they can be laid out for training, or walked in order. */
public abstract class SparkRows extends Rows {

    SparkRows(ExampleSpec spec, String name) {
        super(spec, name);
    }

    /** Every row in the order and partitions of the source, some at a time. */
    abstract JavaRDD<Examples> ordered();

    /** One {@link Block} per partition of the plan; the caller holds on to them. */
    abstract JavaRDD<Block> arrange(Plan plan, Permutation order);

    /** 0 … count-1, to be made into an RDD. */
    static List<Integer> numbers(int count) {
        return IntStream.range(0, count).boxed().collect(Collectors.toList());
    }
}
