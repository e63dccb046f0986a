"""Frozen parameters stay what they are, to the bit, however they are trained and averaged."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark import (
    FineTuneConfiguration,
    InputType,
    MultiLayerConfiguration,
    MultiLayerNetwork,
    ParameterAveragingTrainingMaster,
    ResidentAveragingTrainingMaster,
    SparkDl4jMultiLayer,
    TransferLearning,
)
from pydl4j_spark.layers import (
    LSTM,
    ActivationLayer,
    BatchNormalization,
    ConvolutionLayer,
    DenseLayer,
    FrozenLayer,
    FrozenLayerWithBackprop,
    LastTimeStep,
    OutputLayer,
    SubsamplingLayer,
)
from pydl4j_spark.updaters import Adam

pytestmark = pytest.mark.jvm


def images():
    frozen = [
        ConvolutionLayer(n_out=3, kernel_size=2),
        BatchNormalization(),
        ActivationLayer("relu"),
        SubsamplingLayer(),
    ]
    return [*map(FrozenLayer, frozen), DenseLayer(n_out=4)], InputType.convolutional(6, 5, 2)


def sequences():
    last = FrozenLayerWithBackprop(LastTimeStep(LSTM(n_out=4, activation="tanh")))
    return [LSTM(n_out=4, activation="tanh"), last], InputType.recurrent(4, 5)


def rows_between():
    return [DenseLayer(n_out=6), FrozenLayerWithBackprop(DenseLayer(n_out=5)), DenseLayer(n_out=4)], (
        InputType.feed_forward(4)
    )


def network_of(kind, **settings):
    layers, given = kind()
    defaults = {"updater": Adam(1e-2), "l2": 0.1, "weight_decay_bias": 0.1, "seed": 3}
    conf = MultiLayerConfiguration([*layers, OutputLayer(n_out=3)], input_type=given, **(defaults | settings))
    network = MultiLayerNetwork(conf)
    rng = np.random.default_rng(5)
    # Thirds cannot be averaged by adding and dividing, and a mean of zeros could lose their sign.
    params = rng.uniform(0.1, 0.9, conf.n_params).astype(np.float32)
    params[rng.random(conf.n_params) < 0.1] = -0.0
    rows = (rng.standard_normal((60, *given.shape)).astype(np.float32), rng.integers(0, 3, 60))
    return network, params, rows


def frozen(network, params):
    """Give the bits of what is frozen, and of what is not."""
    still, other, at = [], [], 0
    for here in network.conf.layer_types():
        bits = params[at : at + here.n_params].view(np.uint32)
        (still if here.frozen else other).append(bits)
        at += here.n_params
    return np.concatenate(still), np.concatenate(other)


@pytest.mark.parametrize("kind", [images, sequences, rows_between])
@pytest.mark.parametrize("workers", [1, 3])
def test_in_one_jvm(kind, workers):
    network, params, rows = network_of(kind)
    network.to("local").set_params(params)
    network.fit(rows, epochs=2, batch_size=8, workers=workers, averaging_frequency=2, progress=False)
    (before, trained), (after, learnt) = frozen(network, params), frozen(network, network.params())
    assert np.array_equal(before, after)
    assert np.isfinite(network.params()).all() and (trained != learnt).mean() > 0.5


@pytest.mark.parametrize("kind", [images, rows_between])
@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize("family", [ResidentAveragingTrainingMaster, ParameterAveragingTrainingMaster])
def test_on_spark(spark, kind, workers, family):
    network, params, rows = network_of(kind)
    master = family(batch_size_per_worker=10, averaging_frequency=1, num_workers=workers)
    net = SparkDl4jMultiLayer(spark, network, master)
    network.set_params(params)
    net.fit(rows, progress=False)
    (before, trained), (after, learnt) = frozen(network, params), frozen(network, network.params())
    assert np.array_equal(before, after)
    assert np.isfinite(network.params()).all() and (trained != learnt).mean() > 0.5


def test_from_a_trained_network_to_a_fine_tuned_one_on_spark(spark, digits, tmp_path):
    X, y = digits[0] / 16, digits[1]
    odd = MultiLayerConfiguration(
        [DenseLayer(n_out=40, activation="relu"), DenseLayer(n_out=20, activation="relu"), OutputLayer(n_out=10)],
        input_type=InputType.feed_forward(64),
        updater=Adam(5e-3),
        seed=1,
    )
    first = MultiLayerNetwork(odd)
    SparkDl4jMultiLayer(spark, first, ResidentAveragingTrainingMaster(batch_size_per_worker=16, num_workers=2)).fit(
        (X[:1000], y[:1000]), epochs=3, progress=False
    )
    first.save(tmp_path / "first.zip")
    second = (
        TransferLearning(MultiLayerNetwork.load(tmp_path / "first.zip"))
        .fine_tune_configuration(FineTuneConfiguration(updater=Adam(1e-2), l2=1e-3))
        .set_feature_extractor("layer0")
        .n_out_replace("layer1", 16)
        .remove_output_layer()
        .add_layer(OutputLayer(n_out=2, name="parity"))
        .build()
    )
    assert np.array_equal(second.params()[: 65 * 40], first.params()[: 65 * 40])
    net = SparkDl4jMultiLayer(spark, second, ResidentAveragingTrainingMaster(batch_size_per_worker=16, num_workers=3))
    history = net.fit((X[:1000], y[:1000] % 2), epochs=4, progress=False)
    assert np.array_equal(second.params()[: 65 * 40].view(np.uint32), first.params()[: 65 * 40].view(np.uint32))
    assert history.score[-1] < history.score[0]
    assert net.evaluate((X[1000:], y[1000:] % 2)).accuracy > 0.85
    second.save(tmp_path / "second.zip")
    again = MultiLayerNetwork.load(tmp_path / "second.zip")
    assert again.conf == second.conf
    assert np.array_equal(again.to(spark).output(X[:5]), second.output(X[:5]))
    assert second.to_onnx(tmp_path / "second.onnx").verified
