package org.pydl4j.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerMinMaxScaler;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;

/** Ours, in partitions, against DL4J's own normalizers fitted on all rows at once. */
class MomentsTest {

    private static Moments inPartitions(float[][] rows, int channels, int each, int partitions) {
        Moments whole = new Moments(channels);
        for (int p = 0; p < partitions; p++) {
            Moments part = new Moments(channels);
            for (int i = p * rows.length / partitions; i < (p + 1) * rows.length / partitions; i++) {
                part.add(rows[i], 0, each);
            }
            part.close();
            whole.append(part);
        }
        return whole;
    }

    private static void check(int channels, int each, float offset, long... shape) {
        Random random = new Random(3);
        float[][] rows = new float[50][channels * each];
        for (float[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                row[i] = offset + (float) random.nextGaussian() * (1 + i % 3);
            }
        }
        INDArray all = Nd4j.create(rows).reshape(shape);
        NormalizerStandardize standardize = new NormalizerStandardize();
        standardize.fit(new DataSet(all, null));
        NormalizerMinMaxScaler minMax = new NormalizerMinMaxScaler();
        minMax.fit(new DataSet(all, null));
        for (int partitions : new int[] {1, 3, 60}) {
            Moments ours = inPartitions(rows, channels, each, partitions);
            for (int c = 0; c < channels; c++) {
                assertEquals(standardize.getMean().getDouble(c), ours.mean(c), 1e-4 * Math.max(1, offset));
                assertEquals(standardize.getStd().getDouble(c), ours.standardDeviation(c), 1e-3);
            }
            assertArrayEquals(minMax.getMin().toFloatVector(), ours.min);
            assertArrayEquals(minMax.getMax().toFloatVector(), ours.max);
        }
    }

    @Test
    void features() {
        check(5, 1, 0, 50, 5);
    }

    @Test
    void channelsOfImages() {
        check(3, 20, 1, 50, 3, 5, 4);
    }

    @Test
    void channelsOfSequences() {
        check(4, 7, -2, 50, 4, 7);
    }

    /** Of sequences of different lengths what is there. */
    @Test
    void maskedSteps() {
        Span input = Case.of("layers").spec.inputs[0];
        Random random = new Random(6);
        float[][] rows = new float[20][input.mask.end()];
        INDArray all = Nd4j.create(rows.length, 4, 6);
        INDArray mask = Nd4j.create(rows.length, 6);
        Moments ours = new Moments(4);
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < input.size; j++) {
                rows[i][j] = (float) random.nextGaussian();
                all.putScalar(i, j / 6, j % 6, rows[i][j]);
            }
            for (int t = 0; t < 6; t++) {
                rows[i][input.mask.from + t] = t < i % 7 ? 1 : 0; // some rows have none at all
                mask.putScalar(i, t, rows[i][input.mask.from + t]);
            }
            ours.add(rows[i], 0, input);
        }
        ours.close();
        NormalizerStandardize standardize = new NormalizerStandardize();
        standardize.fit(new DataSet(all, null, mask, null));
        NormalizerMinMaxScaler minMax = new NormalizerMinMaxScaler();
        minMax.fit(new DataSet(all, null, mask, null));
        for (int c = 0; c < 4; c++) {
            assertEquals(standardize.getMean().getDouble(c), ours.mean(c), 1e-5);
            assertEquals(standardize.getStd().getDouble(c), ours.standardDeviation(c), 1e-5);
        }
        assertArrayEquals(minMax.getMin().toFloatVector(), ours.min);
        assertArrayEquals(minMax.getMax().toFloatVector(), ours.max);
    }

    /** Values far from zero: plain sums of squares would have lost the spread. */
    @Test
    void farFromZero() {
        Random random = new Random(4);
        float[][] rows = new float[1000][1];
        double sum = 0;
        for (float[] row : rows) {
            row[0] = 1e6f + random.nextInt(16);
            sum += row[0];
        }
        double mean = sum / rows.length;
        double squares = 0;
        for (float[] row : rows) {
            squares += (row[0] - mean) * (row[0] - mean);
        }
        assertEquals(Math.sqrt(squares / rows.length), inPartitions(rows, 1, 1, 7).standardDeviation(0), 1e-9);
    }
}
