package org.pydl4j.spark;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Supplier;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** A kind of network with the rows it is trained on: flat as Python lends them, laid out by Spark, and made by ND4J alone. */
final class Case {

    static final int ROWS = 45;
    static final String MERGED = "{'features': {'inputs': [{'shape': [4], 'name': 'left'}, {'shape': [2], 'name': 'right'}]}, "
            + "'labels': {'outputs': [{'shape': [3], 'indices': true, 'name': 'kind'}, {'shape': [1], 'name': 'value'}]}}";
    static final String RECURRENT = "{'features': {'inputs': [{'shape': [4, 6], 'name': 'steps'}]}, 'labels': {'outputs': "
            + "[{'shape': [3, 6], 'indices': true, 'name': 'each'}, {'shape': [2], 'name': 'end'}]}}";
    /** Masks of features, of class indices by time step, and of values by example. */
    static final String MASKED = RECURRENT.replace("[4, 6]", "[4, 6], 'mask': [6]").replace("[3, 6]", "[3, 6], 'mask': [6]")
            .replace("[2]", "[2], 'mask': [1]");
    static final String SEQUENCES = "{'features': {'inputs': [{'shape': [4, 6], 'mask': [6]}]}, 'labels': {'outputs': "
            + "[{'shape': [3, 6], 'indices': true, 'mask': [6]}]}}";

    /** Of a graph; null for a network of layers. */
    final ComputationGraphConfiguration conf;
    final Supplier<Model> model;
    final ExampleSpec spec;
    final float[][] x = new float[ROWS][];
    final float[][] y = new float[ROWS][];

    Case(ComputationGraphConfiguration conf, String json) {
        this(conf, () -> Graphs.made(conf.clone()), json);
    }

    private Case(ComputationGraphConfiguration conf, Supplier<Model> model, String json) {
        this.conf = conf;
        this.model = model;
        spec = spec(json);
        Random random = new Random(5);
        for (int i = 0; i < ROWS; i++) {
            x[i] = new float[spec.features];
            y[i] = new float[spec.labels];
            for (Span input : spec.inputs) {
                for (int f = input.from; f < input.end(); f++) {
                    x[i][f] = (float) random.nextGaussian();
                }
                mask(x[i], input.mask, i);
            }
            for (Span output : spec.outputs) {
                mask(y[i], output.mask, i);
                for (int l = 0; l < output.size; l++) {
                    float value = output.indices ? random.nextInt(3) : (float) random.nextGaussian();
                    // What does not count need not even be a number.
                    y[i][output.from + l] = output.counts(y[i], 0, l) ? value : output.indices ? -1 : Float.NaN;
                }
            }
        }
    }

    /** By its name: a network of layers or a graph, with masks or truncated BPTT. */
    static Case of(String kind) {
        switch (kind) {
            case "layers":
                return new Case(null, () -> Networks.recurrent(BackpropType.Standard), SEQUENCES);
            case "layers in pieces":
                return new Case(null, () -> Networks.recurrent(BackpropType.TruncatedBPTT), SEQUENCES);
            case "merged":
                return new Case(Graphs.merged(), MERGED);
            case "recurrent":
                return new Case(Graphs.recurrent(), RECURRENT);
            case "masked":
                return new Case(Graphs.recurrent(), MASKED);
            case "in pieces":
                ComputationGraphConfiguration conf = Graphs.recurrent();
                conf.setBackpropType(BackpropType.TruncatedBPTT);
                conf.setTbpttFwdLength(4);
                conf.setTbpttBackLength(4);
                return new Case(conf, MASKED.replace(", 'mask': [1]", ""));
            default:
                throw new IllegalArgumentException(kind);
        }
    }

    static ExampleSpec spec(String json) {
        return new ExampleSpec(Json.read(json.replace('\'', '"')));
    }

    /** The first steps count, in every row others; of single numbers most. */
    private static void mask(float[] row, Span mask, int number) {
        for (int i = 0; mask != null && i < mask.size; i++) {
            row[mask.from + i] = mask.size == 1 ? Math.min(1, number % 4) : i <= number % mask.size ? 1 : 0;
        }
    }

    Network network() {
        return new Network(model.get(), null);
    }

    MemoryRows lent(int from, int to) {
        return LocalBridge.rows(buffers(x, from, to), false, buffers(y, from, to), to - from, spec, "test data");
    }

    SparkRows laidOut(JavaSparkContext context) {
        Examples all = new Examples(spec, ROWS, false, true);
        for (int i = 0; i < ROWS; i++) {
            System.arraycopy(x[i], 0, all.floats(), i * spec.features, spec.features);
            System.arraycopy(y[i], 0, all.labels(), i * spec.labels, spec.labels);
        }
        return new GivenRows(context, spec, all);
    }

    static ByteBuffer[] buffers(float[][] rows, int from, int to) {
        ByteBuffer buffer = ByteBuffer.allocateDirect((to - from) * rows[0].length * 4).order(ByteOrder.nativeOrder());
        for (int i = from; i < to; i++) {
            for (float value : rows[i]) {
                buffer.putFloat(value);
            }
        }
        return new ByteBuffer[] {buffer.rewind()};
    }

    INDArray[] features(int from, int to) {
        return Arrays.stream(spec.inputs).map(input -> array(x, input, from, to)).toArray(INDArray[]::new);
    }

    private static INDArray array(float[][] rows, Span span, int from, int to) {
        INDArray array = Nd4j.create(DataType.FLOAT, to - from, span.size);
        for (int i = from; i < to; i++) {
            for (int j = 0; j < span.size; j++) {
                array.putScalar(i - from, j, span.counts(rows[i], 0, j) || !Float.isNaN(rows[i][span.from + j])
                        ? rows[i][span.from + j] : 0);
            }
        }
        return span.indices ? array : array.reshape('c', span.batch(to - from));
    }

    private static INDArray[] masks(float[][] rows, Span[] spans, int from, int to) {
        INDArray[] masks = Arrays.stream(spans).map(span -> span.mask == null ? null : array(rows, span.mask, from, to))
                .toArray(INDArray[]::new);
        return Arrays.stream(masks).allMatch(mask -> mask == null) ? null : masks;
    }

    /** Made by ND4J alone. */
    MultiDataSet dataSet(int from, int to) {
        INDArray[] labels = new INDArray[spec.outputs.length];
        for (int o = 0; o < labels.length; o++) {
            labels[o] = array(y, spec.outputs[o], from, to);
            if (spec.outputs[o].indices) {
                labels[o] = oneHot(labels[o], spec.outputs[o], to - from);
            }
        }
        return new MultiDataSet(features(from, to), labels, masks(x, spec.inputs, from, to), masks(y, spec.outputs, from, to));
    }

    private static INDArray oneHot(INDArray classes, Span output, int rows) {
        INDArray labels = Nd4j.zeros(DataType.FLOAT, output.batch(rows));
        for (int i = 0; i < rows; i++) {
            for (int t = 0; t < output.size; t++) {
                int one = classes.getInt(i, t);
                if (one >= 0 && labels.rank() == 2) {
                    labels.putScalar(i, one, 1);
                } else if (one >= 0) {
                    labels.putScalar(i, one, t, 1);
                }
            }
        }
        return labels;
    }

    /** DL4J's own loop: one network, one minibatch after the other. */
    Trainee plainly(int batch, int epochs) {
        Trainee expected = network().trainee;
        for (int epoch = 0; epoch < epochs; epoch++) {
            for (int from = 0; from < ROWS; from += batch) {
                MultiDataSet minibatch = dataSet(from, Math.min(ROWS, from + batch));
                if (expected.model() instanceof ComputationGraph) {
                    ((ComputationGraph) expected.model()).fit(minibatch);
                } else {
                    ((MultiLayerNetwork) expected.model()).fit(Trainee.dataSet(minibatch));
                }
            }
            expected.setCounters(expected.iteration(), epoch + 1);
        }
        return expected;
    }
}
