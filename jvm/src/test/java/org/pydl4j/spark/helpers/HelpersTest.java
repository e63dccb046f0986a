package org.pydl4j.spark.helpers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.LayerHelper;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;
import org.pydl4j.spark.NativeBuild;

/** Which layer gets which helper, and that training with them is the training that it is without. */
class HelpersTest {

    private static final String DISABLED = "org.eclipse.deeplearning4j.helpers.disable";

    @AfterEach
    void on() {
        System.clearProperty(DISABLED);
    }

    private static MultiLayerNetwork network(WorkspaceMode workspaces, Activation activation, double dropout) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder().seed(4)
                .updater(new Sgd(0.05)).activation(activation).trainingWorkspaceMode(workspaces).list()
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(6).build())
                .layer(new SubsamplingLayer.Builder(new int[] {2, 2}, new int[] {2, 2}).build())
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(8).convolutionMode(ConvolutionMode.Same).build())
                .layer(new BatchNormalization.Builder().build())
                .layer(new DenseLayer.Builder().nOut(10).dropOut(dropout).build())
                .layer(new OutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build())
                .setInputType(InputType.convolutional(13, 13, 2)).build());
        network.init();
        return network;
    }

    private static LayerHelper[] helpers(MultiLayerNetwork network) {
        LayerHelper[] helpers = new LayerHelper[network.getnLayers()];
        for (int i = 0; i < helpers.length; i++) {
            helpers[i] = network.getLayer(i).getHelper();
        }
        return helpers;
    }

    @Test
    void eachLayerGetsItsHelperOnce() {
        MultiLayerNetwork network = network(WorkspaceMode.ENABLED, Activation.RELU, 0);
        for (LayerHelper none : helpers(network)) {
            assertNull(none);
        }
        Helpers.install(network);
        LayerHelper[] helpers = helpers(network);
        assertSame(PatchConvolution.class, helpers[0].getClass());
        assertSame(MaxPooling.class, helpers[1].getClass());
        assertSame(PatchConvolution.class, helpers[2].getClass());
        assertSame(NativeBuild.OURS.hasOneDnn() ? PlainBatchNorm.class : null,
                helpers[3] == null ? null : helpers[3].getClass());
        Helpers.install(network);
        assertSame(helpers[0], network.getLayer(0).getHelper());
    }

    @Test
    void whoeverDisablesHelpersHasNone() {
        System.setProperty(DISABLED, "true");
        MultiLayerNetwork network = network(WorkspaceMode.ENABLED, Activation.RELU, 0);
        Helpers.install(network);
        for (LayerHelper none : helpers(network)) {
            assertNull(none);
        }
    }

    /** Several iterations, batches of two sizes and scoring between them: nothing kept may be taken for something new. */
    @Test
    void trainingIsTheSameTraining() {
        for (WorkspaceMode workspaces : new WorkspaceMode[] {WorkspaceMode.ENABLED, WorkspaceMode.NONE}) {
            for (Activation activation : new Activation[] {Activation.RELU, Activation.TANH, Activation.IDENTITY}) {
                MultiLayerNetwork plain = network(workspaces, activation, 0.7);
                MultiLayerNetwork ours = network(workspaces, activation, 0.7);
                Helpers.install(ours);
                train(plain);
                train(ours);
                double difference = plain.params().sub(ours.params()).amaxNumber().doubleValue();
                assertTrue(difference < 2e-5, workspaces + " " + activation + ": parameters differ by " + difference);
                assertEquals(plain.score(), ours.score(), 1e-4);
            }
        }
    }

    private static void train(MultiLayerNetwork network) {
        Nd4j.getRandom().setSeed(9);
        INDArray x = Nd4j.randn(8, 2, 13, 13);
        INDArray y = Nd4j.eye(3).get(NDArrayIndex.indices(0, 1, 2, 0, 1, 2, 0, 1)).dup();
        INDArray few = Nd4j.randn(3, 2, 13, 13);
        for (int i = 0; i < 4; i++) {
            network.fit(x, y);
            network.score(new DataSet(x, y), true);
            network.fit(few, Nd4j.eye(3));
            network.output(x);
            network.feedForward(x, true);
        }
    }

    @Test
    void aGraphsLayersGetThemToo() {
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder().seed(4)
                .graphBuilder().addInputs("in")
                .addLayer("a", new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.RELU).build(), "in")
                .addLayer("b", new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.RELU).build(), "a")
                .addLayer("out", new OutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build(), "b")
                .setOutputs("out").setInputTypes(InputType.convolutional(9, 9, 1)).build());
        graph.init();
        Helpers.install(graph);
        assertSame(PatchConvolution.class, graph.getLayer("a").getHelper().getClass());
        assertSame(PatchConvolution.class, graph.getLayer("b").getHelper().getClass());
        graph.fit(new INDArray[] {Nd4j.randn(3, 1, 9, 9)}, new INDArray[] {Nd4j.eye(3)});
    }
}
