package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/**
 * Where the workers of a fit meet, on the driver: it takes their parts of a round, averages them when all are there,
 * and hands out what the next round starts from.
 *
 * <p>A task can come and go: whoever {@link #join}s in a worker's name gets what the running round started from, and
 * trains it again to the same bits. An older attempt of the same worker is sent away.
 */
final class Exchange {

    /** No answer is kept back for longer; the asker comes again. Well below Spark's own patience (120 s). */
    private static final long HOLD_NANOS = 20_000_000_000L;

    /** What a task hears; exactly one of these, once. */
    interface Reply {
        void state(State state);

        void taken();

        void again();

        void refuse(String reason);
    }

    private static final class Waiting {
        final long attempt;
        final Reply reply;
        final long since = System.nanoTime();

        Waiting(long attempt, Reply reply) {
            this.attempt = attempt;
            this.reply = reply;
        }
    }

    private final boolean doubles;
    /** Who speaks for each worker: the latest attempt that joined. */
    private final long[] attempts;
    private final Part[] parts;
    private final List<Waiting> waiting = new ArrayList<>();
    private final List<Long> overheads = new ArrayList<>();
    private State state;
    private State former;
    private WorkerTally.Totals totals = WorkerTally.Totals.NONE;
    private long endRound;
    private int workers;
    private int workersInLastRound;
    private int arrived;
    private long roundStarted;
    private String closed;

    Exchange(State start, int workers, boolean doubles) {
        this.state = start;
        this.doubles = doubles;
        this.attempts = new long[workers];
        this.parts = new Part[workers];
    }

    // --- the driver's side ---------------------------------------------------------------------------------------

    /** Opens the rounds up to an end, with so many workers in all but the last of them. */
    synchronized void open(long end, int inMost, int inLast) {
        endRound = end;
        workers = inMost;
        workersInLastRound = inLast;
        Arrays.fill(attempts, -1);
        roundStarted = System.nanoTime();
    }

    private int expected() {
        return state.round == endRound - 1 ? workersInLastRound : workers;
    }

    /** Waits a while for the opened rounds to end; true when they have. Also answers who has waited too long. */
    synchronized boolean awaitEnd(long millis) throws InterruptedException {
        if (state.round < endRound) {
            wait(millis);
        }
        long now = System.nanoTime();
        for (Iterator<Waiting> each = waiting.iterator(); each.hasNext();) {
            Waiting one = each.next();
            if (now - one.since > HOLD_NANOS) {
                each.remove();
                one.reply.again();
            }
        }
        return state.round == endRound;
    }

    /** The average of the last round that ended. */
    synchronized State state() {
        return state;
    }

    /** What was trained since the last call of {@link #reset}. */
    synchronized WorkerTally.Totals totals() {
        return totals;
    }

    /** How long the rounds since the last {@link #reset} took beyond their slowest worker's own time; the median. */
    synchronized long overheadNanos() {
        long[] sorted = overheads.stream().mapToLong(Long::longValue).sorted().toArray();
        return sorted.length == 0 ? 0 : sorted[sorted.length / 2];
    }

    synchronized void reset() {
        totals = WorkerTally.Totals.NONE;
        overheads.clear();
    }

    /** Time since the running round began. */
    synchronized long roundNanos() {
        return System.nanoTime() - roundStarted;
    }

    synchronized void restartClock() {
        roundStarted = System.nanoTime();
    }

    /** Sends everybody home. */
    synchronized void close(String reason) {
        closed = reason;
        waiting.forEach(one -> one.reply.refuse(reason));
        waiting.clear();
    }

    // --- the tasks' side -----------------------------------------------------------------------------------------

    synchronized void join(int[] workers, long attempt, Reply reply) {
        for (int worker : workers) {
            if (attempt < attempts[worker]) {
                reply.refuse("another attempt of this task has taken over");
                return;
            }
            long former = attempts[worker];
            attempts[worker] = attempt;
            waiting.removeIf(one -> {
                if (one.attempt == former && former != attempt) {
                    one.reply.refuse("another attempt of this task has taken over");
                    return true;
                }
                return false;
            });
        }
        if (closed != null) {
            reply.refuse(closed);
        } else {
            reply.state(state);
        }
    }

    synchronized void deliver(int worker, long attempt, long round, Part part, boolean waits, Reply reply) {
        if (!admitted(worker, attempt, reply)) {
            return;
        }
        boolean ends = false;
        if (round == state.round && parts[worker] == null) { // else it was delivered by an attempt that got lost then
            parts[worker] = part;
            ends = ++arrived == expected();
        }
        if (!waits) {
            reply.taken();
        } else {
            waiting.add(new Waiting(attempt, reply));
        }
        if (ends) {
            endRound();
        } else if (waits && round < state.round) {
            release();
        }
    }

    synchronized void await(int worker, long attempt, long round, Reply reply) {
        if (!admitted(worker, attempt, reply)) {
            return;
        }
        if (round < state.round) {
            reply.state(state);
        } else {
            waiting.add(new Waiting(attempt, reply));
        }
    }

    private boolean admitted(int worker, long attempt, Reply reply) {
        if (closed != null) {
            reply.refuse(closed);
        } else if (attempts[worker] != attempt) {
            reply.refuse("another attempt of this task has taken over");
        } else {
            return true;
        }
        return false;
    }

    private void endRound() {
        List<Part> all = List.of(Arrays.copyOf(parts, arrived)); // in the workers' order, whatever order they came in
        long slowest = 0;
        for (Part part : all) {
            totals = totals.plus(part.totals);
            slowest = Math.max(slowest, part.nanos);
        }
        // Everybody has handed in, so nobody reads any more what the round before this one started from.
        State next = state.next(all, doubles, former);
        former = state;
        state = next;
        Arrays.fill(parts, null);
        arrived = 0;
        long now = System.nanoTime();
        overheads.add(now - roundStarted - slowest);
        roundStarted = now;
        release();
        notifyAll();
    }

    private void release() {
        waiting.forEach(one -> one.reply.state(state));
        waiting.clear();
    }
}
