package org.pydl4j.spark;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Threads for work that Python waits for. They are used again: what ND4J and the native code keep for a thread would
 * otherwise be made for every call, and not all of it goes with the thread.
 */
final class LocalThreads {

    static final ExecutorService ALL = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "pydl4j_spark");
        thread.setDaemon(true);
        return thread;
    });

    private LocalThreads() {}
}
