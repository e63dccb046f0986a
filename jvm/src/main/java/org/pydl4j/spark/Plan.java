package org.pydl4j.spark;

import java.io.Serializable;
import java.util.stream.IntStream;

/**
 * Which rows make up which minibatch, and which worker trains it in which averaging round.
 *
 * <p>Rows stand in one (shuffled) order. Minibatch m is rows m·batch … (m+1)·batch-1, the last one may be shorter.
 * Minibatches are dealt to the workers in turn; after {@code frequency} of them each, a round ends and the workers'
 * parameters are averaged. The last round takes what is left, so every row is trained exactly once per epoch for any
 * row count, and neither batch size nor frequency is ever changed to make the numbers come out.
 *
 * <p>Spark partition {@code group * workers + worker} holds the rows that one worker trains in a run of rounds (a
 * group), so that a round touches only the partitions of its group.
 */
final class Plan implements Serializable {

    private static final long serialVersionUID = 1L;
    /** A partition should stay comfortable to move, cache and spill. */
    private static final long PARTITION_BYTES = 32L << 20;

    final long rows;
    final int batch;
    final int workers;
    final int frequency;
    private final long minibatches;
    private final long roundsPerGroup;

    Plan(long rows, int batch, int workers, int frequency, long bytesPerRow) {
        this.rows = rows;
        this.batch = batch;
        this.frequency = frequency;
        this.minibatches = ceilDiv(rows, batch);
        // More would have nothing to train in any round.
        this.workers = (int) Math.min(workers, minibatches);
        this.roundsPerGroup = Math.max(1, PARTITION_BYTES / Math.max(1, bytesPerRow * batch * frequency));
    }

    long rounds() {
        return ceilDiv(minibatches, (long) workers * frequency);
    }

    int groups() {
        return Math.toIntExact(ceilDiv(rounds(), roundsPerGroup));
    }

    int partitions() {
        return groups() * workers;
    }

    int groupOf(long round) {
        return Math.toIntExact(round / roundsPerGroup);
    }

    /** The first of a group's rounds. */
    long firstRound(int group) {
        return group * roundsPerGroup;
    }

    /** How many rounds a group has. */
    int roundsIn(int group) {
        return (int) Math.min(roundsPerGroup, rounds() - firstRound(group));
    }

    /** The order of all rows in a fit: shuffled by the seed, where rows are shuffled at all. */
    Permutation order(boolean shuffle, long seed) {
        return shuffle ? Permutation.of(rows, seed) : Permutation.identity(rows);
    }

    /** The order of a partition's rows in an epoch; it depends on nothing else, so whoever trains them sees the same. */
    Permutation orderIn(int partition, boolean shuffle, long seed, int epoch) {
        int count = rowsIn(partition);
        return shuffle ? Permutation.of(count, seed, epoch, partition) : Permutation.identity(count);
    }

    /** The groups in the order of an epoch. */
    int[] groups(boolean shuffle, long seed, int epoch) {
        Permutation order = shuffle ? Permutation.of(groups(), seed, epoch, -1) : Permutation.identity(groups());
        return IntStream.range(0, groups()).map(i -> (int) order.at(i)).toArray();
    }

    int partition(int group, int worker) {
        return group * workers + worker;
    }

    int worker(int partition) {
        return partition % workers;
    }

    /** How many workers have anything to train in a round: all of them but, perhaps, in the last. */
    int workersIn(long round) {
        return (int) Math.min(workers, minibatches - round * workers * frequency);
    }

    /** The partition of the row that stands at a position of the shuffled order. */
    int partitionOfPosition(long position) {
        long minibatch = position / batch;
        return partition(groupOf(minibatch / ((long) workers * frequency)), (int) (minibatch % workers));
    }

    /** Where in its partition the row stands: the inverse of {@link #position}. */
    int slotOfPosition(long position) {
        long step = position / batch / workers;
        return Math.toIntExact(step % (roundsPerGroup * frequency) * batch + position % batch);
    }

    /** How many rows a partition holds. */
    int rowsIn(int partition) {
        long count = minibatchesIn(partition);
        if (count == 0) {
            return 0;
        }
        return Math.toIntExact((count - 1) * batch + rowsOf(minibatch(partition, count - 1)));
    }

    /** The shuffled-order position of a partition's i-th row. */
    long position(int partition, int row) {
        return minibatch(partition, row / batch) * batch + row % batch;
    }

    /** The first of a round's minibatches, counted within its partition. */
    int firstIn(long round) {
        return Math.toIntExact((round % roundsPerGroup) * frequency);
    }

    /** One past the last of a round's minibatches, counted within a partition. */
    int endIn(int partition, long round) {
        return (int) Math.min(firstIn(round) + frequency, minibatchesIn(partition));
    }

    private long minibatchesIn(int partition) {
        long first = minibatch(partition, 0);
        if (first >= minibatches) {
            return 0;
        }
        return Math.min(roundsPerGroup * frequency, ceilDiv(minibatches - first, workers));
    }

    private long minibatch(int partition, long index) {
        long firstStep = (partition / workers) * roundsPerGroup * frequency;
        return (firstStep + index) * workers + worker(partition);
    }

    private long rowsOf(long minibatch) {
        return Math.min(batch, rows - minibatch * batch);
    }

    static long ceilDiv(long a, long b) {
        return (a + b - 1) / b;
    }
}
