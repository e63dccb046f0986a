"""Callbacks that stop, restore and keep, in this process and on Spark with both masters."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark import (
    MultiLayerNetwork,
    NormalizerStandardize,
    ParameterAveragingTrainingMaster,
    ResidentAveragingTrainingMaster,
    SparkDl4jMultiLayer,
)
from pydl4j_spark.callbacks import Callback, Checkpoint, EarlyStopping, last_checkpoint
from pydl4j_spark.layers import DenseLayer, OutputLayer
from tests.conftest import assert_no_jobs, digits_conf

pytestmark = pytest.mark.jvm

PLACES = ["arrays", "batches", "resident", "averaging"]


class Stop(Callback):
    """Stops after so many epochs, or within the one after."""

    def __init__(self, epochs, within=False):
        self.epochs, self.within = epochs, within

    def on_round(self, fit):
        if self.within and fit.epochs_done == self.epochs:
            fit.stop(f"{fit.round.rows} rows")

    def on_epoch_end(self, fit):
        if not self.within and fit.epochs_done == self.epochs:
            fit.stop("enough")


class Trainee:
    """A small network, wherever it is trained, always by the same call."""

    def __init__(self, place, spark, engine, digits, rows=200, **settings):
        X, y = digits
        self.rows = X[:rows], y[:rows]
        self.held_out = X[1600:], y[1600:]
        normalizer = None if place == "batches" else NormalizerStandardize()
        self.network = MultiLayerNetwork(digits_conf(**settings), normalizer=normalizer)
        if place in ("arrays", "batches"):
            self.network.attach(engine)
            data = self.rows if place == "arrays" else [(X[i : i + 16], y[i : i + 16]) for i in range(0, rows, 16)]
            self._fit = lambda **given: self.network.fit(data, workers=2, **given)
        else:
            kind = ResidentAveragingTrainingMaster if place == "resident" else ParameterAveragingTrainingMaster
            trainer = SparkDl4jMultiLayer(spark, self.network, kind(num_workers=2))
            self._fit = lambda **given: trainer.fit(self.rows, **given)

    def fit(self, *callbacks, epochs, **settings):
        return self._fit(epochs=epochs, validation=self.held_out, callbacks=callbacks, **{"progress": False} | settings)


@pytest.fixture(params=PLACES)
def trainee(request, spark, engine, digits):
    return lambda **settings: Trainee(request.param, spark, engine, digits, **settings)


def test_a_stop_trains_nothing_more(trainee):
    whole, stopped = trainee(), trainee()
    history = whole.fit(epochs=2)
    told = stopped.fit(Stop(2), epochs=50)
    assert (told.stopped, told.score, told.epoch) == ("enough", history.score, [1, 2])
    assert np.array_equal(stopped.network.params(), whole.network.params())
    assert np.array_equal(stopped.network.updater_state(), whole.network.updater_state())
    assert (stopped.network.epoch, stopped.network.iteration) == (2, history.iteration[-1])
    # And it goes on as if it had been told the number of epochs.
    assert stopped.fit(epochs=1).score == whole.fit(epochs=1).score


def test_the_best_network_comes_back(trainee):
    made = trainee(layers=[DenseLayer(n_out=16, activation="relu"), OutputLayer(n_out=10)])
    early = EarlyStopping("validation_score", mode="max", patience=2)  # it learns, so the first epoch stays the best
    history = made.fit(early, epochs=50)
    assert (len(history), history.best_epoch) == (3, 1)
    assert history.stopped.startswith("early stopping after epoch 3: validation_score: no improvement on ")
    assert (made.network.epoch, made.network.iteration) == (1, history.iteration[0])
    assert made.network.score(made.held_out) == pytest.approx(history.validation[0].loss, rel=1e-5)
    assert made.fit(epochs=1).score == [history.score[1]]


@pytest.mark.parametrize("place", PLACES)
def test_a_stop_within_an_epoch_leaves_the_last_average(spark, engine, digits, place):
    X, y = digits
    many = np.tile(X, (40, 1)), np.tile(y, 40)
    made = Trainee(place, spark, engine, many, rows=60_000)
    history = made.fit(Stop(0, within=True), epochs=50)
    rows = int(history.stopped.split()[0])
    assert 0 < rows < 60_000
    assert len(history) == 0
    assert made.network.epoch <= 1  # on a busy machine the epoch may end while this process sleeps
    assert made.network.iteration >= rows // 32  # of two workers with minibatches of 16
    assert_no_jobs(spark)
    assert np.isfinite(made.network.output(X[:3])).all()
    assert made.fit(Stop(0, within=True), epochs=1).stopped


def test_checkpoints_on_a_hadoop_filesystem(spark, digits, tmp_path):
    folder = (tmp_path / "run").as_uri()
    made = Trainee("resident", spark, None, digits)
    history = made.fit(Checkpoint(folder, keep_last=2), epochs=3)
    names = sorted(path.name for path in (tmp_path / "run").iterdir() if not path.name.startswith("."))
    assert [name[:17] for name in names] == ["checkpoint-000002", "checkpoint-000003", "checkpoints.json"]
    loaded = last_checkpoint(folder)
    assert (loaded.epoch, loaded.iteration) == (3, history.iteration[-1])
    assert np.array_equal(loaded.params(), made.network.params())
    again = Trainee("resident", spark, None, digits)
    assert again.fit(resume=folder, epochs=4).score[:3] == history.score
    assert np.array_equal(again.network.normalizer.mean, made.network.normalizer.mean)
    with pytest.raises(FileNotFoundError):
        MultiLayerNetwork.load(folder + "/none.zip")
