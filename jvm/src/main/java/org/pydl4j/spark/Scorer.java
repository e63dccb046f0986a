package org.pydl4j.spark;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;
import scala.Tuple2;

/** Runs a network over rows where they are: evaluation, outputs, and DataFrames with predictions beside their rows. */
final class Scorer {

    private Scorer() {}

    /** Evaluates all rows in one pass; partitions are merged in their order. */
    static ObjectNode evaluate(JavaSparkContext context, Network network, SparkRows rows, Evaluations wanted) {
        try (Snapshot snapshot = new Snapshot(context, network)) {
            ExampleSpec spec = rows.spec;
            return Scoring.report(rows.ordered().mapPartitions(partition -> {
                Scoring.Partial partial = new Scoring.Partial(wanted);
                try (Scoring scoring = snapshot.scoring(spec, true)) {
                    partition.forEachRemaining(examples -> scoring.evaluate(examples, 0, partial));
                }
                return List.of(partial).iterator();
            }).collect(), wanted, rows.name());
        }
    }

    /**
     * Writes the network's raw outputs, row after row, little-endian: float64 for a network of doubles, float32 for all
     * others. Says in what shape, and which of the two.
     */
    static ObjectNode output(JavaSparkContext context, Network network, SparkRows rows, Path into,
            boolean normalize) throws IOException {
        boolean doubles = network.layered().getLayerWiseConfigurations().getDataType() == DataType.DOUBLE;
        try (Snapshot snapshot = new Snapshot(context, network, normalize ? network.normalizer() : null);
                OutputStream out = new BufferedOutputStream(Files.newOutputStream(into), 1 << 20)) {
            ExampleSpec spec = rows.spec;
            JavaRDD<Tuple2<long[], byte[]>> outputs = rows.ordered().mapPartitions(partition -> {
                Scoring scoring = ofThisTask(snapshot, spec);
                Stream<Examples> all = StreamSupport.stream(
                        Spliterators.spliteratorUnknownSize(partition, Spliterator.ORDERED), false);
                return all.flatMap(examples -> IntStream.range(0, Scoring.batches(examples.size())).mapToObj(batch -> {
                    INDArray output = scoring.output(examples, batch)[0];
                    return new Tuple2<>(output.shape(), bytes(output, doubles));
                })).iterator();
            });
            ObjectNode result = Json.object().put("dtype", doubles ? "<f8" : "<f4");
            ArrayNode shape = result.putArray("shape");
            // One partition after the other: the outputs need not fit into the driver's memory at once.
            Iterator<Tuple2<long[], byte[]>> each = outputs.toLocalIterator();
            while (each.hasNext()) {
                Tuple2<long[], byte[]> next = each.next();
                for (int axis = 1; shape.size() < next._1().length - 1; axis++) {
                    shape.add(next._1()[axis]);
                }
                out.write(next._2());
            }
            return result;
        }
    }

    /** For rows that are scored when somebody asks for the next: the task's end lets go of it. */
    private static Scoring ofThisTask(Snapshot snapshot, ExampleSpec spec) {
        Scoring scoring = snapshot.scoring(spec, false);
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> scoring.close());
        return scoring;
    }

    /** The values in C order, little-endian. */
    private static byte[] bytes(INDArray output, boolean doubles) {
        INDArray ordered = output.castTo(doubles ? DataType.DOUBLE : DataType.FLOAT).dup('c');
        int count = Math.toIntExact(ordered.length());
        ByteBuffer bytes = ByteBuffer.allocate(count * (doubles ? Double.BYTES : Float.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        if (doubles) {
            bytes.asDoubleBuffer().put(ordered.data().asDouble());
        } else {
            bytes.asFloatBuffer().put(ordered.data().asFloat());
        }
        return bytes.array();
    }

    private static float[] values(INDArray output) {
        return output.castTo(DataType.FLOAT).dup('c').data().asFloat();
    }

    /** How a network's output becomes a prediction. */
    enum Task { CLASSIFICATION, BINARY, REGRESSION }

    /** The same rows in the same order and partitions, with two columns more. */
    static Dataset<Row> predict(JavaSparkContext context, Network network, Dataset<Row> frame, ExampleSpec spec,
            Task task, String prediction, String probability) {
        StructType schema = frame.schema();
        boolean sequences = spec.outputs[0].shape.length > 1;
        boolean scalar = !sequences && (task != Task.REGRESSION || spec.outputs[0].shape[0] == 1);
        StructType scored = schema.add(prediction,
                scalar ? DataTypes.DoubleType : DataTypes.createArrayType(DataTypes.DoubleType, false), false);
        if (task != Task.REGRESSION) {
            scored = scored.add(probability, SQLDataTypes.VectorType(), false);
        }
        boolean withProbability = task != Task.REGRESSION;
        RowReader reader = new RowReader(schema, spec);
        // Lives as long as the DataFrame may be computed; Spark's cleaner lets go of it with the DataFrame.
        Snapshot snapshot = new Snapshot(context, network);
        JavaRDD<Row> rows = frame.toJavaRDD().mapPartitions(partition -> {
            Scoring scoring = ofThisTask(snapshot, spec);
            return Batches.of(partition, Scoring.BATCH)
                    .flatMap(some -> score(scoring, reader, spec, some, task, scalar, withProbability).stream())
                    .iterator();
        });
        return frame.sparkSession().createDataFrame(rows, scored);
    }

    private static List<Row> score(Scoring scoring, RowReader reader, ExampleSpec spec, List<Row> rows, Task task,
            boolean scalar, boolean withProbability) {
        Examples examples = new Examples(spec, rows.size(), false, false);
        for (int i = 0; i < examples.size(); i++) {
            try {
                reader.read(rows.get(i), examples.floats(), i * spec.features);
            } catch (BadRow e) {
                throw BridgeException.data("a row cannot be scored: " + e.getMessage());
            }
        }
        INDArray output = scoring.output(examples, 0)[0];
        float[] flat = values(output);
        int each = flat.length / examples.size();
        int classes = (int) output.size(1);
        List<Row> scored = new ArrayList<>(examples.size());
        for (int i = 0; i < examples.size(); i++) {
            float[] values = Arrays.copyOfRange(flat, i * each, (i + 1) * each);
            Row row = rows.get(i);
            int n = row.size();
            Object[] cells = new Object[n + (withProbability ? 2 : 1)];
            for (int c = 0; c < n; c++) {
                cells[c] = row.get(c);
            }
            double[] predicted = predictions(values, classes, task);
            cells[n] = scalar ? (Object) predicted[0] : predicted;
            if (withProbability) {
                cells[n + 1] = Vectors.dense(task == Task.BINARY && each == 1
                        ? new double[] {1.0 - values[0], values[0]} : doubles(values));
            }
            scored.add(RowFactory.create(cells));
        }
        return scored;
    }

    private static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }

    /** Per position (one, or each time step): the likeliest class; for regression the values as they are. */
    private static double[] predictions(float[] values, int classes, Task task) {
        if (task == Task.REGRESSION) {
            return doubles(values);
        }
        int positions = values.length / classes;
        double[] predicted = new double[positions];
        for (int t = 0; t < positions; t++) {
            if (task == Task.BINARY && classes == 1) {
                predicted[t] = values[t] >= 0.5f ? 1 : 0;
                continue;
            }
            int best = 0;
            for (int c = 1; c < classes; c++) {
                best = values[c * positions + t] > values[best * positions + t] ? c : best;
            }
            predicted[t] = best;
        }
        return predicted;
    }
}
