package org.pydl4j.spark.helpers;

import org.bytedeco.javacpp.FloatPointer;

/** Off-heap memory that grows to what was asked for at most, and goes with its owner. */
final class Scratch {

    private FloatPointer memory = new FloatPointer();

    FloatPointer ofAtLeast(long count) {
        if (memory.capacity() < count) {
            memory.close();
            memory = new FloatPointer(count);
        }
        return memory;
    }
}
