"""A fit's progress on the terminal: a bar where there is one, a line per epoch elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class FitProgress:
    """Draws a fit's events; use as a context manager around the fit."""

    def __init__(self, epochs: int, *, visible: bool) -> None:
        self._console = Console(stderr=True, quiet=not visible)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("rows"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[score]}"),
            console=self._console,
            transient=True,
            disable=not (visible and self._console.is_terminal),
        )
        self._epochs = epochs
        self._done = 0
        self._task: TaskID | None = None

    def __enter__(self) -> FitProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def start(self, event: dict[str, Any]) -> None:
        """Begin, once the rows are in place; their number is None where they come as minibatches, not yet counted."""
        self._task = self._bar.add_task(self._title(), total=event["rows"], score="")

    def round(self, event: dict[str, Any]) -> None:
        """Move on: some averaging rounds went by."""
        if self._task is not None:
            self._bar.update(self._task, completed=event["rows"], score=f"score {event['score']:.4f}")

    def epoch(self, event: dict[str, Any]) -> None:
        """End an epoch with its line."""
        self._done += 1
        line = f"epoch {self._done}/{self._epochs}  score {event['score']:.4f}  {event['seconds']:.1f} s"
        validation = event.get("validation")
        if validation is not None:
            line += f"  validation loss {float(validation['loss']):.4f}"
            if "accuracy" in validation:
                line += f", accuracy {validation['accuracy']:.4f}"
        self._console.print(line, highlight=False)
        if self._task is not None and self._done < self._epochs:
            self._bar.reset(self._task, total=event["rows"], description=self._title(), score="")

    def stopped(self, reason: str) -> None:
        """Say why the fit ends."""
        self._console.print(f"stopped: {reason}", highlight=False, markup=False)

    def _title(self) -> str:
        return f"epoch {self._done + 1}/{self._epochs}"
