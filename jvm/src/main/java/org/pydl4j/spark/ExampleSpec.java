package org.pydl4j.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/**
 * What one example is: the shape of its features and of its labels, and the columns they come from.
 *
 * <p>Everywhere on its way an example is one {@code float[]}: features, then labels. A class index is one float per
 * label position until the minibatch is made, where it becomes one-hot.
 */
final class ExampleSpec implements Serializable {

    private static final long serialVersionUID = 1L;

    final long[] featureShape;
    final List<String> featureColumns;
    /** Shape of one example's labels as the network takes them, e.g. [10] or [77, 50]; empty without labels. */
    final long[] labelShape;
    final String labelColumn;
    /** Labels arrive as class indices and become one-hot along the first label axis. */
    final boolean labelsAreIndices;
    /** The loss itself takes the indices. */
    final boolean sparse;
    final int features;
    /** Floats of label that one row carries. */
    final int labels;

    ExampleSpec(JsonNode spec) {
        JsonNode f = spec.get("features");
        featureShape = longs(f.get("shape"));
        featureColumns = strings(f.get("columns"));
        JsonNode l = spec.get("labels");
        boolean labelled = l != null && !l.isNull();
        labelShape = labelled ? longs(l.get("shape")) : new long[0];
        labelColumn = labelled ? Json.text(l, "column", null) : null;
        labelsAreIndices = labelled && l.path("indices").asBoolean(false);
        sparse = labelled && l.path("sparse").asBoolean(false);
        features = Math.toIntExact(product(featureShape, 0));
        labels = labelled ? Math.toIntExact(product(labelShape, labelsAreIndices ? 1 : 0)) : 0;
    }

    int width() {
        return features + labels;
    }

    boolean labelled() {
        return labels > 0;
    }

    long classes() {
        return labelShape[0];
    }

    /** The channel that a flat feature belongs to: normalizers keep one statistic per channel (axis 1 of a batch). */
    int channels() {
        return (int) featureShape[0];
    }

    int perChannel() {
        return features / channels();
    }

    /** A feature's name for a message: its column, or its place in the column that holds them all. */
    String featureName(int index) {
        return featureColumns.size() == features && features > 1
                ? "column '" + featureColumns.get(index) + "'"
                : featureColumns.isEmpty() ? "feature " + index : "column '" + featureColumns.get(0) + "' element " + index;
    }

    String labelName() {
        return labelColumn == null ? "the labels" : "column '" + labelColumn + "'";
    }

    /** Class indices that become one-hot in a minibatch; a sparse loss takes them as they are. */
    boolean oneHot() {
        return labelsAreIndices && !sparse;
    }

    /** A label as the class that it names. */
    int index(float label) {
        int index = (int) label;
        if (index != label || index < 0 || index >= classes()) {
            throw BridgeException.data("the rows changed after they were checked: " + labelName() + " hold " + label
                    + ", which is no class index");
        }
        return index;
    }

    long[] featureBatch(int rows) {
        return batchShape(rows, featureShape);
    }

    long[] oneHotBatch(int rows) {
        return batchShape(rows, labelShape);
    }

    long[] labelBatch(int rows) {
        long[] shape = labelShape.clone();
        shape[0] = sparse ? 1 : shape[0];
        return batchShape(rows, shape);
    }

    private static long[] batchShape(int rows, long[] shape) {
        long[] all = new long[shape.length + 1];
        all[0] = rows;
        System.arraycopy(shape, 0, all, 1, shape.length);
        return all;
    }

    private static long product(long[] shape, int from) {
        long product = 1;
        for (int i = from; i < shape.length; i++) {
            product *= shape[i];
        }
        return product;
    }

    private static long[] longs(JsonNode node) {
        long[] values = new long[node.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = node.get(i).asLong();
        }
        return values;
    }

    private static List<String> strings(JsonNode node) {
        List<String> values = new ArrayList<>();
        if (node != null) {
            node.forEach(n -> values.add(n.asText()));
        }
        return values;
    }
}
