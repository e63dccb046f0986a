"""Where a fit begins, and what its events become: its history, its progress on the terminal, the callbacks' turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from pydl4j_spark.callbacks.base import Callback, Fit, Round
from pydl4j_spark.callbacks.checkpoint_folder import CheckpointFolder
from pydl4j_spark.engine.protocol import Event, EventHandler
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.evaluation import evaluation_result
from pydl4j_spark.model_zip import read_model_zip
from pydl4j_spark.network_state import NetworkState
from pydl4j_spark.progress import FitProgress
from pydl4j_spark.training import History, whole_number

Callbacks = Iterable[Callback | Callable[[History], object]]

_RECORDED = ("epoch", "score", "seconds", "rows", "overhead", "iteration")
_COUNTERS = {"epochCount", "iterationCount"}


@frozen
class Start:
    """Where a fit begins."""

    epochs: int
    """How many are left to train."""
    history: History
    """What happened before; to be filled."""
    checkpoints: CheckpointFolder | None = None
    """Where it was resumed from."""


def begin(network: NetworkState, epochs: int, resume: str | Path | None) -> Start:
    """Begin a fit anew, or where a checkpoint is, which the network is brought to.

    Raises
    ------
    ConfigError
        When ``epochs`` is no number of epochs, or the checkpoints are of another network.
    ModelFormatError
        When there are checkpoints, and none of them is whole.
    """
    epochs = whole_number("epochs", epochs)
    if resume is None:
        return Start(epochs, History())
    network._check_at_rest()
    checkpoints = CheckpointFolder(resume)
    manifest = checkpoints.manifest()
    found = checkpoints.newest(manifest)
    if found is None:
        return Start(epochs, History(), checkpoints)
    entry, archive = found
    _check_same(network, archive, f"resume: {checkpoints}/{entry.file}")
    network._restore(archive)
    left = max(0, manifest.began + epochs - entry.epoch)
    return Start(left, manifest.history_until(entry.epoch), checkpoints)


def _check_same(network: NetworkState, archive: bytes, place: str) -> None:
    """Make sure that a checkpoint is of this network, as DL4J writes both."""
    engine, handle = network._alive()
    there, here = read_model_zip(archive).configuration, engine.configuration(handle)
    difference = _difference(there, here, "")
    if difference is not None:
        raise ConfigError(
            f"{place} is of another network, or of this one with other settings: {difference}. Give another folder, or "
            "load_checkpoint(folder) to train the network that is there"
        )


def _difference(there: Any, here: Any, path: str) -> str | None:
    if isinstance(there, dict) and isinstance(here, dict):
        for key in sorted((there.keys() | here.keys()) - _COUNTERS):
            found = _difference(there.get(key), here.get(key), f"{path}.{key}" if path else key)
            if found is not None:
                return found
        return None
    if isinstance(there, list) and isinstance(here, list):
        if len(there) != len(here):
            return f"{path} has {len(there)} entries there and {len(here)} here"
        pairs = zip(there, here, strict=True)
        found_in = (_difference(a, b, f"{path}[{place}]") for place, (a, b) in enumerate(pairs))
        return next((found for found in found_in if found is not None), None)
    # NaN, which DL4J writes as text or as a number, is equal to itself here.
    return None if there == here or str(there) == str(here) else f"{path} is {there!r} there and {here!r} here"


class _Stopped(Exception):
    """No error: carries a callback's decision to stop through the engine."""


class _Function(Callback):
    """A callable that is called with the history after every epoch."""

    def __init__(self, function: Callable[[History], object]) -> None:
        self._function = function

    def on_epoch_end(self, fit: Fit) -> None:
        self._function(fit.history)


def _callback(given: Any) -> Callback:
    if isinstance(given, type) and issubclass(given, Callback):
        raise ConfigError(f"callbacks: {given.__name__} is a class; give an object, {given.__name__}(...)")
    if isinstance(given, Callback):
        return given
    if not callable(given):
        raise ConfigError(
            f"callbacks are Callback objects, or called with the History, but {type(given).__name__} is not callable"
        )
    return _Function(given)


@contextmanager
def recorded(
    network: NetworkState,
    start: Start,
    settings: dict[str, Any],
    *,
    labels: tuple[str, ...] | None,
    validation: bool,
    callbacks: Callbacks,
    progress: bool,
) -> Iterator[EventHandler]:
    """Give what an engine calls with the events of one fit.

    Where a callback stops the fit, what the engine raises for it ends here.

    Parameters
    ----------
    network : NetworkState
        What is trained.
    start : Start
        Where the fit begins; its history is filled, an entry per epoch.
    settings : dict
        Those of the engine.
    labels : tuple of str or None
        Names of the classes.
    validation : bool
        There are validation rows.
    callbacks : iterable
        `Callback` objects, and callables that are called with the history after every epoch.
    progress : bool
        Draw progress on the terminal.

    Raises
    ------
    ConfigError
        When a callback is none, or wants what the fit does not have.
    """
    called = [_callback(given) for given in callbacks]
    history = start.history
    fit = Fit(
        network,
        history,
        start.epochs,
        settings=settings["master"],
        evaluation=settings["evaluation"] if validation else None,
        resumed=start.checkpoints,
    )
    with ExitStack() as ends, FitProgress(start.epochs, visible=progress) as bar:

        def on_event(event: Event) -> None:
            # What is no number comes as the text "NaN" or "Infinity".
            event = {**event, **{key: float(event[key]) for key in ("score", "overhead") if key in event}}
            getattr(bar, event["event"])(event)
            if event["event"] == "round":
                fit.round = Round(event["rows"], event["score"])
                for callback in called:
                    callback.on_round(fit)
            elif event["event"] == "epoch":
                fit.round = None
                for key in _RECORDED:
                    getattr(history, key).append(event[key])
                if event.get("validation") is not None:
                    history.validation.append(evaluation_result(event["validation"], labels))
                for callback in called:
                    callback.on_epoch_end(fit)
            if fit.stopped is not None:
                raise _Stopped

        begun: list[Callback] = []
        try:
            for callback in called:
                callback.on_fit_start(fit)
                begun.append(callback)
            yield on_event
        except _Stopped:
            bar.stopped(str(fit.stopped))
        except BaseException as error:
            fit.error = error
            raise
        finally:
            for callback in reversed(begun):  # they are called in their order, each whatever the others raise
                ends.callback(callback.on_fit_end, fit)
