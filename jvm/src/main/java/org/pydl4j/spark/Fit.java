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
            int epochs = settings.get("epochs").asInt();
            try (Training fit = master.training(context, network, training, settings.get("shuffle").asBoolean(), epochs)) {
                fit.prepare();
                training.settle();
                job.tell(Json.object().put("event", "start").put("rows", scan.rows()).put("rounds", fit.rounds())
                        .put("workers", master.workers));
                for (int epoch = 0; epoch < epochs; epoch++) {
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
                job.tell(Json.object().put("event", "round").put("round", done).put("rows", soFar.rows)
                        .put("score", soFar.score()));
            }
        });
        if (totals.rows != given) {
            throw new BridgeException(BridgeException.Code.TRAINING, "the workers trained " + totals.rows
                    + " rows in this epoch, but " + given + " were given; the network is as the last round left it");
        }
        ObjectNode event = Json.object().put("event", "epoch")
                .put("epoch", network.model.getEpochCount())
                .put("iteration", network.model.getIterationCount())
                .put("rows", totals.rows)
                .put("minibatches", totals.minibatches)
                .put("rounds", fit.rounds())
                .put("score", totals.score())
                .put("seconds", (System.nanoTime() - started) / 1e9)
                .put("overhead", fit.overheadSeconds());
        if (validation != null) {
            Evaluations wanted = Evaluations.valueOf(settings.get("evaluation").asText());
            event.set("validation", Scorer.evaluate(context, network, validation, wanted,
                    settings.get("evaluation_batch").asInt()));
        }
        job.tell(event);
    }
}
