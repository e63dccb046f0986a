"""Graphs inside this process: DL4J's own numbers, whatever is asked, from files that DL4J wrote."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark import (
    ComputationGraph,
    ConfigError,
    DataError,
    ModelFormatError,
    MultiLayerNetwork,
    NormalizerStandardize,
    SparkDl4jMultiLayer,
)
from tests.conftest import digits_conf
from tests.local import graphs
from tests.local.graphs import KINDS, rows

pytestmark = pytest.mark.jvm


@pytest.fixture
def load(engine, tmp_path):
    """Gives a graph of a kind from a zip that DL4J wrote."""

    def loaded(kind, **settings):
        path = graphs.write(graphs.model(kind, **settings), tmp_path / f"{kind}.zip")
        graph = ComputationGraph.load(path)
        graph.attach(engine)
        return graph

    return loaded


def listed(values):
    return values if isinstance(values, list) else [values]


def taken(array):
    return np.asarray(array.dup("c").data().asFloat()).reshape([int(n) for n in array.shape()])


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_and_activations_are_dl4js(engine, load, kind):
    ours, theirs = load(kind), graphs.model(kind)
    X, _ = rows(kind)
    arrays = [graphs.array(x) for x in listed(X)]
    found = listed(ours.output(X))
    for expected, output in zip(theirs.output(False, *arrays), found, strict=True):
        np.testing.assert_allclose(output, taken(expected), atol=1e-6)
    activations = ours.feed_forward(X)
    assert set(activations) == {str(name) for name in theirs.getConfiguration().getVertices().keySet()}
    for name, output in zip(ours.outputs, found, strict=True):
        np.testing.assert_allclose(activations[name], output, atol=1e-6)
    assert np.array_equal(ours.params(), taken(theirs.params()).ravel())
    assert ours.n_params == ours.params().size == int(theirs.numParams())
    if kind == "residual":
        with pytest.raises(DataError, match=r"each row has shape \[3, 6, 8\], the network takes \[2, \?, \?\]"):
            ours.output(np.zeros((1, 3, 6, 8)))
        with pytest.raises(DataError, match=r"each row has shape \[96\], the network takes \[2, \?, \?\]"):
            ours.output(np.zeros((1, 96)))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_from_json(engine, load, kind):
    loaded = load(kind)
    for text in (str(graphs.configuration(kind).toJson()), loaded.to_json()):
        made = ComputationGraph.from_json(text)
        made.attach(engine)
        assert np.array_equal(made.params(), loaded.params())
        assert (made.inputs, made.outputs, made.n_params) == (loaded.inputs, loaded.outputs, loaded.n_params)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_training_learns_and_repeats_to_the_bit(load, kind, workers):
    X, y = rows(kind, 160)
    runs = []
    for _ in range(2):
        graph = load(kind)
        seen = []
        history = graph.fit(
            (X, y),
            epochs=8,
            batch_size=8,
            workers=workers,
            validation=(X, y),
            callbacks=[lambda history: seen.append(graph.score((X, y)))],  # noqa: B023
            progress=False,
        )
        runs.append(graph)
        assert history.rows == [160] * 8 and (graph.epoch, graph.iteration) == (8, history.iteration[-1])
        assert history.score[-1] < history.score[0]
        assert seen[-1] == graph.score((X, y))
        assert history.validation[-1].accuracy == graph.evaluate((X, y)).accuracy > 0.6
    assert np.array_equal(runs[0].params(), runs[1].params())
    assert np.array_equal(runs[0].updater_state(), runs[1].updater_state())


@pytest.mark.parametrize("kind", ["merged", "residual", "single"])
def test_one_worker_is_dl4js_own_loop(load, kind):
    ours, theirs = load(kind), graphs.model(kind)
    X, y = rows(kind)
    classes = listed(y)[0]
    labels = [np.eye(3, dtype=np.float32)[classes], *(values[:, None] for values in listed(y)[1:])]
    ours.fit((X, y), epochs=2, batch_size=8, shuffle=False, progress=False)
    jpype = pytest.importorskip("jpype")
    arrays = jpype.JArray(jpype.JClass("org.nd4j.linalg.api.ndarray.INDArray"))
    for _ in range(2):
        for at in range(0, graphs.ROWS, 8):
            given = [arrays([graphs.array(each[at : at + 8]) for each in some]) for some in (listed(X), labels)]
            theirs.fit(*given)
    np.testing.assert_allclose(ours.params(), taken(theirs.params()).ravel(), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_minibatches_equal_arrays_in_order(load, kind):
    X, y = rows(kind)
    by_name, in_order = load(kind), load(kind)

    def cut(values, at):
        return [each[at : at + 8] for each in listed(values)]

    batches = [
        (dict(zip(by_name.inputs, cut(X, at), strict=True)), dict(zip(by_name.outputs, cut(y, at), strict=True)))
        for at in range(0, graphs.ROWS, 8)
    ]
    by_name.fit(batches, epochs=2, progress=False)
    in_order.fit((X, y), epochs=2, batch_size=8, shuffle=False, progress=False)
    assert np.array_equal(by_name.params(), in_order.params())


def test_every_output_is_evaluated_by_name_or_place(load):
    graph = load("merged")
    X, y = rows("merged", 300)
    graph.fit((X, y), epochs=15, batch_size=8, progress=False)
    kind, value = graph.evaluate((X, y)), graph.evaluate((X, y), output="value")
    outputs = graph.output(X)
    assert np.array_equal(graph.predict(X), outputs[0].argmax(1))
    assert kind.accuracy == pytest.approx(np.mean(graph.predict(X, output="kind") == y[0]))
    assert np.array_equal(graph.predict(X, output=1), outputs[1][:, 0])
    assert value.mean_squared_error[0] == pytest.approx(np.mean((outputs[1][:, 0] - y[1]) ** 2), rel=1e-4)
    assert kind.loss == value.loss == graph.score((X, y))
    assert len(graph.evaluate_roc((X, y)).curves) == 3
    assert graph.evaluate_regression((X, y), output=1).rows == 300
    with pytest.raises(ConfigError, match="there is no output 'values'; the graph has 0 'kind', 1 'value'"):
        graph.evaluate((X, y), output="values")


def test_bytes_and_whole_numbers_are_as_good_as_floats(load):
    graph = load("merged")
    left, right = (np.random.default_rng(0).integers(0, 255, (20, n)) for n in (4, 2))
    expected = graph.output([left.astype(np.float32), right.astype(np.float32)])
    for given in ([left.astype(np.uint8), right.astype(np.uint8)], [left.astype(np.uint8), right], [left, right * 1.0]):
        for mine, other in zip(graph.output(given), expected, strict=True):
            assert np.array_equal(mine, other)


def test_doubles(load):
    graph = load("merged", data_type="DOUBLE")
    X, y = rows("merged")
    graph.fit((X, y), progress=False)
    assert {output.dtype for output in graph.output(X)} == {np.dtype(np.float64)} == {graph.params().dtype}
    params = graph.params()
    graph.set_params(params / 2)
    assert np.array_equal(graph.params(), params / 2)


def test_gradients_are_slopes_of_the_score(load):
    graph = load("single", data_type="DOUBLE")
    X, y = rows("single", 10)
    found = graph.gradient((X, y))
    assert list(found) == ["hidden_W", "hidden_b", "out_W", "out_b"]
    flat = np.concatenate([found[name].ravel(order="F") for name in found])
    at = graph.params()
    for index in range(0, at.size, 7):
        step = np.zeros_like(at)
        step[index] = 1e-5
        graph.set_params(at + step)
        above = graph.score((X, y))
        graph.set_params(at - step)
        assert flat[index] == pytest.approx((above - graph.score((X, y))) / 2e-5, abs=1e-6)


def test_steps_equal_the_whole(load):
    graph = load("recurrent")
    X, _ = rows("recurrent", 5)
    whole = graph.output(X)
    single = [graph.rnn_time_step(X[:, :, t]) for t in range(3)]
    rest = graph.rnn_time_step(X[:, :, 3:])
    for place in range(2):
        assert single[0][place].shape == whole[place].shape[:2]
        together = np.concatenate([np.stack([step[place] for step in single], axis=2), rest[place]], axis=2)
        np.testing.assert_allclose(together, whole[place], atol=1e-6)
    graph.rnn_clear_previous_state()
    np.testing.assert_allclose(graph.rnn_time_step(X)[0], whole[0], atol=1e-6)
    with pytest.raises(ConfigError, match="this graph has none: use output"):
        load("single").rnn_time_step(np.zeros((2, 6)))


def test_files_and_places(engine, spark, load, tmp_path):
    graph = load("merged")
    X, y = rows("merged")
    graph._set_labels({"kind": ["none", "one", "both"]})
    graph.fit((X, y), progress=False)
    graph.save(tmp_path / "ours.zip")
    again = ComputationGraph.load(tmp_path / "ours.zip")
    assert again.labels == graph.labels == {"kind": ("none", "one", "both")}
    assert (again.epoch, again.iteration) == (graph.epoch, graph.iteration) == (1, 5)
    again.to("local")
    for net in (graph, again):
        net.fit((X, y), workers=2, progress=False)
    assert np.array_equal(again.params(), graph.params())
    assert again.evaluate((X, y)).labels == ("none", "one", "both")
    assert all(map(np.array_equal, graph.output(X), again.to(spark).output(X)))
    graph.reset()
    assert graph.epoch == 0 and np.array_equal(graph.params(), load("merged").params())
    with pytest.raises(ModelFormatError, match=r"ours.zip holds a ComputationGraph: read it with Comp"):
        MultiLayerNetwork.load(tmp_path / "ours.zip")
    layers = MultiLayerNetwork(digits_conf())
    layers.attach(engine)
    layers.save(tmp_path / "layers.zip")
    with pytest.raises(ModelFormatError, match=r"holds a MultiLayerNetwork: read it with MultiLayerNetwork.load"):
        ComputationGraph.load(tmp_path / "layers.zip")
    with pytest.raises(ConfigError, match="a ComputationGraph is trained by SparkComputationGraph"):
        SparkDl4jMultiLayer(spark, graph)
    assert graph.to_onnx(tmp_path / "model.onnx").verified


def test_a_normalizer_for_a_single_input(engine, load):
    text = load("single").to_json()
    X, y = rows("single")
    graph = ComputationGraph.from_json(text, normalizer=NormalizerStandardize(), labels=["a", "b", "c"])
    graph.attach(engine)
    graph.fit((X * 5 + 3, y), progress=False)
    np.testing.assert_allclose(graph.normalizer.mean.ravel(), (X * 5 + 3).mean(0), atol=1e-4)
    plain = ComputationGraph.from_json(text)
    plain.attach(engine)
    plain.fit((graph.normalizer.transform(X * 5 + 3), y), progress=False)
    np.testing.assert_allclose(plain.params(), graph.params(), atol=1e-4)


def test_what_is_wrong_is_said_by_name(load):
    graph = load("merged")
    (left, right), (classes, value) = rows("merged")
    with pytest.raises(DataError, match=r"the labels of output 'kind' hold 25 values outside the classes"):
        graph.fit(([left, right], [np.where(np.arange(75) < 25, 7, classes), value]), progress=False)
    right[3, 1] = np.nan
    with pytest.raises(DataError, match="input 'right' feature 1 holds NaN or infinity in 1 row"):
        graph.fit(([left, right], [classes, value]), progress=False)
    assert graph.epoch == 0


def test_shapes_that_only_dl4j_knows(engine, load):
    import json

    document = json.loads(load("merged").to_json())
    # Inputs that go into a vertex first tell nothing of their shape.
    document["vertices"]["narrow"]["layerConf"]["layer"]["nin"] = 6
    document["vertexInputs"] |= {"joined": ["left", "right"], "narrow": ["joined"], "wide": ["narrow"]}
    document["vertices"]["joined"] = document["vertices"]["both"]
    document["vertices"]["wide"]["layerConf"]["layer"]["nin"] = 5
    for key in ("topologicalOrder", "topologicalOrderStr"):
        document.pop(key, None)
    graph = ComputationGraph.from_json(json.dumps(document))
    graph.attach(engine)
    assert graph.output([np.zeros((2, 4)), np.zeros((2, 2))])[0].shape == (2, 3)
    right, wrong = [np.zeros((2, 4)), np.zeros((2, 2))], [np.zeros((2, 4)), np.zeros((2, 3))]
    labels = [np.zeros(2, int), np.zeros(2)]
    expected = graph.output(right)[0]
    with pytest.raises(DataError, match=r"inputs 'left' \[2, 4\], 'right' \[2, 3\]; does every array"):
        graph.output(wrong)
    assert np.array_equal(graph.output(right)[0], expected)
    for workers in (1, 2):
        for data in ((wrong, labels), [(right, labels), (wrong, labels)]):
            with pytest.raises(DataError, match=r"'right' \[2, 3\], labels 'kind' \[2, 3\], 'value' \[2, 1\]"):
                graph.fit(data, workers=workers, averaging_frequency=1, progress=False)
            assert np.isfinite(graph.output(right)[0]).all()
        graph.fit((right, labels), progress=False)


def test_json_that_dl4j_refuses(engine, load):
    import json

    document = json.loads(load("single").to_json())
    document["vertices"]["hidden"]["layerConf"]["layer"]["nuot"] = 3
    with pytest.raises(ConfigError, match="layer has no setting 'nuot'"):
        ComputationGraph.from_json(json.dumps(document)).attach(engine)
