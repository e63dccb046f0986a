"""Keeps a fit's network on disk, so that a driver that is killed costs an epoch at most."""

from __future__ import annotations

import math
import time
from pathlib import Path

from attrs import evolve

from pydl4j_spark.callbacks.base import Callback, Fit
from pydl4j_spark.callbacks.checkpoint_folder import CheckpointFolder, Entry, Manifest
from pydl4j_spark.callbacks.monitor import Monitor
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.training import whole_number


class Checkpoint(Callback):
    """Writes the network into a folder after epochs: parameters, updater's state, counters, normalizer, history.

    Every checkpoint is a model zip that DL4J reads, too. It is written aside, reaches the disk and gets its name, then
    the manifest (``checkpoints.json``, with the SHA-256 of each) is replaced in the same way: whenever the process
    ends, the newest whole one is there. ``fit(..., resume=folder)`` goes on from it.

    Parameters
    ----------
    folder : str or Path
        A local path, or a URI of a Hadoop filesystem such as ``hdfs://…/run7`` (needs a Spark session). One folder is
        for one training: where it holds checkpoints of another, or of later epochs, the fit is refused. Files that were
        not written by a `Checkpoint` are never touched.
    every_epochs : int
        Epochs between two checkpoints. Default 1.
    every_seconds : float, optional
        Time that must have passed, besides, since the last one. Looked at when an epoch ends, for there the network
        stands still and training can go on bit for bit.
    keep_last : int
        How many to keep. Default 3: a damaged one leaves others.
    keep_best : str, optional
        A monitor, as `EarlyStopping` has them: whenever it is better than ever before a checkpoint is written, and the
        best one is kept beside the last.

    Raises
    ------
    ConfigError
        For a setting that is impossible; at a fit's start for a monitor that it does not have, and for a folder of
        another training.

    Notes
    -----
    The last epoch of a fit that ends well is always written.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        every_epochs: int = 1,
        every_seconds: float | None = None,
        keep_last: int = 3,
        keep_best: str | None = None,
    ) -> None:
        self._folder = CheckpointFolder(folder)
        self._every = whole_number("Checkpoint: every_epochs", every_epochs)
        self._keep_last = whole_number("Checkpoint: keep_last", keep_last)
        if every_seconds is not None and (isinstance(every_seconds, bool) or not every_seconds >= 0):
            raise ConfigError(f"Checkpoint: every_seconds must be a number of at least 0, got {every_seconds!r}")
        self._seconds = every_seconds or 0.0
        if keep_best is not None and not isinstance(keep_best, str):
            raise ConfigError(f"Checkpoint: keep_best must be the name of a monitor, got {keep_best!r}")
        self._monitor = None if keep_best is None else Monitor.of(keep_best, "auto", "Checkpoint: keep_best")
        self._manifest = Manifest()
        self._written = (0, 0.0)

    def on_fit_start(self, fit: Fit) -> None:
        """Look at what is in the folder."""
        if self._monitor is not None:
            self._monitor.check(fit, "Checkpoint: keep_best")
        manifest = self._folder.manifest()
        last = manifest.entries[-1].epoch if manifest.entries else 0
        if fit.epoch < last:
            if fit.resumed != self._folder:
                raise ConfigError(
                    f"Checkpoint: {self._folder} holds checkpoints up to epoch {last}, and this network is at epoch "
                    f"{fit.epoch}: go on from them with fit(..., resume={str(self._folder)!r}), or give another folder"
                )
            # The later ones are damaged.
            self._folder.keep(manifest, [entry for entry in manifest.entries if entry.epoch <= fit.epoch])
        manifest.began = fit.history.epoch[0] - 1 if len(fit.history) else fit.epoch
        name = None if self._monitor is None else str(self._monitor)
        if manifest.monitor != name:
            manifest.entries = [evolve(entry, score=math.nan) for entry in manifest.entries]
            manifest.monitor = name
        self._manifest = manifest
        self._written = (len(fit.history), time.monotonic())

    def on_epoch_end(self, fit: Fit) -> None:
        """Write, where it is time."""
        epochs, when = self._written
        due = len(fit.history) - epochs >= self._every and time.monotonic() - when >= self._seconds
        score = self._score(fit)
        if self._monitor is not None:
            best = self._best()
            due = due or self._monitor.is_better(score, math.nan if best is None else best.score)
        if due:
            self._write(fit, score)

    def on_fit_end(self, fit: Fit) -> None:
        """Write the last epoch, unless it is there, or an earlier network was restored."""
        done = len(fit.history)
        if fit.error is None and fit.round is None and done > self._written[0] and fit.network.epoch == fit.epoch:
            self._write(fit, self._score(fit))

    def _score(self, fit: Fit) -> float:
        return math.nan if self._monitor is None else self._monitor.value(fit)

    def _write(self, fit: Fit, score: float) -> None:
        manifest = self._manifest
        self._folder.add(manifest, fit.archive(), fit.epoch, fit.history.iteration[-1], score)
        manifest.history = fit.history.to_dict()
        kept = manifest.entries[-self._keep_last :]
        best = self._best()
        self._folder.keep(manifest, kept if best is None or best in kept else [best, *kept])
        self._written = (len(fit.history), time.monotonic())

    def _best(self) -> Entry | None:
        best: Entry | None = None
        for entry in self._manifest.entries:
            if self._monitor is not None and self._monitor.is_better(
                entry.score, math.nan if best is None else best.score
            ):
                best = entry
        return best
