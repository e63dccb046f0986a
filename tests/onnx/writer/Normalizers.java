package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import java.util.List;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.dataset.api.preprocessor.ImagePreProcessingScaler;
import org.nd4j.linalg.dataset.api.preprocessor.MultiDataNormalization;
import org.nd4j.linalg.dataset.api.preprocessor.MultiNormalizerHybrid;
import org.nd4j.linalg.dataset.api.preprocessor.MultiNormalizerMinMaxScaler;
import org.nd4j.linalg.dataset.api.preprocessor.MultiNormalizerStandardize;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerMinMaxScaler;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;

/** Networks saved with a normalizer: all that DL4J can save, which VGG16ImagePreProcessor is not. */
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
        net("norm_minmax_constant_column").normalizer(new NormalizerMinMaxScaler()).on(x, dense(7, 6).build());
        for (RNNFormat f : RNN_FORMATS) { // statistics are those of axis 1, which is time in NWC
            net("norm_standardize_" + f).normalizer(new NormalizerStandardize()).on(
                    series(C, f).muli(4), lstm(C, 2, f).build());
        }
        for (CNN2DFormat f : CNN_FORMATS) {
            net("norm_standardize_" + f).images(f).normalizer(new NormalizerStandardize()).on(
                    image(f).muli(4), conv(f).build());
            net("norm_minmax_" + f).images(f).normalizer(new NormalizerMinMaxScaler()).on(
                    image(f).muli(4), conv(f).build());
        }
        net("norm_image_16_bits").images(CNN2DFormat.NHWC).normalizer(new ImagePreProcessingScaler(0, 1, 16)).on(
                image(CNN2DFormat.NHWC).muli(4000).addi(32000), conv(CNN2DFormat.NHWC).build());
        dataTypes();
        labels();
        several();
    }

    @SuppressWarnings("deprecation") // HALF, which model files still have
    private void dataTypes() {
        for (DataType type : List.of(DataType.DOUBLE, DataType.HALF)) {
            net("norm_standardize_" + type).type(type).normalizer(new NormalizerStandardize()).on(
                    rows(7), dense(7, 6).build());
            net("norm_minmax_" + type).type(type).normalizer(new NormalizerMinMaxScaler(-1, 2)).on(
                    rows(7), dense(7, 6).build());
            net("norm_image_" + type).type(type).images(CNN2DFormat.NCHW).normalizer(new ImagePreProcessingScaler())
                    .on(image(CNN2DFormat.NCHW).muli(16).addi(64), conv(CNN2DFormat.NCHW).build());
        }
    }

    /**
     * Outputs in the units of the labels, which are fitted to the network's first outputs. Not of images: the file does
     * not say whether their labels are scaled.
     */
    private void labels() {
        for (DataNormalization n : List.of(new NormalizerStandardize(), new NormalizerMinMaxScaler(-1, 2))) {
            n.fitLabel(true);
            String name = n instanceof NormalizerStandardize ? "norm_standardize_labels" : "norm_minmax_labels";
            net(name).normalizer(n).on(rows(7), dense(7, 6).build());
            net(name + "_series").normalizer(n).on(series(C, RNNFormat.NCW), lstm(C, 2, RNNFormat.NCW).build());
        }
    }

    private void several() {
        for (boolean labels : new boolean[] {false, true}) {
            String end = labels ? "_labels" : "";
            MultiNormalizerStandardize standardize = new MultiNormalizerStandardize();
            standardize.fitLabel(labels);
            two("norm_multi_standardize" + end, standardize);
            MultiNormalizerMinMaxScaler minmax = new MultiNormalizerMinMaxScaler(-1, 2);
            minmax.fitLabel(labels);
            two("norm_multi_minmax" + end, minmax);
        }
        two("norm_multi_hybrid", new MultiNormalizerHybrid().standardizeInput(0).minMaxScaleInput(1, -2, 3));
        two("norm_multi_hybrid_one", new MultiNormalizerHybrid().minMaxScaleInput(1));
        two("norm_multi_hybrid_all", new MultiNormalizerHybrid().standardizeAllInputs().minMaxScaleInput(0, -2, 3));
        two("norm_multi_hybrid_labels", new MultiNormalizerHybrid().minMaxScaleAllInputs().standardizeOutput(0)
                .minMaxScaleOutput(1, -1, 2));
    }

    private void two(String name, MultiDataNormalization normalizer) {
        graph(name, g -> g.addInputs("rows", "series")
                .addLayer("hidden", dense(7, 6).build(), "rows")
                .addLayer("last", new LastTimeStep(lstm(C, 2, RNNFormat.NCW).build()), "series")
                .addVertex("both", new MergeVertex(), "last", "hidden")
                .addLayer("values", dense(8, 3).build(), "both")
                .setOutputs("values", "hidden"))
                .normalizer(normalizer).on(rows(7).muli(0.3).addi(1), series(C, RNNFormat.NCW).muli(4));
    }
}
