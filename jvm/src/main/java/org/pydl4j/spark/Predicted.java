package org.pydl4j.spark;

import java.io.Serializable;
import java.util.Arrays;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.databind.JsonNode;

/** What an output becomes beside the rows of a DataFrame: a column of predictions and, of classes, one of probabilities. */
final class Predicted implements Serializable {

    private static final long serialVersionUID = 1L;

    /** How a network's output becomes a prediction. */
    enum Task { CLASSIFICATION, BINARY, REGRESSION }

    private final int output;
    private final Task task;
    private final String prediction;
    private final String probability;
    private final boolean scalar;
    /** Sequences as long as those of the input that were filled up: what a network says of the rest is left out. */
    private final boolean cut;

    Predicted(ExampleSpec spec, int output, Task task, String prediction, String probability) {
        Span labels = spec.outputs[output];
        this.output = output;
        this.task = task;
        this.prediction = prediction;
        this.probability = probability;
        cut = labels.shape.length == 2 && labels.shape[1] == spec.filledUp();
        scalar = labels.shape.length == 1 && (task != Task.REGRESSION || labels.shape[0] == 1);
    }

    /** Those that are wanted of a network's outputs; null stands for one that is not. */
    static Predicted[] of(ExampleSpec spec, JsonNode outputs) {
        Predicted[] all = new Predicted[outputs.size()];
        for (int i = 0; i < all.length; i++) {
            JsonNode json = outputs.get(i);
            all[i] = json.isNull() ? null : new Predicted(spec, i, Task.valueOf(json.get("task").asText()),
                    json.get("prediction_col").asText(), Json.text(json, "probability_col", null));
        }
        return Arrays.stream(all).filter(each -> each != null).toArray(Predicted[]::new);
    }

    /** Adds the columns to a schema. */
    StructType in(StructType schema) {
        StructType with = schema.add(prediction,
                scalar ? DataTypes.DoubleType : DataTypes.createArrayType(DataTypes.DoubleType, false), false);
        return columns() == 1 ? with : with.add(probability, SQLDataTypes.VectorType(), false);
    }

    int columns() {
        return task == Task.REGRESSION ? 1 : 2;
    }

    /** The outputs of some rows, to be taken apart. */
    final class Outputs {
        private final float[] flat;
        private final int each;
        private final int classes;

        private Outputs(INDArray array) {
            flat = array.castTo(DataType.FLOAT).dup('c').data().asFloat();
            each = flat.length / (int) array.size(0);
            classes = (int) array.size(1);
        }

        /**
         * Writes a row's cells.
         *
         * @param steps how many time steps the row had before it was filled up
         */
        void put(int row, int steps, Object[] cells, int at) {
            float[] whole = Arrays.copyOfRange(flat, row * each, (row + 1) * each);
            float[] values = cut ? first(whole, steps) : whole;
            double[] predicted = predictions(values, classes, task);
            cells[at] = scalar ? (Object) predicted[0] : predicted;
            if (columns() > 1) {
                cells[at + 1] = Vectors.dense(task == Task.BINARY && values.length == 1
                        ? new double[] {1.0 - values[0], values[0]} : doubles(values));
            }
        }

        private float[] first(float[] values, int steps) {
            float[] some = new float[classes * steps];
            for (int c = 0; c < classes; c++) {
                System.arraycopy(values, c * (each / classes), some, c * steps, steps);
            }
            return some;
        }
    }

    Outputs outputs(INDArray[] all) {
        return new Outputs(all[output]);
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
