package org.pydl4j.spark;

import java.io.Serializable;
import java.util.Iterator;
import java.util.NoSuchElementException;
import scala.Tuple2;

/** Examples on their way to one partition of a {@link Plan}, and their places there. */
final class Parcel implements Serializable {

    private static final long serialVersionUID = 1L;

    private final int[] slots;
    private final Examples examples;

    private Parcel(int[] slots, Examples examples) {
        this.slots = slots;
        this.examples = examples;
    }

    /** @return how many examples there were */
    int unpack(Examples into) {
        for (int i = 0; i < slots.length; i++) {
            examples.copy(i, into, slots[i]);
        }
        return slots.length;
    }

    /**
     * Sends examples to where the plan has them: of every pack at most one parcel to each partition.
     *
     * @param packs consecutive examples
     * @param offset the number of the first among all
     */
    static Iterator<Tuple2<Integer, Parcel>> dispatch(Iterator<Examples> packs, long offset, Plan plan,
            Permutation order) {
        return new Iterator<>() {
            private final int[] ends = new int[plan.partitions()];
            private long index = offset;
            private Examples pack;
            private int[] slots;
            /** Rows of the pack, those of one partition after those of another; a partition's end in {@link #ends}. */
            private int[] sorted;
            private int next = ends.length;

            @Override
            public boolean hasNext() {
                while (true) {
                    while (next < ends.length && start(next) == ends[next]) {
                        next++;
                    }
                    if (next < ends.length) {
                        return true;
                    }
                    if (!packs.hasNext()) {
                        return false;
                    }
                    sort(packs.next());
                }
            }

            private int start(int partition) {
                return partition == 0 ? 0 : ends[partition - 1];
            }

            /** Counts, and then places, the rows by their partitions. */
            private void sort(Examples examples) {
                pack = examples;
                int size = pack.size();
                int[] partitions = new int[size];
                slots = new int[size];
                sorted = new int[size];
                int[] starts = new int[ends.length + 1];
                for (int i = 0; i < size; i++) {
                    if (index >= plan.rows) {
                        throw BridgeException.data("the rows changed after they were counted: more than " + plan.rows
                                + " came the second time; cache or save the DataFrame before fit");
                    }
                    long position = order.positionOf(index++);
                    partitions[i] = plan.partitionOfPosition(position);
                    slots[i] = plan.slotOfPosition(position);
                    starts[partitions[i] + 1]++;
                }
                for (int p = 0; p < ends.length; p++) {
                    starts[p + 1] += starts[p];
                    ends[p] = starts[p + 1];
                }
                for (int i = 0; i < size; i++) {
                    sorted[starts[partitions[i]]++] = i;
                }
                next = 0;
            }

            @Override
            public Tuple2<Integer, Parcel> next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                int from = start(next);
                int to = ends[next];
                int[] places = new int[to - from];
                for (int i = from; i < to; i++) {
                    places[i - from] = slots[sorted[i]];
                }
                return new Tuple2<>(next++, new Parcel(places, pack.pick(sorted, from, to)));
            }
        };
    }
}
