"""Exports compared with the real DL4J: what is at hand, what is recorded, and what a difference is put down to."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from pydl4j_spark import (
    ComputationGraph,
    ComputationGraphConfiguration,
    Input,
    InputType,
    MultiLayerConfiguration,
    MultiLayerNetwork,
)
from pydl4j_spark.errors import DataError, EngineError, ExportError
from pydl4j_spark.layers import (
    LSTM,
    ActivationLayer,
    Bidirectional,
    DenseLayer,
    EmbeddingLayer,
    GlobalPoolingLayer,
    OutputLayer,
)
from pydl4j_spark.model_zip import read_model_zip
from pydl4j_spark.normalizers import NormalizerStandardize
from pydl4j_spark.onnx import export_onnx, verify_export
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.vertices import ElementWiseVertex
from tests.conf.networks import mlp, sequence, time_first
from tests.onnx.cases import props

from . import graphs

pytestmark = pytest.mark.jvm

DENSE = "org.deeplearning4j.nn.conf.layers.DenseLayer"


def living(engine, net, seed=0):
    """A network in the JVM with parameters that are none of them zero."""
    net.attach(engine)
    net.set_params(np.random.default_rng(seed).normal(scale=0.5, size=net.params().shape))
    return net


@pytest.fixture
def layers(engine):
    """Three dense layers in a row, the middle one of five."""
    shape = [DenseLayer(n_out=6, activation="tanh"), DenseLayer(n_out=5, name="middle"), DenseLayer(n_out=4)]
    return living(engine, MultiLayerNetwork(mlp(*shape)))


@pytest.fixture
def joined(engine):
    """A graph of two inputs and two outputs."""
    words, rows = Input("words", InputType.feed_forward(1)), Input("rows", InputType.feed_forward(3))
    a = EmbeddingLayer(n_in=11, n_out=5, name="a")(words)
    b = DenseLayer(n_out=5, activation="tanh", name="b")(rows)
    both = ElementWiseVertex("add")(a, b)
    c = DenseLayer(n_out=4, activation="sigmoid", name="c")(both)
    conf = ComputationGraphConfiguration(
        inputs=[words, rows], outputs=[OutputLayer(n_out=3, name="y")(c), OutputLayer(n_out=2, name="z")(both)]
    )
    return living(engine, ComputationGraph(conf))


@pytest.fixture
def no_java(monkeypatch):
    """As in a process where no JVM runs and none can be started."""

    def refuse():
        raise EngineError("there is no Java")

    monkeypatch.setattr("pydl4j_spark.onnx.proof.running_engine", lambda: None)
    monkeypatch.setattr("pydl4j_spark.network_state.engine_at_hand", refuse)


def wrong_where(n_out):
    """A converter of dense layers that leaves the bias out where there are so many outputs."""
    right = default_registry()[DENSE]

    def emit(ctx, x, layer, params):
        bias = params["b"] * 0 if layer["nout"] == n_out else params["b"]
        return right.emit(ctx, x, layer, {**params, "b": bias})

    return {DENSE: attrs.evolve(right, emit=emit)}


# --- an engine at hand


def test_a_mismatch_names_the_first_layer_that_differs(layers, joined, tmp_path):
    path = tmp_path / "model.onnx"
    with pytest.raises(ExportError, match=r"The first that differs is layer 1 \('middle', .*DenseLayer\): it differs"):
        layers.to_onnx(path, converters=wrong_where(5))
    with pytest.raises(ExportError, match=r"The first that differs is layer \d \('c', .*DenseLayer\): it differs"):
        joined.to_onnx(path, converters=wrong_where(4))
    assert not path.exists()


def test_a_layer_that_writes_over_what_it_gets_is_not_taken_for_another(engine, tmp_path):
    """DL4J's ActivationLayer does, so that its activations say nothing about the layer before."""
    name = "org.deeplearning4j.nn.conf.layers.ActivationLayer"
    right = default_registry()[name]
    double = attrs.evolve(right, emit=lambda ctx, x, layer, p: ctx.op("Mul", right.emit(ctx, x, layer, p), 2.0))
    net = living(engine, MultiLayerNetwork(sequence(LSTM(n_out=4), ActivationLayer("tanh"), LSTM(n_out=3))))
    assert net.to_onnx(tmp_path / "right.onnx").verified
    with pytest.raises(
        ExportError, match=r"layer 1 \('layer1', .*ActivationLayer\) \(or 'layer0' before it, whose result"
    ):
        net.to_onnx(tmp_path / "model.onnx", converters={name: double})


def test_a_graph_of_several_ends_on_drawn_and_given_rows(joined, tmp_path):
    path = tmp_path / "model.onnx"
    assert joined.to_onnx(path).verified_by == "engine"
    rng = np.random.default_rng(1)
    rows = {"words": rng.integers(0, 11, (9, 1)), "rows": rng.normal(size=(9, 3))}
    joined.to_onnx(path, data=rows)
    assert props(path)["verify_batches"] == "1,9" and props(path)["verify_seed"] == "none"
    found = verify_export(joined.to_model_zip(), path, [rows["words"], rows["rows"]], engine="local")
    assert (found.batches, found.by) == ((1, 9), "engine") and found.max_abs_error < 1e-6


def test_a_network_that_was_only_read_is_compared_where_it_would_be_used(layers, tmp_path):
    layers.save(tmp_path / "model.zip", probe=False)
    again = MultiLayerNetwork.load(tmp_path / "model.zip")
    assert again.to_onnx(tmp_path / "model.onnx").verified_by == "engine"
    assert again._live is None  # DL4J had a copy
    assert export_onnx(tmp_path / "model.zip", tmp_path / "model.onnx").verified_by == "engine"


def test_the_comparison_leaves_the_state_of_a_network_alone(engine, tmp_path):
    net = living(engine, MultiLayerNetwork(sequence(LSTM(n_out=4))))
    x = np.random.default_rng(0).normal(size=(2, net.conf.input_type.size, 3)).astype(np.float32)
    net.rnn_time_step(x)
    expected = net.rnn_time_step(x)
    net.rnn_clear_previous_state()
    net.rnn_time_step(x)
    net.to_onnx(tmp_path / "model.onnx")
    np.testing.assert_array_equal(net.rnn_time_step(x), expected)


def test_sequences_with_time_first_and_layouts_of_the_file(engine, tmp_path):
    net = living(engine, MultiLayerNetwork(time_first(LSTM(n_out=4))))
    path = tmp_path / "model.onnx"
    assert net.to_onnx(path, input_layout="NCW", output_layout="NCW", argmax=True).verified
    assert verify_export(net.to_model_zip(), path, engine="local").max_abs_error < 1e-6


def test_masks_are_compared_too(engine, tmp_path, no_java):
    """Drawn ones have padding and gaps, and a reading of masks that only holds without them is noticed."""
    pooled = Bidirectional(LSTM(n_out=4)), GlobalPoolingLayer("avg")
    net = living(engine, MultiLayerNetwork(sequence(*pooled, ending=OutputLayer(n_out=3))))
    path = tmp_path / "model.onnx"
    report = net.to_onnx(path, masks=True)
    assert report.verified_by == "engine" and props(path)["verify_batches"] == "1,3,3,1,3"
    pooling = "org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer"
    right = default_registry()[pooling]
    blind = attrs.evolve(right, emit=lambda ctx, x, layer, p: right.emit(ctx.inside("blind", [None]), x, layer, p))
    assert net.to_onnx(path, converters={pooling: blind}).verified
    with pytest.raises(ExportError, match=r"The first that differs is layer 1 .*GlobalPoolingLayer"):
        net.to_onnx(path, masks=True, converters={pooling: blind})
    net.save(tmp_path / "model.zip")
    assert export_onnx(tmp_path / "model.zip", path, masks=True).verified_by == "probe"
    with pytest.raises(ExportError, match="differs from DL4J"):
        export_onnx(tmp_path / "model.zip", path, masks=True, converters={pooling: blind})
    x = np.random.default_rng(0).normal(size=(5, 5, 7))
    mask = np.tril(np.ones((7, 7)))[:5]
    net.to_onnx(path, masks=True, data={"input": x, "input_mask": mask})
    assert props(path)["verify_batches"] == "1,5"


@pytest.mark.parametrize("make", [sequence, time_first])
def test_states_are_compared_step_by_step(engine, tmp_path, make):
    net = living(engine, MultiLayerNetwork(make(LSTM(n_out=4), LSTM(n_out=3))))
    path = tmp_path / "model.onnx"
    assert net.to_onnx(path, stateful=True).verified_by == "engine"
    assert verify_export(net.to_model_zip(), path, engine="local").max_abs_error < 1e-6
    name = "org.deeplearning4j.nn.conf.layers.LSTM"
    right = default_registry()[name]

    def swapped(ctx, x, layer, params):
        """Hands the states on in the wrong order."""
        y = right.emit(ctx, x, layer, params)
        if layer["nout"] == 3 and ctx.around.states:
            *_, (h, before_h, after_h), (c, before_c, after_c) = ctx.around.states
            ctx.around.states[-2:] = [(h, before_h, after_c), (c, before_c, after_h)]
        return y

    with pytest.raises(ExportError, match="its states are not handed on as DL4J does"):
        net.to_onnx(path, stateful=True, converters={name: attrs.evolve(right, emit=swapped)})


@pytest.mark.parametrize("data_type", ["double", "half"])
def test_a_normalizer_inside_a_network_of_another_type(engine, tmp_path, data_type):
    normalizer = NormalizerStandardize(mean=np.arange(4) * 3.3, std=np.full(4, 1.7))
    conf = mlp(DenseLayer(n_out=5), size=4, data_type=data_type)
    net = living(engine, MultiLayerNetwork(conf, normalizer=normalizer))
    for data in (None, np.random.default_rng(1).normal(5, 2, (6, 4))):
        report = net.to_onnx(tmp_path / "model.onnx", include_normalizer=True, data=data)
        assert report.max_abs_error < {"double": 1e-12, "half": 5e-3}[data_type]


# --- a recorded probe


def test_a_saved_network_has_a_probe_that_serves_without_java(engine, layers, joined, tmp_path, no_java):
    path = tmp_path / "model.onnx"
    single = living(engine, MultiLayerNetwork(sequence(LSTM(n_out=4))))
    for net in (layers, joined, single):
        net.save(tmp_path / "model.zip")
        net.save(tmp_path / "again.zip")
        assert (tmp_path / "model.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()
        probe = read_model_zip(tmp_path / "model.zip").probe
        assert probe.seed is not None and [t.rows for t, _ in probe.trials] == [1, 3, 3, 1][: len(probe.trials)]
        assert [t.is_masked for t, _ in probe.trials] == [False, False, True, True][: len(probe.trials)]
        assert export_onnx(tmp_path / "model.zip", path).verified_by == "probe"
        assert props(path)["verified"] == "probe"
        again = type(net).load(tmp_path / "model.zip")
        assert again.to_onnx(path).verified_by == "probe"
        again.save(tmp_path / "again.zip")  # what it was not used for stays known
        assert read_model_zip(tmp_path / "again.zip").probe.seed == probe.seed
        again.save(tmp_path / "again.zip", probe=False)
        assert read_model_zip(tmp_path / "again.zip").probe is None
        net.save(tmp_path / "again.zip", probe=False)
        with pytest.warns(UserWarning, match="no engine is at hand, and no probe"):
            assert not export_onnx(tmp_path / "again.zip", path).verified
    with pytest.raises(ExportError, match="differs from DL4J"):
        layers.save(tmp_path / "model.zip")
        export_onnx(tmp_path / "model.zip", path, converters=wrong_where(5))


def test_rows_of_ones_own_are_recorded_as_the_network_sees_them(engine, tmp_path, no_java):
    normalizer = NormalizerStandardize(mean=np.array([100.0, -3, 0, 1]), std=np.array([20.0, 0.1, 1, 2]))
    net = living(engine, MultiLayerNetwork(mlp(DenseLayer(n_out=5), size=4), normalizer=normalizer))
    rows = np.random.default_rng(1).normal([100.0, -3, 0, 1], [20.0, 0.1, 1, 2], (8, 4))
    net.save(tmp_path / "model.zip", probe=rows)
    probe = read_model_zip(tmp_path / "model.zip").probe
    assert probe.seed is None and [trial.rows for trial, _ in probe.trials] == [1, 8]
    np.testing.assert_allclose(probe.trials[1][0].inputs[0], normalizer.transform(rows), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(probe.trials[1][1][0], net.output(rows), rtol=1e-4, atol=1e-6)
    for embedded in (False, True):
        report = export_onnx(tmp_path / "model.zip", tmp_path / "model.onnx", include_normalizer=embedded)
        assert report.verified_by == "probe"
    with pytest.raises(DataError, match="no rows for an input"):
        net.save(tmp_path / "other.zip", probe=rows[0])
    wide = living(engine, MultiLayerNetwork(mlp(DenseLayer(n_out=1), size=1100)))
    with pytest.raises(DataError, match="too large for a model file"):
        wide.save(tmp_path / "other.zip", probe=np.ones((1000, 1100)))
    assert not (tmp_path / "other.zip").exists()


def test_dl4j_reads_a_file_with_a_probe(engine, layers, tmp_path):
    layers.save(tmp_path / "model.zip")
    load = graphs._package("org").deeplearning4j.util.ModelSerializer.restoreMultiLayerNetwork
    assert load(str(tmp_path / "model.zip")).numParams() == layers.n_params
    assert engine.restore_network((tmp_path / "model.zip").read_bytes()) is not None


def test_outputs_that_are_no_rows_are_recorded_as_they_are(engine, tmp_path, no_java):
    """With time first, DL4J gives them in an order of its own."""
    net = living(engine, MultiLayerNetwork(time_first(LSTM(n_out=4))))
    net.save(tmp_path / "model.zip")
    assert export_onnx(tmp_path / "model.zip", tmp_path / "model.onnx").verified_by == "probe"


def test_networks_that_dl4j_runs_without_masks_only_are_recorded_without(engine, tmp_path, no_java):
    time_first_pooled = MultiLayerConfiguration(
        [LSTM(n_out=4), GlobalPoolingLayer("max", pooling_dimensions=[1]), OutputLayer(n_out=3)],
        input_type=InputType.recurrent(5, data_format="NWC"),
    )
    living(engine, MultiLayerNetwork(time_first_pooled)).save(tmp_path / "model.zip")
    assert [t.is_masked for t, _ in read_model_zip(tmp_path / "model.zip").probe.trials] == [False, False]
    assert export_onnx(tmp_path / "model.zip", tmp_path / "model.onnx").verified_by == "probe"


def test_no_probe_where_nobody_knows_what_a_network_takes(engine, tmp_path):
    net = MultiLayerNetwork(mlp(DenseLayer(n_out=5), size=4))
    living(engine, net)
    net._input_type = None
    net.save(tmp_path / "model.zip")
    assert read_model_zip(tmp_path / "model.zip").probe is not None  # the first layer tells
