package org.pydl4j.spark;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.factory.Nd4j;

/** A network as executors get it for scoring: configuration and parameters by one broadcast, its normalizer beside. */
final class Snapshot implements Serializable, AutoCloseable {

    private static final long serialVersionUID = 1L;

    private final Prepared<Serializable> configuration;
    private final Broadcast<byte[]> params;
    private final Prepared<DataNormalization> normalizer;

    Snapshot(JavaSparkContext context, Network network) {
        this(context, network, network.normalizer());
    }

    Snapshot(JavaSparkContext context, Network network, DataNormalization normalizer) {
        configuration = new Prepared<>(network.trainee.configuration());
        params = context.broadcast(bytes(network.trainee.params()));
        this.normalizer = new Prepared<>(normalizer);
    }

    private static byte[] bytes(INDArray array) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            Nd4j.write(array, out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** A network of this task's own, at work on examples. */
    Scoring scoring(ExampleSpec spec, boolean labelled) {
        Native.useThreads(TaskContext.get().cpus());
        Inference network = Inference.of(configuration.value,
                Nd4j.read(new ByteArrayInputStream(params.value())));
        return new Scoring(network, spec, labelled, normalizer.value);
    }

    @Override
    public void close() {
        params.destroy();
    }
}
