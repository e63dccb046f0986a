package org.pydl4j.spark;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.IntToLongFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Examples in memory outside the heap: rows of features and, where there are labels, rows of labels beside them. */
final class FlatExamples {

    /** Examples looked at together: few enough to stay in a processor's cache. */
    private static final long SCAN_BYTES = 256L << 10;

    private final ExampleSpec spec;
    private final FlatRows x;
    private final FlatRows y;

    /** @param y null where there are no labels */
    FlatExamples(ExampleSpec spec, FlatRows x, FlatRows y) {
        this.spec = spec;
        this.x = x;
        this.y = y;
    }

    /** The same examples for another thread. */
    FlatExamples view() {
        return new FlatExamples(spec, x.view(), y == null ? null : y.view());
    }

    /** Copies some examples: those whose rows {@code row} names for 0, 1, … count-1. */
    Examples read(int count, IntToLongFunction row) {
        Examples examples = new Examples(spec, count, x.areBytes(), y != null);
        for (int i = 0; i < count; i++) {
            long at = row.applyAsLong(i);
            if (x.areBytes()) {
                x.read(at, examples.bytes(), i * spec.features);
            } else {
                x.read(at, examples.floats(), i * spec.features);
            }
            if (y != null) {
                y.read(at, examples.labels(), i * spec.labels);
            }
        }
        return examples;
    }

    /** Looks at all of them, by all of this machine's cores. */
    List<Scan> scan(Pieces pieces, boolean withMoments) {
        int together = (int) Math.max(1, SCAN_BYTES / (spec.width() * Float.BYTES));
        IntStream all = IntStream.range(0, pieces.count());
        return (pieces.count() > 1 ? all.parallel() : all).mapToObj(piece -> {
            Scan scan = new Scan(spec, withMoments);
            FlatExamples mine = view();
            int rows = pieces.rowsIn(piece);
            for (int from = 0; from < rows; from += together) {
                long first = pieces.first(piece) + from;
                scan.add(mine.read(Math.min(together, rows - from), i -> first + i));
            }
            return scan.partitionDone();
        }).collect(Collectors.toList());
    }

    /** The same examples where they lie, to be read by the calling thread. */
    ExampleSource pick(int count, IntToLongFunction row) {
        FlatExamples mine = view();
        return new ExampleSource() {
            @Override
            public int size() {
                return count;
            }

            @Override
            public void features(int place, FloatBuffer into, float[] scratch) {
                mine.x.read(row.applyAsLong(place), into, scratch);
            }

            @Override
            public void labels(int place, float[] into) {
                mine.y.read(row.applyAsLong(place), into, 0);
            }
        };
    }
}
