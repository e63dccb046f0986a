package org.pydl4j.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.shade.jackson.databind.JsonNode;

/**
 * What one example is: the shapes of its features and of its labels, and the columns they come from.
 *
 * <p>Everywhere on its way an example is one {@code float[]}: features, then labels; several inputs stand one after the
 * other among the features, several outputs among the labels. A class index is one float per label position until the
 * minibatch is made, where it becomes one-hot.
 */
final class ExampleSpec implements Serializable {

    private static final long serialVersionUID = 1L;

    final Span[] inputs;
    final List<String> featureColumns;
    /** None where there are no labels. */
    final Span[] outputs;
    final String labelColumn;
    final int features;
    /** Floats of label that one row carries. */
    final int labels;

    ExampleSpec(JsonNode spec) {
        JsonNode f = spec.get("features");
        featureColumns = strings(f.get("columns"));
        List<Span> made = new ArrayList<>();
        for (JsonNode shape : f.has("shapes") ? f.get("shapes") : List.of(f.get("shape"))) {
            made.add(Span.input(shape, end(made), f.path("names").path(made.size()).asText()));
        }
        inputs = made.toArray(new Span[0]);
        features = end(made);
        JsonNode l = spec.get("labels");
        boolean labelled = l != null && !l.isNull();
        labelColumn = labelled ? Json.text(l, "column", null) : null;
        made.clear();
        if (labelled) {
            for (JsonNode output : l.has("outputs") ? l.get("outputs") : List.of(l)) {
                made.add(Span.output(output, end(made), labelName(output)));
            }
        }
        outputs = made.toArray(new Span[0]);
        labels = end(made);
    }

    private static int end(List<Span> spans) {
        return spans.isEmpty() ? 0 : spans.get(spans.size() - 1).end();
    }

    private String labelName(JsonNode output) {
        return labelColumn != null ? "column '" + labelColumn + "'"
                : output.hasNonNull("name") ? "the labels of output '" + output.get("name").asText() + "'"
                : "the labels";
    }

    int width() {
        return features + labels;
    }

    boolean labelled() {
        return labels > 0;
    }

    /** The channel that a flat feature belongs to: normalizers keep one statistic per channel (axis 1 of a batch). */
    int channels() {
        return (int) inputs[0].shape[0];
    }

    int perChannel() {
        return features / channels();
    }

    /** A feature's name for a message: its column, or its place in the column or the input that holds it. */
    String featureName(int index) {
        if (!featureColumns.isEmpty()) {
            return featureColumns.size() == features && features > 1
                    ? "column '" + featureColumns.get(index) + "'"
                    : "column '" + featureColumns.get(0) + "' element " + index;
        }
        for (Span input : inputs) {
            if (index < input.end() && inputs.length > 1) {
                return "input '" + input.name() + "' feature " + (index - input.from);
            }
        }
        return "feature " + index;
    }

    private static List<String> strings(JsonNode node) {
        List<String> values = new ArrayList<>();
        if (node != null) {
            node.forEach(n -> values.add(n.asText()));
        }
        return values;
    }
}
