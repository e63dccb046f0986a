"""How a network is trained: the training masters' settings, and the history of a fit."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import Attribute, asdict, define, field, frozen

from pydl4j_spark.errors import ConfigError
from pydl4j_spark.evaluation import Evaluation, RegressionEvaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FREQUENT_ENOUGH = 20


def whole_number(name: str, value: Any, minimum: int = 1) -> int:
    """Give a setting as Python's own int, numpy's taken too.

    Raises
    ------
    ConfigError
        When it is no whole number, or below the minimum.
    """
    plain = _plain(value)
    if isinstance(plain, bool) or not isinstance(plain, int) or plain < minimum:
        raise ConfigError(f"{name} must be a whole number of at least {minimum}, got {plain!r}")
    return plain


def _whole(minimum: int) -> Any:
    def validate(instance: Any, attribute: Attribute[Any], value: Any) -> None:
        whole_number(f"{type(instance).__name__}: {attribute.name}", value, minimum)

    return validate


def _optional_whole(minimum: int) -> Any:
    validate = _whole(minimum)

    def validate_optional(instance: Any, attribute: Attribute[Any], value: Any) -> None:
        if value is not None:
            validate(instance, attribute, value)

    return validate_optional


def _plain(value: Any) -> Any:
    """Turn numpy's scalars into Python's."""
    return value.item() if getattr(value, "size", 0) == 1 and hasattr(value, "item") else value


@frozen(kw_only=True)
class _AveragingMaster:
    batch_size_per_worker: int = field(default=16, converter=_plain, validator=_whole(1))
    averaging_frequency: int = field(default=5, converter=_plain, validator=_whole(1))
    num_workers: int | None = field(default=None, converter=_plain, validator=_optional_whole(1))
    save_updater: bool = field(default=True, converter=_plain)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.save_updater, bool):
            raise ConfigError(f"{type(self).__name__}: save_updater must be True or False, got {self.save_updater!r}")
        if self.averaging_frequency > _FREQUENT_ENOUGH:
            warnings.warn(
                f"averaging_frequency={self.averaging_frequency}: workers drift apart when they average seldom; "
                f"5 to {_FREQUENT_ENOUGH} is safe",
                UserWarning,
                stacklevel=3,
            )

    def settings(self) -> dict[str, Any]:
        """Give the settings as the engine takes them."""
        return {"master": type(self).__name__, **asdict(self)}


@frozen(kw_only=True)
class ResidentAveragingTrainingMaster(_AveragingMaster):
    """Train copies of the network on workers that stay, and average their parameters; the default of ``fit``.

    The same training as `ParameterAveragingTrainingMaster`, without what that costs: rows are converted once and cached
    on the executors, networks and buffers stay there between rounds and epochs, and a round of averaging costs no Spark
    job (class ``org.pydl4j.spark.ResidentAveragingTrainingMaster`` in the jar).

    Parameters
    ----------
    batch_size_per_worker : int
        Rows in a minibatch. Default 16.
    averaging_frequency : int
        Minibatches that each worker trains between two averages. Default 5; above 20 accuracy tends to suffer.
    num_workers : int, optional
        Copies of the network. Default: Spark's default parallelism, the number of cores that have registered when
        the fit starts; a cluster that is still starting may count fewer, so say it there. Where there are more workers
        than cores, a core trains several in turn; the result is the same.
    save_updater : bool
        Average the updater's state (Adam's moments, momentum) with the parameters. Default True; False starts every
        round with a fresh state, as DL4J does by default.
    round_timeout : int
        Seconds after which a round that has not ended (no executors, minibatches that slow) fails the fit. Default 600.

    Raises
    ------
    ConfigError
        For a setting that is impossible.

    Notes
    -----
    Every row is trained once per epoch whatever the numbers. Rows are dealt to minibatches, minibatches to workers in
    turn; the last minibatch may be shorter, the last round may hold fewer minibatches or workers. Averages are weighted
    by the rows that each worker has trained in the round. The same seed, number of workers and native library give the
    same parameters to the bit, whatever executors are lost and tasks retried on the way.
    """

    round_timeout: int = field(default=600, converter=_plain, validator=_whole(1))


@frozen(kw_only=True)
class ParameterAveragingTrainingMaster(_AveragingMaster):
    """Train copies of the network on workers and average their parameters (DL4J's class of the same name).

    Parameters
    ----------
    batch_size_per_worker : int
        Rows in a minibatch. Default 16.
    averaging_frequency : int
        Minibatches that each worker trains between two averages. Default 5; above 20 accuracy tends to suffer.
    num_workers : int, optional
        Copies of the network. Default: Spark's default parallelism, the number of cores that have registered when
        the fit starts; a cluster that is still starting may count fewer, so say it there.
    save_updater : bool
        Average the updater's state (Adam's moments, momentum) with the parameters. Default True; DL4J's own default,
        False, throws it away at every average.
    aggregation_depth : int
        Depth of the tree by which Spark sums the parameters. Default 2.
    worker_prefetch_num_batches : int
        Minibatches prepared ahead in a thread of their own. Default 0.

    Raises
    ------
    ConfigError
        For a setting that is impossible.

    Notes
    -----
    DL4J's own master, driven so that every row is trained once per epoch. It makes a network anew and starts several
    Spark jobs in every round; `ResidentAveragingTrainingMaster` gives the same result in a fraction of the time.
    Averages are not weighted, so in a last round that is short a worker with fewer rows counts as much as the others.
    """

    aggregation_depth: int = field(default=2, converter=_plain, validator=_whole(1))
    worker_prefetch_num_batches: int = field(default=0, converter=_plain, validator=_whole(0))


TrainingMaster = ResidentAveragingTrainingMaster | ParameterAveragingTrainingMaster


@define(eq=False)
class History:
    """What happened in a fit: one entry per epoch in every list."""

    epoch: list[int] = field(factory=list)
    """Number of the epoch, counted over all fits of the network, from 1."""
    score: list[float] = field(factory=list)
    """Mean training loss of the rows, each measured just before its minibatch's update."""
    seconds: list[float] = field(factory=list)
    """Wall time of training, without validation."""
    rows: list[int] = field(factory=list)
    """Rows that the workers counted as trained; equal to the rows given."""
    overhead: list[float] = field(factory=list)
    """Seconds that the median averaging round took beyond its minibatches; NaN where the master does not measure it."""
    iteration: list[int] = field(factory=list)
    """Parameter updates of a worker since the network began."""
    validation: list[Evaluation | RegressionEvaluation] = field(factory=list)
    """Evaluation of the validation rows after each epoch; empty without validation data."""

    stopped: str | None = None
    """Why the fit ended before its last epoch; None where a callback did not stop it."""
    best_epoch: int | None = None
    """The best epoch's number, where early stopping looked for it."""

    def __len__(self) -> int:
        return len(self.epoch)

    def metrics(self, index: int = -1) -> dict[str, float]:
        """Give an epoch's numbers by the names that callbacks monitor and log.

        Parameters
        ----------
        index : int
            Which entry. Default: the last.

        Returns
        -------
        dict of str to float
            ``score``; with validation ``validation_score`` and those of its evaluation, such as
            ``validation_accuracy``.
        """
        known = self.validation[index].metrics if self.validation else {}
        return {"score": self.score[index], **{f"validation_{name}": number for name, number in known.items()}}

    def to_pandas(self) -> Any:
        """Give a table, by epoch: `metrics`, iteration, rows and seconds. Needs pandas."""
        import pandas

        columns = {"iteration": self.iteration, "rows": self.rows, "seconds": self.seconds}
        table = pandas.DataFrame(columns, index=pandas.Index(self.epoch, name="epoch"))
        numbers = pandas.DataFrame([self.metrics(index) for index in range(len(self))], index=table.index)
        return pandas.concat([table, numbers], axis=1)

    def until(self, epoch: int) -> History:
        """Give what happened up to an epoch, by its number."""
        count = sum(number <= epoch for number in self.epoch)
        return History(**{name: getattr(self, name)[:count] for name in _LISTS})

    def to_dict(self) -> dict[str, Any]:
        """Give the entries as plain lists and numbers, for JSON."""
        return {name: getattr(self, name) for name in _LISTS} | {
            "validation": [_plain_evaluation(v) for v in self.validation]
        }

    @classmethod
    def from_dict(cls, known: dict[str, Any]) -> History:
        """Make it of what `to_dict` gave."""
        history = cls(**{name: list(known[name]) for name in _LISTS})  # type: ignore[arg-type]  # no list goes elsewhere
        history.validation = [_read_evaluation(evaluation) for evaluation in known["validation"]]
        return history

    def plot(self, path: str | Path | None = None) -> Figure:
        """Draw training and validation loss, and accuracy where there is one; write to ``path`` where given."""
        from pydl4j_spark.plot import training_curve

        return training_curve(self, path)


_LISTS = ("epoch", "score", "seconds", "rows", "overhead", "iteration", "validation")


def _plain_evaluation(evaluation: Evaluation | RegressionEvaluation) -> dict[str, Any]:
    return {name: _listed(value) for name, value in asdict(evaluation).items()}


def _listed(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _read_evaluation(known: dict[str, Any]) -> Evaluation | RegressionEvaluation:
    if "confusion_matrix" not in known:
        arrays = {name: np.asarray(value, float) for name, value in known.items() if isinstance(value, list)}
        return RegressionEvaluation(**{**known, **arrays})
    matrix = np.asarray(known["confusion_matrix"], np.int64)
    return Evaluation(**{**known, "labels": tuple(known["labels"]), "confusion_matrix": matrix})
