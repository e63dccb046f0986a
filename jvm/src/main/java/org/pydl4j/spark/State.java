package org.pydl4j.spark;

/** What all workers start a round from. Rounds are numbered through all epochs of a fit. */
final class State {

    final long round;
    final int iteration;
    final byte[] params;
    /** No bytes where the updater has no state, or its state is not averaged. */
    final byte[] updater;

    State(long round, int iteration, byte[] params, byte[] updater) {
        this.round = round;
        this.iteration = iteration;
        this.params = params;
        this.updater = updater;
    }
}
