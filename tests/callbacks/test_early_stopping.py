"""Early stopping stops when it should, says why, and gives the best network back."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from pydl4j_spark import ConfigError
from pydl4j_spark.callbacks import (
    BestScoreEpochTerminationCondition,
    Callback,
    Checkpoint,
    ClassificationScoreCalculator,
    DataSetLossCalculator,
    EarlyStopping,
    EarlyStoppingConfiguration,
    InvalidScoreIterationTerminationCondition,
    MaxEpochsTerminationCondition,
    MaxScoreIterationTerminationCondition,
    MaxTimeIterationTerminationCondition,
    RegressionScoreCalculator,
    ROCScoreCalculator,
    ScoreImprovementEpochTerminationCondition,
)
from tests.callbacks.scripted import X, Y, engine, fit, network

NAN = math.nan
DOWN_AND_UP = [5.0, 3.0, 2.0, 2.5, 2.4, 2.3, 2.2, 2.1]


def test_patience_ends_the_fit_and_the_best_network_comes_back():
    net = network(DOWN_AND_UP)
    early = EarlyStopping(patience=2)
    history = fit(net, early)
    assert engine(net).trained == 5  # and nothing afterwards
    assert history.score == DOWN_AND_UP[:5]
    assert history.stopped == "early stopping after epoch 5: score: no improvement on 2 in 2 epochs"
    assert (early.best_epoch, early.best_score, history.best_epoch) == (3, 2.0, 3)
    assert (net.params() == 3).all()
    assert (net.epoch, net.iteration) == (3, 15)
    assert (early.best_network().params() == 3).all()
    assert fit(net, epochs=1).epoch == [4]  # it goes on from there


@pytest.mark.parametrize("validation", [True, False])
def test_the_picture_shows_it(tmp_path, validation):
    net = network(DOWN_AND_UP)
    figure = fit(net, EarlyStopping(patience=2), validation=validation).plot(tmp_path / "curve.png")
    for axes in figure.axes:
        (line,) = [line for line in axes.lines if line.get_label() == "best epoch, 3"]
        assert list(line.get_xdata()) == [3, 3]
    assert (tmp_path / "curve.png").read_bytes()[:4] == b"\x89PNG"
    assert not [line for line in fit(network([1.0])).plot().axes[0].lines if "best" in line.get_label()]


def test_without_restoring_the_last_network_stays():
    net = network(DOWN_AND_UP)
    early = EarlyStopping(patience=2, restore_best=False)
    fit(net, early)
    assert (net.params() == 5).all()
    assert (early.best_network().params() == 3).all()


def test_the_best_comes_back_when_all_epochs_were_trained():
    net = network(DOWN_AND_UP[:4])
    history = fit(net, EarlyStopping(patience=4))
    assert (history.stopped, len(history)) == (None, 4)
    assert (net.params() == 3).all()
    best = network([3.0, 2.0])
    fit(best, EarlyStopping())
    assert not [name for name, _ in engine(best).calls if name == "restore_network"]  # it is the best one already


@pytest.mark.parametrize(
    ("settings", "epochs", "says"),
    [
        ({"patience": 1}, 4, "no improvement on 2 in 1 epoch$"),
        ({"patience": 1, "min_improvement": 1.5}, 3, "no improvement on 3 in 1 epoch$"),
        ({"patience": None}, 8, None),
        ({"max_epochs": 2}, 2, "score: 2 epochs are trained"),
        ({"best_score": 3.0}, 3, "2 is better than 3"),
        ({"monitor": "validation_score", "patience": 2}, 5, "validation_score: no improvement on 20 in 2"),
        ({"monitor": "validation_score", "best_score": 31}, 2, "30 is better than 31"),
        ({"monitor": "validation_accuracy", "patience": 3}, 5, "no improvement on 0.8 in 3"),
        ({"monitor": "validation_accuracy", "best_score": 0.7}, 2, "0.8 is better than 0.7"),
        ({"monitor": "validation_accuracy", "mode": "min", "patience": 1}, 2, "no improvement on 0.5 in 1"),
        ({"monitor": lambda fit: -fit.epoch, "mode": "max", "patience": 3}, 4, "<lambda>: no improvement on -1 in 3"),
        ({"patience": 3, "evaluate_every_n_epochs": 3}, 6, "no improvement on 2 in 3 epochs"),
        ({"patience": 4, "evaluate_every_n_epochs": 3}, 8, None),
        ({"patience": None, "evaluate_every_n_epochs": 3, "max_epochs": 4}, 6, "6 epochs are trained"),
        ({"conditions": [BestScoreEpochTerminationCondition(3.5)]}, 2, "3 is better than 3.5"),
    ],
)
def test_when_it_ends(settings, epochs, says):
    net = network(DOWN_AND_UP, [0.5, 0.8, 0.8, 0.6, 0.7, 0.9, 0.9, 0.9])
    history = fit(net, EarlyStopping(**settings))
    assert (len(history), engine(net).trained) == (epochs, epochs)
    if says is None:
        assert history.stopped is None
    else:
        assert re.search(says, history.stopped), history.stopped


def test_a_score_within_an_epoch_ends_it_there():
    net = network([3.0, 2.0, 9.0])
    early = EarlyStopping(max_score=8)
    history = fit(net, early)
    assert history.stopped == "early stopping in epoch 3: the training loss is 9, above 8"
    assert (len(history), engine(net).trained) == (2, 2)
    assert (net.params() == 2).all()
    assert early.result.termination_reason == "IterationTerminationCondition"


def test_a_loss_that_is_no_number_ends_it():
    net = network([3.0, 2.0, NAN, 1.0])
    assert fit(net, EarlyStopping()).stopped == "early stopping in epoch 3: the training loss is nan"
    assert (net.params() == 2).all()
    net = network([NAN, 1.0])
    assert fit(net, EarlyStopping()).stopped.startswith("early stopping in epoch 1")


def test_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    class Clock(Callback):
        def on_round(self, fit):
            now[0] += 7

    net = network(DOWN_AND_UP)
    history = fit(net, Clock(), EarlyStopping(max_seconds=20))
    assert history.stopped == "early stopping in epoch 3: 20 seconds have passed"
    assert len(history) == 2


def test_no_score_is_ever_a_number():
    net = network([4.0, 3.0, 2.0])
    early = EarlyStopping(lambda fit: NAN, mode="min", patience=2)
    history = fit(net, early)
    assert len(history) == 3
    assert early.best_epoch is None and math.isnan(early.best_score) and early.best_network() is None
    assert (net.params() == 3).all()
    assert early.result.best_model is None


def test_scores_that_become_numbers_are_better():
    condition = ScoreImprovementEpochTerminationCondition(2)
    assert condition.why({1: NAN, 2: 5.0, 3: 5.0}, True) is None
    assert condition.why({1: NAN, 2: NAN, 3: NAN}, True) is not None


def test_an_error_leaves_the_network_as_it_is():
    class Fail(Callback):
        def on_epoch_end(self, fit):
            if fit.epoch == 4:
                raise RuntimeError("enough")

    net = network(DOWN_AND_UP)
    early = EarlyStopping()
    with pytest.raises(RuntimeError, match="enough"):
        fit(net, early, Fail())
    assert (net.params() == 4).all()
    assert (early.best_network().params() == 3).all()


def test_one_object_serves_several_fits():
    net = network([3.0, 2.0, 9.0, 8.0, 7.0])
    early = EarlyStopping(patience=1)
    assert len(fit(net, early)) == 3
    net.reset()
    assert len(fit(net, early)) == 3
    assert early.result.score_vs_epoch == {1: 3.0, 2: 2.0, 3: 9.0}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"monitor": "val_loss"}, "there is no monitor 'val_loss'; .* There are score, validation_score, "),
        ({"monitor": "validation_acuracy"}, "did you mean 'validation_accuracy'?"),
        ({"monitor": 3}, "there is no monitor 3"),
        ({"mode": "up"}, "mode must be 'min', 'max' or 'auto', got 'up'"),
        ({"monitor": max}, "say mode='min' or mode='max'"),
        ({"patience": 0}, "EarlyStopping: patience must be a whole number of at least 1, got 0"),
        ({"min_improvement": -1}, "min_improvement must not be negative, got -1"),
        ({"max_seconds": 0}, "max_time_amount must be above 0, got 0"),
        ({"max_epochs": 1.5}, "max_epochs must be a whole number"),
        ({"max_score": "high"}, "max_score must be a number, got 'high'"),
        ({"best_score": NAN}, "best_expected_score must be a number, got nan"),
        ({"conditions": [3]}, "expected a termination condition, got int"),
        ({"evaluate_every_n_epochs": 0}, "evaluate_every_n_epochs must be"),
    ],
)
def test_settings_that_are_wrong(settings, says):
    if settings.get("monitor") == "val_loss":
        says = "there is no monitor 'val_loss'"
    with pytest.raises(ConfigError, match=says.replace("?", r"\?")):
        EarlyStopping(**settings)


@pytest.mark.parametrize(
    ("callback", "validation", "says"),
    [
        (EarlyStopping("validation_score"), False, r"has score; give the fit validation=\.\.\."),
        (EarlyStopping("validation_r_squared"), True, "validation_f1; this network is evaluated as classification"),
        (Checkpoint("never", keep_best="validation_score"), False, r"keep_best: monitor .* give the fit validation"),
    ],
)
def test_what_the_fit_does_not_have_is_refused_before_training(callback, validation, says):
    net = network(DOWN_AND_UP)
    with pytest.raises(ConfigError, match=says):
        fit(net, callback, validation=validation)
    assert engine(net).trained == 0


class TestConfiguration:
    """DL4J's names for it."""

    def test_the_result(self):
        configuration = EarlyStoppingConfiguration(
            score_calculator=ClassificationScoreCalculator("accuracy"),
            epoch_termination_conditions=[
                MaxEpochsTerminationCondition(6),
                ScoreImprovementEpochTerminationCondition(2),
            ],
            iteration_termination_conditions=[MaxTimeIterationTerminationCondition(1, "hours")],
        )
        early = configuration.callback()
        net = network(DOWN_AND_UP, [0.5, 0.8, 0.8, 0.6, 0.7, 0.9, 0.9, 0.9])
        fit(net, early)
        result = early.result
        assert result.termination_reason == "EpochTerminationCondition"
        assert result.termination_details == (
            "ScoreImprovementEpochTerminationCondition(max_epochs_without_improvement=2, min_improvement=0.0): "
            "no improvement on 0.8 in 2 epochs"
        )
        assert result.score_vs_epoch == {1: 0.5, 2: 0.8, 3: 0.8, 4: 0.6}
        assert (result.best_model_epoch, result.best_model_score, result.total_epochs) == (2, 0.8, 4)
        assert (result.best_model.params() == 2).all()
        assert (net.params() == 2).all()

    @pytest.mark.parametrize(
        ("calculator", "score"),
        [
            (DataSetLossCalculator(), 30.0),
            (DataSetLossCalculator((X, Y)), 0.25),
            (ClassificationScoreCalculator("f1"), 0.5),
            (ClassificationScoreCalculator("recall", (X, Y)), 0.5),
            (ROCScoreCalculator((X, Y)), 0.75),
        ],
    )
    def test_score_calculators(self, calculator, score):
        conditions = [MaxEpochsTerminationCondition(1)]
        early = EarlyStoppingConfiguration(
            score_calculator=calculator, epoch_termination_conditions=conditions
        ).callback()
        fit(network([3.0, 2.0]), early)
        assert early.result.score_vs_epoch == {1: score}

    def test_regression(self):
        net = network([3.0, 2.0], loss="mse", activation="identity")
        early = EarlyStoppingConfiguration(
            score_calculator=RegressionScoreCalculator("r_squared"),
            iteration_termination_conditions=[
                InvalidScoreIterationTerminationCondition(),
                MaxScoreIterationTerminationCondition(2.5),
            ],
        ).callback()
        targets = np.zeros((6, 3), np.float32)
        net.fit((X, targets), epochs=2, validation=(X, targets), callbacks=[early], progress=False)
        assert early.result.termination_details == (
            "MaxScoreIterationTerminationCondition(max_score=2.5): the training loss is 3, above 2.5"
        )

    @pytest.mark.parametrize(
        ("make", "says"),
        [
            (lambda: ClassificationScoreCalculator("auc"), "metric must be one of accuracy, precision, recall, f1"),
            (lambda: RegressionScoreCalculator("mse"), "metric must be one of mean_squared_error, "),
            (lambda: MaxTimeIterationTerminationCondition(1, "weeks"), "must be one of milliseconds, .*got 'weeks'"),
            (lambda: EarlyStoppingConfiguration(score_calculator=DataSetLossCalculator()), "no termination condition"),
            (lambda: EarlyStoppingConfiguration(score_calculator="score"), "must be a ScoreCalculator, got str"),
            (
                lambda: EarlyStoppingConfiguration(
                    score_calculator=DataSetLossCalculator(),
                    epoch_termination_conditions=[InvalidScoreIterationTerminationCondition()],
                ),
                "takes EpochTerminationConditions, got InvalidScoreIterationTerminationCondition",
            ),
        ],
    )
    def test_settings_that_are_wrong(self, make, says):
        with pytest.raises(ConfigError, match=says):
            make()
