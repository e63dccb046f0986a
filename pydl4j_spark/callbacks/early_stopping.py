"""Ends a fit when there is nothing more to gain, and gives the best network back."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from pydl4j_spark.callbacks.base import Callback, Fit
from pydl4j_spark.callbacks.conditions import (
    BestScoreEpochTerminationCondition,
    EpochTerminationCondition,
    InvalidScoreIterationTerminationCondition,
    IterationTerminationCondition,
    MaxEpochsTerminationCondition,
    MaxScoreIterationTerminationCondition,
    MaxTimeIterationTerminationCondition,
    ScoreImprovementEpochTerminationCondition,
)
from pydl4j_spark.callbacks.monitor import Monitor, Monitored
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.training import whole_number

TerminationCondition = EpochTerminationCondition | IterationTerminationCondition


@frozen(eq=False)
class EarlyStoppingResult:
    """How a fit with early stopping ended (DL4J: ``EarlyStoppingResult``)."""

    termination_reason: str | None
    """``"EpochTerminationCondition"`` or ``"IterationTerminationCondition"``; None where no condition ended it."""
    termination_details: str | None
    """The condition, and what it says."""
    score_vs_epoch: dict[int, float]
    """What was monitored, by the network's epoch."""
    best_model_epoch: int | None
    """The network's epoch that was best; None where no score was a number."""
    best_model_score: float
    """Its score; NaN where there is none."""
    total_epochs: int
    """Epochs of the fit that were trained to their end."""
    best_model: Any
    """The network as it was then, by itself; None where there is none."""


class EarlyStopping(Callback):
    """Stops a fit when a score ceases to get better, is good enough, or time is over (DL4J: ``EarlyStoppingTrainer``).

    Scores are looked at after every epoch; ``max_seconds`` and ``max_score`` also within one, after its averaging
    rounds. A training loss of NaN or infinity always ends the fit. Nothing is trained after the decision, no exception
    is raised, and ``history.stopped`` says why.

    Parameters
    ----------
    monitor : str or callable
        ``"score"``, the mean training loss; with validation data ``"validation_score"``, their loss, and
        ``"validation_accuracy"``, ``…_precision``, ``…_recall``, ``…_f1`` of a classifier or
        ``"validation_mean_squared_error"``, ``…_mean_absolute_error``, ``…_root_mean_squared_error``,
        ``…_relative_squared_error``, ``…_pearson_correlation``, ``…_r_squared`` of a regression (means over the
        outputs). Or a function of the `Fit` that gives a number.
    patience : int or None
        Epochs that may pass after the best one. Default 5; None to wait for ever.
    min_improvement : float
        How much better than the best score one must be for patience to begin anew. Default 0.0.
    mode : str
        ``"min"`` or ``"max"``: which way is better. Default ``"auto"``: by the monitor's name.
    max_seconds : float, optional
        Time after which the fit ends. Within an epoch, the averaging round that is running is given up.
    max_epochs : int, optional
        Epochs after which it ends; those before a resumed fit was interrupted count.
    max_score : float, optional
        A mean training loss of the epoch so far that is above this ends the fit.
    best_score : float, optional
        A score that is better than this ends the fit.
    restore_best : bool
        Give the network back as it was after its best epoch: parameters, updater's state, counters. Default True. After
        an error or Ctrl-C the network stays as it is; `best_network` gives the best one.
    conditions : sequence of termination conditions
        Others, beside those above.
    evaluate_every_n_epochs : int
        Look at the score so seldom. Default 1.

    Attributes
    ----------
    best_epoch : int or None
        The network's epoch with the best score.
    best_score : float
        That score; NaN where there is none yet.

    Raises
    ------
    ConfigError
        For a setting that is impossible, and at a fit's start for a monitor that it does not have.

    Notes
    -----
    The best network is kept in memory as its model zip. With ``resume=`` the scores of the interrupted fit count; its
    best network does where it is among the checkpoints: `Checkpoint` with ``keep_best`` keeps it there.
    """

    def __init__(
        self,
        monitor: Monitored = "score",
        *,
        patience: int | None = 5,
        min_improvement: float = 0.0,
        mode: str = "auto",
        max_seconds: float | None = None,
        max_epochs: int | None = None,
        max_score: float | None = None,
        best_score: float | None = None,
        restore_best: bool = True,
        conditions: Sequence[TerminationCondition] = (),
        evaluate_every_n_epochs: int = 1,
    ) -> None:
        self._monitor = Monitor.of(monitor, mode, "EarlyStopping")
        made: list[TerminationCondition] = [InvalidScoreIterationTerminationCondition(), *conditions]
        if patience is not None:
            patience = whole_number("EarlyStopping: patience", patience)
            made.append(ScoreImprovementEpochTerminationCondition(patience, min_improvement))
        if max_epochs is not None:
            made.append(MaxEpochsTerminationCondition(max_epochs))
        if best_score is not None:
            made.append(BestScoreEpochTerminationCondition(best_score))
        if max_seconds is not None:
            made.append(MaxTimeIterationTerminationCondition(max_seconds))
        if max_score is not None:
            made.append(MaxScoreIterationTerminationCondition(max_score))
        for condition in made:
            if not isinstance(condition, TerminationCondition):
                raise ConfigError(f"EarlyStopping: expected a termination condition, got {type(condition).__name__}")
        self._conditions = made
        self._restore = bool(restore_best)
        self._every = whole_number("EarlyStopping: evaluate_every_n_epochs", evaluate_every_n_epochs)
        self._begin()

    def _begin(self) -> None:
        self.best_epoch: int | None = None
        self.best_score = math.nan
        self._scores: dict[int, float] = {}
        self._epochs: dict[int, int] = {}
        self._best: bytes | None = None
        self._network: Any = None
        self._ended_by: tuple[TerminationCondition, str] | None = None
        self._done = 0
        self._since = time.monotonic()

    # --- the fit's turns ---------------------------------------------------------------------------------------------

    def on_fit_start(self, fit: Fit) -> None:
        """Check that the fit has what is monitored; take up the scores of a fit that is resumed."""
        self._monitor.check(fit, "EarlyStopping")
        self._begin()
        self._network = fit.network
        if len(fit.history) and isinstance(self._monitor.what, str):
            for done in range(self._every, len(fit.history) + 1, self._every):
                self._score(done, fit.history.epoch[done - 1], fit.history.metrics(done - 1)[self._monitor.what])
            self._recall_best(fit)
            self._end_by_epoch(fit)

    def on_round(self, fit: Fit) -> None:
        """Look at the clock and the training loss."""
        if fit.round is not None:
            self._end_by_iteration(fit, fit.round.score)

    def on_epoch_end(self, fit: Fit) -> None:
        """Look at the score, and keep the network where it is the best."""
        done = len(fit.history)
        if done % self._every == 0:
            if self._score(done, fit.epoch, self._monitor.value(fit)):
                self._best = fit.archive()
                fit.history.best_epoch = fit.epoch
            self._end_by_epoch(fit)
        self._end_by_iteration(fit, fit.history.score[-1])

    def on_fit_end(self, fit: Fit) -> None:
        """Give the best network back."""
        self._done = len(fit.history)
        # It is the best one already, unless an epoch was begun since.
        is_best = fit.round is None and len(fit.history) and fit.epoch == self.best_epoch
        if self._restore and self._best is not None and fit.error is None and not is_best:
            fit.restore(self._best)

    # --- what they do ------------------------------------------------------------------------------------------------

    def _score(self, done: int, epoch: int, score: float) -> bool:
        """Take a score up; tell whether it is the best."""
        self._scores[done] = score
        self._epochs[done] = epoch
        if not self._monitor.is_better(score, self.best_score):
            return False
        self.best_epoch, self.best_score = epoch, score
        return True

    def _recall_best(self, fit: Fit) -> None:
        fit.history.best_epoch = self.best_epoch
        if self.best_epoch is None:
            return
        if self.best_epoch == fit.epoch:
            self._best = fit.archive()
        elif fit.resumed is not None:
            self._best = fit.resumed.read_epoch(self.best_epoch)
        if self._best is None and self._restore:
            warnings.warn(
                f"the best network so far, after epoch {self.best_epoch}, is not among the checkpoints, so it is not "
                "restored unless a better one follows; Checkpoint(..., keep_best=...) keeps it",
                UserWarning,
                stacklevel=2,
            )

    def _end_by_epoch(self, fit: Fit) -> None:
        for condition in self._conditions:
            if isinstance(condition, EpochTerminationCondition) and self._scores:
                self._end(fit, condition, condition.why(self._scores, self._monitor.minimize))

    def _end_by_iteration(self, fit: Fit, score: float) -> None:
        seconds = time.monotonic() - self._since
        for condition in self._conditions:
            if isinstance(condition, IterationTerminationCondition):
                self._end(fit, condition, condition.why(score, seconds))

    def _end(self, fit: Fit, condition: TerminationCondition, why: str | None) -> None:
        if why is None or self._ended_by is not None:
            return
        self._ended_by = (condition, why)
        monitor = f"{self._monitor}: " if isinstance(condition, EpochTerminationCondition) else ""
        place = f"after epoch {fit.epoch}" if fit.round is None else f"in epoch {fit.epoch + 1}"
        fit.stop(f"early stopping {place}: {monitor}{why}")

    # --- what came of it ---------------------------------------------------------------------------------------------

    def best_network(self) -> Any:
        """Give the best network by itself, wherever the one that was trained is by now; None where there is none."""
        return None if self._best is None else type(self._network)._of(self._best, "the best model")

    @property
    def result(self) -> EarlyStoppingResult:
        """What DL4J's early stopping tells of the fit."""
        reason = details = None
        if self._ended_by is not None:
            condition, why = self._ended_by
            kinds = (EpochTerminationCondition, IterationTerminationCondition)
            reason = next(kind.__name__ for kind in kinds if isinstance(condition, kind))
            details = f"{condition}: {why}"
        return EarlyStoppingResult(
            termination_reason=reason,
            termination_details=details,
            score_vs_epoch={self._epochs[done]: score for done, score in self._scores.items()},
            best_model_epoch=self.best_epoch,
            best_model_score=self.best_score,
            total_epochs=self._done,
            best_model=self.best_network(),
        )
