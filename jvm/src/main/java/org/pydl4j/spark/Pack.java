package org.pydl4j.spark;

import java.io.Serializable;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.TreeMap;
import org.apache.spark.sql.catalyst.InternalRow;

/** A few megabytes of a DataFrame's rows, read once; and what is wrong with those that could not be read. */
final class Pack implements Serializable {

    private static final long serialVersionUID = 1L;
    private static final int BYTES = 4 << 20;
    private static final int FIRST_ROWS = 64;

    final Examples examples;
    /** How often each problem was met; as good as always empty. */
    final Map<String, Long> bad;

    Pack(Examples examples, Map<String, Long> bad) {
        this.examples = examples;
        this.bad = bad;
    }

    /** The examples, where they were found good before. */
    Examples checked() {
        bad.forEach((problem, count) -> {
            throw BridgeException.data("the rows changed after they were checked: " + problem);
        });
        return examples;
    }

    /** Reads a partition's rows, a pack at a time. */
    static Iterator<Pack> of(Iterator<InternalRow> rows, ExampleReader reader, ExampleSpec spec) {
        int limit = Math.max(1, BYTES / (spec.width() * Float.BYTES));
        return new Iterator<>() {
            // Small at first: most partitions of small data are.
            private int room = Math.min(FIRST_ROWS, limit);

            @Override
            public boolean hasNext() {
                return rows.hasNext();
            }

            @Override
            public Pack next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                Examples examples = new Examples(spec, room, false, spec.labelled());
                Map<String, Long> bad = new TreeMap<>();
                int filled = 0;
                while (filled < limit && rows.hasNext()) {
                    if (filled == room) {
                        room = Math.min(limit, 2 * room);
                        examples = examples.resized(room);
                    }
                    try {
                        reader.read(rows.next(), examples, filled);
                        filled++;
                    } catch (BadRow e) {
                        bad.merge(e.getMessage(), 1L, Long::sum);
                    }
                }
                return new Pack(filled == room ? examples : examples.resized(filled), bad);
            }
        };
    }
}
