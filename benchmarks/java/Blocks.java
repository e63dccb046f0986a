package org.pydl4j.benchmarks;

import org.apache.spark.SparkEnv;
import org.apache.spark.storage.StorageStatus;

/** What Spark's block managers hold; in Java, because py4j cannot look into SparkEnv. */
public final class Blocks {

    private Blocks() {
    }

    /** Gives the names of all blocks of driver and executors, with blanks between. */
    public static String names() {
        StringBuilder names = new StringBuilder();
        for (StorageStatus status : SparkEnv.get().blockManager().master().getStorageStatus()) {
            names.append(status.blocks().keySet().mkString(" ")).append(' ');
        }
        return names.toString();
    }
}
