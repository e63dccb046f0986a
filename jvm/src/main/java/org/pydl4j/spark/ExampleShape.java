package org.pydl4j.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.NumericType;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * What one example of a network is, read off its configuration, and how the columns of a DataFrame hold it.
 *
 * <p>Python settles this itself (example_shape.py, data.py) and sends an {@link ExampleSpec}; this is the same for
 * {@link Main}, which runs without Python.
 */
final class ExampleShape {

    private static final Set<String> CLASS_LOSSES =
            Set.of("LossMCXENT", "LossNegativeLogLikelihood", "LossSparseMCXENT");
    private static final Set<String> WHOLE = Set.of("byte", "short", "integer", "long");
    /** An extent that only the data can tell: the length of sequences. */
    private static final long UNKNOWN = -1;

    final Predicted.Task task;
    /** As Python writes it into a model zip. */
    final JsonNode inputType;
    private final long[] features;
    private final long[] labels;
    private final boolean sparse;

    /** @param inputType null where the file does not tell */
    ExampleShape(MultiLayerConfiguration conf, JsonNode inputType) {
        InputType input = input(conf, inputType);
        this.inputType = inputType != null ? inputType : json(input);
        features = shape(input);
        List<InputType> outputs = conf.getLayerActivationTypes(input);
        InputType output = outputs.get(outputs.size() - 1);
        if (output instanceof InputType.InputTypeRecurrent
                && ((InputType.InputTypeRecurrent) output).getFormat() == RNNFormat.NWC) {
            throw BridgeException.config("the network's outputs are sequences [N, T, size] (NWC); labels and predictions "
                    + "are [N, size, T] here: leave data_format='NWC' out of the configuration", null);
        }
        labels = shape(output);
        JsonNode confs = Json.read(conf.toJson()).get("confs");
        JsonNode last = confs.get(confs.size() - 1).get("layer");
        String loss = simpleName(last.path("lossFn"));
        if (input instanceof InputType.InputTypeRecurrent && labels.length == 2) {
            // DL4J forgets the length of sequences in places; it is the same at both ends.
            settle(labels, ((InputType.InputTypeRecurrent) input).getTimeSeriesLength());
        }
        if (loss.equals("LossMixtureDensity")) {
            labels[0] = last.get("lossFn").get("labelWidth").asLong();
        }
        sparse = loss.equals("LossSparseMCXENT");
        if (CLASS_LOSSES.contains(loss) || simpleName(last.path("activationFn")).equals("ActivationSoftmax")) {
            task = Predicted.Task.CLASSIFICATION;
        } else {
            task = loss.equals("LossBinaryXENT") ? Predicted.Task.BINARY : Predicted.Task.REGRESSION;
        }
    }

    private static InputType input(MultiLayerConfiguration conf, JsonNode given) {
        if (given != null) {
            try {
                return NeuralNetConfiguration.mapper().treeToValue(given, InputType.class);
            } catch (JsonProcessingException e) {
                throw BridgeException.config("the input type cannot be read: " + e.getOriginalMessage(), e);
            }
        }
        Layer first = conf.getConf(0).getLayer();
        if (conf.getInputPreProcess(0) == null) {
            if (first instanceof BaseRecurrentLayer) {
                return InputType.recurrent(((FeedForwardLayer) first).getNIn());
            }
            if (first instanceof DenseLayer || first instanceof OutputLayer) {
                return InputType.feedForward(((FeedForwardLayer) first).getNIn());
            }
        }
        throw BridgeException.config("the network's input type is not known: write the file by Python, with an "
                + "input_type= (DL4J's own files do not record it)", null);
    }

    /** Without what DL4J only computes. */
    static JsonNode json(InputType type) {
        ObjectNode json = NeuralNetConfiguration.mapper().valueToTree(type);
        json.remove("shape");
        return json;
    }

    private static long[] shape(InputType type) {
        switch (type.getType()) {
            case RNN: {
                InputType.InputTypeRecurrent rnn = (InputType.InputTypeRecurrent) type;
                long steps = rnn.getTimeSeriesLength() > 0 ? rnn.getTimeSeriesLength() : UNKNOWN;
                return rnn.getFormat() == RNNFormat.NWC
                        ? new long[] {steps, rnn.getSize()} : new long[] {rnn.getSize(), steps};
            }
            case FF:
            case CNNFlat:
                return new long[] {type.arrayElementsPerExample()};
            default:
                return type.getShape();
        }
    }

    private static String simpleName(JsonNode typed) {
        String name = typed.path("@class").asText("");
        return name.substring(name.lastIndexOf('.') + 1);
    }

    /** How many names the classes need. */
    long namedClasses() {
        return task == Predicted.Task.BINARY && classes() == 1 ? 2 : classes();
    }

    private long classes() {
        return labels[0];
    }

    /** Numbers of one example; -1 where only the data can tell. */
    long size() {
        return Arrays.stream(features).anyMatch(n -> n == UNKNOWN) ? UNKNOWN : product(features, 0);
    }

    Evaluations evaluation() {
        return task == Predicted.Task.REGRESSION ? Evaluations.REGRESSION : Evaluations.CLASSIFICATION;
    }

    /**
     * Checks a DataFrame's columns and says how they hold the examples.
     *
     * @param labelColumn null where there are no labels
     */
    ExampleSpec spec(Dataset<Row> frame, List<String> columns, String labelColumn, String name) {
        columns.forEach(column -> kind(frame, column, name));
        settleTimeSteps(frame, columns, name);
        ObjectNode spec = Json.object();
        ObjectNode f = spec.putObject("features").putArray("inputs").addObject();
        put(f.putArray("shape"), features);
        columns.forEach(f.putArray("columns")::add);
        ObjectNode l = spec.putObject("labels").putArray("outputs").addObject();
        boolean indices = labelColumn != null && indices(kind(frame, labelColumn, name));
        put(l.putArray("shape"), labels);
        l.put("indices", indices);
        l.put("sparse", sparse);
        l.put("column", labelColumn);
        return new ExampleSpec(spec);
    }

    private enum Kind { NUMBER, WHOLE_NUMBERS, NUMBERS }

    /** Whether a label column holds class indices: a number, or one per time step. */
    private boolean indices(Kind kind) {
        if (kind == Kind.NUMBER) {
            return classes() > 1 && product(labels, 1) == 1;
        }
        return classes() > 1 && labels.length > 1 && kind == Kind.WHOLE_NUMBERS;
    }

    private static Kind kind(Dataset<Row> frame, String column, String name) {
        if (!Arrays.asList(frame.columns()).contains(column)) {
            throw BridgeException.data(name + ": there is no column '" + column + "'; the columns are "
                    + String.join(", ", frame.columns()));
        }
        DataType type = frame.schema().apply(column).dataType();
        if (type instanceof NumericType || type instanceof BooleanType) {
            return Kind.NUMBER;
        }
        if (type instanceof ArrayType && ((ArrayType) type).elementType() instanceof NumericType) {
            return WHOLE.contains(((ArrayType) type).elementType().typeName()) ? Kind.WHOLE_NUMBERS : Kind.NUMBERS;
        }
        if (type instanceof BinaryType || type.equals(SQLDataTypes.VectorType())) {
            return Kind.NUMBERS;
        }
        throw BridgeException.data(name + ": column '" + column + "' is " + type.simpleString() + "; features and "
                + "labels are numbers, arrays of numbers or ml vectors (turn text into numbers with StringIndexer)");
    }

    private void settleTimeSteps(Dataset<Row> frame, List<String> columns, String name) {
        if (size() != UNKNOWN) {
            return;
        }
        List<Row> first = frame.selectExpr(columns.stream().map(c -> "`" + c.replace("`", "``") + "`")
                .toArray(String[]::new)).takeAsList(1);
        if (first.isEmpty()) {
            throw BridgeException.data(name + " has no rows");
        }
        long values = 0;
        for (int i = 0; i < columns.size(); i++) {
            values += length(first.get(0), i);
        }
        long steps = values / product(features, 0);
        settle(features, steps);
        settle(labels, steps);
    }

    private static int length(Row row, int column) {
        Object value = row.get(column);
        if (value instanceof Vector) {
            return ((Vector) value).size();
        }
        if (value instanceof byte[]) {
            return ((byte[]) value).length / Float.BYTES;
        }
        return value == null || value instanceof Number || value instanceof Boolean ? 1 : row.getList(column).size();
    }

    private static void settle(long[] shape, long steps) {
        Arrays.setAll(shape, i -> shape[i] == UNKNOWN && steps > 0 ? steps : shape[i]);
    }

    /** Of the extents that are known. */
    private static long product(long[] shape, int from) {
        return Arrays.stream(shape, from, shape.length).filter(n -> n != UNKNOWN).reduce(1, (a, b) -> a * b);
    }

    private static void put(ArrayNode array, long[] values) {
        for (long value : values) {
            array.add(value);
        }
    }

    /** The columns that hold the features where none are named. */
    static List<String> featureColumns(Dataset<Row> frame, List<String> named, Main.Format format, String labelColumn) {
        if (named != null) {
            return named;
        }
        if (format != Main.Format.CSV) {
            return List.of("features");
        }
        List<String> columns = new ArrayList<>(Arrays.asList(frame.columns()));
        columns.remove(labelColumn);
        return columns;
    }
}
