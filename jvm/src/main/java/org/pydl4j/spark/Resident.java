package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.spark.api.TrainingHook;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** A network that trains for a worker, round after round, with what belongs to it. */
final class Resident implements AutoCloseable {

    final Trainee network;
    private final ScoreSum scores = new ScoreSum();
    /** What was handed in for each worker in the last round: nobody needs it any more when the next is handed in. */
    private final Map<Integer, byte[][]> handedIn = new HashMap<>();
    /** An updater's state before its first step, where every round starts from one. */
    private final byte[] freshUpdater;

    Resident(Trainee network, boolean averagesUpdater, List<TrainingListener> listeners) {
        this.network = network;
        List<TrainingListener> all = new ArrayList<>(listeners);
        all.add(scores);
        network.listen(all);
        freshUpdater = averagesUpdater ? null : RawArray.read(network.updaterState());
    }

    /** Sets the network to where a round starts. */
    void restore(State state, int epoch) {
        RawArray.write(state.params, network.params());
        RawArray.write(freshUpdater == null ? state.updater : freshUpdater, network.updaterState());
        network.setCounters(state.iteration, epoch);
    }

    /** Trains one minibatch in a worker's name. */
    WorkerTally.Totals train(MultiDataSet minibatch, long seed, int worker, List<TrainingHook> hooks) {
        Chance.seed(seed, network.epoch(), network.iteration(), worker);
        scores.reset();
        for (TrainingHook hook : hooks) {
            network.before(hook, minibatch);
        }
        network.fit(minibatch);
        for (TrainingHook hook : hooks) {
            network.after(hook, minibatch);
        }
        return WorkerTally.Totals.ofMinibatch((int) minibatch.getFeatures(0).size(0), scores.sum(),
                network.iteration());
    }

    /** A worker's numbers at the end of a round. */
    Part part(int worker, boolean withUpdater, WorkerTally.Totals totals, long nanos) {
        byte[][] arrays = handedIn.computeIfAbsent(worker, any -> new byte[2][]);
        arrays[0] = RawArray.read(network.params(), arrays[0]);
        arrays[1] = RawArray.read(withUpdater ? network.updaterState() : null, arrays[1]);
        return new Part(arrays[0], arrays[1], totals, nanos);
    }

    @Override
    public void close() {
        network.close();
    }
}
