package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Workers in one JVM, without Spark. One worker trains the network itself; several train copies in threads of their own,
 * and after every round their average is what all go on from, just as {@link ResidentAveragingTrainingMaster} does it.
 */
final class LocalTeam implements AutoCloseable {

    private final Trainee network;
    private final long seed;
    /** The network itself, or the copies; made when they are first needed. */
    private final Resident[] residents;
    /** One for each worker's copy; none where the network itself is trained. */
    private final ExecutorService[] threads;
    private State state;
    private State former;

    LocalTeam(Trainee network, int workers) {
        this.network = network;
        seed = network.seed();
        residents = new Resident[workers];
        threads = new ExecutorService[workers == 1 ? 0 : workers];
        if (workers == 1) {
            residents[0] = new Resident(network, true, List.of());
        }
        for (int worker = 0; worker < threads.length; worker++) {
            threads[worker] = Executors.newSingleThreadExecutor(LocalThreads.daemons("pydl4j_spark worker " + worker));
        }
    }

    int size() {
        return residents.length;
    }

    /**
     * Trains a round.
     *
     * @param workers how many of the workers have anything to train
     * @param share a worker's minibatches, asked for and taken in the worker's own thread
     * @param soFar what was trained before in this epoch
     * @return the same with this round
     */
    WorkerTally.Totals round(int workers, int epoch, IntFunction<Iterator<MultiDataSet>> share,
            WorkerTally.Totals soFar) throws Exception {
        if (threads.length == 0) {
            network.setCounters(network.iteration(), epoch);
            return soFar.plus(train(residents[0], 0, share.apply(0)));
        }
        if (state == null) {
            state = new State(0, network.iteration(), RawArray.read(network.params()),
                    RawArray.read(network.updaterState()));
        }
        List<Future<Part>> tasks = new ArrayList<>();
        for (int worker = 0; worker < workers; worker++) {
            int mine = worker;
            tasks.add(threads[worker].submit(() -> train(mine, epoch, share.apply(mine))));
        }
        List<Part> parts = new ArrayList<>();
        ExecutionException failed = null;
        for (Future<Part> task : tasks) { // all of them, also after a failure: nobody trains on when this returns
            try {
                parts.add(task.get());
            } catch (ExecutionException e) {
                failed = e;
            }
        }
        if (failed != null) {
            throw failed.getCause() instanceof Exception ? (Exception) failed.getCause() : failed;
        }
        State next = state.next(parts, RawArray.isDouble(network.params()), former);
        former = state;
        state = next;
        WorkerTally.Totals totals = soFar;
        for (Part part : parts) {
            totals = totals.plus(part.totals);
        }
        return totals;
    }

    private Part train(int worker, int epoch, Iterator<MultiDataSet> share) {
        Native.useThreads(1);
        if (residents[worker] == null) {
            residents[worker] = new Resident(Trainee.from(network.configuration()), true, List.of());
        }
        residents[worker].restore(state, epoch);
        return residents[worker].part(worker, true, train(residents[worker], worker, share), 0);
    }

    private WorkerTally.Totals train(Resident resident, int worker, Iterator<MultiDataSet> share) {
        WorkerTally.Totals totals = WorkerTally.Totals.NONE;
        try {
            while (share.hasNext()) {
                totals = totals.plus(resident.train(share.next(), seed, worker, List.of()));
            }
        } catch (OutOfMemoryError e) {
            throw new BridgeException(BridgeException.Code.TRAINING,
                    "training ran out of memory (" + e.getMessage() + "); " + Native.memoryAdvice(), e);
        }
        return totals;
    }

    /** Brings the last average into the network; the next round starts from the network as it is then. */
    void settle() {
        if (state != null) {
            RawArray.write(state.params, network.params());
            RawArray.write(state.updater, network.updaterState());
            network.setCounters(state.iteration, network.epoch());
            state = null;
        }
    }

    @Override
    public void close() {
        network.listen(List.of());
        if (threads.length == 0) {
            Trainee.releaseThread();
        }
        for (int worker = 0; worker < threads.length; worker++) {
            Resident mine = residents[worker];
            threads[worker].execute(() -> {
                if (mine != null) {
                    mine.close();
                }
                Trainee.releaseThread();
            });
            threads[worker].shutdown();
        }
    }
}
