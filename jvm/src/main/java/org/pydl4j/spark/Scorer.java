package org.pydl4j.spark;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
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
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Runs a network over rows where they are: evaluation, outputs, and DataFrames with predictions beside their rows. */
final class Scorer {

    private Scorer() {}

    /** Evaluates one output for all rows in one pass; partitions are merged in their order. */
    static ObjectNode evaluate(JavaSparkContext context, Network network, SparkRows rows, Evaluations wanted,
            int output) {
        wanted.check(rows.spec.outputs[output]);
        try (Snapshot snapshot = new Snapshot(context, network)) {
            ExampleSpec spec = rows.spec;
            return Scoring.report(rows.ordered().mapPartitions(partition -> {
                Scoring.Partial partial = new Scoring.Partial(wanted);
                try (Scoring scoring = snapshot.scoring(spec, true)) {
                    partition.forEachRemaining(examples -> scoring.evaluate(examples, output, partial));
                }
                return List.of(partial).iterator();
            }).collect(), wanted, rows.name());
        }
    }

    /** One output of a minibatch on its way to the driver: in C order, little-endian. */
    private static final class Values implements Serializable {
        private static final long serialVersionUID = 1L;
        private final long[] shape;
        private final boolean doubles;
        private final byte[] bytes;

        Values(INDArray output) {
            shape = output.shape();
            doubles = output.dataType() == DataType.DOUBLE;
            INDArray ordered = output.castTo(doubles ? DataType.DOUBLE : DataType.FLOAT).dup('c');
            int count = Math.toIntExact(ordered.length());
            ByteBuffer buffer = ByteBuffer.allocate(count * (doubles ? Double.BYTES : Float.BYTES))
                    .order(ByteOrder.LITTLE_ENDIAN);
            if (doubles) {
                buffer.asDoubleBuffer().put(ordered.data().asDouble());
            } else {
                buffer.asFloatBuffer().put(ordered.data().asFloat());
            }
            bytes = buffer.array();
        }

        ObjectNode describe() {
            ObjectNode json = Json.object().put("dtype", doubles ? "<f8" : "<f4");
            ArrayNode one = json.putArray("shape");
            Arrays.stream(shape, 1, shape.length).forEach(one::add);
            return json;
        }
    }

    /**
     * Writes each of the network's raw outputs to a file of its own, named by its number behind {@code into}: row after
     * row, float64 for a network of doubles, float32 for all others. Says in what shape, and which of the two.
     */
    static ObjectNode output(JavaSparkContext context, Network network, SparkRows rows, Path into,
            boolean normalize) throws IOException {
        List<OutputStream> files = new ArrayList<>();
        try (Snapshot snapshot = new Snapshot(context, network, normalize ? network.normalizer() : null)) {
            ExampleSpec spec = rows.spec;
            JavaRDD<Values[]> outputs = rows.ordered().mapPartitions(partition -> {
                Scoring scoring = ofThisTask(snapshot, spec);
                Stream<Examples> all = StreamSupport.stream(
                        Spliterators.spliteratorUnknownSize(partition, Spliterator.ORDERED), false);
                return all.flatMap(examples -> IntStream.range(0, Scoring.batches(examples.size())).mapToObj(batch ->
                        Arrays.stream(scoring.output(examples, batch)).map(Values::new).toArray(Values[]::new)))
                        .iterator();
            });
            for (int i = 0; i < network.trainee.outputs(); i++) {
                files.add(new BufferedOutputStream(Files.newOutputStream(Path.of(into + "." + i)), 1 << 20));
            }
            Values[] last = new Values[0];
            // One partition after the other: the outputs need not fit into the driver's memory at once.
            Iterator<Values[]> each = outputs.toLocalIterator();
            while (each.hasNext()) {
                last = each.next();
                for (int i = 0; i < last.length; i++) {
                    files.get(i).write(last[i].bytes);
                }
            }
            ObjectNode result = Json.object();
            ArrayNode described = result.putArray("outputs");
            Arrays.stream(last).map(Values::describe).forEach(described::add);
            return result;
        } finally {
            for (OutputStream file : files) {
                file.close();
            }
        }
    }

    /** For rows that are scored when somebody asks for the next: the task's end lets go of it. */
    private static Scoring ofThisTask(Snapshot snapshot, ExampleSpec spec) {
        Scoring scoring = snapshot.scoring(spec, false);
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> scoring.close());
        return scoring;
    }

    /** The same rows in the same order and partitions, with more columns. */
    static Dataset<Row> predict(JavaSparkContext context, Network network, Dataset<Row> frame, ExampleSpec spec,
            Predicted... wanted) {
        StructType schema = frame.schema();
        StructType scored = schema;
        for (Predicted each : wanted) {
            scored = each.in(scored);
        }
        int width = scored.length();
        RowReader reader = new RowReader(schema, spec);
        // Lives as long as the DataFrame may be computed; Spark's cleaner lets go of it with the DataFrame.
        Snapshot snapshot = new Snapshot(context, network);
        JavaRDD<Row> rows = frame.toJavaRDD().mapPartitions(partition -> {
            Scoring scoring = ofThisTask(snapshot, spec);
            return Batches.of(partition, Scoring.BATCH)
                    .flatMap(some -> score(scoring, reader, spec, some, wanted, width).stream())
                    .iterator();
        });
        return frame.sparkSession().createDataFrame(rows, scored);
    }

    private static List<Row> score(Scoring scoring, RowReader reader, ExampleSpec spec, List<Row> rows,
            Predicted[] wanted, int width) {
        Examples examples = new Examples(spec, rows.size(), false, false);
        for (int i = 0; i < examples.size(); i++) {
            try {
                reader.read(rows.get(i), examples.floats(), i * spec.features);
            } catch (BadRow e) {
                throw BridgeException.data("a row cannot be scored: " + e.getMessage());
            }
        }
        INDArray[] all = scoring.output(examples, 0);
        Predicted.Outputs[] outputs =
                Arrays.stream(wanted).map(each -> each.outputs(all)).toArray(Predicted.Outputs[]::new);
        List<Row> scored = new ArrayList<>(examples.size());
        for (int i = 0; i < examples.size(); i++) {
            Row row = rows.get(i);
            Object[] cells = new Object[width];
            int at = row.size();
            for (int c = 0; c < at; c++) {
                cells[c] = row.get(c);
            }
            int steps = spec.held(examples.floats(), i * spec.features);
            for (int w = 0; w < wanted.length; w++) {
                outputs[w].put(i, steps, cells, at);
                at += wanted[w].columns();
            }
            scored.add(RowFactory.create(cells));
        }
        return scored;
    }
}
