"""The numbers of an epoch by name, and which way each of them is better."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from attrs import frozen

from pydl4j_spark.callbacks.base import Fit
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.evaluation import METRICS

Monitored = str | Callable[[Fit], float]
"""A name of `monitors`, or a function that gives the number."""

_VALIDATION = "validation_"
_HIGHER_IS_BETTER = frozenset({"accuracy", "precision", "recall", "f1", "r_squared", "pearson_correlation"})
_MODES = {"min": True, "max": False}


def monitors(evaluation: str | None) -> list[str]:
    """Name what can be monitored in a fit that evaluates its validation rows so; None: it has none."""
    if evaluation is None:
        return ["score"]
    return ["score", "validation_score", *(_VALIDATION + name for name in METRICS[evaluation])]


_ALL = list(dict.fromkeys(name for evaluation in METRICS for name in monitors(evaluation)))


@frozen
class Monitor:
    """What a callback looks at, and whether less of it is better."""

    what: Monitored
    minimize: bool

    @classmethod
    def of(cls, what: Monitored, mode: str, owner: str) -> Monitor:
        """Check a callback's settings ``monitor`` and ``mode`` ("min", "max" or "auto").

        Raises
        ------
        ConfigError
            When there is no such monitor or mode.
        """
        if mode not in ("auto", *_MODES):
            raise ConfigError(f"{owner}: mode must be 'min', 'max' or 'auto', got {mode!r}")
        if callable(what):
            if mode == "auto":
                raise ConfigError(f"{owner}: say mode='min' or mode='max' for a monitor that is a function")
            return cls(what, _MODES[mode])
        if what not in _ALL:
            near = difflib.get_close_matches(str(what), _ALL, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(f"{owner}: there is no monitor {what!r}{hint} There are {', '.join(_ALL)}")
        natural = what.removeprefix(_VALIDATION) not in _HIGHER_IS_BETTER
        return cls(what, _MODES.get(mode, natural))

    def check(self, fit: Fit, owner: str) -> None:
        """Make sure, before training, that the fit will have it.

        Raises
        ------
        ConfigError
            When it will not.
        """
        there = monitors(fit.evaluation)
        if isinstance(self.what, str) and self.what not in there:
            cure = (
                "give the fit validation=..."
                if fit.evaluation is None
                else f"this network is evaluated as {fit.evaluation.lower()}"
            )
            raise ConfigError(
                f"{owner}: monitor {self.what!r} is not there in this fit, which has {', '.join(there)}; {cure}"
            )

    def value(self, fit: Fit) -> float:
        """Give the number after an epoch."""
        return fit.history.metrics()[self.what] if isinstance(self.what, str) else float(self.what(fit))

    def is_better(self, score: float, than: float) -> bool:
        """Compare; any number is better than none."""
        if than != than:
            return score == score
        return score < than if self.minimize else score > than

    def __str__(self) -> str:
        return self.what if isinstance(self.what, str) else getattr(self.what, "__name__", type(self.what).__name__)
