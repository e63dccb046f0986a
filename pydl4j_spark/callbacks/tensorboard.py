"""A fit's numbers for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydl4j_spark.callbacks.base import Callback, Fit
from pydl4j_spark.callbacks.extras import extra


class TensorBoard(Callback):
    """Writes what `History.metrics` has, and seconds and rows, as scalars by epoch; TensorFlow is not needed.

    Needs tensorboardX: ``pip install 'pydl4j-spark[tensorboard]'``. Look with ``tensorboard --logdir folder``.

    Parameters
    ----------
    folder : str or Path
        Where event files go: a local folder, one for each run.

    Raises
    ------
    ConfigError
        When tensorboardX is not installed.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._library = extra("tensorboardX", "tensorboard", "TensorBoard")
        self._writer: Any = None

    def on_fit_start(self, fit: Fit) -> None:
        """Open an event file."""
        self._writer = self._library.SummaryWriter(str(self._folder))

    def on_epoch_end(self, fit: Fit) -> None:
        """Write the epoch's numbers."""
        history = fit.history
        numbers = {**history.metrics(), "seconds": history.seconds[-1], "rows": history.rows[-1]}
        for name, number in numbers.items():
            self._writer.add_scalar(name, number, fit.epoch)
        self._writer.flush()

    def on_fit_end(self, fit: Fit) -> None:
        """Close the event file."""
        self._writer.close()
