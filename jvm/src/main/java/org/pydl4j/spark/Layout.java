package org.pydl4j.spark;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Where the arrays of DL4J's data sets stand in the flat rows of {@link Examples}: inputs and their masks among the
 * features, labels and their masks among the labels.
 */
final class Layout implements Feed {

    private static final long serialVersionUID = 1L;

    /** Shapes of one example's arrays; null for an array that is not there. */
    private final long[][] features;
    private final long[][] featureMasks;
    private final long[][] labels;
    private final long[][] labelMasks;

    private Layout(MultiDataSet data) {
        features = shapes(data.getFeatures());
        featureMasks = shapes(data.getFeaturesMaskArrays());
        labels = shapes(data.getLabels());
        labelMasks = shapes(data.getLabelsMaskArrays());
    }

    static Layout of(MultiDataSet data) {
        if (data.getFeatures() == null || data.getLabels() == null) {
            throw BridgeException.data("a DataSet without " + (data.getFeatures() == null ? "features" : "labels")
                    + " cannot be trained on");
        }
        return new Layout(data);
    }

    private static long[][] shapes(INDArray[] arrays) {
        long[][] shapes = new long[arrays == null ? 0 : arrays.length][];
        for (int i = 0; i < shapes.length; i++) {
            if (arrays[i] != null) {
                shapes[i] = Arrays.copyOfRange(arrays[i].shape(), 1, arrays[i].rank());
            }
        }
        return shapes;
    }

    private static int size(long[]... shapes) {
        long size = 0;
        for (long[] shape : shapes) {
            size += shape == null ? 0 : Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        }
        return Math.toIntExact(size);
    }

    /** The rows as they travel. */
    ExampleSpec spec() {
        return new ExampleSpec(Json.read("{\"features\": {\"shape\": [" + (size(features) + size(featureMasks))
                + "], \"columns\": []}, \"labels\": {\"shape\": [" + (size(labels) + size(labelMasks)) + "]}}"));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Layout && toString().equals(other.toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }

    @Override
    public String toString() {
        return "features " + Arrays.deepToString(features) + masks(featureMasks) + ", labels "
                + Arrays.deepToString(labels) + masks(labelMasks);
    }

    private static String masks(long[][] shapes) {
        return size(shapes) == 0 ? "" : " with masks " + Arrays.deepToString(shapes);
    }

    /** Copies a data set's examples to where they belong, from a slot on. */
    void pack(MultiDataSet data, Examples into, int slot) {
        int all = size(features) + size(featureMasks);
        int at = pack(data.getFeatures(), features, into.floats(), slot, all, 0);
        pack(data.getFeaturesMaskArrays(), featureMasks, into.floats(), slot, all, at);
        all = size(labels) + size(labelMasks);
        at = pack(data.getLabels(), labels, into.labels(), slot, all, 0);
        pack(data.getLabelsMaskArrays(), labelMasks, into.labels(), slot, all, at);
    }

    private static int pack(INDArray[] arrays, long[][] shapes, float[] into, int slot, int each, int offset) {
        int at = offset;
        for (int i = 0; i < shapes.length; i++) {
            if (shapes[i] != null) {
                float[] flat = arrays[i].castTo(DataType.FLOAT).dup('c').data().asFloat();
                int size = size(shapes[i]);
                for (int row = 0; row < arrays[i].size(0); row++) {
                    System.arraycopy(flat, row * size, into, (slot + row) * each + at, size);
                }
                at += size;
            }
        }
        return at;
    }

    @Override
    public Source open(int batch) {
        Map<Integer, Filled> made = new HashMap<>();
        return new Source() {
            @Override
            public MultiDataSet fill(Block block, int minibatch, Permutation order) {
                int from = minibatch * batch;
                int rows = Math.min(batch, block.size() - from);
                return made.computeIfAbsent(rows, Filled::new).fill(block.examples(), from, order);
            }

            @Override
            public void close() {
                made.values().forEach(Filled::close);
            }
        };
    }

    /** The arrays of a minibatch of so many rows. */
    private final class Filled implements AutoCloseable {
        private final int rows;
        private final List<INDArray> all = new ArrayList<>();
        private final INDArray[] x;
        private final INDArray[] xMasks;
        private final INDArray[] y;
        private final INDArray[] yMasks;

        Filled(int rows) {
            this.rows = rows;
            x = create(features);
            xMasks = create(featureMasks);
            y = create(labels);
            yMasks = create(labelMasks);
        }

        private INDArray[] create(long[][] shapes) {
            INDArray[] arrays = new INDArray[shapes.length];
            for (int i = 0; i < shapes.length; i++) {
                if (shapes[i] != null) {
                    long[] shape = new long[shapes[i].length + 1];
                    shape[0] = rows;
                    System.arraycopy(shapes[i], 0, shape, 1, shapes[i].length);
                    arrays[i] = Nd4j.createUninitialized(DataType.FLOAT, shape, 'c');
                    all.add(arrays[i]);
                }
            }
            return arrays.length == 0 ? null : arrays;
        }

        MultiDataSet fill(Examples from, int first, Permutation order) {
            int each = size(features) + size(featureMasks);
            int at = fill(x, from.floats(), each, 0, first, order);
            fill(xMasks, from.floats(), each, at, first, order);
            each = size(labels) + size(labelMasks);
            at = fill(y, from.labels(), each, 0, first, order);
            fill(yMasks, from.labels(), each, at, first, order);
            return new org.nd4j.linalg.dataset.MultiDataSet(x, y, xMasks, yMasks);
        }

        private int fill(INDArray[] arrays, float[] from, int each, int offset, int first, Permutation order) {
            int at = offset;
            for (int i = 0; arrays != null && i < arrays.length; i++) {
                if (arrays[i] != null) {
                    int size = Math.toIntExact(arrays[i].length() / rows);
                    FloatBuffer buffer = arrays[i].data().asNioFloat();
                    for (int row = 0; row < rows; row++) {
                        buffer.position(row * size);
                        buffer.put(from, (int) order.at(first + row) * each + at, size);
                    }
                    at += size;
                }
            }
            return at;
        }

        @Override
        public void close() {
            all.forEach(INDArray::close);
        }
    }
}
