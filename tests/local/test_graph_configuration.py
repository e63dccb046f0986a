"""What Python says of a graph is what DL4J makes of it; every vertex trains; sizes of memory are DL4J's."""

from __future__ import annotations

import json

import attrs
import numpy as np
import pytest

from pydl4j_spark import ComputationGraph
from pydl4j_spark.conf import ComputationGraphConfiguration, Input, InputType
from pydl4j_spark.conf.vertices.rnn import DuplicateToTimeSeriesVertex
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.layers import BatchNormalization, DenseLayer
from pydl4j_spark.updaters import Sgd
from pydl4j_spark.vertices import PoolHelperVertex, SubsetVertex
from tests.conf.graphs import FEED, GRAPHS, classes, graph

pytestmark = pytest.mark.jvm

# What only differs in the kind of the arrays is trained with one kind.
ALIKE = ("average in time", "max in time", "scale in time", "product of images", "max of images", "stack of images")
TRAINED = sorted(name for name, conf in GRAPHS.items() if conf.for_training and name not in ALIKE)


def known_to_dl4j(here, shape):
    """What is said of a type, but what DL4J forgets or infers wrongly."""
    forgotten = {"timeDistributedFormat", "timeSeriesLength"}
    if isinstance(here.content, PoolHelperVertex):
        forgotten |= {"height", "width"}
    if isinstance(here.content, SubsetVertex):
        forgotten |= {"channels"}
    if isinstance(here.content, DuplicateToTimeSeriesVertex):
        forgotten |= {"timeSeriesLength"}
    return {key: value for key, value in shape.items() if key not in forgotten}


@pytest.mark.parametrize("name", GRAPHS)
def test_order_shapes_parameters_and_values_are_dl4js(engine, name):
    conf = GRAPHS[name]
    document = json.loads(conf.to_json())
    # Left to itself DL4J makes the order anew, of the vertices as they stand.
    unordered = {key: value for key, value in document.items() if not key.startswith("topologicalOrder")}
    answered = engine.describe(json.dumps(unordered))
    passed = conf.vertex_types()
    assert [one["name"] for one in answered] == [here.name for here in passed]
    for one, here in zip(answered, passed, strict=True):
        assert (one["class"], one["params"]) == (here.content.java_class, here.n_params)
        assert one["preprocessor"] == (here.preprocessor and here.preprocessor.java_class)
        ours = known_to_dl4j(here, here.output_type.to_dict())
        theirs = known_to_dl4j(here, one["output"])
        assert ours == {key: value for key, value in theirs.items() if key in ours}

    canonical = json.loads(engine.resolve(conf.to_json()))
    read = ComputationGraphConfiguration.from_dict(canonical | {"inputTypes": document["inputTypes"]})
    assert read == conf
    assert json.loads(engine.resolve(read.to_json())) == canonical
    # And as DL4J reads it by itself, without our types.
    assert json.loads(engine.resolve(json.dumps(canonical))) == canonical


def arrays(conf, rows=6):
    """Numbers for every input, and labels for every output."""
    random = np.random.default_rng(1)
    features = [
        random.integers(0, 11, size=(rows, 1)).astype(float)
        if name == "word"
        else random.normal(size=(rows, *given.shape))
        for name, given in conf.input_types.items()
    ]
    labels = []
    for given in conf.output_types.values():
        size, *lengths = given.shape
        steps = [5] if lengths else []
        if size == 3:
            labels.append(random.integers(0, 3, size=(rows, *steps)))
        else:
            labels.append(random.integers(0, 2, size=(rows, size, *steps)).astype(float))
    return tuple(each if len(each) > 1 else each[0] for each in (features, labels))


@pytest.mark.parametrize("name", TRAINED)
def test_every_vertex_trains(engine, name):
    conf = GRAPHS[name]
    network = ComputationGraph(conf)
    network.attach(engine)
    data = arrays(conf)
    before = network.score(data)
    history = network.fit(data, epochs=2, batch_size=6, progress=False)
    assert np.isfinite(history.score).all()
    assert network.score(data) < before
    outputs = network.output(data[0])
    for one, given in zip(outputs if isinstance(outputs, list) else [outputs], conf.output_types.values(), strict=True):
        assert all(wanted in (None, length) for wanted, length in zip(given.shape, one.shape[1:], strict=True))
    assert network.n_params == len(network.params()) == conf.n_params


def test_gradients_are_those_of_the_loss(engine):
    conf = attrs.evolve(GRAPHS["siamese"], data_type="double")
    network = ComputationGraph(conf)
    network.attach(engine)
    data = arrays(conf)
    gradients, params = network.gradient(data), network.params().copy()
    flat = np.concatenate([gradients[key].ravel("F") for key in ("dense_W", "dense_b", "out_W", "out_b")])
    for place in (0, 17, 50, 56, 57):
        scores = []
        for step in (1e-6, -1e-6):
            moved = params.copy()
            moved[place] += step
            network.set_params(moved)
            scores.append(network.score(data))
        assert flat[place] == pytest.approx((scores[0] - scores[1]) / 2e-6, rel=1e-5, abs=1e-8)


def test_gradients_through_attention_are_those_of_the_loss(engine):
    """DL4J alone passes twice the gradient back through its vertices on SameDiff."""
    conf = attrs.evolve(GRAPHS["attention"], data_type="double", updater=Sgd(1.0), seed=1)
    network = ComputationGraph(conf)
    network.attach(engine)
    data = arrays(conf)
    gradients, params = network.gradient(data), network.params().copy()
    network.fit(data, batch_size=100, progress=False)
    moved = params - network.params()
    largest = np.sort(np.abs(np.concatenate([each.ravel() for each in gradients.values()])))
    np.testing.assert_allclose(np.sort(np.abs(moved)), largest, rtol=1e-6, atol=1e-12)
    for place in range(0, len(params), len(params) // 12):
        scores = []
        for step in (1e-6, -1e-6):
            near = params.copy()
            near[place] += step
            network.set_params(near)
            scores.append(network.score(data))
        assert moved[place] == pytest.approx((scores[0] - scores[1]) / 2e-6, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize(
    "updater", ["sgd", "noop", "adam", "adamax", "nadam", "amsgrad", "adagrad", "adadelta", "rmsprop", "nesterovs"]
)
def test_updaters_keep_as_much_as_is_said(engine, updater):
    rows = Input("rows", FEED)
    conf = graph(classes(BatchNormalization()(DenseLayer(n_out=4)(rows))), rows, updater=updater)
    network = ComputationGraph(conf)
    network.attach(engine)
    state = network.updater_state()
    assert conf.memory().updater_state == 4 * (0 if state is None else state.size)


def test_a_saved_graph_knows_what_it_takes(engine, tmp_path):
    conf = GRAPHS["several"]
    network = ComputationGraph(conf, labels={"kind": ["a", "b", "c"]})
    network.attach(engine)
    data = arrays(conf)
    network.fit(data, batch_size=3, progress=False)
    network.save(tmp_path / "graph.zip")
    loaded = ComputationGraph.load(tmp_path / "graph.zip")
    assert loaded.conf.input_types == conf.input_types
    assert loaded.conf.vertex_types() == conf.vertex_types()
    assert loaded.summary() == conf.summary()
    loaded.attach(engine)
    for one, other in zip(loaded.output(data[0]), network.output(data[0]), strict=True):
        np.testing.assert_array_equal(one, other)


def test_handing_over_takes_one_string(engine):
    h = a = Input("a", FEED)
    for _ in range(99):
        h = DenseLayer(n_out=6)(h)
    network = ComputationGraph(graph(classes(h), a))
    calls = []
    network.attach(Counting(engine, calls))
    assert calls == ["new_network"]


class Counting:
    """An engine that notes what is asked of it."""

    def __init__(self, engine, calls):
        self._engine, self._calls = engine, calls

    def __getattr__(self, name):
        self._calls.append(name)
        return getattr(self._engine, name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(inputType=None), "the graph has no setting 'inputType'"),
        (
            lambda d: d["vertices"]["merge"].update(mergAxis=1),
            "vertex 'merge': DL4J's MergeVertex has no setting 'mergAxis'",
        ),
        (lambda d: d["vertices"]["dense"]["layerConf"].update(x=1), "vertex 'dense' has no setting 'x'"),
        (
            lambda d: d["vertices"]["dense"]["layerConf"]["layer"].update(x=1),
            r"vertex 'dense' \(dense\): .* no setting 'x'",
        ),
        (
            lambda d: d["vertices"]["merge"].update({"@class": "java.io.File"}),
            "'java.io.File' is not one of DL4J's own",
        ),
    ],
)
def test_json_that_dl4j_would_misread_is_refused(engine, change, words):
    document = json.loads(GRAPHS["merge"].to_json())
    change(document)
    with pytest.raises(ConfigError, match=words):
        engine.resolve(json.dumps(document))


def test_an_embedding_keeps_its_vocabulary(engine):
    canonical = json.loads(engine.resolve(GRAPHS["embedding"].to_json()))
    assert canonical["vertices"]["embedding"]["layerConf"]["layer"]["nin"] == 11


def test_builder_defaults_fill_what_is_left_out(engine):
    document = json.loads(GRAPHS["merge"].to_json())
    document["vertices"]["dense"]["layerConf"] = {
        "layer": {
            "@class": DenseLayer.java_class,
            "nout": 6,
            "activationFn": {"@class": "org.nd4j.linalg.activations.impl.ActivationTanH"},
        }
    }
    del document["topologicalOrder"], document["topologicalOrderStr"]
    document["inputTypes"] = {"rows": InputType.feed_forward(6).to_dict()}
    layer = json.loads(engine.resolve(json.dumps(document)))["vertices"]["dense"]["layerConf"]["layer"]
    assert (layer["nin"], layer["hasBias"], layer["layerName"]) == (6, True, "dense")
    assert layer["iupdater"]["@class"].endswith("Sgd")
