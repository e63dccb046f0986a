"""What a network shows of itself, held to arithmetic done here."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pydl4j_spark import MultiLayerConfiguration, MultiLayerNetwork, NormalizerStandardize
from pydl4j_spark.description import parse_configuration
from pydl4j_spark.layers import LSTM, ConvolutionLayer, DenseLayer, GravesLSTM, OutputLayer, RnnOutputLayer
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.updaters import Sgd
from tests.conftest import digits_conf
from tests.local.networks import KINDS, conf, rows

pytestmark = pytest.mark.jvm


def fresh(engine, made, **settings):
    network = MultiLayerNetwork(made, **settings)
    network.attach(engine)
    return network


@pytest.mark.parametrize("kind", KINDS)
def test_layers_by_name_end_in_the_output(engine, kind):
    net = fresh(engine, conf(kind))
    X, _ = rows(kind, 5)
    activations = net.feed_forward(X)
    assert list(activations) == [f"layer{index}" for index in range(len(net.conf.layers))]
    last = list(activations)[-1]
    assert np.array_equal(activations[last], net.output(X))
    assert all(len(values) == 5 for values in activations.values())


def test_layers_are_what_the_formula_says(engine, digits):
    layers = [DenseLayer(n_out=7, activation="tanh", name="hidden"), OutputLayer(n_out=10)]
    given = NormalizerStandardize(mean=np.full(64, 8.0), std=np.full(64, 4.0))
    net = fresh(engine, digits_conf(layers=layers), normalizer=given)
    X = digits[0][:6]
    flat = net.params()
    W, b = flat[: 64 * 7].reshape(64, 7, order="F"), flat[64 * 7 : 65 * 7]
    np.testing.assert_allclose(net.feed_forward(X)["hidden"], np.tanh((X - 8) / 4 @ W + b), atol=1e-5)


def test_in_training_dropout_drops(engine):
    net = fresh(engine, conf("dense", layers=[DenseLayer(n_out=12), OutputLayer(n_out=3, dropout=0.5)]))
    X, _ = rows("dense", 50)
    assert np.array_equal(net.feed_forward(X)["layer1"], net.feed_forward(X, train=False)["layer1"])
    assert not np.array_equal(net.feed_forward(X, train=True)["layer1"], net.feed_forward(X)["layer1"])
    assert np.array_equal(net.feed_forward(X)["layer1"], net.output(X))


class TestSteps:
    def net(self, engine):
        return fresh(engine, conf("recurrent"), normalizer=NormalizerStandardize(mean=np.full(4, 2.0), std=np.ones(4)))

    @pytest.mark.parametrize("pieces", [[1] * 9, [9], [4, 5], [1, 3, 5]])
    def test_pieces_equal_the_whole(self, engine, pieces):
        net = self.net(engine)
        X, _ = rows("recurrent", 5)
        bounds = np.cumsum([0, *pieces])
        found = [net.rnn_time_step(X[:, :, a:b]) for a, b in pairwise(bounds)]
        np.testing.assert_allclose(np.concatenate(found, axis=2), net.output(X), atol=1e-6)

    def test_single_steps_and_forgetting(self, engine):
        net = self.net(engine)
        X, _ = rows("recurrent", 5)
        whole = net.output(X)
        for _ in range(2):
            for step in range(4):
                found = net.rnn_time_step(X[:, :, step])
                assert found.shape == (5, 3)
                np.testing.assert_allclose(found, whole[:, :, step], atol=1e-6)
            net.rnn_clear_previous_state()
        # Scoring and evaluating in between leave the state alone.
        net.rnn_time_step(X[:, :, 0])
        net.output(X)
        np.testing.assert_allclose(net.rnn_time_step(X[:, :, 1]), whole[:, :, 1], atol=1e-6)

    def test_longer_than_it_was_trained_on(self, engine):
        net = self.net(engine)
        assert net.rnn_time_step(np.zeros((2, 4, 30))).shape == (2, 3, 30)


def blocks(net):
    """Every parameter's name and its place in the flat array, as the exporter knows them."""
    registry = default_registry()
    for layer in parse_configuration(net.to_model_zip().configuration).layers:
        for spec in registry[layer.dl4j_class].param_specs(layer.json, registry):
            yield f"{layer.index}_{spec.name}", spec


class TestGradient:
    @pytest.mark.parametrize(
        "layers",
        [
            {"dense": [DenseLayer(n_out=4, activation="tanh"), OutputLayer(n_out=3)]},
            {"convolutional": [ConvolutionLayer(n_out=2, kernel_size=(3, 2), activation="tanh"), OutputLayer(n_out=3)]},
            {"recurrent": [LSTM(n_out=3, activation="tanh"), RnnOutputLayer(n_out=3)]},
            {"recurrent": [GravesLSTM(n_out=3, activation="tanh"), RnnOutputLayer(n_out=3)]},
        ],
        ids=["dense", "convolutional", "lstm", "graves"],
    )
    def test_equals_finite_differences_of_the_score(self, engine, layers):
        ((kind, made),) = layers.items()
        net = fresh(engine, conf(kind, layers=made, data_type="double", updater=Sgd(0.1), l2=0.0))
        X, y = rows(kind, 4)
        found = net.gradient((X, y))
        at = net.params()
        slopes = np.empty_like(at)
        for index in range(at.size):
            step = np.zeros_like(at)
            step[index] = 1e-5
            net.set_params(at + step)
            above = net.score((X, y))
            net.set_params(at - step)
            slopes[index] = (above - net.score((X, y))) / 2e-5
        net.set_params(at)
        start = 0
        for name, spec in blocks(net):
            expected = spec.cut(slopes[start : start + spec.size])
            start += spec.size
            np.testing.assert_allclose(found[name].reshape(spec.shape), expected, atol=1e-6, err_msg=name)
        assert start == at.size
        assert list(found) == [name for name, _ in blocks(net)]

    def test_regularisation_is_in_it(self, engine):
        plain, weighted = (fresh(engine, conf("dense", layers=[OutputLayer(n_out=3)], l2=l2)) for l2 in (0.0, 0.5))
        data = rows("dense", 16)
        found, without = weighted.gradient(data), plain.gradient(data)
        weights = weighted.params()[: found["0_W"].size].reshape(found["0_W"].shape, order="F")
        np.testing.assert_allclose(found["0_W"] - without["0_W"], 0.5 * weights, atol=1e-6)
        np.testing.assert_array_equal(found["0_b"], without["0_b"])

    def test_is_the_step_that_plain_descent_takes(self, engine):
        net = fresh(engine, conf("dense", layers=[OutputLayer(n_out=3)], updater=Sgd(0.5), l2=0.0))
        X, y = rows("dense", 16)
        before, found = net.params(), net.gradient((X, y))
        net.fit((X, y), batch_size=16, shuffle=False, progress=False)
        step = np.concatenate([found["0_W"].ravel(order="F"), found["0_b"].ravel()])
        np.testing.assert_allclose(net.params(), before - 0.5 * step, atol=1e-6)

    def test_shapes_and_names_are_dl4js(self, engine):
        found = fresh(engine, conf("convolutional")).gradient(rows("convolutional", 4))
        assert {name: values.shape for name, values in found.items()}["0_W"] == (4, 2, 3, 2)
        assert set(found) == {"0_W", "0_b", "2_W", "2_b"}


class TestParams:
    @pytest.mark.parametrize("data_type", ["float", "double"])
    def test_round_trip(self, engine, data_type):
        net = fresh(engine, conf("dense", data_type=data_type))
        wanted = np.random.default_rng(0).normal(size=net.n_params)
        net.set_params(wanted)
        dtype = {"float": np.float32, "double": np.float64}[data_type]
        assert np.array_equal(net.params(), wanted.astype(dtype))
        assert np.array_equal(net.to_model_zip().params, wanted.astype(dtype))
        X, _ = rows("dense", 3)
        other = fresh(engine, conf("dense", data_type=data_type, seed=99))
        other.set_params(net.params())
        assert np.array_equal(other.output(X), net.output(X))
        assert net.output(X).dtype == dtype

    def test_what_was_given_out_is_a_copy(self, engine):
        net = fresh(engine, conf("dense"))
        params = net.params().copy()
        given = net.params()
        net.set_params(params * 2)
        assert np.array_equal(given, params)


def test_score_is_the_mean_loss(engine, digits):
    net = fresh(engine, digits_conf())
    X, y = digits[0][:300] / 16, digits[1][:300]
    expected = -np.log(net.output(X)[np.arange(300), y]).mean()
    assert net.score((X, y)) == pytest.approx(expected, rel=1e-5)
    assert net.score((X, y)) == pytest.approx(net.evaluate((X, y)).loss, rel=1e-7)
    weighted = fresh(engine, digits_conf(l2=0.1))
    W = weighted.params()[: 64 * 32], weighted.params()[65 * 32 : 65 * 32 + 320]
    assert weighted.score((X, y)) == pytest.approx(expected + 0.05 * sum((w**2).sum() for w in W), rel=1e-5)


def test_onnx_is_proved_equal(engine, digits, tmp_path):
    net = fresh(engine, digits_conf(), normalizer=NormalizerStandardize())
    net.fit((digits[0][:200], digits[1][:200]), progress=False)
    assert net.to_onnx(tmp_path / "model.onnx").verified
    assert net.to_onnx(tmp_path / "whole.onnx", include_normalizer=True).max_abs_error < 1e-5


def test_the_same_row_scores_the_same_in_any_company(engine, digits):
    net = fresh(engine, digits_conf())
    X = digits[0][:700]
    whole = net.output(X)
    for count in (1, 2, 255, 256, 257):
        np.testing.assert_allclose(net.output(X[:count]), whole[:count], atol=1e-6)
    assert isinstance(net.conf, MultiLayerConfiguration)


def test_many_threads_may_score_at_once(engine, digits):
    from concurrent.futures import ThreadPoolExecutor

    net = fresh(engine, digits_conf())
    X = digits[0]
    expected = [net.output(X[i : i + 3]) for i in range(60)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: net.output(X[i : i + 3]), range(60)))
    assert all(map(np.array_equal, found, expected))
