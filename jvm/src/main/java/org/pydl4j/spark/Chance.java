package org.pydl4j.spark;

import org.nd4j.linalg.factory.Nd4j;

/**
 * The random stream of a minibatch: dropout, weight noise.
 *
 * <p>ND4J's generator belongs to a thread, and task threads are shared by all that Spark runs. Seeded by (seed, epoch,
 * iteration, worker), chance is the same whichever thread runs the task, however often it is retried, and in a fit
 * that was resumed.
 */
final class Chance {

    private Chance() {}

    static void seed(long seed, int epoch, int iteration, int worker) {
        long state = Permutation.mix(seed);
        state = Permutation.mix(state + epoch);
        state = Permutation.mix(state + iteration);
        Nd4j.getRandom().setSeed(Permutation.mix(state + worker));
    }
}
