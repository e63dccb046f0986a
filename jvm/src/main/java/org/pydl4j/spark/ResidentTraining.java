package org.pydl4j.spark;

import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.JavaSparkStatusTracker;
import org.apache.spark.broadcast.Broadcast;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A fit by {@link ResidentAveragingTrainingMaster}, seen from the driver.
 *
 * <p>One Spark job trains a group of rounds (some 32 MB of rows for each worker, often a whole epoch). Its tasks start
 * together, one for each worker as far as there are cores, and meet at the {@link Exchange} after every round; so a
 * round costs no job, no broadcast and no new network. A lost task comes back by Spark's own means and takes up the
 * running round. Where it finds no place, the job is started anew with as many tasks as there are places: the result
 * does not depend on which task trains which worker.
 */
final class ResidentTraining implements Training {

    private static final Logger log = LoggerFactory.getLogger(ResidentTraining.class);
    private static final long LOOK_MILLIS = 100;
    /** How long the others wait for a task that has no core before they share its work. Executors take some seconds. */
    private static final long GATHER_NANOS = 20_000_000_000L;
    /** How long a job that was cancelled may take to end. */
    private static final long SEE_OFF_NANOS = 10_000_000_000L;

    private final JavaSparkContext context;
    private final Trainee network;
    private final Plan plan;
    private final ResidentAveragingTrainingMaster master;
    private final boolean shuffle;
    private final long seed;
    private final Blocks blocks;
    private final Exchange exchange;
    private final Switchboard switchboard;
    private final Feed feed;
    private Broadcast<Residents> residents;
    private int epochsLeft;

    /** Rows must be persisted by nobody else: they are here, until the training is closed. */
    ResidentTraining(JavaSparkContext context, Trainee network, JavaRDD<Block> rows, Plan plan, Feed feed, long seed,
            boolean shuffle, int epochs, ResidentAveragingTrainingMaster master) {
        this.context = context;
        this.network = network;
        this.plan = plan;
        this.master = master;
        this.shuffle = shuffle;
        this.seed = seed;
        this.epochsLeft = epochs;
        State start = new State(0, network.iteration(), RawArray.read(network.params()), updaterState());
        this.exchange = new Exchange(start, plan.workers, RawArray.isDouble(network.params()));
        this.feed = feed;
        this.blocks = new Blocks(rows, plan);
        this.switchboard = new Switchboard(exchange);
    }

    private byte[] updaterState() {
        return RawArray.read(master.saveUpdater() ? network.updaterState() : null);
    }

    @Override
    public void prepare() {
        long arranged = 0;
        long[] checksums = new long[plan.partitions()];
        for (int group = 0; group < plan.groups(); group++) { // one by one, so that each has its workers side by side
            for (long[] block : blocks.of(group, plan.workers)
                    .map(each -> new long[] {each.partition(), each.size(), each.checksum()}).collect()) {
                arranged += block[1];
                checksums[(int) block[0]] = block[2];
            }
        }
        blocks.check(arranged);
        residents = context.broadcast(new Residents(network, plan, checksums, feed, seed, shuffle, master.saveUpdater(),
                master.hooks(), master.listeners()));
    }

    @Override
    public Plan plan() {
        return plan;
    }

    @Override
    public WorkerTally.Totals epoch(Progress progress) throws Exception {
        exchange.reset();
        epochsLeft--;
        int epoch = network.epoch();
        boolean whole = false;
        try {
            long done = 0;
            int[] groups = plan.groups(shuffle, seed, epoch);
            for (int i = 0; i < groups.length; i++) {
                int group = groups[i];
                boolean last = epochsLeft <= 0 && i == groups.length - 1;
                long inFit = exchange.state().round;
                Rounds rounds = new Rounds(epoch, plan.firstRound(group), plan.roundsIn(group), inFit, last);
                train(group, rounds, done, progress);
                done += rounds.count;
            }
            whole = true;
        } finally {
            State state = exchange.state();
            RawArray.write(state.params, network.params());
            if (master.saveUpdater()) {
                RawArray.write(state.updater, network.updaterState());
            }
            network.setCounters(state.iteration, whole ? epoch + 1 : epoch);
        }
        return exchange.totals();
    }

    /** Trains a group's rounds by as many jobs as it takes; one, unless a worker is lost and finds no new place. */
    private void train(int group, Rounds rounds, long before, Progress progress) throws Exception {
        long end = rounds.inFit + rounds.count;
        int workers = plan.workersIn(rounds.first);
        exchange.open(end, workers, plan.workersIn(rounds.first + rounds.count - 1));
        int tasks = Math.min(workers, Math.max(1, slots()));
        while (exchange.state().round < end) {
            JavaFutureAction<Void> job = blocks.of(group, workers).coalesce(tasks)
                    .foreachPartitionAsync(new Worker(residents, switchboard.name(), rounds));
            try {
                int present = watch(job, tasks, rounds, before, progress);
                if (present > 0) {
                    log.warn("{} of {} tasks have had no core for {} s; {} of them train for all {} workers from now on",
                            tasks - present, tasks, GATHER_NANOS / 1_000_000_000L, present, workers);
                    tasks = present;
                }
            } finally {
                end(job);
            }
        }
    }

    /** Waits for a job's rounds to end; gives up with the number of tasks that run when some find no place. */
    private int watch(JavaFutureAction<Void> job, int tasks, Rounds rounds, long before, Progress progress)
            throws Exception {
        long gathered = System.nanoTime();
        while (!exchange.awaitEnd(LOOK_MILLIS)) {
            if (job.isDone()) {
                finish(job); // throws what the job failed with
                throw new IllegalStateException("the workers went home before their rounds were done");
            }
            progress.round(before + exchange.state().round - rounds.inFit, exchange.totals());
            int present = running(job);
            if (present == 0 && context.statusTracker().getActiveJobIds().length > 1) {
                exchange.restartClock(); // in a queue behind other work
            }
            if (exchange.roundNanos() > TimeUnit.SECONDS.toNanos(master.roundTimeout())) {
                throw new BridgeException(BridgeException.Code.TRAINING, "an averaging round has not ended in "
                        + master.roundTimeout() + " s (" + present + " of " + tasks + " tasks are running); see "
                        + "whether executors are there, or raise round_timeout where minibatches are that slow");
            }
            if (present == 0 || present >= tasks) {
                gathered = System.nanoTime();
            } else if (System.nanoTime() - gathered > GATHER_NANOS) {
                return present;
            }
        }
        progress.round(before + rounds.count, exchange.totals());
        finish(job);
        return 0;
    }

    private static void finish(JavaFutureAction<Void> job) throws Exception {
        try {
            job.get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception ? (Exception) e.getCause() : e;
        } catch (TimeoutException e) {
            log.warn("a task has handed in all its work and does not end; it is cancelled");
        }
    }

    /** Ends a job that has not ended by itself, and sees it off: its tasks must not meet those of the next. */
    private void end(JavaFutureAction<Void> job) throws InterruptedException {
        if (job.isDone()) {
            return;
        }
        job.cancel(true);
        long until = System.nanoTime() + SEE_OFF_NANOS;
        while (job.jobIds().stream().anyMatch(this::isActive) && System.nanoTime() < until) {
            Thread.sleep(20);
        }
    }

    private boolean isActive(int job) {
        return Arrays.stream(context.statusTracker().getActiveJobIds()).anyMatch(each -> each == job);
    }

    /** How many of a job's training tasks run or have run to their end; 0 while nothing is known. */
    private int running(JavaFutureAction<Void> job) {
        JavaSparkStatusTracker status = context.statusTracker();
        int running = 0;
        for (int id : job.jobIds()) {
            var info = status.getJobInfo(id);
            if (info == null) {
                continue;
            }
            int last = -1;
            for (int stage : info.stageIds()) {
                last = Math.max(last, stage);
            }
            var stage = status.getStageInfo(last);
            if (stage != null) {
                running += stage.numActiveTasks() + stage.numCompletedTasks();
            }
        }
        return running;
    }

    /** Tasks that Spark can run at a time, now. */
    private int slots() {
        return context.sc().maxNumConcurrentTasks(context.sc().resourceProfileManager().defaultResourceProfile());
    }

    @Override
    public double overheadSeconds() {
        return exchange.overheadNanos() / 1e9;
    }

    @Override
    public void close() {
        exchange.close("the fit has ended");
        switchboard.close();
        if (residents != null) {
            if (context.sc().isLocal()) {
                residents.value().close(); // the executor's is the same object
            }
            residents.destroy();
        }
        blocks.close();
    }
}
