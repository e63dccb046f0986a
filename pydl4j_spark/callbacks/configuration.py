"""Early stopping as DL4J configures it, in terms of `EarlyStopping`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from attrs import field, frozen

from pydl4j_spark.callbacks.base import Fit
from pydl4j_spark.callbacks.conditions import EpochTerminationCondition, IterationTerminationCondition
from pydl4j_spark.callbacks.early_stopping import EarlyStopping
from pydl4j_spark.callbacks.monitor import Monitored, monitors
from pydl4j_spark.errors import ConfigError


class ScoreCalculator(ABC):
    """What early stopping goes by (DL4J: ``ScoreCalculator``); subclasses say which number of which rows."""

    mode = "auto"

    @property
    @abstractmethod
    def monitor(self) -> Monitored:
        """What `EarlyStopping` monitors."""


def _named(calculator: ScoreCalculator, metric: str, evaluation: str) -> str:
    name = f"validation_{metric}"
    there = monitors(evaluation)[2:]
    if name not in there:
        known = ", ".join(each.removeprefix("validation_") for each in there)
        raise ConfigError(f"{type(calculator).__name__}: metric must be one of {known}, got {metric!r}")
    return name


@frozen
class DataSetLossCalculator(ScoreCalculator):
    """The mean loss, regularisation included.

    Parameters
    ----------
    data : tuple of arrays, optional
        ``(X, y)``, as the network's ``score`` takes them. Default: the fit's validation data.
    """

    data: Any = field(default=None, repr=False)
    mode = "min"

    @property
    def monitor(self) -> Monitored:
        """What `EarlyStopping` monitors."""
        return "validation_score" if self.data is None else lambda fit: float(fit.network.score(self.data))


@frozen
class ClassificationScoreCalculator(ScoreCalculator):
    """A metric of classification; more is better.

    Parameters
    ----------
    metric : str
        ``"accuracy"`` (the default), ``"precision"``, ``"recall"`` or ``"f1"``.
    data : tuple of arrays, optional
        ``(X, y)``, as the network's ``evaluate`` takes them. Default: the fit's validation data.
    """

    metric: str = "accuracy"
    data: Any = field(default=None, repr=False)
    mode = "max"

    def __attrs_post_init__(self) -> None:
        _named(self, self.metric, "CLASSIFICATION")

    @property
    def monitor(self) -> Monitored:
        """What `EarlyStopping` monitors."""
        name = _named(self, self.metric, "CLASSIFICATION")
        return name if self.data is None else self._of_data

    def _of_data(self, fit: Fit) -> float:
        return float(getattr(fit.network.evaluate(self.data), self.metric))


@frozen
class ROCScoreCalculator(ScoreCalculator):
    """The area under the ROC curve, the mean over the classes; more is better.

    Parameters
    ----------
    data : tuple of arrays
        ``(X, y)``, as the network's ``evaluate_roc`` takes them.
    """

    data: Any = field(repr=False)
    mode = "max"

    @property
    def monitor(self) -> Monitored:
        """What `EarlyStopping` monitors."""
        return lambda fit: float(fit.network.evaluate_roc(self.data).auc)


@frozen
class RegressionScoreCalculator(ScoreCalculator):
    """A metric of regression, the mean over the outputs.

    Parameters
    ----------
    metric : str
        ``"mean_squared_error"`` (the default), ``"mean_absolute_error"``, ``"root_mean_squared_error"``,
        ``"relative_squared_error"``, ``"pearson_correlation"`` or ``"r_squared"``; of the last two more is better.
    """

    metric: str = "mean_squared_error"

    def __attrs_post_init__(self) -> None:
        _named(self, self.metric, "REGRESSION")

    @property
    def monitor(self) -> Monitored:
        """What `EarlyStopping` monitors."""
        return _named(self, self.metric, "REGRESSION")


@frozen(kw_only=True)
class EarlyStoppingConfiguration:
    """When training ends, and what is best (DL4J: ``EarlyStoppingConfiguration``).

    Give its `callback` to a fit; ``callback.result`` tells what came of it. The fit's own ``epochs`` are a limit, too.
    DL4J's model savers have their place in `Checkpoint`.

    Parameters
    ----------
    score_calculator : ScoreCalculator
        What to go by.
    epoch_termination_conditions, iteration_termination_conditions : sequence
        Any of them ends training; there must be one.
    evaluate_every_n_epochs : int
        Look at the score so seldom. Default 1.

    Raises
    ------
    ConfigError
        When there is no condition, or something is of the wrong kind.
    """

    score_calculator: ScoreCalculator
    epoch_termination_conditions: tuple[EpochTerminationCondition, ...] = field(default=(), converter=tuple)
    iteration_termination_conditions: tuple[IterationTerminationCondition, ...] = field(default=(), converter=tuple)
    evaluate_every_n_epochs: int = 1

    def __attrs_post_init__(self) -> None:
        owner = type(self).__name__
        if not isinstance(self.score_calculator, ScoreCalculator):
            given = type(self.score_calculator).__name__
            raise ConfigError(f"{owner}: score_calculator must be a ScoreCalculator, got {given}")
        if not self.epoch_termination_conditions and not self.iteration_termination_conditions:
            raise ConfigError(f"{owner}: no termination condition is given, so training would not end early")
        for name, kind in (
            ("epoch_termination_conditions", EpochTerminationCondition),
            ("iteration_termination_conditions", IterationTerminationCondition),
        ):
            for condition in getattr(self, name):
                if not isinstance(condition, kind):
                    raise ConfigError(f"{owner}: {name} takes {kind.__name__}s, got {type(condition).__name__}")
        self.callback()

    def callback(self, *, restore_best: bool = True) -> EarlyStopping:
        """Make what a fit takes; see `EarlyStopping` for ``restore_best``."""
        return EarlyStopping(
            self.score_calculator.monitor,
            mode=self.score_calculator.mode,
            patience=None,
            conditions=(*self.epoch_termination_conditions, *self.iteration_termination_conditions),
            restore_best=restore_best,
            evaluate_every_n_epochs=self.evaluate_every_n_epochs,
        )
