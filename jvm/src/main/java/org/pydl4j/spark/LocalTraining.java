package org.pydl4j.spark;

import java.util.Iterator;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * A fit in this JVM on rows in memory. Which row is in which minibatch, and who trains it when, is the {@link Plan}'s
 * as on Spark; so are the numbers that come out, to the bit.
 */
final class LocalTraining implements Training {

    private final Network network;
    private final Trainee trainee;
    private final MemoryRows rows;
    private final Plan plan;
    private final Permutation order;
    private final boolean shuffle;
    private final LocalTeam team;
    private final MinibatchBuffers[] buffers;

    LocalTraining(Network network, MemoryRows rows, MasterSettings settings, boolean shuffle) {
        this.network = network;
        this.trainee = network.trainee;
        this.rows = rows;
        this.shuffle = shuffle;
        plan = new Plan(rows.count(), settings.batch, settings.workers, settings.frequency,
                (long) rows.spec.width() * Float.BYTES);
        order = plan.order(shuffle, trainee.seed());
        team = new LocalTeam(trainee, plan.workers);
        buffers = new MinibatchBuffers[plan.workers];
        for (int worker = 0; worker < buffers.length; worker++) {
            buffers[worker] = new MinibatchBuffers(rows.spec, plan.batch, Normalizers.copy(network.normalizer()));
        }
    }

    @Override
    public void prepare() {
        Native.useThreads(1);
    }

    @Override
    public Plan plan() {
        return plan;
    }

    @Override
    public WorkerTally.Totals epoch(Progress progress) throws Exception {
        return network.train(() -> {
            int epoch = trainee.epoch();
            boolean whole = false;
            WorkerTally.Totals totals = WorkerTally.Totals.NONE;
            long done = 0;
            try {
                for (int group : plan.groups(shuffle, trainee.seed(), epoch)) {
                    for (int i = 0; i < plan.roundsIn(group); i++) {
                        long round = plan.firstRound(group) + i;
                        totals = team.round(plan.workersIn(round), epoch,
                                worker -> minibatches(plan.partition(group, worker), round, epoch), totals);
                        progress.round(++done, totals);
                    }
                }
                whole = true;
            } finally {
                team.settle();
                trainee.setCounters(trainee.iteration(), whole ? epoch + 1 : epoch);
            }
            return totals;
        });
    }

    private Iterator<MultiDataSet> minibatches(int partition, long round, int epoch) {
        ExampleSource share = rows.pick(plan.rowsIn(partition), i -> order.at(plan.position(partition, i)));
        Permutation within = plan.orderIn(partition, shuffle, trainee.seed(), epoch);
        MinibatchBuffers mine = buffers[plan.worker(partition)];
        int end = plan.endIn(partition, round);
        return new Iterator<>() {
            private int next = plan.firstIn(round);

            @Override
            public boolean hasNext() {
                return next < end;
            }

            @Override
            public MultiDataSet next() {
                return mine.fill(share, next++, within);
            }
        };
    }

    @Override
    public double overheadSeconds() {
        return Double.NaN;
    }

    @Override
    public void close() {
        team.close();
        for (MinibatchBuffers each : buffers) {
            each.close();
        }
    }
}
