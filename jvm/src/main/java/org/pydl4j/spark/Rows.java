package org.pydl4j.spark;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;

/** Examples that can be scanned, laid out for training, or walked in order: whatever the user handed in. */
public abstract class Rows implements AutoCloseable {

    final ExampleSpec spec;
    private final String name;
    private Scan scan;

    Rows(ExampleSpec spec, String name) {
        this.spec = spec;
        this.name = name;
    }

    /** Every row in the order and partitions of the source, some at a time. */
    abstract JavaRDD<Examples> ordered();

    /** One {@link Block} per partition of the plan; the caller holds on to them. */
    abstract JavaRDD<Block> arrange(Plan plan, Permutation order);

    /** The blocks are made: lets go of what they were made from. */
    void settle() {}

    /** Scans a partition; the one place where a bad row may be met without failing. */
    abstract List<Scan> scanPartitions(boolean withMoments);

    /** 0 … count-1, to be made into an RDD. */
    static List<Integer> numbers(int count) {
        return IntStream.range(0, count).boxed().collect(Collectors.toList());
    }

    /** What the user calls these rows in a message: "training data" or "validation data". */
    String name() {
        return name;
    }

    /** The one combined pass over the data, made once; throws when the rows cannot be trained on. */
    synchronized Scan scan(boolean withMoments) {
        if (scan == null || withMoments && scan.moments == null) {
            List<Scan> partitions = scanPartitions(withMoments);
            Scan whole = new Scan(spec, withMoments);
            partitions.forEach(whole::append);
            whole.check(name);
            scan = whole;
        }
        return scan;
    }

    Scan scan() {
        return scan(false);
    }

    /** Lets go of what the rows hold on executors, where they hold anything. */
    @Override
    public void close() {}
}
