package org.pydl4j.fixtures;

import static org.pydl4j.fixtures.Parts.*;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.layers.*;
import org.deeplearning4j.nn.conf.preprocessor.*;
import org.deeplearning4j.nn.modelimport.keras.preprocessors.TensorFlowCnnToFeedForwardPreProcessor;
import org.deeplearning4j.preprocessors.KerasFlattenRnnPreprocessor;
import org.deeplearning4j.preprocessors.PermutePreprocessor;
import org.deeplearning4j.preprocessors.ReshapePreprocessor;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Preprocessors of volumes and of imported networks, and those that have nothing to do: each in front of a layer. */
final class MorePreprocessors extends Family {
    private static final int D = 3;

    @Override
    void write() {
        for (boolean first : new boolean[] {true, false}) {
            String end = first ? "_NCDHW" : "_NDHWC";
            INDArray volume = first ? random(1, N, 2, D, 4, 5) : random(1, N, D, 4, 5, 2);
            InputPreProcessor flat = new Cnn3DToFeedForwardPreProcessor(D, 4, 5, 2, first);
            InputPreProcessor deep = new FeedForwardToCnn3DPreProcessor(D, 4, 5, 2, first);
            before("volumes" + end, volume, flat, deep);
            before("to_volumes" + end, random(1, N, 2 * D * 4 * 5), deep);
        }
        before("rows", random(1, N, 6), new Cnn3DToFeedForwardPreProcessor(D, 4, 5, 2, true),
                new CnnToFeedForwardPreProcessor(4, 5, 2, CNN2DFormat.NCHW),
                new TensorFlowCnnToFeedForwardPreProcessor(4, 5, 2),
                new RnnToFeedForwardPreProcessor(RNNFormat.NCW), new FeedForwardToRnnPreProcessor(RNNFormat.NCW),
                new FeedForwardToRnnPreProcessor(RNNFormat.NWC), new FeedForwardToCnnPreProcessor(1, 2, 3));
        before("images_NCHW", random(1, N, 2, 4, 5), new CnnToFeedForwardPreProcessor(4, 5, 2, CNN2DFormat.NCHW),
                new FeedForwardToCnnPreProcessor(4, 5, 2), new TensorFlowCnnToFeedForwardPreProcessor(4, 5, 2),
                new CnnToRnnPreProcessor(4, 5, 2, RNNFormat.NCW), new CnnToRnnPreProcessor(4, 5, 2, RNNFormat.NWC),
                new ComposableInputPreProcessor(new CnnToFeedForwardPreProcessor(4, 5, 2, CNN2DFormat.NCHW),
                        new FeedForwardToCnnPreProcessor(10, 2, 2)));
        before("images_NHWC", random(1, N, 4, 5, 2), new CnnToFeedForwardPreProcessor(4, 5, 2, CNN2DFormat.NHWC));
        for (RNNFormat f : RNN_FORMATS) {
            before("series_" + f, series(12, f), new RnnToFeedForwardPreProcessor(f), new RnnToCnnPreProcessor(2, 3, 2, f));
        }
        keras();
        for (DataType type : OTHER_TYPES) {
            net("preprocessor_dense_" + type).type(type).before(0, new TensorFlowCnnToFeedForwardPreProcessor(4, 5, 2))
                    .on(random(1, N, 2, 4, 5), dense(40, 3).build());
        }
    }

    /** The preprocessors alone, as vertices side by side. */
    private void before(String name, INDArray x, InputPreProcessor... all) {
        graph("preprocessor_" + name, g -> {
            g.addInputs("x");
            String[] outputs = new String[all.length];
            for (int i = 0; i < all.length; i++) {
                outputs[i] = "y" + i;
                g.addVertex(outputs[i], new PreprocessorVertex(all[i]), "x");
            }
            return g.setOutputs(outputs);
        }).on(x);
    }

    private void keras() {
        before("keras", random(1, N, 4, 5), new ReshapePreprocessor(new long[] {4, 5}, new long[] {10, 2}, false),
                new ReshapePreprocessor(new long[] {7, 4, 5}, new long[] {7, 20}, true), new PermutePreprocessor(2, 1),
                new KerasFlattenRnnPreprocessor(5, 4));
        before("keras_images", random(1, N, 4, 5, 2), new PermutePreprocessor(3, 1, 2),
                new ReshapePreprocessor(new long[] {4, 5, 2}, new long[] {40}, false));
        before("keras_rows", random(1, N, 12), new ReshapePreprocessor(new long[] {12}, new long[] {2, 3, 2}, false));
        net("preprocessor_keras_layers")
                .before(0, new PermutePreprocessor(2, 1))
                .before(1, new KerasFlattenRnnPreprocessor(3, T))
                .before(2, new ReshapePreprocessor(new long[] {6}, new long[] {2, 3}, false))
                .on(series(C, RNNFormat.NWC), lstm(C, 3, RNNFormat.NCW).build(), dense(15, 6).build(),
                        new LSTM.Builder().nIn(2).nOut(4).activation(Activation.TANH).build());
    }
}
