"""When training ends early: DL4J's termination conditions, under their names.

They have no state: an epoch's condition sees all scores so far, so that training that was interrupted goes on where it
was.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from attrs import Attribute, field, frozen

from pydl4j_spark.errors import ConfigError
from pydl4j_spark.training import whole_number

_UNITS = {"milliseconds": 1e-3, "seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}


def _place(instance: Any, attribute: Attribute[Any]) -> str:
    return f"{type(instance).__name__}: {attribute.name}"


def _whole(instance: Any, attribute: Attribute[Any], value: Any) -> None:
    whole_number(_place(instance, attribute), value)


def _number(instance: Any, attribute: Attribute[Any], value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise ConfigError(f"{_place(instance, attribute)} must be a number, got {value!r}")


def _not_negative(instance: Any, attribute: Attribute[Any], value: Any) -> None:
    _number(instance, attribute, value)
    if value < 0:
        raise ConfigError(f"{_place(instance, attribute)} must not be negative, got {value!r}")


def _positive(instance: Any, attribute: Attribute[Any], value: Any) -> None:
    _number(instance, attribute, value)
    if value <= 0:
        raise ConfigError(f"{_place(instance, attribute)} must be above 0, got {value!r}")


class EpochTerminationCondition(ABC):
    """Looked at after epochs (DL4J: ``EpochTerminationCondition``)."""

    @abstractmethod
    def why(self, scores: Mapping[int, float], minimize: bool) -> str | None:
        """Say why training ends; None where it goes on.

        Parameters
        ----------
        scores : Mapping
            What is monitored, by the epoch in this fit, from 1.
        minimize : bool
            Less of it is better.
        """


class IterationTerminationCondition(ABC):
    """Looked at after averaging rounds and epochs (DL4J: ``IterationTerminationCondition``)."""

    @abstractmethod
    def why(self, score: float, seconds: float) -> str | None:
        """Say why training ends; None where it goes on.

        Parameters
        ----------
        score : float
            Mean training loss of the epoch's rows so far.
        seconds : float
            Since the fit began.
        """


@frozen
class MaxEpochsTerminationCondition(EpochTerminationCondition):
    """Ends after so many epochs.

    Parameters
    ----------
    max_epochs : int
        Of the fit.
    """

    max_epochs: int = field(validator=_whole)

    def why(self, scores: Mapping[int, float], minimize: bool) -> str | None:
        """Say why training ends."""
        return f"{self.max_epochs} epochs are trained" if max(scores) >= self.max_epochs else None


@frozen
class ScoreImprovementEpochTerminationCondition(EpochTerminationCondition):
    """Ends when the score ceases to get better.

    Parameters
    ----------
    max_epochs_without_improvement : int
        Epochs after the best one that may pass.
    min_improvement : float
        How much better than the best one a score must be to count. Default 0.0: any better one does.
    """

    max_epochs_without_improvement: int = field(validator=_whole)
    min_improvement: float = field(default=0.0, validator=_not_negative)

    def why(self, scores: Mapping[int, float], minimize: bool) -> str | None:
        """Say why training ends."""
        best, best_epoch, last = math.nan, min(scores), max(scores)
        for epoch, score in scores.items():
            improvement = best - score if minimize else score - best
            # Where the first score is NaN, DL4J takes no later one for better.
            if improvement > self.min_improvement or (math.isnan(best) and not math.isnan(score)):
                best, best_epoch = score, epoch
        without = last - best_epoch
        if without < self.max_epochs_without_improvement:
            return None
        return f"no improvement on {best:.6g} in {without} epoch{'s' * (without > 1)}"


@frozen
class BestScoreEpochTerminationCondition(EpochTerminationCondition):
    """Ends when the score is good enough.

    Parameters
    ----------
    best_expected_score : float
        A score that is better than this ends the fit.
    """

    best_expected_score: float = field(validator=_number)

    def why(self, scores: Mapping[int, float], minimize: bool) -> str | None:
        """Say why training ends."""
        score = scores[max(scores)]
        enough = score < self.best_expected_score if minimize else score > self.best_expected_score
        return f"{score:.6g} is better than {self.best_expected_score:.6g}" if enough else None


@frozen
class MaxTimeIterationTerminationCondition(IterationTerminationCondition):
    """Ends after a time, also within an epoch.

    Parameters
    ----------
    max_time_amount : float
        How long.
    max_time_unit : str
        ``"milliseconds"``, ``"seconds"`` (the default), ``"minutes"``, ``"hours"`` or ``"days"``.
    """

    max_time_amount: float = field(validator=_positive)
    max_time_unit: str = field(default="seconds")

    @max_time_unit.validator
    def _known(self, attribute: Attribute[str], value: str) -> None:
        if value not in _UNITS:
            raise ConfigError(f"{_place(self, attribute)} must be one of {', '.join(_UNITS)}, got {value!r}")

    def why(self, score: float, seconds: float) -> str | None:
        """Say why training ends."""
        over = seconds >= self.max_time_amount * _UNITS[self.max_time_unit]
        return f"{self.max_time_amount:g} {self.max_time_unit} have passed" if over else None


@frozen
class MaxScoreIterationTerminationCondition(IterationTerminationCondition):
    """Ends when the training loss is too high, or NaN.

    DL4J looks at each minibatch's loss; here it is the mean of the epoch so far.

    Parameters
    ----------
    max_score : float
        A loss above this ends the fit.
    """

    max_score: float = field(validator=_number)

    def why(self, score: float, seconds: float) -> str | None:
        """Say why training ends."""
        too_high = score > self.max_score or math.isnan(score)
        return f"the training loss is {score:.6g}, above {self.max_score:.6g}" if too_high else None


@frozen
class InvalidScoreIterationTerminationCondition(IterationTerminationCondition):
    """Ends when the training loss is NaN or infinite."""

    def why(self, score: float, seconds: float) -> str | None:
        """Say why training ends."""
        return None if math.isfinite(score) else f"the training loss is {score}"
