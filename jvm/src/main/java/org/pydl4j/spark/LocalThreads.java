package org.pydl4j.spark;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;

/**
 * Threads for work that Python waits for. They are used again: what ND4J and the native code keep for a thread would
 * otherwise be made for every call, and not all of it goes with the thread.
 */
final class LocalThreads {

    static final ExecutorService ALL = Executors.newCachedThreadPool(daemons("pydl4j_spark"));

    private LocalThreads() {}

    /** Makes threads that hold up nobody's exit. */
    static ThreadFactory daemons(String name) {
        return task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
    }
}
