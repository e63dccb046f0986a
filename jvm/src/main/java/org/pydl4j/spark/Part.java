package org.pydl4j.spark;

/** What one worker brings to the end of a round: its numbers, how many rows they stand for, and how it went. */
final class Part {

    final byte[] params;
    final byte[] updater;
    final WorkerTally.Totals totals;
    /** Time from the round's start to the end of these minibatches, on the core that trained them. */
    final long nanos;

    Part(byte[] params, byte[] updater, WorkerTally.Totals totals, long nanos) {
        this.params = params;
        this.updater = updater;
        this.totals = totals;
        this.nanos = nanos;
    }
}
