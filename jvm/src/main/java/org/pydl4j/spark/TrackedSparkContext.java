package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * The session's context as DL4J gets to see it: remembers what is broadcast through it, so that it can be let go.
 *
 * <p>DL4J broadcasts all parameters in every round and never destroys them; until the driver's garbage collector
 * happens to run they pile up on every executor.
 */
final class TrackedSparkContext extends JavaSparkContext {

    private final List<Broadcast<?>> broadcasts = new ArrayList<>();

    TrackedSparkContext(JavaSparkContext context) {
        super(context.sc());
    }

    @Override
    public <T> Broadcast<T> broadcast(T value) {
        Broadcast<T> broadcast = super.broadcast(value);
        broadcasts.add(broadcast);
        return broadcast;
    }

    void destroyBroadcasts() {
        broadcasts.forEach(Broadcast::destroy);
        broadcasts.clear();
    }
}
