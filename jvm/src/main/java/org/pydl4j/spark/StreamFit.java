package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.shade.jackson.databind.JsonNode;

/** A fit in this JVM on minibatches that Python makes: they are given one by one, then a round trains them. */
public final class StreamFit implements AutoCloseable {

    private final Network network;
    private final Trainee trainee;
    private final LocalTeam team;
    private final DataNormalization[] normalizers;
    private final Minibatch[] buffers;
    private final List<MemoryRows> given = new ArrayList<>();
    private WorkerTally.Totals totals = WorkerTally.Totals.NONE;
    private long rounds;
    private long nanos;

    StreamFit(Network network, JsonNode master) {
        network.acquire();
        this.network = network;
        trainee = network.trainee;
        int workers = new MasterSettings(master, 1).workers;
        team = new LocalTeam(trainee, workers);
        buffers = new Minibatch[workers];
        normalizers = new DataNormalization[workers];
        for (int worker = 0; worker < workers; worker++) {
            normalizers[worker] = Normalizers.copy(network.normalizer());
        }
    }

    /** Takes up a minibatch, which must stay where it is until the next round has been trained. */
    void give(MemoryRows batch) {
        trainee.check(batch.spec);
        batch.scan();
        given.add(batch);
    }

    /** Trains what was given; minibatches are dealt to the workers in turn. Says how far the epoch is. */
    String round() throws Exception {
        Native.useThreads(1);
        long began = System.nanoTime();
        try {
            totals = network.train(() ->
                    team.round(Math.min(team.size(), given.size()), trainee.epoch(), this::share, totals));
        } finally {
            given.clear();
        }
        nanos += System.nanoTime() - began;
        return Fit.roundEvent(++rounds, totals).toString();
    }

    private Iterator<MultiDataSet> share(int worker) {
        return new Iterator<>() {
            private int next = worker;

            @Override
            public boolean hasNext() {
                return next < given.size();
            }

            @Override
            public MultiDataSet next() {
                MemoryRows batch = given.get(next);
                next += team.size();
                return fill(worker, batch);
            }
        };
    }

    private MultiDataSet fill(int worker, MemoryRows batch) {
        ExampleSource rows = batch.all();
        if (buffers[worker] == null || !buffers[worker].fits(batch.spec, rows.size())) {
            if (buffers[worker] != null) {
                buffers[worker].close();
            }
            buffers[worker] = new Minibatch(batch.spec, rows.size(), true);
        }
        return buffers[worker].fill(rows, 0, normalizers[worker]);
    }

    /** Ends an epoch and tells of it. */
    String endEpoch() {
        team.settle();
        trainee.setCounters(trainee.iteration(), trainee.epoch() + 1);
        String event = Fit.epochEvent(network, totals, rounds, nanos, Double.NaN).toString();
        totals = WorkerTally.Totals.NONE;
        rounds = 0;
        nanos = 0;
        return event;
    }

    @Override
    public void close() {
        try {
            team.settle();
            team.close();
            for (Minibatch each : buffers) {
                if (each != null) {
                    each.close();
                }
            }
        } finally {
            network.release();
        }
    }
}
