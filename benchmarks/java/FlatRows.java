package org.pydl4j.benchmarks;

import java.nio.FloatBuffer;
import java.util.Random;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Rows as a Java program has them, and the quick way of them into minibatches: in bulk, into the same arrays. */
final class FlatRows {

    /** One update. */
    interface Step {
        void fit(INDArray features, INDArray labels);
    }

    private final float[] features;
    private final int[] labels;
    private final int size;
    private final int classes;

    FlatRows(INDArray features, INDArray oneHot) {
        this.features = features.data().asFloat();
        labels = oneHot.argMax(1).toIntVector();
        size = (int) features.size(1);
        classes = (int) oneHot.size(1);
    }

    int count() {
        return labels.length;
    }

    /** The first rows in an array of their own. */
    INDArray array(int rows) {
        INDArray array = Nd4j.createUninitialized(DataType.FLOAT, rows, size);
        array.data().asNioFloat().put(features, 0, rows * size);
        return array;
    }

    /** @param order where the rows are to be shuffled; null where they stay */
    void epoch(int batch, Random order, Step step) {
        int[] rows = new int[count()];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = i;
        }
        for (int i = rows.length - 1; order != null && i > 0; i--) {
            int other = order.nextInt(i + 1);
            int one = rows[i];
            rows[i] = rows[other];
            rows[other] = one;
        }
        INDArray x = null;
        INDArray y = null;
        for (int from = 0; from < rows.length; from += batch) {
            int some = Math.min(batch, rows.length - from);
            if (x == null || x.size(0) != some) {
                x = Nd4j.createUninitialized(DataType.FLOAT, some, size);
                y = Nd4j.createUninitialized(DataType.FLOAT, some, classes);
            }
            FloatBuffer into = x.data().asNioFloat();
            float[] oneHot = new float[some * classes];
            for (int i = 0; i < some; i++) {
                into.put(features, rows[from + i] * size, size);
                oneHot[i * classes + labels[rows[from + i]]] = 1;
            }
            y.data().asNioFloat().put(oneHot);
            step.fit(x, y);
        }
    }
}
