"""Schedules: a learning rate, momentum or dropout probability that changes as training goes on.

``schedule_type`` says what is counted: ``"iteration"`` (one update of the parameters) or ``"epoch"`` (one pass over the
data).
"""

from __future__ import annotations

import numbers
from typing import Any, ClassVar

from pydl4j_spark.conf.base import Config, config
from pydl4j_spark.conf.fields import choice, points, real, whole
from pydl4j_spark.conf.kinds import as_real
from pydl4j_spark.conf.types import Number
from pydl4j_spark.errors import ConfigError

_PACKAGE = "org.nd4j.linalg.schedule."
_TYPES = {"iteration": "ITERATION", "epoch": "EPOCH"}


class Schedule(Config):
    """The family of schedules."""

    names: ClassVar[dict[str, Any]] = {}

    @classmethod
    def short(cls, value: Any) -> Any:
        """Make a schedule of a number: the same value always."""
        return FixedSchedule(as_real(value)) if isinstance(value, numbers.Real) else super().short(value)


@config(_PACKAGE + "FixedSchedule")
class FixedSchedule(Schedule):
    """The same value always (DL4J FixedSchedule)."""

    value: Number = real("value", kw_only=False)


@config(_PACKAGE + "StepSchedule")
class StepSchedule(Schedule):
    """``initial_value * decay_rate ** floor(i / step)`` (DL4J StepSchedule)."""

    initial_value: Number = real("initialValue")
    decay_rate: Number = real("decayRate")
    step: Number = real("step", above=0)
    schedule_type: str = choice("scheduleType", _TYPES, default="iteration")


@config(_PACKAGE + "ExponentialSchedule")
class ExponentialSchedule(Schedule):
    """``initial_value * gamma ** i`` (DL4J ExponentialSchedule)."""

    initial_value: Number = real("initialValue")
    gamma: Number = real("gamma")
    schedule_type: str = choice("scheduleType", _TYPES, default="iteration")


@config(_PACKAGE + "InverseSchedule")
class InverseSchedule(Schedule):
    """``initial_value / (1 + gamma * i) ** power`` (DL4J InverseSchedule)."""

    initial_value: Number = real("initialValue")
    gamma: Number = real("gamma")
    power: Number = real("power")
    schedule_type: str = choice("scheduleType", _TYPES, default="iteration")


@config(_PACKAGE + "PolySchedule")
class PolySchedule(Schedule):
    """``initial_value * (1 + i / max_iter) ** power``, and 0 from `max_iter` on (DL4J PolySchedule).

    DL4J computes with the plus sign, so a positive power lets the value *grow* until `max_iter`.
    """

    initial_value: Number = real("initialValue")
    power: Number = real("power")
    max_iter: int = whole("maxIter", minimum=1)
    schedule_type: str = choice("scheduleType", _TYPES, default="iteration")


@config(_PACKAGE + "SigmoidSchedule")
class SigmoidSchedule(Schedule):
    """``initial_value / (1 + exp(-gamma * (i - step_size)))`` (DL4J SigmoidSchedule)."""

    initial_value: Number = real("initialValue")
    gamma: Number = real("gamma")
    step_size: int = whole("stepSize")
    schedule_type: str = choice("scheduleType", _TYPES, default="iteration")


@config(_PACKAGE + "MapSchedule")
class MapSchedule(Schedule):
    """The value set last: ``{0: 0.1, 1000: 0.01}`` is 0.1 before 1000 and 0.01 from there on (DL4J MapSchedule)."""

    values: dict[int, float] = points("values")
    schedule_type: str = choice("scheduleType", _TYPES, default="iteration")


@config(_PACKAGE + "CycleSchedule")
class CycleSchedule(Schedule):
    """One cycle: up to `max_learning_rate`, back down, then annealing (DL4J CycleSchedule).

    Parameters
    ----------
    max_learning_rate, initial_learning_rate : float
        The top, and the start and end of the cycle (a tenth of the top is usual).
    cycle_length, annealing_length : int
        Iterations or epochs of the whole cycle, and of its last part.
    annealing_decay : float
        The factor of each step of the last part.
    """

    max_learning_rate: Number = real("maxLearningRate")
    initial_learning_rate: Number = real("initialLearningRate")
    cycle_length: int = whole("cycleLength", minimum=1)
    annealing_length: int = whole("annealingLength")
    annealing_decay: Number = real("annealingDecay", default=0.1)
    schedule_type: str = choice("scheduleType", _TYPES, default="iteration")

    derived_keys: ClassVar[frozenset[str]] = frozenset({"increment", "stepSize"})

    def __attrs_post_init__(self) -> None:
        if self._step_size < 1:
            raise ConfigError(
                f"CycleSchedule: cycle_length {self.cycle_length} must exceed annealing_length {self.annealing_length}"
                " by 2 at least, or there is no way up and down"
            )

    @property
    def _step_size(self) -> int:
        return (self.cycle_length - self.annealing_length) // 2


class RampSchedule(Schedule):
    """Not available: DL4J cannot read back the JSON it writes of it, so that models and Spark jobs would fail."""

    def __new__(cls, *args: Any, **kwargs: Any) -> RampSchedule:
        """Refuse, with the reason."""
        raise ConfigError(
            "RampSchedule: DL4J writes it to JSON without its settings and cannot read it back, so a model with it"
            " cannot be loaded, evaluated or scored; use MapSchedule with rising values instead"
        )
