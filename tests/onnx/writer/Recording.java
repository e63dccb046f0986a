package org.pydl4j.fixtures;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The entries of one fixture, as the README of the fixtures tells them. It is the network that DL4J reads from the file
 * which is run, since the file is what is exported.
 */
final class Recording {
    private final DataType type;
    private final Map<String, byte[]> entries = new TreeMap<>();
    private Network net;

    Recording(Network net, DataType type) {
        this.net = net;
        this.type = type;
    }

    Map<String, byte[]> of(Case c, INDArray... drawn) throws IOException {
        put("layout.json", Layout.of(net));
        randomize(c.name().hashCode(), c.scale());
        File file = saved(c.scaling() != null);
        INDArray[] x = typed(drawn);
        INDArray[] masks = typed(c.masks());
        put("in", x);
        Scaling scaling = c.scaling();
        if (scaling != null) {
            scaling.fit(x, output(x, masks));
            x = scaling.scaled(x);
            put("norm", x);
        }
        if (masks != null) {
            // Before the run with masks: DL4J's AttentionVertex does not forget them.
            put("mask", masks);
            put("unmasked", output(x, null));
        }
        INDArray[] y = output(x, masks);
        put("out", y);
        if (scaling != null) {
            put("reverted", scaling.reverted(y));
        }
        if (c.rowsAlone()) {
            put("one", output(each(x, Recording::firstRow), each(masks, Recording::firstRow)));
        }
        for (int i = 0; i < c.steps().size(); i++) {
            INDArray[] in = typed(c.steps().get(i));
            put("step_" + i + "_in", in);
            put("step_" + i + "_out", net.step(each(in, INDArray::dup)));
        }
        put("meta.json", meta(c.note()));
        if (scaling != null) {
            // Not writeModel(…, normalizer): with commons-io from 2.7 on it flushes what it has closed, and fails.
            ModelSerializer.addNormalizerToModel(file, scaling.normalizer());
        }
        entries.put("model.zip", Zip.timeless(Files.readAllBytes(file.toPath())));
        Files.delete(file.toPath());
        return entries;
    }

    private void randomize(long seed, double scale) {
        Random r = new Random(seed);
        INDArray flat = net.params();
        double[] values = r.doubles(flat.length()).map(v -> scale * (2 * v - 1)).toArray();
        if (values.length > 0) {
            flat.assign(Nd4j.createFromArray(values).castTo(type).reshape(flat.shape()));
        }
        for (Network.Part part : net.parts()) {
            INDArray variance = part.params().get("var");
            if (variance != null) {
                variance.muli(variance).addi(0.1); // a variance is positive
            }
        }
    }

    private INDArray[] output(INDArray[] x, INDArray[] masks) {
        return net.output(each(x, INDArray::dup), each(masks, INDArray::dup));
    }

    private INDArray[] typed(INDArray[] arrays) {
        return each(arrays, a -> a.castTo(type));
    }

    private static INDArray firstRow(INDArray a) {
        return a.get(NDArrayIndex.interval(0, 1)).dup();
    }

    /** Applies the function to all that are there. */
    private static INDArray[] each(INDArray[] arrays, UnaryOperator<INDArray> f) {
        return arrays == null
                ? null
                : Arrays.stream(arrays).map(a -> a == null ? null : f.apply(a)).toArray(INDArray[]::new);
    }

    private String meta(String note) throws IOException {
        return "{\"dl4j\":\"" + version() + "\""
                + ",\"inputs\":" + json(net.inputs())
                + ",\"outputs\":" + json(net.outputs())
                + (note == null ? "" : ",\"note\":\"" + note + "\"") + "}";
    }

    private static String json(List<String> names) {
        return names.stream().map(n -> "\"" + n + "\"").collect(Collectors.joining(",", "[", "]"));
    }

    static String version() throws IOException {
        Properties properties = new Properties();
        try (InputStream in = MultiLayerNetwork.class.getResourceAsStream(
                "/META-INF/maven/org.deeplearning4j/deeplearning4j-nn/pom.properties")) {
            properties.load(in);
        }
        return properties.getProperty("version");
    }

    /** Saves the network, and goes on with what DL4J reads. */
    private File saved(boolean updater) throws IOException {
        File file = File.createTempFile("model", ".zip");
        ModelSerializer.writeModel(net.model(), file, updater);
        // A network without parameters DL4J reads as one in single precision, whatever it was.
        if (net.params().length() > 0) {
            net = net.read(file);
        }
        return file;
    }

    private void put(String entry, String text) {
        entries.put(entry, text.getBytes(StandardCharsets.UTF_8));
    }

    /** A single array bears the name alone, several are numbered in the network's order. */
    private void put(String entry, INDArray[] arrays) {
        for (int i = 0; arrays != null && i < arrays.length; i++) {
            if (arrays[i] != null) {
                entries.put(entry + (arrays.length == 1 ? "" : "_" + i) + ".npy", Npy.of(arrays[i]));
            }
        }
    }
}
