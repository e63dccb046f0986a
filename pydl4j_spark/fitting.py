"""What a fit's events become: its history, its progress on the terminal, the callbacks' turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from pydl4j_spark.engine.protocol import Event, EventHandler
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.evaluation import evaluation_result
from pydl4j_spark.progress import FitProgress
from pydl4j_spark.training import History

Callback = Callable[[History], object]

_RECORDED = ("epoch", "score", "seconds", "rows", "overhead", "iteration")


@contextmanager
def recorded(
    history: History,
    epochs: int,
    *,
    labels: tuple[str, ...] | None,
    callbacks: Iterable[Callback],
    progress: bool,
) -> Iterator[EventHandler]:
    """Give what an engine calls with the events of one fit.

    Parameters
    ----------
    history : History
        Filled, an entry per epoch.
    epochs : int
        How many there will be.
    labels : tuple of str or None
        Names of the classes.
    callbacks : iterable of callables
        Called with the history after every epoch.
    progress : bool
        Draw progress on the terminal.

    Raises
    ------
    ConfigError
        When a callback cannot be called.
    """
    called = list(callbacks)
    for callback in called:
        if not callable(callback):
            raise ConfigError(f"callbacks are called with the History, but {type(callback).__name__} is not callable")
    with FitProgress(epochs, visible=progress) as bar:

        def on_event(event: Event) -> None:
            # What is no number comes as the text "NaN" or "Infinity".
            event = {**event, **{key: float(event[key]) for key in ("score", "overhead") if key in event}}
            getattr(bar, event["event"])(event)
            if event["event"] != "epoch":
                return
            for key in _RECORDED:
                getattr(history, key).append(event[key])
            if event.get("validation") is not None:
                history.validation.append(evaluation_result(event["validation"], labels))
            for callback in called:
                callback(history)

        yield on_event
