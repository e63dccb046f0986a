package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.List;

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

    /**
     * What the next round starts from: the average of the workers' parts, which stand in the workers' order.
     *
     * @param spare an older state that nobody reads any more, whose arrays may be used; null where there is none
     */
    State next(List<Part> parts, boolean doubles, State spare) {
        List<byte[]> allParams = new ArrayList<>();
        List<byte[]> allUpdaters = new ArrayList<>();
        long[] rows = new long[parts.size()];
        int furthest = iteration;
        for (int worker = 0; worker < rows.length; worker++) {
            Part part = parts.get(worker);
            allParams.add(part.params);
            allUpdaters.add(part.updater);
            rows[worker] = part.totals.rows;
            furthest = Math.max(furthest, part.totals.iteration);
        }
        return new State(round + 1, furthest,
                Average.of(allParams, rows, doubles, spare == null ? null : spare.params),
                Average.of(allUpdaters, rows, doubles, spare == null ? null : spare.updater));
    }
}
