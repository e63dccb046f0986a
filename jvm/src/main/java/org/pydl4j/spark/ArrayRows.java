package org.pydl4j.spark;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * Rows of numpy arrays, handed over as files beside the driver.
 *
 * <p>In one JVM (master {@code local[...]}) every task reads its rows from the mapped file itself. On a cluster the
 * driver gathers each partition's rows and sends them by Spark's broadcast, which the partition's task alone fetches.
 */
final class ArrayRows extends Rows {

    /** Rows of one source partition, for scanning and scoring. */
    private static final long PARTITION_BYTES = 16L << 20;

    /** Rows looked at together: few enough to stay in a processor's cache. */
    private static final long SCAN_BYTES = 256L << 10;

    private final JavaSparkContext context;
    private final String features;
    private final String labels;
    private final long count;
    private final List<Broadcast<Examples>> sent = new ArrayList<>();
    private JavaRDD<Examples> ordered;

    ArrayRows(JavaSparkContext context, String features, String labels, long count, ExampleSpec spec, String name) {
        super(spec, name);
        this.context = context;
        this.features = features;
        this.labels = labels;
        this.count = count;
    }

    /** The rows of a partition by their numbers in the file. */
    private interface Layout extends Serializable {
        int rowsIn(int partition);

        long row(int partition, int index);
    }

    /** A partition of a training plan. */
    private static final class Planned implements Layout {
        private static final long serialVersionUID = 1L;
        private final Plan plan;
        private final Permutation order;

        Planned(Plan plan, Permutation order) {
            this.plan = plan;
            this.order = order;
        }

        @Override
        public int rowsIn(int partition) {
            return plan.rowsIn(partition);
        }

        @Override
        public long row(int partition, int index) {
            return order.at(plan.position(partition, index));
        }
    }

    /** Equal runs of rows in the order of the file. */
    private static final class Even implements Layout {
        private static final long serialVersionUID = 1L;
        private final long rows;
        private final int partitions;

        Even(long rows, int partitions) {
            this.rows = rows;
            this.partitions = partitions;
        }

        @Override
        public int rowsIn(int partition) {
            return (int) (row(partition + 1, 0) - row(partition, 0));
        }

        @Override
        public long row(int partition, int index) {
            return rows * partition / partitions + index;
        }
    }

    /** Reads rows, features and labels together, from the mapped files. */
    private static final class Reader implements AutoCloseable {
        private final ExampleSpec spec;
        private final NpyFile x;
        private final NpyFile y;

        Reader(String features, String labels, ExampleSpec spec) {
            this.spec = spec;
            x = new NpyFile(Path.of(features), spec.features);
            y = labels == null ? null : new NpyFile(Path.of(labels), spec.labels);
        }

        /** The rows of a partition from one place in it to another. */
        Examples read(Layout layout, int partition, int from, int to) {
            Examples examples = new Examples(spec, to - from, x.isBytes(), y != null);
            for (int i = 0; i < to - from; i++) {
                long row = layout.row(partition, from + i);
                if (x.isBytes()) {
                    x.read(row, examples.bytes(), i * spec.features);
                } else {
                    x.read(row, examples.floats(), i * spec.features);
                }
                if (y != null) {
                    y.read(row, examples.labels(), i * spec.labels);
                }
            }
            return examples;
        }

        @Override
        public void close() throws IOException {
            x.close();
            if (y != null) {
                y.close();
            }
        }
    }

    private static Examples gather(String features, String labels, ExampleSpec spec, Layout layout, int partition)
            throws IOException {
        try (Reader reader = new Reader(features, labels, spec)) {
            return reader.read(layout, partition, 0, layout.rowsIn(partition));
        }
    }

    private JavaRDD<Examples> partitions(int partitions, Layout layout) {
        if (context.sc().isLocal()) {
            String x = features;
            String y = labels;
            ExampleSpec what = spec;
            return context.parallelize(numbers(partitions), partitions).map(p -> gather(x, y, what, layout, p));
        }
        // By all of the driver's cores: Spark compresses what it sends.
        List<Broadcast<Examples>> parts = IntStream.range(0, partitions).parallel()
                .mapToObj(p -> send(layout, p)).collect(Collectors.toList());
        return context.parallelize(parts, partitions).map(Broadcast::value);
    }

    private Broadcast<Examples> send(Layout layout, int partition) {
        try {
            Broadcast<Examples> part = context.broadcast(gather(features, labels, spec, layout, partition));
            synchronized (sent) {
                sent.add(part);
            }
            return part;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    JavaRDD<Block> arrange(Plan plan, Permutation order) {
        return partitions(plan.partitions(), new Planned(plan, order))
                .mapPartitionsWithIndex((p, rows) -> List.of(new Block(p, rows.next())).iterator(), true);
    }

    /** The rows in the order of the file, in partitions of a comfortable size. */
    private Even even() {
        long bytes = count * spec.width() * Float.BYTES;
        return new Even(count, (int) Math.max(1, Math.min(count,
                Math.max(context.defaultParallelism(), Plan.ceilDiv(bytes, PARTITION_BYTES)))));
    }

    @Override
    JavaRDD<Examples> ordered() {
        if (ordered == null) { // sent once, however many epochs they validate
            Even even = even();
            ordered = partitions(even.partitions, even);
        }
        return ordered;
    }

    /** Beside the driver, where the files are: nothing need travel to be looked at. */
    @Override
    List<Scan> scanPartitions(boolean withMoments) {
        Even even = even();
        return IntStream.range(0, even.partitions).parallel().mapToObj(p -> {
            Scan scan = new Scan(spec, withMoments);
            try (Reader reader = new Reader(features, labels, spec)) {
                int rows = even.rowsIn(p);
                int each = (int) Math.max(1, SCAN_BYTES / (spec.width() * Float.BYTES));
                for (int from = 0; from < rows; from += each) {
                    scan.add(reader.read(even, p, from, Math.min(rows, from + each)));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return scan.partitionDone();
        }).collect(Collectors.toList());
    }

    /** Lets go of what was sent to executors. */
    @Override
    public void close() {
        sent.forEach(Broadcast::destroy);
        sent.clear();
        ordered = null;
    }
}
