package org.pydl4j.spark;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.spark.storage.StorageUtils;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.deeplearning4j.nn.api.Model;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * All that Python calls for a network in one JVM, without Spark: JSON, buffers and handles in, JSON, tensors and handles
 * out. No overloads, no varargs, and nothing per row, per parameter or per layer.
 *
 * <p>Arrays come as buffers of raw values: numpy's own memory in Python's process, mapped files elsewhere.
 */
public final class LocalBridge {

    private LocalBridge() {}

    // --- the JVM -----------------------------------------------------------------------------------------------------

    /**
     * The versions of everything that must fit together, and how the native code is set up, as JSON. Python asks this
     * first; a machine that the native code does not run on is told here, before it is loaded.
     */
    public static String versions() {
        Native.prepare();
        Package ours = LocalBridge.class.getPackage();
        ObjectNode json = Json.object();
        json.put("jar", ours.getImplementationVersion());
        json.put("java", System.getProperty("java.version"));
        json.put("backend", Nd4j.getBackend().getClass().getSimpleName());
        json.set("native", Native.report());
        return json.toString();
    }

    /** The folder that Python and this JVM exchange files through. */
    public static String workspace() {
        return Workspace.folder().toString();
    }

    /** A file of raw values, mapped in pieces that hold so many whole rows each. */
    public static ByteBuffer[] map(String path, long rowBytes) throws IOException {
        try (FileChannel channel = FileChannel.open(Path.of(path), StandardOpenOption.READ)) {
            long each = Math.max(1, (1L << 30) / rowBytes) * rowBytes;
            ByteBuffer[] pieces = new ByteBuffer[(int) Math.max(1, Plan.ceilDiv(channel.size(), each))];
            for (int i = 0; i < pieces.length; i++) {
                pieces[i] = channel.map(FileChannel.MapMode.READ_ONLY, i * each,
                        Math.min(each, channel.size() - i * each)).order(ByteOrder.nativeOrder());
            }
            return pieces;
        }
    }

    public static void unmap(ByteBuffer[] pieces) {
        for (ByteBuffer each : pieces) {
            StorageUtils.dispose(each);
        }
    }

    /** Writes a tensor's values to a file. */
    public static void write(Tensor tensor, String path) throws IOException {
        tensor.write(Path.of(path));
    }

    // --- configurations and networks -----------------------------------------------------------------------------------

    /** DL4J's canonical JSON of a configuration: builder defaults, nIn and preprocessors filled in. */
    public static String resolve(String configuration) {
        return NetworkFactory.resolve(configuration);
    }

    /** Every layer's or vertex's output type and parameter count as DL4J has them, as JSON. */
    public static String describe(String configuration) {
        return NetworkFactory.describe(configuration).toString();
    }

    /** A new network with freshly initialised parameters. */
    public static Network newNetwork(String configuration) {
        Model model = NetworkFactory.model(configuration);
        try {
            model.init();
        } catch (RuntimeException e) {
            throw BridgeException.config("DL4J cannot initialise the network: " + e.getMessage(), e);
        }
        return new Network(model, null);
    }

    /** Reads a model zip by allow-list. */
    public static Network restoreNetwork(ByteBuffer[] zip) throws IOException {
        return Store.network(bytes(zip));
    }

    /** Reads a local file that Keras wrote. */
    public static KerasFile keras(String path, boolean training) throws IOException {
        Native.prepare();
        return KerasFile.read(path, training);
    }

    public static Network kerasNetwork(KerasFile file) {
        return file.network;
    }

    /** What goes into each input, by its name, as JSON. */
    public static String kerasInputs(KerasFile file) {
        return file.inputTypes.toString();
    }

    private static byte[] bytes(ByteBuffer[] pieces) {
        int size = 0;
        for (ByteBuffer each : pieces) {
            size = Math.addExact(size, each.capacity());
        }
        byte[] all = new byte[size];
        int at = 0;
        for (ByteBuffer each : pieces) {
            each.duplicate().rewind().get(all, at, each.capacity());
            at += each.capacity();
        }
        return all;
    }

    /** The bytes of a model zip. */
    public static Tensor archive(Network network, boolean saveUpdater, String manifest) throws Exception {
        return network.use(() -> Tensor.of(Store.bytes(network, saveUpdater, manifest)));
    }

    /** Writes a model zip to a local path, aside and renamed. */
    public static void save(Network network, String path, boolean saveUpdater, String manifest) throws Exception {
        Store.write(network.use(() -> Store.bytes(network, saveUpdater, manifest)), path, null);
    }

    /** DL4J's JSON of a network's configuration as it is now, counters included. */
    public static String configuration(Network network) {
        return network.trainee.json();
    }

    /** Replaces a network's normalizer by one in DL4J's layout. */
    public static void setNormalizer(Network network, ByteBuffer[] content) {
        network.setNormalizer(Normalizers.read(bytes(content)));
    }

    /** All parameters in DL4J's order. */
    public static Tensor params(Network network) throws Exception {
        return network.use(() -> Tensor.view(network.trainee.params()));
    }

    /** Replaces all parameters. */
    public static void setParams(Network network, ByteBuffer[] values, boolean doubles) throws Exception {
        network.use(() -> {
            INDArray params = network.trainee.params();
            DataType type = doubles ? DataType.DOUBLE : DataType.FLOAT;
            long size = Arrays.stream(values).mapToLong(ByteBuffer::capacity).sum();
            if (size != params.length() * type.width()) {
                throw BridgeException.config("the network has " + params.length() + " parameters, got "
                        + size / type.width(), null);
            }
            if (params.dataType() == type) {
                copy(values, params);
            } else {
                try (INDArray given = Nd4j.createUninitialized(type, params.shape(), 'c')) {
                    copy(values, given);
                    params.assign(given);
                }
            }
            return null;
        });
    }

    /** Raw values into a row vector. */
    private static void copy(ByteBuffer[] values, INDArray into) {
        BytePointer to = new BytePointer(into.data().addressPointer());
        for (ByteBuffer each : values) {
            Pointer.memcpy(to, new BytePointer(each), each.capacity());
            to.position(to.position() + each.capacity());
        }
    }

    // --- rows in, numbers out --------------------------------------------------------------------------------------------

    /** What a row is; Python keeps it as long as rows of that kind come. */
    public static ExampleSpec spec(String json) {
        return new ExampleSpec(Json.read(json));
    }

    /** Rows where they lie; they must stay there as long as these are used. {@code labels} may be null. */
    public static MemoryRows rows(ByteBuffer[] features, boolean bytes, ByteBuffer[] labels, long count,
            ExampleSpec spec, String name) {
        return new MemoryRows(features, bytes, labels, count, spec, name);
    }

    /** Memory for a few rows, whose outputs are given here and now. */
    public static Stage stage(ExampleSpec spec, int rows) {
        Native.prepare();
        return new Stage(spec, rows);
    }

    /** How many rows may go through a network together. */
    public static int scoringBatch() {
        return Scoring.BATCH;
    }

    /** Every output for any number of rows; the job's result is a list of {@link Tensor}. */
    public static Job outputs(Network network, MemoryRows rows, boolean normalize) {
        return job("output", job -> LocalScorer.outputs(network, rows, normalize, job::isCancelled));
    }

    /** Evaluates one output; the job's result is JSON. */
    public static Job evaluate(Network network, MemoryRows rows, String evaluation, int output) {
        return job("evaluate", job -> {
            rows.scan();
            return LocalScorer.evaluate(network, rows, Evaluations.valueOf(evaluation), output, job::isCancelled)
                    .toString();
        });
    }

    /** Activations by layer or vertex; the job's result is a map of {@link Tensor}. */
    public static Job feedForward(Network network, MemoryRows rows, boolean train) {
        return job("feed forward", job -> LocalScorer.feedForward(network, rows, train));
    }

    /** The gradient of the mean score by parameter; the job's result is a map of {@link Tensor}. */
    public static Job gradient(Network network, MemoryRows rows) {
        return job("gradient", job -> LocalScorer.gradient(network, rows));
    }

    /** Every output for the next time steps; goes on from where the last call ended. */
    public static List<Tensor> rnnTimeStep(Network network, MemoryRows rows) throws Exception {
        Native.useOneThread();
        ExampleSource all = rows.all();
        try (Minibatch batch = new Minibatch(rows.spec, all.size(), false)) {
            return LocalScorer.rnnTimeStep(network, batch.fill(all, 0, null).getFeatures());
        }
    }

    public static void rnnClearPreviousState(Network network) throws Exception {
        LocalScorer.rnnClearPreviousState(network);
    }

    /** The tensors of a job's result, in their order. */
    public static Tensor[] tensors(Object result) {
        Collection<?> all = result instanceof Map ? ((Map<?, ?>) result).values() : (List<?>) result;
        return all.toArray(new Tensor[0]);
    }

    /** What they are called, as a JSON array; null where they have no names. */
    public static String names(Object result) {
        return result instanceof Map ? Json.write(((Map<?, ?>) result).keySet()) : null;
    }

    // --- training ----------------------------------------------------------------------------------------------------------

    public static Job fit(Network network, MemoryRows training, MemoryRows validation, String settings) {
        return job("fit", new LocalFit(network, training, validation, Json.read(settings)));
    }

    /** A fit on minibatches that Python makes; {@code master} holds a training master's settings. */
    public static StreamFit openStream(Network network, String master) {
        Native.prepare();
        return new StreamFit(network, Json.read(master));
    }

    /** Hands a minibatch over; it must stay where it is until the round has been trained. */
    public static void give(StreamFit fit, MemoryRows batch) {
        fit.give(batch);
    }

    /** Trains what was handed over; gives an event. */
    public static String round(StreamFit fit) throws Exception {
        return fit.round();
    }

    /** Gives an event. */
    public static String endEpoch(StreamFit fit) {
        return fit.endEpoch();
    }

    public static void closeStream(StreamFit fit) {
        fit.close();
    }

    // --- jobs ----------------------------------------------------------------------------------------------------------------

    private static Job job(String description, Job.Work work) {
        return new Job(job -> {
            Native.useThreads(1);
            try {
                return work.run(job);
            } catch (OutOfMemoryError e) {
                throw new BridgeException(BridgeException.Code.ENGINE, description + " ran out of memory ("
                        + e.getMessage() + "); " + Native.memoryAdvice(), e);
            }
        }).start();
    }

    public static String poll(Job job, long millis) throws InterruptedException {
        return job.poll(millis);
    }

    public static Object result(Job job) {
        return job.result();
    }

    public static void cancel(Job job, long millis) throws InterruptedException {
        job.cancel(millis);
    }
}
