package org.pydl4j.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one pass over the rows found: how many there are in each partition, what is wrong with them, and, where a
 * normalizer is to be fitted, what it needs. Partitions are scanned apart and merged in their order.
 */
final class Scan implements Serializable {

    private static final long serialVersionUID = 1L;
    private static final int NAMED_COLUMNS = 5;
    /** All bits of it are set in NaN and the infinities, and in nothing else. */
    private static final int EXPONENT = 0x7F800000;

    private final ExampleSpec spec;
    private final List<Long> partitionRows = new ArrayList<>();
    private final List<Long> partitionChecksums = new ArrayList<>();
    private long rows;

    private final Map<String, Long> badRows = new TreeMap<>();
    private final Map<Integer, Long> nonFinite = new TreeMap<>();
    /** Values that are neither 0 nor 1, by what the mask is called. */
    private final Map<String, Long> badMasks = new TreeMap<>();
    /** One for each output. */
    private final LabelFaults[] labelFaults;

    /** What a normalizer is fitted from; null where none is to be fitted. */
    final Moments moments;

    Scan(ExampleSpec spec, boolean withMoments) {
        this.spec = spec;
        labelFaults = new LabelFaults[spec.outputs.length];
        Arrays.setAll(labelFaults, output -> new LabelFaults());
        if (withMoments && !spec.inputs[0].isInStep()) {
            throw BridgeException.config("a normalizer takes masks of sequences [size, T] only, as DL4J's do", null);
        }
        moments = withMoments ? new Moments(Math.toIntExact(spec.inputs[0].shape[0])) : null;
    }

    /** Counts rows that could not even be read. */
    void bad(String problem, long count) {
        rows += count;
        badRows.merge(problem, count, Long::sum);
    }

    void add(Examples examples) {
        rows += examples.size();
        if (!examples.areBytes() && !areFinite(examples.floats())) {
            nameNonFinite(examples.floats());
        }
        if (moments != null || !spec.isPlain()) {
            lookAtFeatures(examples);
        }
        float[] labels = examples.labels();
        for (int at = 0; at < labels.length; at += spec.labels) {
            for (int output = 0; output < labelFaults.length; output++) {
                Span span = spec.outputs[output];
                lookAtMask(labels, at, span);
                for (int i = 0; i < span.size; i++) {
                    if (span.counts(labels, at, i)) {
                        labelFaults[output].look(labels[at + span.from + i], span);
                    }
                }
            }
        }
    }

    private void lookAtMask(float[] floats, int row, Span span) {
        for (int i = 0; span.mask != null && i < span.mask.size; i++) {
            float value = floats[row + span.mask.from + i];
            if (value != 0 && value != 1) {
                badMasks.merge(span.mask.name(), 1L, Long::sum);
            }
        }
    }

    private static boolean areFinite(float[] values) {
        boolean finite = true;
        for (float value : values) {
            finite &= (Float.floatToRawIntBits(value) & EXPONENT) != EXPONENT;
        }
        return finite;
    }

    private void nameNonFinite(float[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i]) && i % spec.features < spec.inputs[spec.inputs.length - 1].end()) {
                nonFinite.merge(i % spec.features, 1L, Long::sum);
            }
        }
    }

    private void lookAtFeatures(Examples examples) {
        float[] wide = examples.areBytes() ? new float[spec.features] : null;
        for (int i = 0; i < examples.size(); i++) {
            if (wide != null) {
                examples.widen(i, wide);
            }
            float[] floats = wide != null ? wide : examples.floats();
            int row = wide != null ? 0 : i * spec.features;
            for (Span input : spec.inputs) {
                lookAtMask(floats, row, input);
            }
            if (moments != null) {
                moments.add(floats, row, spec.inputs[0]);
            }
        }
    }

    /** Closes a partition of a source that cannot change. */
    Scan partitionDone() {
        return partitionDone(0);
    }

    /** Closes a partition: its rows become one entry of the partition list, its checksum another. */
    Scan partitionDone(long checksum) {
        partitionRows.add(rows);
        partitionChecksums.add(checksum);
        if (moments != null) {
            moments.close();
        }
        return this;
    }

    /** Appends the next partition's scan. */
    Scan append(Scan next) {
        rows += next.rows;
        partitionRows.addAll(next.partitionRows);
        partitionChecksums.addAll(next.partitionChecksums);
        next.badRows.forEach((k, v) -> badRows.merge(k, v, Long::sum));
        next.nonFinite.forEach((k, v) -> nonFinite.merge(k, v, Long::sum));
        next.badMasks.forEach((k, v) -> badMasks.merge(k, v, Long::sum));
        for (int output = 0; output < labelFaults.length; output++) {
            labelFaults[output].append(next.labelFaults[output]);
        }
        if (moments != null) {
            moments.append(next.moments);
        }
        return this;
    }

    long rows() {
        return rows;
    }

    /** The global index of each partition's first row. */
    long[] offsets() {
        long[] offsets = new long[partitionRows.size()];
        for (int p = 1; p < offsets.length; p++) {
            offsets[p] = offsets[p - 1] + partitionRows.get(p - 1);
        }
        return offsets;
    }

    /** What each partition's examples must come to again. */
    long[] checksums() {
        return partitionChecksums.stream().mapToLong(Long::longValue).toArray();
    }

    /** Throws with everything that is wrong, or returns when the rows can be trained on. */
    void check(String what) {
        List<String> problems = new ArrayList<>();
        badRows.forEach((problem, count) -> problems.add(count(count, "row") + ": " + problem));
        int named = 0;
        for (Map.Entry<Integer, Long> e : nonFinite.entrySet()) {
            if (named++ == NAMED_COLUMNS) {
                problems.add("NaN or infinity in " + (nonFinite.size() - NAMED_COLUMNS) + " more columns");
                break;
            }
            problems.add(spec.featureName(e.getKey()) + " holds NaN or infinity in " + count(e.getValue(), "row"));
        }
        badMasks.forEach((mask, count) -> problems.add(mask + " holds " + count(count, "value")
                + " that are neither 0 nor 1; a mask has 1 for what counts and 0 for what does not"));
        if (moments != null && rows > 0 && moments.isEmpty()) {
            problems.add("the mask of the features leaves nothing that a normalizer could be fitted to");
        }
        for (int output = 0; output < labelFaults.length; output++) {
            labelFaults[output].name(spec.outputs[output], problems);
        }
        if (!problems.isEmpty()) {
            throw BridgeException.data(what + " (" + count(rows, "row") + "): " + String.join("; ", problems));
        }
        if (rows == 0) {
            throw BridgeException.data(what + " has no rows");
        }
    }

    private static String count(long n, String noun) {
        return String.format(Locale.ROOT, "%,d %s%s", n, noun, n == 1 ? "" : "s");
    }

    /** What is wrong with the labels of one output. */
    private static final class LabelFaults implements Serializable {
        private static final long serialVersionUID = 1L;
        private long outside;
        private long fractional;
        private long nonFinite;
        private float first = Float.NaN;

        void look(float y, Span output) {
            if (!Float.isFinite(y)) {
                nonFinite++;
            } else if (output.indices && y != Math.rint(y)) {
                fractional++;
                first = Float.isNaN(first) ? y : first;
            } else if (output.indices && (y < 0 || y >= output.classes())) {
                outside++;
                first = Float.isNaN(first) ? y : first;
            }
        }

        void append(LabelFaults next) {
            outside += next.outside;
            fractional += next.fractional;
            nonFinite += next.nonFinite;
            first = Float.isNaN(first) ? next.first : first;
        }

        void name(Span output, List<String> problems) {
            if (nonFinite > 0) {
                problems.add(output.name() + " hold NaN or infinity " + count(nonFinite, "time"));
            }
            if (fractional > 0) {
                problems.add(output.name() + " hold " + count(fractional, "value") + " that are no class index (first: "
                        + first + "); class indices are whole numbers from 0 to " + (output.classes() - 1));
            }
            if (outside > 0) {
                problems.add(output.name() + " hold " + count(outside, "value") + " outside the classes (first: " + first
                        + "); the network has " + output.classes() + " outputs, so labels are 0 to "
                        + (output.classes() - 1));
            }
        }
    }
}
