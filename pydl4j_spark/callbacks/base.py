"""What a callback is, and what it sees of the fit that calls it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pydl4j_spark.callbacks.checkpoint_folder import CheckpointFolder
    from pydl4j_spark.network_state import NetworkState
    from pydl4j_spark.training import History


class Round(NamedTuple):
    """How far an epoch is."""

    rows: int
    """Rows trained in it so far."""
    score: float
    """Their mean training loss."""


class Fit:
    """A fit under way, as its callbacks see it.

    Attributes
    ----------
    network : MultiLayerNetwork or ComputationGraph
        What is trained. It stands still while callbacks run, but for `Callback.on_round`: it may be evaluated, looked
        into and saved, but not trained, moved, reset or given other parameters.
    history : History
        An entry per epoch; of a resumed fit, those before it was interrupted, too.
    epochs : int
        How many the fit is to train; of a resumed fit, how many were left.
    settings : Mapping
        The training master's settings: ``batch_size_per_worker``, ``num_workers``, …
    evaluation : str or None
        What validation rows are evaluated by, ``"CLASSIFICATION"`` or ``"REGRESSION"``; None without any.
    resumed : CheckpointFolder or None
        Where the fit was resumed from.
    round : Round or None
        How far the epoch is; None before its first averaging round and between epochs.
    error : BaseException or None
        What the fit failed with, Ctrl-C included; for `Callback.on_fit_end`.
    """

    def __init__(
        self,
        network: NetworkState,
        history: History,
        epochs: int,
        *,
        settings: Mapping[str, Any],
        evaluation: str | None,
        resumed: CheckpointFolder | None = None,
    ) -> None:
        # Any: users evaluate it, which networks do each in their own way.
        self.network: Any = network
        self.history = history
        self.epochs = epochs
        self.settings = settings
        self.evaluation = evaluation
        self.resumed = resumed
        self.round: Round | None = None
        self.error: BaseException | None = None
        self._first = len(history)
        self._kept: tuple[int, bytes] | None = None

    @property
    def epoch(self) -> int:
        """Epochs that the network has been trained, over all its fits."""
        return self.history.epoch[-1] if len(self.history) else int(self.network.epoch)

    @property
    def epochs_done(self) -> int:
        """How many of `epochs` have been trained."""
        return len(self.history) - self._first

    @property
    def stopped(self) -> str | None:
        """Why the fit was stopped; None where it was not."""
        return self.history.stopped

    def stop(self, reason: str) -> None:
        """End the fit well, once all callbacks have been called: no exception, and ``history.stopped`` says why.

        Nothing more is trained after an epoch. Within one (`Callback.on_round`) the network is as the last average left
        it; that epoch has no entry in the history and is not counted, so a next fit trains it from its beginning.

        Parameters
        ----------
        reason : str
            Why; the first one counts.
        """
        if self.history.stopped is None:
            self.history.stopped = str(reason)

    def archive(self) -> bytes:
        """Give the network as it is now as a model zip's bytes, made once however many callbacks ask."""
        if self._kept is None or self._kept[0] != len(self.history):
            self._kept = (len(self.history), self.network._bytes())
        return self._kept[1]

    def restore(self, archive: bytes) -> None:
        """Make the network what it was when `archive` gave it; only at the fit's end, when nothing more is trained."""
        self.network._restore(archive)
        self._kept = None


class Callback:
    """What is told of a fit; subclasses say what they do with it.

    A fit calls its callbacks in the order given. What one of them raises ends the fit, as an error that reaches the
    user; to end it well call `Fit.stop`.
    """

    def on_fit_start(self, fit: Fit) -> None:
        """Begin: data and settings have been checked, nothing has been trained."""

    def on_round(self, fit: Fit) -> None:
        """Look at ``fit.round``, after averaging rounds, ten times a second at most. The network is at work."""

    def on_epoch_end(self, fit: Fit) -> None:
        """Act on an epoch, which is in the history."""

    def on_fit_end(self, fit: Fit) -> None:
        """End, also after a failure and Ctrl-C (``fit.error``); called where `on_fit_start` was, and went well."""
