package org.pydl4j.spark;

import java.nio.FloatBuffer;

/** Examples that can be read one by one, wherever they lie. For one thread. */
interface ExampleSource {

    int size();

    /** Puts an example's features where {@code into} stands; {@code scratch} is of their number. */
    void features(int place, FloatBuffer into, float[] scratch);

    /** Puts an example's labels, as many as {@link ExampleSpec#labels} says, to the start of {@code into}. */
    void labels(int place, float[] into);
}
