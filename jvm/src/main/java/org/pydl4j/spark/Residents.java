package org.pydl4j.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.spark.api.TrainingHook;

/**
 * What a fit keeps in every executor: how to train, and the networks themselves.
 *
 * <p>It travels as a broadcast, of which Spark keeps one deserialised copy in a JVM. So the networks in it live as
 * long as the broadcast, and whatever becomes of the fit, its end lets go of them everywhere. Should an executor
 * have to drop them earlier, they are made anew: their numbers come from the driver anyhow.
 */
final class Residents implements Serializable {

    private static final long serialVersionUID = 1L;

    final Plan plan;
    private final long[] checksums;
    private final Feed feed;
    final long seed;
    final boolean shuffle;
    final boolean averagesUpdater;
    final List<TrainingHook> hooks;
    private final List<TrainingListener> listeners;
    private final Serializable configuration;
    private transient Map<Integer, Seat> seats;

    Residents(Trainee network, Plan plan, long[] checksums, Feed feed, long seed, boolean shuffle,
            boolean averagesUpdater, List<TrainingHook> hooks, List<TrainingListener> listeners) {
        this.checksums = checksums;
        this.configuration = network.configuration();
        this.plan = plan;
        this.feed = feed;
        this.seed = seed;
        this.shuffle = shuffle;
        this.averagesUpdater = averagesUpdater;
        this.hooks = new ArrayList<>(hooks);
        this.listeners = new ArrayList<>(listeners);
    }

    /** A network that lives in an executor, and what fills its minibatches. */
    static final class Seat implements AutoCloseable {
        final Resident resident;
        final MinibatchBuffers source;

        private Seat(Resident resident, MinibatchBuffers source) {
            this.resident = resident;
            this.source = source;
        }

        @Override
        public void close() {
            resident.close();
            source.close();
        }
    }

    /** Throws when a block is not what it was when the fit began: a lost one is made again from the source. */
    void check(Block block) {
        if (block.checksum() != checksums[block.partition()]) {
            throw BridgeException.data("the rows changed during the fit: some were lost with an executor, and what the "
                    + "source gives in their place is not the same; cache or save the DataFrame before fit, or sort "
                    + "it within its partitions");
        }
    }

    private synchronized Map<Integer, Seat> seats() {
        if (seats == null) {
            seats = new ConcurrentHashMap<>();
        }
        return seats;
    }

    /** Takes the network of a task's first worker out; nobody else can have it until it is put back. */
    Seat take(int worker) {
        Seat seat = seats().remove(worker);
        return seat != null ? seat : new Seat(
                new Resident(Trainee.from(configuration), averagesUpdater, listeners), feed.open(plan.batch));
    }

    void putBack(int worker, Seat seat) {
        Seat other = seats().put(worker, seat);
        if (other != null) {
            other.close();
        }
    }

    /** Frees the networks of this JVM. */
    void close() {
        seats().values().forEach(Seat::close);
        seats().clear();
    }
}
