package org.pydl4j.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
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
    private transient Map<Integer, Resident> networks;

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

    /** A network that lives in an executor, with what belongs to it. */
    static final class Resident implements AutoCloseable {
        final Trainee network;
        final Feed.Source source;
        final ScoreSum scores = new ScoreSum();
        /** What was handed in for each worker in the last round: nobody needs it any more when the next is handed in. */
        private final Map<Integer, byte[][]> handedIn = new HashMap<>();
        /** An updater's state before its first step, where every round starts from one. */
        private final byte[] freshUpdater;

        private Resident(Trainee network, Feed.Source source, boolean averagesUpdater,
                List<TrainingListener> listeners) {
            this.network = network;
            this.source = source;
            List<TrainingListener> all = new ArrayList<>(listeners);
            all.add(scores);
            network.listen(all);
            freshUpdater = averagesUpdater ? null : RawArray.read(network.updaterState());
        }

        /** A worker's numbers at the end of a round. */
        Part part(int worker, boolean withUpdater, WorkerTally.Totals totals, long nanos) {
            byte[][] arrays = handedIn.computeIfAbsent(worker, any -> new byte[2][]);
            arrays[0] = RawArray.read(network.params(), arrays[0]);
            arrays[1] = RawArray.read(withUpdater ? network.updaterState() : null, arrays[1]);
            return new Part(arrays[0], arrays[1], totals, nanos);
        }

        /** Sets the network to where a round starts. */
        void restore(State state, int epoch) {
            RawArray.write(state.params, network.params());
            RawArray.write(freshUpdater == null ? state.updater : freshUpdater, network.updaterState());
            network.setCounters(state.iteration, epoch);
        }

        @Override
        public void close() {
            network.close();
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

    private synchronized Map<Integer, Resident> networks() {
        if (networks == null) {
            networks = new ConcurrentHashMap<>();
        }
        return networks;
    }

    /** Takes the network of a task's first worker out; nobody else can have it until it is put back. */
    Resident take(int worker) {
        Resident resident = networks().remove(worker);
        return resident != null ? resident
                : new Resident(Trainee.from(configuration), feed.open(plan.batch), averagesUpdater, listeners);
    }

    void putBack(int worker, Resident resident) {
        Resident other = networks().put(worker, resident);
        if (other != null) {
            other.close();
        }
    }

    /** Frees the networks of this JVM. */
    void close() {
        networks().values().forEach(Resident::close);
        networks().clear();
    }
}
