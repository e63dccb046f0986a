"""Graphs: three ways to build the same, what is refused and by which name, DL4J's order, JSON, table."""

import json
import pickle
import time

import attrs
import pytest

from pydl4j_spark.conf import ComputationGraphConfiguration, GraphBuilder, Input, InputType
from pydl4j_spark.conf.topology import topological_order
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.layers import (
    LSTM,
    ActivationLayer,
    DenseLayer,
    GlobalPoolingLayer,
    OutputLayer,
    SubsamplingLayer,
)
from pydl4j_spark.preprocessors import CnnToFeedForwardPreProcessor, RnnToFeedForwardPreProcessor
from pydl4j_spark.updaters import Adam
from pydl4j_spark.vertices import (
    AttentionVertex,
    DuplicateToTimeSeriesVertex,
    ElementWiseVertex,
    FrozenVertex,
    L2NormalizeVertex,
    L2Vertex,
    LastTimeStepVertex,
    MergeVertex,
    PoolHelperVertex,
    PreprocessorVertex,
    ReshapeVertex,
    ReverseTimeSeriesVertex,
    ScaleVertex,
    StackVertex,
    SubsetVertex,
    UnstackVertex,
)

from .graphs import FEED, GRAPHS, SEQUENCE, classes, graph, of_images, of_rows, of_sequences, steps

FOUR, FIVE = InputType.feed_forward(4), InputType.feed_forward(5)


def of_dicts(vertices, outputs="out", inputs=None, **settings):
    return ComputationGraphConfiguration(
        inputs=inputs or {"a": FOUR, "b": FIVE}, vertices=vertices, outputs=outputs, **settings
    )


def refused(words, make, *args, **kwargs):
    with pytest.raises(ConfigError) as caught:
        make(*args, **kwargs)
    for word in words:
        assert word in str(caught.value)


class TestBuilding:
    def test_three_ways_give_the_same(self):
        a, b = Input("a", FOUR), Input("b", FIVE)
        merged = MergeVertex()(DenseLayer(n_out=8)(a), b)
        called = ComputationGraphConfiguration(inputs=[a, b], outputs=[OutputLayer(n_out=3)(merged)], seed=1)
        told = of_dicts(
            {
                "dense": (DenseLayer(n_out=8), "a"),
                "merge": (MergeVertex(), "dense", "b"),
                "output": (OutputLayer(n_out=3), "merge"),
            },
            "output",
            seed=1,
        )
        built = (
            ComputationGraphConfiguration.builder(seed=1)
            .add_inputs("a", "b")
            .set_input_types(a=FOUR, b=FIVE)
            .add_layer("dense", DenseLayer(n_out=8), "a")
            .add_vertex("merge", MergeVertex(), "dense", "b")
            .append_layer("output", OutputLayer(n_out=3))
            .set_outputs("output")
            .build()
        )
        assert called == told == built
        assert hash(called) == hash(told)
        assert (called.n_params, called.order) == (8 * 5 + 3 * 14, ("a", "b", "dense", "merge", "output"))

    def test_what_is_appended_stands_behind_what_came_last(self):
        conf = (
            ComputationGraphConfiguration.builder()
            .add_inputs("a")
            .set_input_types(a=FOUR)
            .append_layer("dense", DenseLayer(n_out=8))
            .append_vertex("scaled", ScaleVertex(2.5))
            .append_layer("output", OutputLayer(n_out=3))
            .set_outputs("output")
            .build()
        )
        assert [placed.inputs for placed in conf.vertices.values()] == [("a",), ("dense",), ("scaled",)]

    def test_several_inputs_of_a_layer_are_merged(self):
        conf = of_dicts({"out": (OutputLayer(n_out=3), "a", "b")})
        assert list(conf.vertices) == ["out", "out-merge"]
        assert conf.n_params == 3 * 10
        assert attrs.evolve(conf, seed=3).n_params == 30

    def test_generated_names_are_numbered_and_avoid_given_ones(self):
        a = Input(FOUR)
        h = DenseLayer(n_out=4)(DenseLayer(n_out=4)(DenseLayer(n_out=4)(a), name="dense"))
        conf = graph(classes(h), a)
        assert list(conf.vertices) == ["dense_1", "dense", "dense_2", "out"]
        assert list(conf.input_types) == ["input"]
        assert LastTimeStepVertex()(h).stem == "last_time_step"
        assert (LSTM(n_out=1)(a).stem, L2Vertex()(h, h).stem) == ("lstm", "l2")

    def test_preprocessor_of_a_call(self):
        sequence = Input("sequence", SEQUENCE)
        reshaped = DenseLayer(n_out=3)(sequence, preprocessor=RnnToFeedForwardPreProcessor())
        assert graph(steps(reshaped), sequence).preprocessors == {"dense": RnnToFeedForwardPreProcessor()}

    def test_inputs_are_inferred_from_the_layers_behind_them(self):
        conf = of_dicts({"out": (OutputLayer(n_out=3, n_in=4), "a")}, inputs="a")
        assert conf.input_types == {"a": FOUR}

    def test_a_network_of_unknown_inputs_needs_sizes(self):
        vertices = {"dense": (DenseLayer(n_out=8), "a"), "out": (OutputLayer(n_out=3, n_in=8), "dense")}
        refused(["vertex 'dense' (DenseLayer)", "n_in"], of_dicts, vertices, inputs=["a"])

    def test_types_of_inputs_by_place(self):
        with pytest.raises(ConfigError, match="1 types for 2 inputs"):
            GraphBuilder().add_inputs("a", "b").set_input_types(FOUR)
        with pytest.raises(ConfigError, match="no input 'c'"):
            GraphBuilder().add_inputs("a", "b").set_input_types(c=FOUR)

    def test_names_are_given_once(self):
        with pytest.raises(ConfigError, match="'a' in the graph already"):
            GraphBuilder().add_inputs("a").add_layer("a", DenseLayer(n_out=1), "a")


DENSE, OUT = DenseLayer(n_out=8), OutputLayer(n_out=3)
CONNECTIONS = {
    "cycle": ({"x": (DENSE, "y"), "y": (DENSE, "x"), "out": (OUT, "y", "a", "b")}, ["cycle: x → y → x"]),
    "itself": ({"x": (DENSE, "x", "a", "b"), "out": (OUT, "x")}, ["cycle", "x → x-merge → x"]),
    "dangling": ({"x": (DENSE, "a", "c"), "out": (OUT, "x", "b")}, ["vertex 'x-merge'", "'c' is not in the graph"]),
    "unused vertex": ({"x": (DENSE, "b"), "out": (OUT, "a", "b")}, ["vertex 'x' (DenseLayer) leads nowhere"]),
    "unused input": ({"out": (OUT, "a")}, ["the input 'b' leads nowhere"]),
    "name twice": ({"a": (DENSE, "b"), "out": (OUT, "a")}, ["'a' is the name of an input and of a vertex"]),
    "merge name": (
        {"out": (OUT, "a", "b"), "out-merge": (MergeVertex(), "a", "b")},
        ["a vertex 'out-merge' would merge", "rename"],
    ),
    "too few": (
        {"m": (MergeVertex(), "a"), "out": (OUT, "m", "b")},
        ["vertex 'm' (MergeVertex)", "2 at least; it has 1"],
    ),
    "too many": ({"m": (L2Vertex(), "a", "a", "b"), "out": (OUT, "m")}, ["'m' (L2Vertex) takes inputs: 2; it has 3"]),
    "no input": ({"x": (DENSE,), "out": (OUT, "x", "a", "b")}, ["'x' (DenseLayer) takes inputs: 1; it has 0"]),
    "no such input": (
        {"d": (DuplicateToTimeSeriesVertex("c"), "a"), "out": (OUT, "d", "b")},
        ["vertex 'd'", "'c' is no input of the network"],
    ),
    "no sequence": (
        {"d": (DuplicateToTimeSeriesVertex("b"), "a"), "out": (OUT, "d", "b")},
        ["vertex 'd'", "the input 'b' takes no sequences"],
    ),
}


@pytest.mark.parametrize("name", CONNECTIONS)
def test_connections_are_refused_by_name(name):
    vertices, words = CONNECTIONS[name]
    refused(words, of_dicts, vertices)


def test_outputs_are_refused_by_name():
    vertices = {"x": (DENSE, "a", "b"), "out": (OUT, "x")}
    refused(["the output 'outt' is no vertex", "did you mean 'out'"], of_dicts, vertices, "outt")
    refused(["outputs: 'out' is there twice"], of_dicts, vertices, ["out", "out"])
    refused(["vertex 'x' (DenseLayer)", "output or loss layer"], of_dicts, vertices, ["out", "x"])
    assert of_dicts(vertices, ["out", "x"], for_training=False).output_names == ("out", "x")
    refused(["vertex 'x' (OutputLayer)", "not among the outputs"], of_dicts, vertices | {"x": (OUT, "a", "b")})
    refused(["'x' (OutputLayer)", "feeds 'out'"], of_dicts, vertices | {"x": (OUT, "a", "b")}, ["out", "x"])


def test_nodes_are_refused_by_name():
    a, dense = Input("a", FOUR), DenseLayer(n_out=4)
    refused(
        ["the same DenseLayer is called twice", "StackVertex"], graph, classes(MergeVertex()(dense(a), dense(a))), a
    )
    relu = ActivationLayer("relu")
    assert graph(classes(relu(relu(dense(a)))), a).n_params == 20 + 15
    refused(["two nodes are called 'x'"], graph, classes(dense(DenseLayer(n_out=3)(a, name="x"), name="x")), a)
    refused(["Input('a') leads to the outputs"], graph, classes(a), Input("b", FOUR))
    refused(["str cannot go into it"], dense, "a")
    refused(["call it with what goes in"], dense)
    refused(["Input.input_type", "(3, 4)"], Input, "a", (3, 4))


SHAPES = {
    "add": (lambda a, b: ElementWiseVertex("add")(a, DenseLayer(n_out=5)(b)), ["rows (6,) and rows (5,)"]),
    "subtract": (lambda a, b: ElementWiseVertex("subtract")(a, b, a), ["takes two inputs, not 3"]),
    "subset": (lambda a, b: SubsetVertex(2, 6)(a), ["last is 6", "numbered 0 to 5"]),
    "unstack": (lambda a, b: UnstackVertex(0, 2)(a), ["stack_size is 2, but 1 inputs were stacked"]),
    "stacked output": (lambda a, b: StackVertex()(a, b), ["vertex 'out'", "2 rows for each example"]),
    "stacked merge": (lambda a, b: MergeVertex()(StackVertex()(a, b), a), ["some of its inputs are stacked"]),
    "reshape": (lambda a, b: ReshapeVertex((-1, 7))(a), ["7 numbers for each example, but rows (6,)"]),
    "reshape of one batch": (lambda a, b: ReshapeVertex((8, 6))(a), ["must be -1"]),
    "last step": (lambda a, b: LastTimeStepVertex()(a), ["takes sequences, but rows (6,)"]),
    "pool helper": (lambda a, b: PoolHelperVertex()(a), ["takes images, but rows"]),
    "normalize": (lambda a, b: L2NormalizeVertex(dimension=2)(a), ["over the axes [1] only"]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_of_rows_are_refused(name):
    make, words = SHAPES[name]
    refused(words, of_rows, make)


def test_shapes_of_sequences_and_images_are_refused():
    refused(["sequences (5, 5) and rows (5,)"], of_sequences, lambda a, b: MergeVertex()(a, LastTimeStepVertex()(b)))
    pooled = lambda a, b: LSTM(n_out=3)(GlobalPoolingLayer("max")(a))  # noqa: E731
    refused(["GlobalPoolingLayer before it gives rows"], of_sequences, pooled)
    steps_in = Input("steps", InputType.recurrent(4, 5))
    for vertex in (LastTimeStepVertex(), ReverseTimeSeriesVertex(), FrozenVertex(ReverseTimeSeriesVertex())):
        behind = classes(vertex(GlobalPoolingLayer("max")(steps_in), name="behind"))
        refused(["vertex 'behind'", "GlobalPoolingLayer before it gives rows"], graph, behind, steps_in)
    refused(["rows (5,) come in; use OutputLayer"], of_sequences, lambda a, b: LastTimeStepVertex()(a))
    refused(["each time step is a row"], of_sequences, lambda a, b: MergeVertex()(DENSE(a), LastTimeStepVertex()(b)))
    refused(
        ["images (4, 7, 7) and images (4, 3, 3)"],
        of_images,
        lambda a, b: MergeVertex()(a, SubsamplingLayer(kernel_size=3, stride=2)(b)),
    )
    refused(["square"], of_images, lambda a, b: PoolHelperVertex()(a), InputType.convolutional(7, 8, 3))
    nwc = InputType.recurrent(4, 5, data_format="NWC")
    sequence = Input("sequence", nwc)
    refused(["NCW"], graph, classes(LastTimeStepVertex()(sequence)), sequence)
    flat = Input("f", InputType.convolutional_flat(4, 4, 1))
    refused(["flat images"], graph, classes(MergeVertex()(flat, flat)), flat)
    rows = PreprocessorVertex(CnnToFeedForwardPreProcessor(input_height=4, input_width=4, num_channels=1))
    refused(["flat images", "rows already"], graph, classes(rows(flat)), flat)


def test_attention_needs_sizes_that_go_together():
    refused(["no multiple of n_heads"], AttentionVertex, n_out=5, n_heads=2)
    refused(["one head"], AttentionVertex, n_out=4, n_heads=2, project_input=False)
    plain = lambda a, b: AttentionVertex(n_out=4, project_input=False)(a, b, b)  # noqa: E731
    refused(["all inputs must have the size n_out=4"], of_sequences, plain)
    vertex = GRAPHS["attention"].vertex_types()[-2]
    assert (vertex.n_params, vertex.kind) == (6 * (5 + 5 + 5 + 6), "AttentionVertex")


def test_pieces_of_sequences():
    pieces = {"backprop_type": "truncated_bptt", "tbptt_length": 3}
    conf = of_sequences(ElementWiseVertex("add"), **pieces)
    assert (conf.tbptt_fwd_length, conf.tbptt_back_length) == (3, 3)
    refused(["whole sequences"], of_sequences, lambda a, b: ReverseTimeSeriesVertex()(a), **pieces)
    refused(["RnnOutputLayer"], of_dicts, {"out": (OUT, "a", "b")}, **pieces)
    refused(["NWC"], of_sequences, lambda a, b: a, given=InputType.recurrent(4, 5, data_format="NWC"), **pieces)


def test_the_order_is_that_of_javas_sets():
    # Number 2 feeds 3 to 32, which Java keeps by their remainders of 64; of 13 to 24 numbers by those of 32.
    conf = GRAPHS["wide"]
    assert conf.order == ("rows", "dense", *(f"branch{place}" for place in range(30)), "merge", "out")
    inputs, many = ["in"], 12
    vertices = {f"v{n}": attrs.evolve(conf).vertices["out"]._replace(inputs=("in",)) for n in range(20)}
    fed = {f"w{n}": conf.vertices["out"]._replace(inputs=("v19",)) for n in range(many)}
    order = topological_order(inputs, vertices | fed)
    # v19 has the number 20, the w have 21 to 32; twelve of them lie in 16 buckets, by their remainders.
    assert order[21:] == tuple(f"w{n - 21}" for n in sorted(range(21, 33), key=lambda n: (n % 16, n)))


class TestJson:
    @pytest.mark.parametrize("name", GRAPHS)
    def test_round_trip(self, name):
        conf = GRAPHS[name]
        read = ComputationGraphConfiguration.from_json(conf.to_json())
        assert read == conf
        assert read.vertex_types() == conf.vertex_types()
        shuffled = json.dumps(json.loads(conf.to_json()), sort_keys=True)
        assert ComputationGraphConfiguration.from_json(shuffled) == conf

    def test_pickle(self):
        conf = GRAPHS["several"]
        assert pickle.loads(pickle.dumps(conf)) == conf

    def test_without_input_types_sizes_are_kept(self):
        document = json.loads(GRAPHS["residual"].to_json())
        del document["inputTypes"]
        read = ComputationGraphConfiguration.from_dict(document)
        assert read.n_params == GRAPHS["residual"].n_params
        assert read.to_dict()["vertices"] == GRAPHS["residual"].to_dict()["vertices"]

    @pytest.mark.parametrize(
        ("damage", "words"),
        [
            (lambda d: d.update(vertices=3), "'vertices' must be a JSON dict"),
            (lambda d: d.update(vertxInputs={}), "did you mean 'vertexInputs'"),
            (lambda d: d["vertices"]["merge"].update(mergAxis=2), "vertex 'merge': MergeVertex: unknown JSON key"),
            (lambda d: d["vertices"]["dense"]["layerConf"]["layer"].update(nout=0), "vertex 'dense': DenseLayer.n_out"),
            (lambda d: d["vertexInputs"].pop("merge"), "vertex 'merge': nothing goes in"),
            (lambda d: d["vertexInputs"].update(no=["merge"]), "there is no 'no'"),
            (lambda d: d.update(networkOutputs=["no"]), "the output 'no' is no vertex"),
            (lambda d: d["topologicalOrderStr"].reverse(), "must come before"),
            (lambda d: d["topologicalOrder"].pop(), "must number and name every"),
        ],
    )
    def test_damage_is_told_by_name(self, damage, words):
        document = json.loads(GRAPHS["merge"].to_json())
        damage(document)
        with pytest.raises(ConfigError) as caught:
            ComputationGraphConfiguration.from_dict(document)
        assert words in str(caught.value)


@pytest.mark.parametrize("name", ["several", "translating"])
def test_summary(name):
    conf = GRAPHS[name]
    table = conf.summary(batch_size=1000)
    assert "\x1b" not in table
    assert all(here.name in table and here.kind in table for here in conf.vertex_types())
    assert f"{conf.n_params:,}" in table
    assert "1,000 rows in float" in table
    assert ("no known length" in table) == (name == "translating")


def test_memory_is_what_a_step_keeps():
    a = Input("a", InputType.feed_forward(1000))
    conf = graph(OutputLayer(n_out=10)(DenseLayer(n_out=500)(a)), a, updater=Adam(), data_type="double")
    kept = conf.memory(batch_size=32)
    count = 1001 * 500 + 501 * 10
    assert (kept.parameters, kept.gradients, kept.updater_state) == (8 * count, 8 * count, 16 * count)
    assert kept.activations == 8 * 32 * (1000 + 500 + 10)
    assert kept.lengths_known and not GRAPHS["translating"].memory().lengths_known
    refused(["batch_size = 0"], conf.memory, 0)


def test_a_hundred_layers_are_built_at_once():
    def build():
        h = a = Input("a", FEED)
        for _ in range(49):
            h = ElementWiseVertex("add")(DenseLayer(n_out=6)(h), h)
        return graph(classes(ScaleVertex(0.1)(h)), a)

    def seconds():
        begun = time.process_time()
        assert len(build().vertices) == 100
        return time.process_time() - begun

    # 10 ms on a quiet machine; what grows with the square of the layers takes seconds.
    assert min(seconds() for _ in range(4)) < 0.5
