package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** DataFrames of every kind of column, read, laid out by both ways, and watched for changes. */
class FrameRowsTest {

    private static SparkSession session;

    @BeforeAll
    static void start() {
        session = SparkSession.builder().master("local[2]").appName("test").config("spark.ui.enabled", "false")
                .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1").getOrCreate();
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    private static ExampleSpec spec(int features, String... columns) {
        String names = Arrays.stream(columns).map(c -> '"' + c + '"').collect(Collectors.joining(","));
        return new ExampleSpec(Json.read("{\"features\": {\"inputs\": [{\"shape\": [" + features + "], \"columns\": ["
                + names + "]}]}, \"labels\": {\"outputs\": [{\"shape\": [3], \"indices\": true, "
                + "\"column\": \"label\"}]}}"));
    }

    private static Dataset<Row> frame(StructType schema, Row... rows) {
        return session.createDataFrame(Arrays.asList(rows), schema.add("label", DataTypes.IntegerType));
    }

    private static float[] read(Dataset<Row> frame, ExampleSpec spec) {
        try (FrameRows rows = new FrameRows(frame.coalesce(1), spec, "test data")) {
            assertEquals(frame.count(), rows.scan().rows());
            List<Examples> examples = rows.ordered().collect();
            assertEquals(1, examples.size());
            return examples.get(0).floats();
        }
    }

    @Test
    void columnsOfNumbers() {
        DataType[] types = {DataTypes.BooleanType, DataTypes.ByteType, DataTypes.ShortType, DataTypes.IntegerType,
            DataTypes.LongType, DataTypes.FloatType, DataTypes.DoubleType, DataTypes.createDecimalType(5, 2),
            DataTypes.createDecimalType(30, 3)};
        StructType schema = new StructType();
        String[] names = new String[types.length];
        for (int i = 0; i < types.length; i++) {
            names[i] = "c" + i;
            schema = schema.add(names[i], types[i]);
        }
        Row row = RowFactory.create(true, (byte) -2, (short) 300, 70000, 1L << 40, 0.1f, 0.2, new BigDecimal("1.25"),
                new BigDecimal("123456789012.125"), 1);
        assertArrayEquals(new float[] {1, -2, 300, 70000, 1L << 40, 0.1f, 0.2f, 1.25f, 123456789012.125f},
                read(frame(schema, row), spec(types.length, names)));
    }

    @Test
    void columnsOfArraysAndRawFloats() {
        StructType schema = new StructType().add("f", DataTypes.createArrayType(DataTypes.FloatType))
                .add("d", DataTypes.createArrayType(DataTypes.DoubleType))
                .add("l", DataTypes.createArrayType(DataTypes.LongType))
                .add("m", DataTypes.createArrayType(DataTypes.createDecimalType(5, 2)))
                .add("b", DataTypes.BinaryType);
        byte[] raw = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putFloat(9.5f).putFloat(-1f).array();
        Row row = RowFactory.create(List.of(0.1f, 2f), List.of(0.3, 4.0), List.of(5L, 1L << 33),
                List.of(new BigDecimal("7.25")), raw, 2);
        float[] expected = {0.1f, 2f, 0.3f, 4f, 5f, 1L << 33, 7.25f, 9.5f, -1f};
        assertArrayEquals(expected, read(frame(schema, row), spec(9, "f", "d", "l", "m", "b")));
        // As they lie in Spark's cache, arrays have another form.
        assertArrayEquals(expected, read(frame(schema, row).cache(), spec(9, "f", "d", "l", "m", "b")));
    }

    @Test
    void columnsOfVectors() {
        StructType schema = new StructType().add("v", SQLDataTypes.VectorType());
        float[] values = read(frame(schema, RowFactory.create(Vectors.dense(1, 2, 3.5), 0),
                RowFactory.create(Vectors.sparse(3, new int[] {1}, new double[] {0.1}), 1)), spec(3, "v"));
        assertArrayEquals(new float[] {1, 2, 3.5f, 0, 0.1f, 0}, values);
    }

    /** More elements than one word of null bits describes. */
    @ParameterizedTest
    @ValueSource(ints = {0, 63, 64, 129})
    void anArrayWithANullIsRefused(int at) {
        StructType schema = new StructType().add("f", DataTypes.createArrayType(DataTypes.FloatType));
        Float[] values = new Float[130];
        Arrays.fill(values, 1f);
        values[at] = null;
        BridgeException refused = assertThrows(BridgeException.class,
                () -> read(frame(schema, RowFactory.create(Arrays.asList(values), 0)), spec(130, "f")));
        assertTrue(refused.getMessage().contains("column 'f' holds an array with a null element"));
    }

    @Test
    void wrongLengthsSayWhatIsExpected() {
        StructType schema = new StructType().add("f", DataTypes.createArrayType(DataTypes.FloatType));
        BridgeException refused = assertThrows(BridgeException.class, () -> read(frame(schema,
                RowFactory.create(List.of(1f), 0), RowFactory.create(List.of(1f, 2f, 3f), 0),
                RowFactory.create(null, 0), RowFactory.create(List.of(1f, 2f), null)), spec(2, "f")));
        for (String problem : new String[] {"has 1 value, the network takes 2", "has 3 values, the network takes 2",
            "column 'f' is null", "column 'label' is null"}) {
            assertTrue(refused.getMessage().contains(problem), refused.getMessage());
        }
    }

    private static final String SEVERAL = "{'features': {'inputs': ["
            + "{'name': 'steps', 'shape': [2, 3], 'columns': ['s'], 'mask': [3], 'ragged': true}, "
            + "{'name': 'numbers', 'shape': [2], 'columns': ['a', 'b']}]}, 'labels': {'outputs': ["
            + "{'name': 'each', 'shape': [4, 3], 'indices': true, 'column': 'y', 'mask': [3], 'ragged': true}, "
            + "{'name': 'value', 'shape': [1], 'column': 'v', 'mask': [1], 'mask_column': 'm'}]}}";

    private static Dataset<Row> several(Row... rows) {
        return session.createDataFrame(Arrays.asList(rows), new StructType()
                .add("m", DataTypes.BooleanType).add("v", DataTypes.DoubleType).add("unused", DataTypes.StringType)
                .add("y", DataTypes.createArrayType(DataTypes.IntegerType)).add("b", DataTypes.LongType)
                .add("a", DataTypes.FloatType).add("s", DataTypes.createArrayType(DataTypes.DoubleType)));
    }

    /** A row that is bad in the middle leaves nothing behind. */
    @Test
    void inputsAndOutputsOfSeveralColumnsAndSequencesThatAreFilledUp() {
        Dataset<Row> frame = several(
                RowFactory.create(true, 7.0, "", List.of(1, 2, 3), 5L, 4f, List.of(1., 2., 3., 10., 20., 30.)),
                RowFactory.create(false, Double.NaN, "", List.of(2), 6L, 5f, List.of(1., 10.)),
                RowFactory.create(true, 8.0, "", List.of(3, 1), 7L, 6f, List.of(1., 2., 10., 20.)));
        try (FrameRows rows = new FrameRows(frame.coalesce(1), Case.spec(SEVERAL), "test data")) {
            assertEquals(3, rows.scan().rows());
            Examples examples = rows.ordered().collect().get(0);
            assertArrayEquals(new float[] {1, 2, 3, 10, 20, 30, 4, 5, 1, 1, 1,
                1, 0, 0, 10, 0, 0, 5, 6, 1, 0, 0,
                1, 2, 0, 10, 20, 0, 6, 7, 1, 1, 0}, examples.floats());
            assertArrayEquals(new float[] {1, 2, 3, 7, 1, 1, 1, 1,
                2, 0, 0, Float.NaN, 1, 0, 0, 0,
                3, 1, 0, 8, 1, 1, 0, 1}, examples.labels());
            try (Minibatch batch = new Minibatch(rows.spec, 3, true)) {
                MultiDataSet data = batch.fill(examples, 0, null);
                assertEquals(Nd4j.createFromArray(new float[][] {{1, 1, 1}, {1, 0, 0}, {1, 1, 0}}),
                        data.getFeaturesMaskArray(0));
                assertNull(data.getFeaturesMaskArray(1));
                assertEquals(Nd4j.createFromArray(new float[][] {{7}, {0}, {8}}), data.getLabels(1));
                assertEquals(6, data.getLabels(0).sumNumber().intValue());
                // What was filled up stays zero, wherever zero would come to lie.
                batch.fill(examples, 0, new NormalizerStandardize(Nd4j.create(new float[] {1, 10}), Nd4j.ones(1, 2)));
                assertEquals(Nd4j.createFromArray(new float[][] {{0, 1, 0}, {0, 10, 0}}), data.getFeatures(0).get(
                        NDArrayIndex.point(2), NDArrayIndex.all(), NDArrayIndex.all()));
            }
        }
        assertTrue(JavaSparkContext.fromSparkContext(session.sparkContext()).getPersistentRDDs().isEmpty());
    }

    @Test
    void whatIsWrongWithSequencesAndInputsIsSaidByName() {
        Row good = RowFactory.create(true, 7.0, "", List.of(1), 5L, 4f, List.of(1., 2.));
        Dataset<Row> frame = several(good,
                RowFactory.create(true, 7.0, "", List.of(1), 5L, 4f, List.of()),
                RowFactory.create(true, 7.0, "", List.of(1), 5L, 4f, List.of(1., 2., 3.)),
                RowFactory.create(true, 7.0, "", List.of(1), 5L, 4f, List.of(1., 2., 3., 4., 5., 6., 7.)),
                RowFactory.create(null, 7.0, "", List.of(1), 5L, 4f, List.of(1., 2.)),
                RowFactory.create(true, 7.0, "", List.of(), 5L, 4f, List.of(1., 2.)),
                RowFactory.create(true, 7.0, "", List.of(1), 5L, null, List.of(1., 2.)));
        BridgeException refused =
                assertThrows(BridgeException.class, () -> new FrameRows(frame, Case.spec(SEVERAL), "test data").scan());
        for (String problem : List.of("column 's' has 0 values, sequences are of 2 values at each of 1 to 3 time steps",
                "column 's' has 3 values, sequences are of 2 values", "column 's' has 7 values, input 'steps' takes at most 6",
                "column 'm' is null", "column 'y' has 0 values, sequences are of 1 value at each", "column 'a' is null")) {
            assertTrue(refused.getMessage().contains(problem), refused.getMessage());
        }
        BridgeException mask = assertThrows(BridgeException.class,
                () -> Case.spec(SEVERAL.replace(", 'mask_column': 'm'", "")));
        assertTrue(mask.getMessage().contains("column 'v' have a mask, but no column that holds it"), mask.getMessage());
    }

    /** Beside the rows stands what the network gives for the arrays that they become, up to where each ends. */
    @Test
    void predictionsOfSeveralOutputs() {
        String json = "{'features': {'inputs': [{'shape': [4, 6], 'columns': ['s'], 'mask': [6], 'ragged': true}]}, "
                + "'labels': {'outputs': [{'shape': [3, 6]}, {'shape': [2]}]}}";
        Random random = new Random(3);
        List<Row> rows = new ArrayList<>();
        List<List<Double>> cells = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            cells.add(random.doubles(4 * (i + 2)).boxed().collect(Collectors.toList()));
            rows.add(RowFactory.create(i, cells.get(i)));
        }
        Dataset<Row> frame = session.createDataFrame(rows, new StructType().add("id", DataTypes.IntegerType)
                .add("s", DataTypes.createArrayType(DataTypes.DoubleType)));
        Case given = Case.of("masked");
        String settings = "{'outputs': [{'task': 'CLASSIFICATION', 'prediction_col': 'kind', 'probability_col': 'sure'}, "
                + "{'task': 'REGRESSION', 'prediction_col': 'end', 'probability_col': null}]}";
        JavaSparkContext context = JavaSparkContext.fromSparkContext(session.sparkContext());
        List<Row> scored = Bridge.predict(context, given.network(), frame, json.replace('\'', '"'),
                settings.replace('\'', '"')).collectAsList();
        for (int i = 0; i < 5; i++) {
            int steps = i + 2;
            List<Double> cell = cells.get(i);
            INDArray x = Nd4j.create(1, 4, steps);
            for (int j = 0; j < cell.size(); j++) {
                x.putScalar(0, j / steps, j % steps, cell.get(j));
            }
            INDArray[] expected = ((ComputationGraph) given.model.get()).output(x);
            Row row = scored.get(i);
            assertEquals(List.of("id", "s", "kind", "sure", "end"), List.of(row.schema().fieldNames()));
            assertEquals(i, row.getInt(0));
            double[] classes = expected[0].argMax(1).toDoubleVector();
            assertEquals(Arrays.stream(classes).boxed().collect(Collectors.toList()), row.getList(2));
            double[] sure = ((Vector) row.get(3)).toArray();
            assertArrayEquals(expected[0].dup('c').reshape(3 * steps).toDoubleVector(), sure, 1e-6);
            List<Double> end = row.getList(4);
            assertEquals(expected[1].getDouble(1), end.get(1), 1e-6);
        }
        String one = settings.replaceFirst("\\{'task': 'CLASSIFICATION'[^}]*\\}", "null").replace('\'', '"');
        assertEquals(List.of("id", "s", "end"),
                List.of(Bridge.predict(context, given.network(), frame, json.replace('\'', '"'), one).columns()));
    }

    /** Rows that know their number; how much larger they are made depends on how often they were read. */
    private static Dataset<Row> numbered(int rows, int partitions) {
        List<Integer> numbers = IntStream.range(0, rows).boxed().collect(Collectors.toList());
        JavaRDD<Row> rdd = JavaSparkContext.fromSparkContext(session.sparkContext())
                .parallelize(numbers, partitions)
                .mapPartitions(some -> change(some));
        return session.createDataFrame(rdd, new StructType().add("x", DataTypes.FloatType)
                .add("label", DataTypes.IntegerType));
    }

    private static final AtomicInteger READINGS = new AtomicInteger();
    private static String change = "none";

    private static Iterator<Row> change(Iterator<Integer> numbers) {
        boolean again = READINGS.getAndIncrement() > 0;
        List<Row> rows = new ArrayList<>();
        numbers.forEachRemaining(i -> rows.add(RowFactory.create((float) i, i % 3)));
        if (again && change.equals("more")) {
            rows.add(RowFactory.create(1f, 1));
        } else if (again && change.equals("fewer")) {
            rows.remove(0);
        } else if (again && change.equals("other")) {
            rows.set(0, RowFactory.create(-1f, 1));
        } else if (again && change.equals("order")) {
            rows.add(rows.remove(0));
        } else if (again && change.equals("bad")) {
            rows.set(0, RowFactory.create(null, 1));
        }
        return rows.iterator();
    }

    @ParameterizedTest
    @ValueSource(strings = {"more", "fewer", "other", "order", "bad"})
    void rowsThatChangeAreTakenAsFirstReadOrRefused(String how) {
        change = how;
        READINGS.set(0);
        Plan plan = new Plan(20, 4, 2, 2, 8);
        try (FrameRows rows = new FrameRows(numbered(20, 1), spec(1, "x"), "test data")) {
            rows.scan();
            assertEquals(20, rows.arrange(plan, Permutation.identity(20)).map(Block::size).fold(0, Integer::sum));
            assertEquals(1, READINGS.get());
        }
        READINGS.set(0);
        try (FrameRows rows = new FrameRows(numbered(20, 1), spec(1, "x"), "test data")) {
            rows.scan();
            // As if the executor that held them were lost.
            JavaSparkContext.fromSparkContext(session.sparkContext()).getPersistentRDDs().values()
                    .forEach(rdd -> rdd.unpersist(true));
            Throwable refused = assertThrows(Exception.class, () -> rows.arrange(plan, Permutation.identity(20)));
            assertTrue(refused.getMessage().contains("the rows changed after they were c"), refused.getMessage());
        } finally {
            change = "none";
        }
    }

    @Test
    void gatheredAndSentRowsStandWhereThePlanHasThem() {
        int count = 103;
        Permutation order = Permutation.of(count, 4);
        for (int partitions : new int[] {1, 7}) {
            // So many bytes to a row that there are several groups of rounds.
            Plan plan = new Plan(count, 5, 3, 2, 3 << 20);
            try (FrameRows rows = new FrameRows(numbered(count, partitions), spec(1, "x"), "test data")) {
                rows.scan();
                List<Block> gathered = rows.gathered(plan, order).collect();
                List<Block> sent = rows.sent(plan, order).collect();
                assertEquals(plan.partitions(), gathered.size());
                for (int p = 0; p < plan.partitions(); p++) {
                    assertEquals(p, gathered.get(p).partition());
                    assertEquals(gathered.get(p).checksum(), sent.get(p).checksum());
                    for (int i = 0; i < plan.rowsIn(p); i++) {
                        float number = order.at(plan.position(p, i));
                        assertEquals(number, sent.get(p).examples().floats()[i]);
                        assertEquals(number % 3, sent.get(p).examples().labels()[i]);
                    }
                }
            }
        }
        assertTrue(JavaSparkContext.fromSparkContext(session.sparkContext()).getPersistentRDDs().isEmpty());
    }

    /** What was written to send rows goes with them; what the user's own shuffles wrote does not. */
    @Test
    void leavesTheUsersShufflesAlone() {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(session.sparkContext());
        READINGS.set(0);
        JavaRDD<Row> shuffled = context.parallelize(List.of(1, 2, 3, 4, 5), 2).map(x -> {
            READINGS.incrementAndGet();
            return (float) x;
        }).repartition(2).map(x -> RowFactory.create(x, 1));
        Dataset<Row> frame = session.createDataFrame(shuffled, new StructType().add("x", DataTypes.FloatType)
                .add("label", DataTypes.IntegerType));
        Plan plan = new Plan(5, 1, 1, 1, 8);
        try (FrameRows rows = new FrameRows(frame, spec(1, "x"), "test data")) {
            rows.scan();
            assertEquals(5, rows.sent(plan, Permutation.identity(5)).map(Block::size).fold(0, Integer::sum));
        }
        assertEquals(5, shuffled.count());
        assertEquals(5, READINGS.get());
    }
}
