package org.pydl4j.spark;

import java.io.Serializable;
import java.util.HashSet;
import java.util.Set;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.rdd.PartitionPruningRDD;
import org.apache.spark.storage.StorageLevel;
import scala.Function1;

/** All blocks of a plan, held on the executors until they are let go. */
final class Blocks implements AutoCloseable {

    private final JavaRDD<Block> all;
    private final Plan plan;

    Blocks(JavaRDD<Block> made, Plan plan) {
        this.all = made.persist(StorageLevel.MEMORY_AND_DISK());
        this.plan = plan;
    }

    /** Those of a group's first workers. */
    JavaRDD<Block> of(int group, int workers) {
        Set<Object> kept = new HashSet<>();
        for (int worker = 0; worker < workers; worker++) {
            kept.add(plan.partition(group, worker));
        }
        Function1<Object, Object> isKept = (Function1<Object, Object> & Serializable) kept::contains;
        return PartitionPruningRDD.create(all.rdd(), isKept).toJavaRDD();
    }

    /** Throws unless as many rows came as were planned. */
    void check(long arranged) {
        if (arranged != plan.rows) {
            throw BridgeException.data("the rows changed after they were counted: " + plan.rows + " the first time, "
                    + arranged + " the second; cache or save the DataFrame before fit");
        }
    }

    JavaRDD<Block> all() {
        return all;
    }

    @Override
    public void close() {
        all.unpersist(false);
    }
}
