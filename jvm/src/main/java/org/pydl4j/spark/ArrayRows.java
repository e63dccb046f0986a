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
final class ArrayRows extends SparkRows {

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
    private interface Dealt extends Serializable {
        int rowsIn(int partition);

        long row(int partition, int index);
    }

    private static Dealt dealt(Plan plan, Permutation order) {
        return new Dealt() {
            private static final long serialVersionUID = 1L;

            @Override
            public int rowsIn(int partition) {
                return plan.rowsIn(partition);
            }

            @Override
            public long row(int partition, int index) {
                return order.at(plan.position(partition, index));
            }
        };
    }

    private static Dealt dealt(Pieces pieces) {
        return new Dealt() {
            private static final long serialVersionUID = 1L;

            @Override
            public int rowsIn(int partition) {
                return pieces.rowsIn(partition);
            }

            @Override
            public long row(int partition, int index) {
                return pieces.first(partition) + index;
            }
        };
    }

    /** Rows, features and labels together, in the mapped files. */
    private static final class Reader implements AutoCloseable {
        private final NpyFile x;
        private final NpyFile y;
        final FlatExamples examples;

        Reader(String features, String labels, ExampleSpec spec) {
            x = new NpyFile(Path.of(features), spec.features);
            y = labels == null ? null : new NpyFile(Path.of(labels), spec.labels);
            examples = new FlatExamples(spec, x.rows(), y == null ? null : y.rows());
        }

        @Override
        public void close() throws IOException {
            x.close();
            if (y != null) {
                y.close();
            }
        }
    }

    private static Examples gather(String features, String labels, ExampleSpec spec, Dealt dealt, int partition)
            throws IOException {
        try (Reader reader = new Reader(features, labels, spec)) {
            return reader.examples.read(dealt.rowsIn(partition), i -> dealt.row(partition, i));
        }
    }

    private JavaRDD<Examples> partitions(int partitions, Dealt dealt) {
        if (context.sc().isLocal()) {
            String x = features;
            String y = labels;
            ExampleSpec what = spec;
            return context.parallelize(numbers(partitions), partitions).map(p -> gather(x, y, what, dealt, p));
        }
        // By all of the driver's cores: Spark compresses what it sends.
        List<Broadcast<Examples>> parts = IntStream.range(0, partitions).parallel()
                .mapToObj(p -> send(dealt, p)).collect(Collectors.toList());
        return context.parallelize(parts, partitions).map(Broadcast::value);
    }

    private Broadcast<Examples> send(Dealt dealt, int partition) {
        try {
            Broadcast<Examples> part = context.broadcast(gather(features, labels, spec, dealt, partition));
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
        return partitions(plan.partitions(), dealt(plan, order))
                .mapPartitionsWithIndex((p, rows) -> List.of(new Block(p, rows.next())).iterator(), true);
    }

    @Override
    JavaRDD<Examples> ordered() {
        if (ordered == null) { // sent once, however many epochs they validate
            Pieces pieces = new Pieces(count, spec);
            ordered = partitions(pieces.count(), dealt(pieces));
        }
        return ordered;
    }

    /** Beside the driver, where the files are: nothing need travel to be looked at. */
    @Override
    List<Scan> scanPartitions(boolean withMoments) {
        try (Reader reader = new Reader(features, labels, spec)) {
            return reader.examples.scan(new Pieces(count, spec), withMoments);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lets go of what was sent to executors. */
    @Override
    public void close() {
        sent.forEach(Broadcast::destroy);
        sent.clear();
        ordered = null;
    }
}
