package org.pydl4j.spark;

import java.util.concurrent.CancellationException;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** A whole fit: check the rows, fit the normalizer, lay the rows out, train the epochs, tell what happens. */
abstract class Fit implements Job.Work {

    private static final long TELL_EVERY_NANOS = 100_000_000L;

    private final Network network;
    private final Rows training;
    private final Rows validation;
    private final JsonNode settings;

    /** @param validation null where there is none */
    Fit(Network network, Rows training, Rows validation, JsonNode settings) {
        this.network = network;
        this.training = training;
        this.validation = validation;
        this.settings = settings;
    }

    /** Gets ready to train; the rows have been looked at, and the network has its normalizer. */
    abstract Training training(JsonNode master, boolean shuffle, int epochs);

    /** Evaluates one output for the rows held out. */
    abstract ObjectNode evaluate(Evaluations wanted, int output) throws Exception;

    @Override
    public final Object run(Job job) throws Exception {
        network.acquire();
        try {
            network.trainee.check(training.spec);
            boolean fitsNormalizer = settings.hasNonNull("normalizer");
            Scan scan = training.scan(fitsNormalizer);
            if (validation != null) {
                validation.scan();
            }
            if (fitsNormalizer) {
                network.setNormalizer(Normalizers.fit(settings.get("normalizer"), scan.moments));
            }
            int epochs = settings.get("epochs").asInt();
            try (Training fit = training(settings.get("master"), settings.get("shuffle").asBoolean(), epochs)) {
                fit.prepare();
                training.settle();
                job.tellAndWait(Json.object().put("event", "start").put("rows", scan.rows()).put("rounds", fit.plan().rounds())
                        .put("workers", fit.plan().workers));
                for (int epoch = 0; epoch < epochs && !job.isCancelled(); epoch++) {
                    epoch(job, fit, scan.rows());
                }
            }
            return null;
        } finally {
            network.release();
            training.close();
            if (validation != null) {
                validation.close();
            }
        }
    }

    private void epoch(Job job, Training fit, long given) throws Exception {
        long started = System.nanoTime();
        long[] told = {started};
        WorkerTally.Totals totals = fit.epoch((done, soFar) -> {
            if (job.isCancelled()) {
                throw new CancellationException();
            }
            if (soFar.minibatches > 0 && System.nanoTime() - told[0] > TELL_EVERY_NANOS) {
                told[0] = System.nanoTime();
                job.tell(roundEvent(done, soFar));
            }
        });
        if (totals.rows != given) {
            throw new BridgeException(BridgeException.Code.TRAINING, "the workers trained " + totals.rows
                    + " rows in this epoch, but " + given + " were given; the network is as the last round left it");
        }
        ObjectNode event =
                epochEvent(network, totals, fit.plan().rounds(), System.nanoTime() - started, fit.overheadSeconds());
        if (validation != null) {
            event.set("validation", evaluate(Evaluations.valueOf(settings.get("evaluation").asText()),
                    settings.path("evaluation_output").asInt(0)));
        }
        job.tellAndWait(event); // callbacks may look at the network
    }

    static ObjectNode roundEvent(long done, WorkerTally.Totals soFar) {
        return Json.object().put("event", "round").put("round", done).put("rows", soFar.rows)
                .put("score", soFar.score());
    }

    static ObjectNode epochEvent(Network network, WorkerTally.Totals totals, long rounds, long nanos, double overhead) {
        return Json.object().put("event", "epoch")
                .put("epoch", network.trainee.epoch())
                .put("iteration", network.trainee.iteration())
                .put("rows", totals.rows)
                .put("minibatches", totals.minibatches)
                .put("rounds", rounds)
                .put("score", totals.score())
                .put("seconds", nanos / 1e9)
                .put("overhead", overhead);
    }
}
