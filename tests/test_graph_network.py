"""What a graph asks of an engine: its arrays in their order, joined, and nothing that its JSON already refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pydl4j_spark import (
    ComputationGraph,
    ConfigError,
    DataError,
    Evaluation,
    NormalizerStandardize,
    RegressionEvaluation,
    SparkComputationGraph,
    SparkDl4jMultiLayer,
)
from pydl4j_spark.layers import LSTM, Bidirectional, DenseLayer, LossLayer, OutputLayer, RnnOutputLayer
from pydl4j_spark.row_spec import Input, Output, row_spec
from tests.fake_engine import FakeEngine

GRAPH = "org.deeplearning4j.nn.conf.graph."
A = np.arange(40, dtype=np.float32).reshape(10, 4)
B = np.arange(20, dtype=np.float32).reshape(10, 2)
KIND = np.arange(10) % 3
VALUE = np.arange(10) / 2


def vertex(layer, **settings):
    """A layer's vertex as DL4J writes it."""
    return {"@class": f"{GRAPH}LayerVertex", "layerConf": {"layer": layer.to_dict()}, "preProcessor": None} | settings


def document(**changes):
    """Two inputs, merged, two outputs."""
    return {
        "networkInputs": ["left", "right"],
        "networkOutputs": ["kind", "value"],
        "vertexInputs": {
            "narrow": ["left"],
            "wide": ["right"],
            "both": ["narrow", "wide"],
            "kind": ["both"],
            "value": ["both"],
        },
        "vertices": {
            "kind": vertex(OutputLayer(n_in=11, n_out=3, activation="softmax", loss="mcxent")),
            "value": vertex(OutputLayer(n_in=11, n_out=1, activation="identity", loss="mse")),
            "both": {"@class": f"{GRAPH}MergeVertex"},
            "narrow": vertex(DenseLayer(n_in=4, n_out=5)),
            "wide": vertex(DenseLayer(n_in=2, n_out=6)),
        },
        "defaultConfiguration": {"seed": 3},
        "dataType": "FLOAT",
    } | changes


def sequences(*layers):
    """One input, a row of layers, sequences out."""
    names = [f"v{index}" for index in range(len(layers))]
    return document(
        networkInputs=["steps"],
        networkOutputs=[names[-1]],
        vertexInputs=dict(zip(names, [["steps"], *([name] for name in names)], strict=False)),
        vertices={name: vertex(layer) for name, layer in zip(names, layers, strict=True)},
    )


@pytest.fixture
def engine():
    return FakeEngine()


def made(engine, content=None, **settings):
    graph = ComputationGraph.from_json(json.dumps(content or document()), **settings)
    graph.attach(engine)
    return graph


@pytest.fixture
def graph(engine):
    return made(engine, labels=["a", "b", "c"])


class TestWhatItIs:
    def test_names_counts_and_table(self, graph):
        assert (graph.inputs, graph.outputs) == (("left", "right"), ("kind", "value"))
        assert graph.n_params == 4 * 5 + 5 + 2 * 6 + 6 + 11 * 3 + 3 + 11 + 1
        table = graph.summary()
        for words in (
            "narrow DenseLayer left (5,) 25",
            "both MergeVertex narrow, wide (11,) 0",
            "right input (2,)",
            "5 vertices 91",
        ):
            assert " ".join(words.split()) in " ".join(table.replace("left, right → kind, value", "").split())
        assert repr(graph) == "ComputationGraph(left, right → kind, value, 5 vertices)"
        assert json.loads(graph.to_json()) == document()

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"vertices": {}}, "'vertices' is missing; this is no JSON of DL4J's ComputationGraph"),
            ({"networkInputs": []}, "'networkInputs' is missing"),
            ({"networkOutputs": ["kind", "kind"]}, "'networkOutputs' names one twice"),
            ({"networkOutputs": ["kinds"]}, "the output 'kinds' is no vertex; the vertices are 'kind', 'value'"),
            ({"networkInputs": ["left"]}, r"vertex 'wide' \(DenseLayer\): its input 'right' is not in the graph"),
            ({"networkInputs": ["left", "right", "kind"]}, "'kind' is the name of an input and of a vertex"),
            ({"vertexInputs": document()["vertexInputs"] | {"both": []}}, "vertex 'both' .*: nothing goes in"),
            ({"vertexInputs": document()["vertexInputs"] | {"narrow": ["both"]}}, "a cycle among .*'narrow'"),
            ({"vertices": document()["vertices"] | {"both": {}}}, "vertex 'both': '@class' is missing"),
            ({"confs": []}, "the JSON of a MultiLayerNetwork: read it with MultiLayerConfiguration.from_json"),
        ],
    )
    def test_what_does_not_fit_together(self, changes, says):
        with pytest.raises(ConfigError, match=says):
            ComputationGraph.from_json(json.dumps(document(**changes)))

    @pytest.mark.parametrize("text", ["", "[1]", "{", None, 3])
    def test_what_is_no_json_of_a_graph(self, text):
        with pytest.raises(ConfigError, match="ComputationGraph: "):
            ComputationGraph.from_json(text)

    def test_labels(self, engine, graph):
        assert graph.labels == {"kind": ("a", "b", "c")}
        with pytest.raises(ConfigError, match=r"2 labels .* tells 3 classes apart"):
            made(engine, labels=["a", "b"])
        with pytest.raises(ConfigError, match="there is no output 'sort'; the graph has 0 'kind', 1 'value'"):
            made(engine, labels={"sort": ["a"]})

    def test_not_made_by_hand_nor_trained_on_spark(self, graph):
        with pytest.raises(ConfigError, match="expected a ComputationGraphConfiguration, got dict"):
            ComputationGraph({})
        with pytest.raises(ConfigError, match="a ComputationGraph is trained by SparkComputationGraph"):
            SparkDl4jMultiLayer(None, graph)
        with pytest.raises(ConfigError, match=r"ComputationGraph.* str"):
            SparkComputationGraph(None, "graph")

    def test_normalizers_are_for_one_input(self, engine):
        with pytest.raises(ConfigError, match=r"the graph has 2 \(left, right\): normalize the arrays before"):
            made(engine, normalizer=NormalizerStandardize())


class TestArrays:
    @pytest.mark.parametrize("features", [[A, B], (A, B), {"right": B, "left": A}, [A.tolist(), B.astype(np.float64)]])
    def test_inputs_stand_side_by_side(self, graph, engine, features):
        first, second = graph.output(features)
        rows, normalize = engine.asked("outputs")
        assert np.array_equal(rows.features, np.hstack([A, B])) and rows.features.dtype == np.float32 and normalize
        assert rows.spec == row_spec((Input("left", (4,)), Input("right", (2,))), None)
        assert (first.shape, second[0, 0]) == ((10, 3), 1)

    def test_bytes_stay_bytes_where_all_are(self, graph, engine):
        graph.output([A.astype(np.uint8), B.astype(np.uint8)])
        graph.output([A.astype(np.uint8), B])
        types = [arguments[0].features.dtype for name, arguments in engine.calls if name == "outputs"]
        assert types == [np.uint8, np.float32]

    def test_the_same_shapes_are_the_same_spec(self, graph, engine):
        graph.output([A, B])
        graph.output([A[:3], B[:3]])
        first, second = (arguments[0].spec for name, arguments in engine.calls if name == "outputs")
        assert first is second  # engines know it by its identity

    @pytest.mark.parametrize(
        "labels", [[KIND, VALUE], {"value": VALUE, "kind": KIND}, [np.eye(3)[KIND], VALUE[:, None]]]
    )
    def test_labels_too(self, graph, engine, labels):
        graph.fit(([A, B], labels), progress=False)
        training, _, settings = engine.asked("fit_arrays")
        indices = training.spec["labels"]["outputs"][0]["indices"]
        wanted = np.column_stack([KIND if indices else np.eye(3)[KIND], VALUE])
        assert np.array_equal(training.labels, wanted)
        outputs = (Output("kind", (3,), indices, sparse=False), Output("value", (1,), indices=False, sparse=False))
        assert training.spec == row_spec((Input("left", (4,)), Input("right", (2,))), outputs)
        assert settings["evaluation"] == "CLASSIFICATION"

    @pytest.mark.parametrize(
        ("features", "says"),
        [
            (A, r"the graph has 2 inputs, 'left', 'right': give features as a list of 2 in this .*; got one ndarray"),
            ([A], "got a list of 1"),
            ([A, B, B], "got a list of 3"),
            ({"left": A}, "features by name: 'right' is missing; the graph has 2 inputs"),
            ({"left": A, "rihgt": B}, "there is none called 'rihgt'"),
            ([A, B[:9]], "inputs have different numbers of rows, 'left' 10, 'right' 9"),
            ([B, A], r"the rows to score, input 'left': each row has shape \[2\], the network takes \[4\]"),
            ([A, B[:, 0]], r"input 'right': features have shape \(10,\)"),
            ([A, "words"], "input 'right': features must be numbers"),
            ([A[:0], B[:0]], "input 'left' has no rows"),
        ],
    )
    def test_features_that_do_not_fit(self, graph, engine, features, says):
        with pytest.raises(DataError, match=says):
            graph.output(features)
        assert [name for name, _ in engine.calls] == ["new_network"]

    @pytest.mark.parametrize(
        ("labels", "says"),
        [
            (KIND, "the graph has 2 outputs, 'kind', 'value': give labels as a list"),
            ([KIND, VALUE[:3]], r"training data, output 'value': 10 rows of features, but labels of shape \(3,\)"),
            ([np.zeros((10, 4)), VALUE], r"output 'kind': labels have shape \(10, 4\); the network's 3 outputs need"),
            ({"kind": KIND}, "labels by name: 'value' is missing"),
        ],
    )
    def test_labels_that_do_not_fit(self, graph, labels, says):
        with pytest.raises(DataError, match=says):
            graph.fit(([A, B], labels), progress=False)

    def test_shapes_that_nothing_tells_are_taken_from_the_arrays(self, engine):
        content = document()
        content["vertexInputs"] |= {"narrow": ["both"], "wide": ["narrow"], "both": ["left", "right"]}
        graph = made(engine, content)
        graph.output([A.reshape(10, 2, 2), B])
        inputs = engine.asked("outputs")[0].spec["features"]["inputs"]
        assert [each["shape"] for each in inputs] == [[2, 2], [2]]
        with pytest.raises(DataError, match=r"input 'left': features have shape \(10,\)"):
            graph.output([A[:, 0], B])

    def test_losses_without_a_size_of_their_own(self, engine):
        content = sequences(DenseLayer(n_in=4, n_out=3), LossLayer(loss="mse", activation="identity"))
        graph = made(engine, content)
        graph.fit((A, np.zeros((10, 3))), progress=False)
        assert engine.asked("fit_arrays")[0].spec["labels"]["outputs"][0]["shape"] == [3]

    def test_outputs_without_a_loss(self, engine):
        graph = made(engine, document(networkOutputs=["kind", "wide"]))
        assert len(graph.output([A, B])) == 2
        for call in (graph.fit, graph.evaluate, graph.score, graph.gradient):
            with pytest.raises(ConfigError, match="output 'wide' is a DenseLayer, which has no loss"):
                call(([A, B], [KIND, B]))


class TestSequences:
    LAYERS = (LSTM(n_in=4, n_out=5), RnnOutputLayer(n_in=5, n_out=3, data_format="NCW"))
    X = np.zeros((10, 4, 7), np.float32)

    @pytest.mark.parametrize(("labels", "indices"), [(np.zeros((10, 7), int), True), (np.zeros((10, 3, 7)), False)])
    def test_their_length_is_the_arrays(self, engine, labels, indices):
        graph = made(engine, sequences(*self.LAYERS))
        graph.fit((self.X, labels), progress=False)
        spec = engine.asked("fit_arrays")[0].spec
        assert spec == row_spec((Input("steps", (4, 7)),), (Output("v1", (3, 7), indices, sparse=False),))
        with pytest.raises(DataError, match=r"each row has shape \[4\], the network takes \[4, T\]"):
            graph.output(A)
        with pytest.raises(DataError, match=r"class indices \[N, T\] or values \[N, 3, T\]"):
            graph.fit((self.X, KIND), progress=False)

    def test_steps(self, engine):
        graph = made(engine, sequences(*self.LAYERS))
        assert graph.rnn_time_step(self.X[:, :, 0]).shape == (10, 3)
        assert graph.rnn_time_step([self.X[:, :, 0]]).shape == (10, 3)
        assert graph.rnn_time_step(self.X[:, :, :4]).shape == (10, 3, 4)
        with pytest.raises(DataError, match=r"the time steps: each row has shape \[5, 1\], the network takes \[4, T\]"):
            graph.rnn_time_step(np.zeros((2, 5)))
        with pytest.raises(DataError, match="the time steps: features have 1 masked values"):
            graph.rnn_time_step(np.ma.masked_array(np.zeros((1, 4)), [[True, False, False, False]]))
        content = sequences(*self.LAYERS)
        content["networkInputs"] = ["steps", "others"]
        content["vertices"]["second"] = vertex(self.LAYERS[0])
        content["vertices"]["joined"] = {"@class": f"{GRAPH}ElementWiseVertex", "op": "Add"}
        content["vertexInputs"] |= {"second": ["others"], "joined": ["v0", "second"], "v1": ["joined"]}
        two = made(engine, content)
        assert two.rnn_time_step([self.X[:, :, 0]] * 2).shape == (10, 3)
        with pytest.raises(DataError, match="some inputs are single steps"):
            two.rnn_time_step([self.X[:, :, 0], self.X])

    def test_graphs_that_cannot_go_by_steps(self, engine, graph):
        with pytest.raises(ConfigError, match="this graph has none: use output"):
            graph.rnn_time_step([A, B])
        both = made(engine, sequences(Bidirectional(LSTM(n_in=4, n_out=5)), self.LAYERS[1]))
        with pytest.raises(ConfigError, match=r"vertex 'v0' \(Bidirectional\) looks at whole sequences"):
            both.rnn_time_step(self.X)


class TestMasks:
    """Of graphs: beside the array of each input and output, or of none."""

    ENCODER = (LSTM(n_in=4, n_out=5), RnnOutputLayer(n_in=5, n_out=3, data_format="NCW"))
    X = np.zeros((10, 4, 7), np.float32)
    MASK = np.arange(7) < np.arange(1, 11)[:, None]

    @pytest.fixture
    def steps(self, engine):
        return made(engine, sequences(*self.ENCODER))

    @pytest.fixture
    def mixed(self, engine):
        """Sequences and numbers in, a class for each of both out."""
        content = document()
        content["vertices"]["narrow"] = vertex(LSTM(n_in=4, n_out=5))
        content["vertices"]["kind"] = vertex(RnnOutputLayer(n_in=5, n_out=3, data_format="NCW"))
        content["vertexInputs"] |= {"kind": ["narrow"], "value": ["wide"]}
        return made(engine, content)

    @pytest.mark.parametrize("mask", [MASK, [MASK], {"steps": MASK}])
    def test_of_one_input(self, steps, engine, mask):
        steps.output(self.X, features_mask=mask)
        rows, _ = engine.asked("output")
        assert rows.spec == row_spec((Input("steps", (4, 7), (7,)),), None)
        assert np.array_equal(rows.features[:, 28:], self.MASK)

    @pytest.mark.parametrize("masks", [[MASK, None], {"left": MASK}])
    def test_of_some_inputs(self, mixed, engine, masks):
        mixed.fit((([self.X, B]), [np.zeros((10, 7)), VALUE], masks), progress=False)
        rows = engine.asked("fit_arrays")[0]
        # One after the other, then the masks there are; labels of as many steps have that of their features.
        assert np.array_equal(rows.features, np.hstack([self.X.reshape(10, -1), B, self.MASK]))
        assert np.array_equal(rows.labels, np.hstack([np.zeros((10, 7)), VALUE[:, None], self.MASK]))
        outputs = (Output("kind", (3, 7), True, False, (7,)), Output("value", (1,), False, False))
        assert rows.spec == row_spec((Input("left", (4, 7), (7,)), Input("right", (2,))), outputs)

    def test_of_some_outputs(self, mixed, engine):
        value = np.arange(10) % 2
        mixed.evaluate((([self.X, B]), [np.zeros((10, 7)), VALUE], None, {"value": value}), output="value")
        rows = engine.asked("evaluate_arrays")[0]
        assert rows.labels[:, 8].tolist() == value.tolist()
        assert [one["mask"] for one in rows.spec["labels"]["outputs"]] == [None, [1]]

    @pytest.mark.parametrize(
        ("masks", "says"),
        [
            (
                (MASK,),
                "the graph has 2 inputs, 'left', 'right': give masks of the features as a list of 2 .*one ndarray",
            ),
            (({"lfet": MASK},), "masks of the features by name: there is none called 'lfet'"),
            (([None, B],), "training data, input 'right': the features' mask is for sequences"),
            (([MASK[:, :6], None],), r"input 'left': the features' mask has shape \(10, 6\); 10 sequences of 7 steps"),
            ((None, [MASK]), "the graph has 2 outputs, 'kind', 'value': give masks of the labels as a list of 2"),
            ((None, [None, MASK]), r"output 'value': the labels' mask has shape \(10, 7\); it needs \[10, 1\]"),
        ],
    )
    def test_refusals(self, mixed, masks, says):
        with pytest.raises(DataError, match=says):
            mixed.fit((([self.X, B]), [np.zeros((10, 7)), VALUE], *masks), progress=False)

    def test_a_list_of_one_sequence_is_no_array_in_a_list(self, steps, engine):
        for labels in ([np.array([0, 1])], [np.eye(3)[[0, 1]].T]):
            steps.fit(([self.X[0, :, :2]], labels), progress=False)
        shapes = [call[1][0].features.shape for call in engine.calls if call[0] == "fit_arrays"]
        assert shapes == [(1, 4, 2), (1, 4, 2)]


class TestNumbers:
    DATA = ([A, B], [KIND, VALUE])

    def test_of_any_output(self, graph, engine):
        assert isinstance(graph.evaluate(self.DATA), Evaluation)
        assert graph.evaluate(self.DATA).labels == ("a", "b", "c")
        assert isinstance(graph.evaluate(self.DATA, output="value"), RegressionEvaluation)
        assert graph.evaluate_roc(self.DATA, output=0).curves[2].label == "c"
        assert graph.evaluate_regression(self.DATA, output=np.int64(1)).rows == 10
        assert graph.score(self.DATA) == 0.25
        asked = [arguments[1:] for name, arguments in engine.calls if name == "evaluate_arrays"]
        assert asked == [
            ("CLASSIFICATION", 0),
            ("CLASSIFICATION", 0),
            ("REGRESSION", 1),
            ("ROC_MULTI_CLASS", 0),
            ("REGRESSION", 1),
            ("SCORE", 0),
        ]
        assert graph.predict([A, B]).tolist() == [2] * 10
        assert list(graph.feed_forward([A, B])) == ["kind", "value", "both", "narrow", "wide"]
        assert list(graph.gradient(self.DATA)) == ["0_W"]

    @pytest.mark.parametrize("output", [2, -1, "none", None, 0.0, True])
    def test_outputs_that_are_not_there(self, graph, output):
        with pytest.raises(ConfigError, match=r"there is no output .*; the graph has 0 'kind', 1 'value'"):
            graph.predict([A, B], output=output)

    def test_one_output_takes_the_short_way(self, engine):
        graph = made(engine, sequences(DenseLayer(n_in=4, n_out=5), OutputLayer(n_in=5, n_out=3)))
        assert graph.output(A).shape == graph.output({"steps": A}).shape == (10, 3)
        assert [name for name, _ in engine.calls] == ["new_network", "output", "output"]


class TestBatches:
    def test_a_tuple_of_two_is_x_and_y_and_all_else_minibatches(self, graph, engine):
        first, second = ([A[:6], B[:6]], [KIND[:6], VALUE[:6]]), ([A[6:], B[6:]], [KIND[6:], VALUE[6:]])
        for batches in ([first, second], (first, second), lambda: iter([first, second])):
            history = graph.fit(batches, epochs=2, progress=False)
            assert history.rows == [10, 10]
        graph.fit(([A, B], [KIND, VALUE]), progress=False)
        graph.fit(({"left": A, "right": B}, {"kind": KIND, "value": VALUE}), progress=False)
        assert [name for name, _ in engine.calls if name.startswith("fit")] == ["fit_batches"] * 3 + ["fit_arrays"] * 2
        with pytest.raises(DataError, match=r"minibatch 2, input 'right': each row has shape \[4\]"):
            graph.fit([first, ([A, A], [KIND, VALUE])], progress=False)


def test_it_moves_and_starts_anew(graph, engine, tmp_path):
    graph.set_params(np.full(graph.n_params, 2.5))
    other = FakeEngine()
    graph.attach(other)
    assert graph.params().tolist() == [2.5] * 91
    graph.save(tmp_path / "graph.zip")
    loaded = ComputationGraph.load(tmp_path / "graph.zip")
    assert (loaded.params().tolist(), loaded.labels) == ([2.5] * 91, graph.labels)
    assert "91" in loaded.summary()
    graph.reset()
    assert json.loads(other.calls[-1][1][0])["iterationCount"] == 0
    assert graph.params().tolist() == list(range(91))
