package org.pydl4j.spark;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.storage.RDDInfo;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * Rows that are read from an RDD, converted where they are: none passes the driver.
 *
 * <p>The source is read once, into {@link Pack}s that stay on the executors (on disk where memory is short) until the
 * rows have been laid out. Where it must be read again, because an executor was lost, it must be the same.
 */
abstract class PackedRows extends SparkRows {

    /** Rows that take less than this part of the heap are held twice while they are laid out. */
    private static final int ROOM = 6;

    private JavaRDD<Pack> packs;
    private JavaPairRDD<Integer, Parcel> parcels;

    PackedRows(ExampleSpec spec, String name) {
        super(spec, name);
    }

    /** The source's rows in its order and partitions. */
    abstract JavaRDD<Pack> read();

    private JavaRDD<Pack> packs() {
        if (packs == null) {
            packs = read().persist(StorageLevel.MEMORY_AND_DISK());
        }
        return packs;
    }

    @Override
    List<Scan> scanPartitions(boolean withMoments) {
        ExampleSpec what = spec;
        return packs().mapPartitions(packs -> {
            Scan scan = new Scan(what, withMoments);
            long checksum = 0;
            while (packs.hasNext()) {
                Pack pack = packs.next();
                scan.add(pack.examples);
                pack.bad.forEach(scan::bad);
                checksum = pack.examples.checksum(checksum);
            }
            return List.of(scan.partitionDone(checksum)).iterator();
        }).collect();
    }

    @Override
    JavaRDD<Examples> ordered() {
        return packs().map(Pack::checked);
    }

    @Override
    JavaRDD<Block> arrange(Plan plan, Permutation order) {
        return areAtHand() ? gathered(plan, order) : sent(plan, order);
    }

    @Override
    void settle() {
        packs.unpersist(false);
    }

    /** Whether all rows are in this very JVM's memory, and there is room for them a second time. */
    private boolean areAtHand() {
        if (!packs().context().isLocal()) {
            return false;
        }
        long bytes = scan().rows() * spec.width() * Float.BYTES;
        for (RDDInfo info : packs.context().getRDDStorageInfo()) {
            if (info.id() == packs.id()) {
                return info.diskSize() == 0 && info.numCachedPartitions() == info.numPartitions()
                        && bytes < Runtime.getRuntime().maxMemory() / ROOM;
            }
        }
        return false;
    }

    /** Each partition takes its rows from where they lie, without sending them. */
    JavaRDD<Block> gathered(Plan plan, Permutation order) {
        ExampleSpec what = spec;
        JavaSparkContext context = JavaSparkContext.fromSparkContext(packs.context());
        return context.parallelize(numbers(plan.partitions()), plan.partitions())
                .cartesian(ordered().coalesce(1))
                .mapPartitionsWithIndex((p, pairs) -> {
                    Examples all = new Examples(what, plan.rowsIn(p), false, true);
                    long[] wanted = new long[all.size()];
                    Arrays.setAll(wanted, i -> order.at(plan.position(p, i)));
                    Arrays.sort(wanted);
                    int placed = 0;
                    long first = 0;
                    while (pairs.hasNext()) {
                        Examples some = pairs.next()._2();
                        for (; placed < wanted.length && wanted[placed] < first + some.size(); placed++) {
                            some.copy((int) (wanted[placed] - first), all,
                                    plan.slotOfPosition(order.positionOf(wanted[placed])));
                        }
                        first += some.size();
                    }
                    return List.of(complete(new Block(p, all), placed)).iterator();
                }, true);
    }

    /** Each pack's rows are sent to where the plan has them, in parcels. */
    JavaRDD<Block> sent(Plan plan, Permutation order) {
        ExampleSpec what = spec;
        long[] offsets = scan().offsets();
        long[] checksums = scan().checksums();
        parcels = ordered()
                .mapPartitionsWithIndex((p, examples) ->
                        Parcel.dispatch(new Unchanged(examples, checksums[p]), offsets[p], plan, order), false)
                .mapToPair(parcel -> parcel)
                .partitionBy(new ByNumber(plan.partitions()));
        // Asking for anything sends everything; then there is room for the blocks.
        parcels.isEmpty();
        packs.unpersist(false);
        return parcels.mapPartitionsWithIndex((p, sent) -> {
            Examples all = new Examples(what, plan.rowsIn(p), false, true);
            int placed = 0;
            while (sent.hasNext()) {
                placed += sent.next()._2().unpack(all);
            }
            return List.of(complete(new Block(p, all), placed)).iterator();
        }, true);
    }

    private static Block complete(Block block, int placed) {
        if (placed != block.size()) {
            throw changed("fewer came the second time");
        }
        return block;
    }

    /** Lets go of the rows and of what was written to send them. */
    @Override
    public void close() {
        if (parcels != null) {
            // As if still held: the cleaning goes up to what is held, and must spare the shuffles of the user's data.
            packs.persist(StorageLevel.MEMORY_AND_DISK());
            parcels.rdd().cleanShuffleDependencies(false);
            parcels = null;
        }
        if (packs != null) {
            packs.unpersist(false);
            packs = null;
        }
    }

    private static BridgeException changed(String how) {
        return BridgeException.data("the rows changed after they were checked: " + how
                + "; cache or save the DataFrame before fit");
    }

    /** Hands on a partition's examples, and makes sure in the end that they were those that were scanned. */
    private static final class Unchanged implements Iterator<Examples> {
        private final Iterator<Examples> examples;
        private final long expected;
        private long checksum;

        Unchanged(Iterator<Examples> examples, long expected) {
            this.examples = examples;
            this.expected = expected;
        }

        @Override
        public boolean hasNext() {
            if (examples.hasNext()) {
                return true;
            }
            if (checksum != expected) {
                throw changed("one partition came with other values the second time");
            }
            return false;
        }

        @Override
        public Examples next() {
            Examples next = examples.next();
            checksum = next.checksum(checksum);
            return next;
        }
    }

    /** Keys are numbers of partitions already. */
    private static final class ByNumber extends Partitioner {
        private static final long serialVersionUID = 1L;
        private final int partitions;

        ByNumber(int partitions) {
            this.partitions = partitions;
        }

        @Override
        public int numPartitions() {
            return partitions;
        }

        @Override
        public int getPartition(Object partition) {
            return (Integer) partition;
        }
    }
}
