package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.preprocessor.ImagePreProcessingScaler;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerMinMaxScaler;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;

/** Networks saved with a normalizer. */
final class Normalizers extends Family {
    @Override
    void write() {
        INDArray x = rows(7).muli(3).addi(10);
        x.putColumn(2, Nd4j.ones(N)); // no spread at all: the guard against division by zero
        net("norm_standardize").normalizer(new NormalizerStandardize()).on(
                x, dense(7, 6).build(), output(6, 4).build());
        net("norm_minmax").normalizer(new NormalizerMinMaxScaler(-1, 2)).on(series(C, RNNFormat.NCW).muli(4),
                lstm(C, 2, RNNFormat.NCW).build());
        net("norm_image").images(CNN2DFormat.NCHW).normalizer(new ImagePreProcessingScaler(-1, 1)).on(
                image(CNN2DFormat.NCHW).muli(40).addi(128), conv(CNN2DFormat.NCHW).build());
    }
}
