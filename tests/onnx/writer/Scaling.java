package org.pydl4j.fixtures;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.dataset.api.preprocessor.MultiDataNormalization;
import org.nd4j.linalg.dataset.api.preprocessor.Normalizer;

/** A normalizer for one input or for several. */
interface Scaling {
    Normalizer<?> normalizer();

    void fit(INDArray[] x, INDArray[] y);

    /** The features, scaled; the arguments stay as they are. */
    INDArray[] scaled(INDArray[] x);

    /** Outputs in the units of the labels; null where labels stay as they are. */
    INDArray[] reverted(INDArray[] y);

    record Single(DataNormalization normalizer) implements Scaling {
        @Override
        public void fit(INDArray[] x, INDArray[] y) {
            normalizer.fit(new DataSet(x[0].dup(), y[0].dup()));
        }

        @Override
        public INDArray[] scaled(INDArray[] x) {
            INDArray[] copies = copies(x);
            normalizer.transform(copies[0]);
            return copies;
        }

        @Override
        public INDArray[] reverted(INDArray[] y) {
            if (!normalizer.isFitLabel()) {
                return null;
            }
            INDArray[] copies = copies(y);
            normalizer.revertLabels(copies[0]);
            return copies;
        }
    }

    record Multi(MultiDataNormalization normalizer) implements Scaling {
        @Override
        public void fit(INDArray[] x, INDArray[] y) {
            normalizer.fit(new MultiDataSet(copies(x), copies(y)));
        }

        @Override
        public INDArray[] scaled(INDArray[] x) {
            INDArray[] copies = copies(x);
            normalizer.preProcess(new MultiDataSet(copies, new INDArray[0]));
            return copies;
        }

        @Override
        public INDArray[] reverted(INDArray[] y) {
            INDArray[] copies = copies(y);
            normalizer.revertLabels(copies);
            return copies;
        }
    }

    private static INDArray[] copies(INDArray[] arrays) {
        return Arrays.stream(arrays).map(INDArray::dup).toArray(INDArray[]::new);
    }
}
