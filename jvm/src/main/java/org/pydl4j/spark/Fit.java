package org.pydl4j.spark;

import java.util.concurrent.CancellationException;
import org.apache.spark.api.java.JavaSparkContext;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** A whole fit: check the rows, fit the normalizer, lay the rows out, train the epochs, tell what happens. */
final class Fit implements Job.Work {

    private static final long TELL_EVERY_NANOS = 100_000_000L;

    private final JavaSparkContext context;
    private final Network network;
    private final Rows training;
    private final Rows validation;
    private final JsonNode settings;

    Fit(JavaSparkContext context, Network network, Rows training, Rows validation, JsonNode settings) {
        this.context = context;
        this.network = network;
        this.training = training;
        this.validation = validation;
        this.settings = settings;
    }

    @Override
    public Object run(Job job) throws Exception {
        network.acquire();
        try {
            boolean fitsNormalizer = settings.hasNonNull("normalizer");
            Scan scan = training.scan(fitsNormalizer);
            if (validation != null) {
                validation.scan();
            }
            if (fitsNormalizer) {
                network.setNormalizer(Normalizers.fit(settings.get("normalizer"), scan.moments));
            }
            MasterSettings master = new MasterSettings(settings.get("master"), context);
            try (AveragingRounds rounds = new AveragingRounds(context, network.model, network.normalizer(), training,
                    master, settings.get("shuffle").asBoolean())) {
                rounds.prepare();
                ObjectNode start = Json.object().put("event", "start").put("rows", scan.rows())
                        .put("rounds", rounds.rounds()).put("workers", master.workers);
                job.tell(start);
                int epochs = settings.get("epochs").asInt();
                for (int epoch = 0; epoch < epochs; epoch++) {
                    epoch(job, rounds, scan.rows());
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

    private void epoch(Job job, AveragingRounds rounds, long given) {
        long started = System.nanoTime();
        long told = started;
        for (long step = 0; step < rounds.rounds(); step++) {
            if (job.isCancelled()) {
                throw new CancellationException();
            }
            rounds.round(step);
            if (System.nanoTime() - told > TELL_EVERY_NANOS) {
                told = System.nanoTime();
                job.tell(Json.object().put("event", "round").put("round", step + 1)
                        .put("rows", rounds.totals().rows).put("score", rounds.totals().score()));
            }
        }
        WorkerTally.Totals totals = rounds.totals();
        if (totals.rows != given) {
            throw new BridgeException(BridgeException.Code.TRAINING, "the workers trained " + totals.rows
                    + " rows in this epoch, but " + given + " were given; the network is as the last round left it");
        }
        ObjectNode event = Json.object().put("event", "epoch")
                .put("epoch", network.model.getEpochCount() + 1)
                .put("iteration", network.model.getIterationCount())
                .put("rows", totals.rows)
                .put("minibatches", totals.minibatches)
                .put("rounds", rounds.rounds())
                .put("score", totals.score())
                .put("seconds", (System.nanoTime() - started) / 1e9);
        rounds.endEpoch();
        if (validation != null) {
            Evaluations wanted = Evaluations.valueOf(settings.get("evaluation").asText());
            event.set("validation", Scorer.evaluate(context, network, validation, wanted,
                    settings.get("evaluation_batch").asInt()));
        }
        job.tell(event);
    }
}
