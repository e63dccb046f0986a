package org.pydl4j.spark;

import java.io.Serializable;
import java.util.Arrays;
import org.nd4j.shade.jackson.databind.JsonNode;

/**
 * What one example is: the shapes of its features and of its labels, and the columns they come from.
 *
 * <p>Everywhere on its way an example is one {@code float[]}: features, then labels; several inputs stand one after the
 * other among the features, several outputs among the labels, and masks behind what they mask. A class index is one float
 * per label position until the minibatch is made, where it becomes one-hot.
 */
final class ExampleSpec implements Serializable {

    private static final long serialVersionUID = 1L;

    final Span[] inputs;
    /** None where there are no labels. */
    final Span[] outputs;
    /** Floats of features that one row carries, masks included. */
    final int features;
    /** Floats of label that one row carries, masks included. */
    final int labels;

    ExampleSpec(JsonNode spec) {
        inputs = Span.inputs(spec.get("features").get("inputs"));
        outputs = spec.hasNonNull("labels") ? Span.outputs(spec.get("labels").get("outputs")) : new Span[0];
        features = Span.end(inputs);
        labels = Span.end(outputs);
    }

    int width() {
        return features + labels;
    }

    boolean labelled() {
        return labels > 0;
    }

    /** Whether rows of features are one array of the network's, and nothing else. */
    boolean isPlain() {
        return inputs.length == 1 && inputs[0].mask == null;
    }

    private Span ragged() {
        return Arrays.stream(inputs).filter(input -> input.ragged).findFirst().orElse(null);
    }

    /** The time steps that sequences are filled up to; 0 where none are. */
    int filledUp() {
        return ragged() == null ? 0 : ragged().mask.size;
    }

    /** How many time steps a row had before, in the row that begins at {@code row} of some features. */
    int held(float[] features, int row) {
        Span input = ragged();
        int steps = 0;
        while (input != null && steps < input.mask.size && input.counts(features, row, steps)) {
            steps++;
        }
        return steps;
    }

    /** A feature's name for a message: its column, or its place in the column or the input that holds it. */
    String featureName(int index) {
        int input = 0;
        while (index >= inputs[input].end()) {
            input++;
        }
        return inputs[input].valueName(index - inputs[input].from);
    }
}
