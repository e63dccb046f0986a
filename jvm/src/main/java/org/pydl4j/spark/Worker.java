package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.VoidFunction;
import org.apache.spark.broadcast.Broadcast;

/**
 * A task that trains one worker's share of some rounds, or, where cores are fewer than workers, several workers' shares
 * one after the other; between rounds it meets the others at the {@link Exchange}.
 *
 * <p>It keeps nothing that another attempt could not find again, so it may be lost at any moment.
 */
final class Worker implements VoidFunction<Iterator<Block>> {

    private static final long serialVersionUID = 1L;

    private final Broadcast<Residents> residents;
    private final String exchange;
    private final Rounds rounds;

    Worker(Broadcast<Residents> residents, String exchange, Rounds rounds) {
        this.residents = residents;
        this.exchange = exchange;
        this.rounds = rounds;
    }

    @Override
    public void call(Iterator<Block> partition) {
        Native.useThreads(TaskContext.get().cpus());
        try {
            train(partition);
        } catch (OutOfMemoryError e) {
            // Without the error, not even as the cause: Spark would end the whole executor before anybody could read this.
            throw new BridgeException(BridgeException.Code.TRAINING,
                    "a worker ran out of memory (" + e.getMessage() + "); " + Native.memoryAdvice());
        }
    }

    private void train(Iterator<Block> partition) {
        List<Block> blocks = new ArrayList<>();
        partition.forEachRemaining(blocks::add);
        blocks.sort(Comparator.comparingInt(Block::partition)); // Spark brings those together that lie near each other
        Residents fit = residents.value();
        blocks.forEach(fit::check);
        int[] workers = blocks.stream().mapToInt(block -> fit.plan.worker(block.partition())).toArray();
        Switchboard.Line line = new Switchboard.Line(exchange);
        State state = line.join(workers);
        Residents.Seat seat = fit.take(workers[0]);
        boolean keep = false;
        try {
            while (state != null) {
                state = round(fit, seat, line, blocks, state);
            }
            keep = !rounds.last;
        } finally {
            if (keep) {
                fit.putBack(workers[0], seat);
            } else {
                seat.close();
            }
            Trainee.releaseThread();
        }
    }

    /** Trains one round and meets the others; gives what the next starts from, or null when there is none for us. */
    private State round(Residents fit, Residents.Seat seat, Switchboard.Line line, List<Block> blocks,
            State start) {
        int active = active(fit.plan, blocks, start.round);
        boolean goesOn = active(fit.plan, blocks, start.round + 1) > 0;
        State next = null;
        long began = System.nanoTime();
        for (int i = 0; i < active; i++) {
            Part part = train(fit, seat, blocks.get(i), start, began);
            int worker = fit.plan.worker(blocks.get(i).partition());
            if (goesOn && i == active - 1) {
                next = line.exchange(worker, start.round, part);
            } else {
                line.deliver(worker, start.round, part);
            }
        }
        return next;
    }

    /** How many of our workers have anything to train in a round; they stand in ascending order. */
    private int active(Plan plan, List<Block> blocks, long round) {
        long index = round - rounds.inFit;
        if (index >= rounds.count) {
            return 0;
        }
        int workers = plan.workersIn(rounds.first + index);
        return (int) blocks.stream().filter(block -> plan.worker(block.partition()) < workers).count();
    }

    private Part train(Residents fit, Residents.Seat seat, Block block, State start, long began) {
        Resident resident = seat.resident;
        resident.restore(start, rounds.epoch);
        Permutation order = fit.plan.orderIn(block.partition(), fit.shuffle, fit.seed, rounds.epoch);
        long round = rounds.first + (start.round - rounds.inFit);
        int worker = fit.plan.worker(block.partition());
        WorkerTally.Totals totals = WorkerTally.Totals.NONE;
        int end = fit.plan.endIn(block.partition(), round);
        for (int i = fit.plan.firstIn(round); i < end; i++) {
            totals = totals.plus(resident.train(seat.source.fill(block.examples(), i, order), fit.seed, worker, fit.hooks));
        }
        return resident.part(worker, fit.averagesUpdater, totals, System.nanoTime() - began);
    }
}
