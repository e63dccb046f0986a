"""A fit's numbers as a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import IO

from pydl4j_spark.callbacks.base import Callback, Fit
from pydl4j_spark.callbacks.monitor import monitors
from pydl4j_spark.errors import ConfigError

_COLUMNS = ("epoch", "iteration", "rows", "seconds")


class CSVLogger(Callback):
    """Writes a line per epoch: epoch, iteration, rows, seconds, score and, where there is validation, its metrics.

    Lines are there as soon as their epochs end. Of a resumed fit the epochs before the interruption are there, too.

    Parameters
    ----------
    path : str or Path
        A local file.
    append : bool
        Go on in a file that is there; its columns must be those of the fit. Default False: replace it.

    Raises
    ------
    ConfigError
        At a fit's start, when the columns of the file are others.
    """

    def __init__(self, path: str | Path, *, append: bool = False) -> None:
        self._path = Path(path)
        self._append = bool(append)
        self._names: list[str] = []
        self._file: IO[str] | None = None

    def on_fit_start(self, fit: Fit) -> None:
        """Open the file, and write its header."""
        self._names = monitors(fit.evaluation)
        header = [*_COLUMNS, *self._names]
        goes_on = self._append and self._path.exists() and self._path.stat().st_size > 0
        if goes_on:
            with self._path.open(newline="", encoding="utf-8") as file:
                there = next(csv.reader(file))
            if there != header:
                raise ConfigError(
                    f"CSVLogger: {self._path} has the columns {', '.join(there)}, and this fit {', '.join(header)}; "
                    "give another file, or append=False to replace it"
                )
        self._file = self._path.open("a" if goes_on else "w", newline="", encoding="utf-8")
        if not goes_on:
            csv.writer(self._file).writerow(header)
            for done in range(len(fit.history)):
                self._write(fit, done)
        self._file.flush()

    def on_epoch_end(self, fit: Fit) -> None:
        """Write the epoch's line."""
        self._write(fit, -1)

    def on_fit_end(self, fit: Fit) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, fit: Fit, done: int) -> None:
        assert self._file is not None
        metrics = fit.history.metrics(done)
        counts = [getattr(fit.history, name)[done] for name in _COLUMNS]
        csv.writer(self._file).writerow([*counts, *(metrics[name] for name in self._names)])
        self._file.flush()
