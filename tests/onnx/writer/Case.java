package org.pydl4j.fixtures;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.dataset.api.preprocessor.MultiDataNormalization;
import org.nd4j.linalg.learning.config.Adam;

/** One fixture: a small network, built, given random parameters and run by DL4J. {@code on} writes it. */
final class Case {
    private final Family.Target target;
    private final String name;
    private final UnaryOperator<GraphBuilder> wiring;
    private final Map<Integer, InputPreProcessor> preprocessors = new TreeMap<>();
    private final List<INDArray[]> steps = new ArrayList<>();
    private InputType[] inputTypes = {};
    private DataType type = DataType.FLOAT;
    private INDArray[] masks;
    private Scaling scaling;
    private boolean overrideNin = true;
    private boolean rowsAlone = true;
    private WorkspaceMode workspaces = WorkspaceMode.ENABLED;
    private double scale = 1;
    private String note;

    Case(Family.Target target, String name, UnaryOperator<GraphBuilder> wiring) {
        this.target = target;
        this.name = name;
        this.wiring = wiring;
    }

    Case images(CNN2DFormat f) {
        return input(InputType.convolutional(Parts.H, Parts.W, Parts.CHANNELS, f));
    }

    /** One for each input. */
    Case input(InputType... types) {
        inputTypes = types;
        return this;
    }

    Case type(DataType type) {
        this.type = type;
        return this;
    }

    /** Feature masks, one for each input; null where an input has none. The output is written without them, too. */
    Case masked(INDArray... masks) {
        this.masks = masks;
        return this;
    }

    /** Inputs that rnnTimeStep gets one after the other, for a network with one input. */
    Case steps(INDArray... inputs) {
        Arrays.stream(inputs).forEach(x -> steps.add(new INDArray[] {x}));
        return this;
    }

    /** The next inputs of rnnTimeStep, one for each input of a graph. */
    Case step(INDArray... inputs) {
        steps.add(inputs);
        return this;
    }

    /** The parameters are drawn from -scale to scale, otherwise from -1 to 1. */
    Case scaled(double scale) {
        this.scale = scale;
        return this;
    }

    /** Keeps the nIn of an embedding, which DL4J would replace by the width of the input. */
    Case vocabulary() {
        overrideNin = false;
        return this;
    }

    Case before(int layer, InputPreProcessor p) {
        preprocessors.put(layer, p);
        return this;
    }

    Case normalizer(DataNormalization n) {
        scaling = new Scaling.Single(n);
        return this;
    }

    Case normalizer(MultiDataNormalization n) {
        scaling = new Scaling.Multi(n);
        return this;
    }

    /** For a network that cannot run with another batch than its own. */
    Case wholeBatchOnly() {
        rowsAlone = false;
        return this;
    }

    /** Inference hands the arrays themselves from layer to layer, not copies of them. */
    Case withoutWorkspaces() {
        workspaces = WorkspaceMode.NONE;
        return this;
    }

    /** What a reader of the fixture should know. */
    Case note(String note) {
        this.note = note;
        return this;
    }

    /** Runs the layers one after the other. */
    void on(INDArray x, Layer first, Layer... rest) {
        write(() -> new Network.Sequence(sequence(first, rest)), x);
    }

    /** Runs the graph, with one array for each of its inputs. */
    void on(INDArray... x) {
        write(() -> new Network.Graph(graph()), x);
    }

    String name() {
        return name;
    }

    double scale() {
        return scale;
    }

    INDArray[] masks() {
        return masks;
    }

    Scaling scaling() {
        return scaling;
    }

    boolean rowsAlone() {
        return rowsAlone;
    }

    List<INDArray[]> steps() {
        return steps;
    }

    String note() {
        return note;
    }

    private void write(Supplier<Network> network, INDArray... x) {
        if (!target.wants(name)) {
            return;
        }
        try {
            target.put(name, new Recording(network.get(), type).of(this, x));
        } catch (IOException | RuntimeException e) {
            throw new IllegalStateException(name, e);
        }
    }

    private MultiLayerNetwork sequence(Layer first, Layer... rest) {
        NeuralNetConfiguration.ListBuilder list = defaults().list().layer(first);
        Arrays.stream(rest).forEach(list::layer);
        list.overrideNinUponBuild(overrideNin);
        preprocessors.forEach(list::inputPreProcessor);
        if (inputTypes.length > 0) {
            list.setInputType(inputTypes[0]);
        }
        MultiLayerNetwork net = new MultiLayerNetwork(list.build());
        net.init();
        return net;
    }

    private ComputationGraph graph() {
        GraphBuilder builder = wiring.apply(defaults().graphBuilder());
        if (inputTypes.length > 0) {
            builder.setInputTypes(inputTypes);
        }
        ComputationGraph net = new ComputationGraph(builder.build());
        net.init();
        return net;
    }

    private NeuralNetConfiguration.Builder defaults() {
        return new NeuralNetConfiguration.Builder()
                .seed(12).dataType(type).weightInit(WeightInit.XAVIER).updater(new Adam(1e-3))
                .inferenceWorkspaceMode(workspaces);
    }
}
