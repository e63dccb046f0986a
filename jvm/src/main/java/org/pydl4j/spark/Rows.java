package org.pydl4j.spark;

import java.util.List;

/** Examples to train on or to score, that can be looked at first: whatever the user handed in. */
public abstract class Rows implements AutoCloseable {

    final ExampleSpec spec;
    private final String name;
    private Scan scan;

    Rows(ExampleSpec spec, String name) {
        this.spec = spec;
        this.name = name;
    }

    /** Scans a partition; the one place where a bad row may be met without failing. */
    abstract List<Scan> scanPartitions(boolean withMoments);

    /** The rows are in place for training: lets go of what they were made from. */
    void settle() {}

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

    /** Lets go of what the rows hold, where they hold anything. */
    @Override
    public void close() {}
}
