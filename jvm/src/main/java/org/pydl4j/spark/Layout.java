package org.pydl4j.spark;

import java.io.Serializable;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** What one example of DL4J's data sets is, and the way of their arrays into the flat rows of {@link Examples}. */
final class Layout implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Shapes of one example's arrays, and of their masks; null for a mask that is not there. */
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
        if (isMissing(data.getFeatures()) || isMissing(data.getLabels())) {
            throw BridgeException.data("a DataSet without " + (isMissing(data.getFeatures()) ? "features" : "labels")
                    + " cannot be trained on");
        }
        return new Layout(data);
    }

    private static boolean isMissing(INDArray[] arrays) {
        return arrays == null || Arrays.asList(arrays).contains(null);
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

    /** The rows as they travel. */
    ExampleSpec spec() {
        ObjectNode spec = Json.object();
        put(spec.putObject("features").putArray("inputs"), features, featureMasks);
        put(spec.putObject("labels").putArray("outputs"), labels, labelMasks);
        return new ExampleSpec(spec);
    }

    private static void put(ArrayNode spans, long[][] shapes, long[][] masks) {
        for (int i = 0; i < shapes.length; i++) {
            ObjectNode span = spans.addObject();
            Arrays.stream(shapes[i]).forEach(span.putArray("shape")::add);
            if (i < masks.length && masks[i] != null) {
                Arrays.stream(masks[i]).forEach(span.putArray("mask")::add);
            }
        }
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
        return Arrays.stream(shapes).allMatch(shape -> shape == null) ? "" : " with masks " + Arrays.deepToString(shapes);
    }

    /** A data set's examples. */
    static Examples pack(MultiDataSet data, ExampleSpec spec) {
        Examples examples = new Examples(spec, (int) data.getFeatures(0).size(0), false, true);
        for (int i = 0; i < spec.inputs.length; i++) {
            pack(data.getFeatures(i), data.getFeaturesMaskArray(i), spec.inputs[i], examples.floats(), spec.features);
        }
        for (int i = 0; i < spec.outputs.length; i++) {
            pack(data.getLabels(i), data.getLabelsMaskArray(i), spec.outputs[i], examples.labels(), spec.labels);
        }
        return examples;
    }

    private static void pack(INDArray array, INDArray mask, Span span, float[] into, int each) {
        pack(array, span, into, each);
        if (span.mask != null) {
            pack(mask, span.mask, into, each);
        }
    }

    private static void pack(INDArray array, Span span, float[] into, int each) {
        float[] flat = array.castTo(DataType.FLOAT).dup('c').data().asFloat();
        for (int row = 0; row < array.size(0); row++) {
            System.arraycopy(flat, row * span.size, into, row * each + span.from, span.size);
        }
    }
}
