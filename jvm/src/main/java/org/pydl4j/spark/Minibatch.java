package org.pydl4j.spark;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;

/** The arrays of one minibatch, and the way of examples into them: in bulk, without a copy in between. */
final class Minibatch implements AutoCloseable {

    private final ExampleSpec spec;
    private final int rows;
    private final MultiDataSet data;
    /** Inputs, then masks. */
    private final List<Filling> features = new ArrayList<>();
    /** Outputs, then masks; none where the labels are not wanted. */
    private final List<Filling> labels = new ArrayList<>();
    /** Widens one row of bytes. */
    private final float[] row;
    /** One row on its way to several arrays. */
    private final FloatBuffer joined;
    /** One row's labels. */
    private final float[] label;

    /** @param labelled whether the examples to come have labels, and these are wanted */
    Minibatch(ExampleSpec spec, int rows, boolean labelled) {
        this.spec = spec;
        this.rows = rows;
        row = new float[spec.features];
        joined = FloatBuffer.allocate(spec.isPlain() ? 0 : spec.features);
        label = new float[spec.labels];
        for (Span input : spec.inputs) {
            features.add(Filling.plain(input, rows));
        }
        INDArray[] x = arrays(features);
        INDArray[] xMasks = masks(spec.inputs, features);
        if (labelled) {
            for (Span output : spec.outputs) {
                labels.add(Filling.labels(output, rows));
            }
        }
        INDArray[] y = labelled ? arrays(labels) : null;
        INDArray[] yMasks = labelled ? masks(spec.outputs, labels) : null;
        data = new org.nd4j.linalg.dataset.MultiDataSet(x, y, xMasks, yMasks);
    }

    private static INDArray[] arrays(List<Filling> fillings) {
        return fillings.stream().map(filling -> filling.array).toArray(INDArray[]::new);
    }

    /** Adds what fills the masks; null where there are none at all, as DL4J has it. */
    private INDArray[] masks(Span[] spans, List<Filling> fillings) {
        INDArray[] masks = null;
        for (int i = 0; i < spans.length; i++) {
            if (spans[i].mask != null) {
                Filling filling = Filling.plain(spans[i].mask, rows);
                fillings.add(filling);
                masks = masks == null ? new INDArray[spans.length] : masks;
                masks[i] = filling.array;
            }
        }
        return masks;
    }

    int rows() {
        return rows;
    }

    /** Of the only input. */
    INDArray features() {
        return data.getFeatures(0);
    }

    /** Whether these arrays are for examples of that kind, and for that many. */
    boolean fits(ExampleSpec examples, int count) {
        return spec == examples && rows == count;
    }

    /** Examples in the order in which they stand. */
    MultiDataSet fill(ExampleSource from, int first, DataNormalization normalizer) {
        return fill(from, first, Permutation.identity(from.size()), normalizer);
    }

    /** The examples at the positions from {@code first} on; what these arrays held before is gone. */
    MultiDataSet fill(ExampleSource from, int first, Permutation order, DataNormalization normalizer) {
        for (int i = 0; i < rows; i++) {
            int place = (int) order.at(first + i);
            if (spec.isPlain()) {
                features.get(0).buffer.position(i * spec.features);
                from.features(place, features.get(0).buffer, row);
            } else {
                from.features(place, joined.clear(), row);
                put(joined.array(), features, i);
            }
        }
        if (normalizer != null) {
            normalizer.transform(data.getFeatures(0), data.getFeaturesMaskArray(0));
        }
        if (!labels.isEmpty()) {
            labels.forEach(Filling::clear);
            for (int i = 0; i < rows; i++) {
                from.labels((int) order.at(first + i), label);
                put(label, labels, i);
            }
        }
        return data;
    }

    private static void put(float[] values, List<Filling> fillings, int row) {
        for (Filling filling : fillings) {
            filling.put(row, values);
        }
    }

    /** An output's class indices as one-hot labels, also where the loss takes the indices themselves. */
    static INDArray oneHot(ExampleSpec spec, int output, ExampleSource examples, int from, int to) {
        Filling labels = Filling.oneHot(spec.outputs[output], to - from);
        float[] label = new float[spec.labels];
        for (int i = from; i < to; i++) {
            examples.labels(i, label);
            labels.put(i - from, label);
        }
        return labels.array;
    }

    @Override
    public void close() {
        features.forEach(Filling::close);
        labels.forEach(Filling::close);
    }
}
