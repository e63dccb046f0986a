"""Training on several workers is the same arithmetic as training on one machine, where it must be."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark import (
    ConfigError,
    InputType,
    MultiLayerConfiguration,
    ParameterAveragingTrainingMaster,
    ResidentAveragingTrainingMaster,
    SparkDl4jMultiLayer,
)
from pydl4j_spark.layers import (
    LSTM,
    ConvolutionLayer,
    DenseLayer,
    GravesLSTM,
    LastTimeStep,
    OutputLayer,
    RnnOutputLayer,
    SubsamplingLayer,
)
from pydl4j_spark.updaters import Adam, Sgd

pytestmark = pytest.mark.jvm


def dense():
    conf = {
        "layers": [DenseLayer(n_out=12, activation="tanh"), OutputLayer(n_out=3)],
        "input_type": InputType.feed_forward(6),
    }
    return conf, (6,), (3,)


def convolutional():
    conf = {
        "layers": [
            ConvolutionLayer(n_out=4, kernel_size=(3, 2), activation="relu"),
            SubsamplingLayer(kernel_size=(2, 2), stride=(2, 2)),
            OutputLayer(n_out=3),
        ],
        "input_type": InputType.convolutional(7, 6, 2),
    }
    return conf, (2, 7, 6), (3,)


def recurrent():
    conf = {
        "layers": [LSTM(n_out=5, activation="tanh"), GravesLSTM(n_out=4, activation="tanh"), RnnOutputLayer(n_out=3)],
        "input_type": InputType.recurrent(4, 9),
    }
    return conf, (4, 9), (3, 9)


def trained(
    spark,
    conf,
    data,
    *,
    workers,
    batch,
    frequency=1,
    updater=None,
    epochs=1,
    shuffle=False,
    kind=ResidentAveragingTrainingMaster,
    save_updater=True,
    **settings,
):
    master = kind(
        num_workers=workers, batch_size_per_worker=batch, averaging_frequency=frequency, save_updater=save_updater
    )
    full = MultiLayerConfiguration(**conf, seed=7, updater=updater or Sgd(0.1), **settings)
    net = SparkDl4jMultiLayer(spark, full, master)
    net.fit(data, epochs=epochs, shuffle=shuffle, progress=False)
    return net


def examples(n, features, labels):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n, *features)).astype(np.float32)
    return X, rng.integers(0, labels[0], size=(n, *labels[1:]))


@pytest.mark.parametrize("kind", [dense, convolutional, recurrent])
@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize("master", [ResidentAveragingTrainingMaster, ParameterAveragingTrainingMaster])
def test_averaging_every_step_equals_the_joined_batch(spark, kind, workers, master):
    conf, features, labels = kind()
    batch = 8
    data = examples(5 * workers * batch, features, labels)
    many = trained(spark, conf, data, workers=workers, batch=batch, kind=master)
    one = trained(spark, conf, data, workers=1, batch=workers * batch)
    untrained = SparkDl4jMultiLayer(spark, MultiLayerConfiguration(**conf, seed=7, updater=Sgd(0.1)))
    assert many.network.iteration == one.network.iteration == 5
    np.testing.assert_allclose(many.network.params(), one.network.params(), atol=1e-5, rtol=0)
    assert np.abs(many.network.params() - untrained.network.params()).max() > 1e-2  # and it did train


@pytest.mark.parametrize("kind", [dense, convolutional, recurrent])
@pytest.mark.parametrize("save_updater", [True, False])
def test_equal_shares_give_what_dl4js_own_master_gives(spark, kind, save_updater):
    conf, features, labels = kind()
    data = examples(2 * 8 * 3 * 2, features, labels)  # two workers, two rounds of three minibatches
    settings = {"workers": 2, "batch": 8, "frequency": 3, "updater": Adam(1e-2), "epochs": 2, "shuffle": True}
    settings |= {"save_updater": save_updater, "dropout": 0.8}
    ours = trained(spark, conf, data, **settings)
    stock = trained(spark, conf, data, **settings, kind=ParameterAveragingTrainingMaster)
    np.testing.assert_allclose(ours.network.params(), stock.network.params(), atol=2e-6, rtol=0)
    if save_updater:
        np.testing.assert_allclose(ours.network.updater_state(), stock.network.updater_state(), atol=2e-6, rtol=0)
    assert ours.network.iteration == stock.network.iteration


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(spark):
    conf, features, labels = dense()
    data = examples(70, features, labels)

    def run(seed):
        master = ResidentAveragingTrainingMaster(num_workers=2, batch_size_per_worker=8, averaging_frequency=2)
        full = MultiLayerConfiguration(**conf, seed=seed, updater=Adam(1e-2), dropout=0.8)
        net = SparkDl4jMultiLayer(spark, full, master)
        net.fit(data, epochs=2, progress=False)
        return net.network.params()

    first = run(1)
    assert np.array_equal(first, run(1))
    assert not np.array_equal(first, run(2))


def test_updater_state_is_averaged_unless_told_otherwise(spark):
    conf, features, labels = dense()
    data = examples(64, features, labels)
    master = ResidentAveragingTrainingMaster(num_workers=2, batch_size_per_worker=8, averaging_frequency=1)
    assert master.save_updater
    kept = SparkDl4jMultiLayer(spark, MultiLayerConfiguration(**conf, seed=7, updater=Adam(1e-2)), master)
    kept.fit(data, epochs=2, progress=False)
    state = kept.network.updater_state()
    assert state is not None
    assert state.size == 2 * kept.network.n_params
    assert np.abs(state).max() > 0


def test_shuffling_changes_the_order_in_every_epoch_but_not_the_rows(spark):
    conf, features, labels = dense()
    data = examples(48, features, labels)
    calm = trained(spark, conf, data, workers=1, batch=8, epochs=2)
    shuffled = trained(spark, conf, data, workers=1, batch=8, epochs=2, shuffle=True)
    assert not np.allclose(calm.network.params(), shuffled.network.params())
    # Whole-batch training does not care for the order of its rows.
    calm = trained(spark, conf, data, workers=1, batch=48, epochs=3)
    shuffled = trained(spark, conf, data, workers=1, batch=48, epochs=3, shuffle=True)
    np.testing.assert_allclose(calm.network.params(), shuffled.network.params(), atol=1e-5)


def test_a_second_fit_continues_and_reset_starts_anew(spark):
    conf, features, labels = dense()
    data = examples(40, features, labels)
    twice = trained(spark, conf, data, workers=1, batch=8, shuffle=True, updater=Adam(1e-2))
    second = twice.fit(data, epochs=1, progress=False)
    once = trained(spark, conf, data, workers=1, batch=8, shuffle=True, updater=Adam(1e-2), epochs=2)
    assert second.epoch == [2]
    assert np.array_equal(twice.network.params(), once.network.params())
    twice.reset()
    assert twice.network.epoch == twice.network.iteration == 0
    twice.fit(data, epochs=2, progress=False)
    assert np.array_equal(twice.network.params(), once.network.params())


def test_truncated_bptt_counts_every_update(spark):
    conf, features, labels = recurrent()
    data = examples(16, features, labels)
    net = trained(
        spark,
        conf,
        data,
        workers=1,
        batch=8,
        frequency=5,
        backprop_type="truncated_bptt",
        tbptt_fwd_length=3,
        tbptt_back_length=3,
    )
    assert net.network.iteration == 2 * 3  # two minibatches, three segments of nine steps


def test_the_score_under_truncated_bptt_is_that_of_whole_sequences(spark):
    conf, features, labels = recurrent()
    X, y = examples(8, features, labels)
    pieces = {"backprop_type": "truncated_bptt", "tbptt_fwd_length": 3, "tbptt_back_length": 3}
    scores = []
    for settings in ({}, pieces):
        master = ResidentAveragingTrainingMaster(num_workers=1, batch_size_per_worker=8)
        full = MultiLayerConfiguration(**conf, seed=7, updater=Sgd(1e-12), **settings)
        scores += SparkDl4jMultiLayer(spark, full, master).fit((X, y), progress=False).score
    assert scores[1] == pytest.approx(scores[0], rel=1e-5)


def test_dl4js_own_master_is_not_given_dropout_that_its_workers_would_share(spark):
    layers = [LastTimeStep(LSTM(n_out=4, activation="tanh", dropout=0.5)), OutputLayer(n_out=3)]
    conf = MultiLayerConfiguration(layers=layers, input_type=InputType.recurrent(4, 9), seed=1)
    data = np.zeros((8, 4, 9), dtype=np.float32), np.arange(8) % 3
    own = ParameterAveragingTrainingMaster(num_workers=2, batch_size_per_worker=2)
    with pytest.raises(ConfigError, match="take each other's dropout; use ResidentAveragingTrainingMaster"):
        SparkDl4jMultiLayer(spark, conf, own).fit(data, progress=False)
    alone = ParameterAveragingTrainingMaster(num_workers=1, batch_size_per_worker=2)
    assert SparkDl4jMultiLayer(spark, conf, alone).fit(data, progress=False).rows == [8]
