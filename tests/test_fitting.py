"""A fit's events become its history and its progress, whoever trains."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from pydl4j_spark import ConfigError, History
from pydl4j_spark.callbacks import Callback
from pydl4j_spark.fitting import Start, recorded
from pydl4j_spark.progress import FitProgress

EPOCH = {"event": "epoch", "epoch": 4, "score": 0.5, "seconds": 1.0, "rows": 60, "overhead": "NaN", "iteration": 9}
REPORT = {"kind": "classification", "loss": "NaN", "rows": 2, "confusion_matrix": [[1, 0], [1, 0]]}
REPORT |= dict.fromkeys(("accuracy", "precision", "recall", "f1"), 0.5)


SETTINGS = {"master": {"num_workers": 2}, "evaluation": "CLASSIFICATION"}


class Network:
    """Nothing is asked of it but how far it is."""

    epoch = 3


def told(*callbacks, epochs=2, history=None, labels=None, validation=False):
    start = Start(epochs, History() if history is None else history)
    return recorded(
        Network(), start, SETTINGS, labels=labels, validation=validation, callbacks=callbacks, progress=False
    )


def test_numbers_that_are_none_come_as_text():
    history = History()
    with told(history=history, labels=("no", "yes"), validation=True) as on_event:
        on_event({"event": "start", "rows": 60})
        on_event({"event": "round", "rows": 30, "score": "Infinity"})
        assert len(history) == 0
        on_event({**EPOCH, "score": "-Infinity", "validation": REPORT})
    assert history.score == [-math.inf]
    assert math.isnan(history.overhead[0])
    assert (history.epoch, history.iteration, history.rows, history.seconds) == ([4], [9], [60], [1.0])
    assert math.isnan(history.validation[0].loss)
    assert history.validation[0].labels == ("no", "yes")


def test_callbacks_come_in_turn_after_the_epoch_is_recorded():
    seen = []
    callbacks = (lambda history, name=name: seen.append((name, len(history))) for name in "ab")
    with told(*callbacks) as on_event:
        on_event(EPOCH)
        on_event(EPOCH)
    assert seen == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]


@pytest.mark.parametrize(
    ("given", "says"), [("print", "called with the History, but str is not"), (Callback, "give an object, Callback")]
)
def test_what_cannot_be_called(given, says):
    with pytest.raises(ConfigError, match=says), told(given):
        pass


class Diary(Callback):
    """Notes its turns; raises or stops where it is told to."""

    def __init__(self, name="", notes=None, **acts):
        self.name, self.acts = name, acts
        self.notes = [] if notes is None else notes

    def _turn(self, turn, fit):
        self.notes.append(self.name + turn)
        self.fit = fit
        if turn in self.acts:
            self.acts[turn](fit)

    def on_fit_start(self, fit):
        self._turn("start", fit)

    def on_round(self, fit):
        self._turn("round", fit)

    def on_epoch_end(self, fit):
        self._turn("epoch", fit)

    def on_fit_end(self, fit):
        self._turn("end", fit)


def fail(fit):
    raise RuntimeError("enough")


ROUND = {"event": "round", "rows": 30, "score": 0.75}


def test_a_callback_sees_the_fit():
    seen = []
    diary = Diary(
        start=lambda fit: seen.append((fit.epoch, fit.epochs, fit.evaluation, fit.settings["num_workers"])),
        round=lambda fit: seen.append(fit.round),
        epoch=lambda fit: seen.append((fit.epoch, fit.epochs_done, fit.round, fit.history.score)),
        end=lambda fit: seen.append((fit.error, fit.stopped)),
    )
    with told(diary, validation=True) as on_event:
        on_event(ROUND)
        on_event({**EPOCH, "validation": REPORT})
    assert seen == [(3, 2, "CLASSIFICATION", 2), (30, 0.75), (4, 1, None, [0.5]), (None, None)]


@pytest.mark.parametrize("turn", ["start", "round", "epoch"])
def test_a_stop_ends_the_work_well(turn):
    notes, history = [], History()
    stop = Diary("a ", notes, **{turn: lambda fit: (fit.stop("it is late"), fit.stop("or is it?"))})
    with told(stop, Diary("b ", notes), history=history) as on_event:
        for event in ({"event": "start", "rows": 60}, ROUND, EPOCH):
            on_event(event)
        raise AssertionError("the engine's work went on")
    turns = {"start": ["start"], "round": ["start", "round"], "epoch": ["start", "round", "epoch"]}[turn]
    assert notes == [name + each for each in [*turns, "end"] for name in ("a ", "b ")]
    assert history.stopped == "it is late"
    assert len(history) == (turn == "epoch")
    assert stop.fit.error is None


@pytest.mark.parametrize("error", [RuntimeError("enough"), KeyboardInterrupt()])
def test_callbacks_end_whatever_happens(error):
    first, second = Diary(), Diary(end=fail)
    with pytest.raises((RuntimeError, KeyboardInterrupt)), told(second, first):
        raise error
    assert first.notes == second.notes == ["start", "end"]
    assert first.fit.error is error


def test_what_did_not_begin_does_not_end():
    first, second, third = Diary(), Diary(start=fail), Diary()
    with pytest.raises(RuntimeError, match="enough"), told(first, second, third):
        raise AssertionError("the fit began")
    assert (first.notes, second.notes, third.notes) == (["start", "end"], ["start"], [])


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 100 columns that keeps what is drawn."""
    text = io.StringIO()

    def console(**settings):
        return Console(file=text, force_terminal=True, width=100, color_system=None, quiet=settings["quiet"])

    monkeypatch.setattr("pydl4j_spark.progress.Console", console)
    return text


def drawn(bar: FitProgress) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(bar._bar.get_renderable())
    return console.file.getvalue()


def test_progress_counts_the_rows(terminal):
    with FitProgress(2, visible=True) as bar:
        bar.start({"rows": 60})
        bar.round({"rows": 30, "score": 0.75})
        assert "epoch 1/2" in drawn(bar) and "30/60 rows" in drawn(bar) and "score 0.7500" in drawn(bar)
        bar.epoch({**EPOCH, "validation": REPORT})
        assert "epoch 2/2" in drawn(bar) and "0/60" in drawn(bar).replace(" ", "")
        bar.epoch(EPOCH)
    assert "epoch 1/2  score 0.5000  1.0 s  validation loss nan, accuracy 0.5000" in terminal.getvalue()


def test_rows_not_counted_yet_are_counted_in_the_first_epoch(terminal):
    with FitProgress(2, visible=True) as bar:
        bar.start({"rows": None})
        assert bar._bar.tasks[0].total is None  # a bar that pulses
        bar.round({"rows": 30, "score": 0.75})
        assert "30/? rows" in drawn(bar)
        bar.epoch(EPOCH)
        bar.round({"rows": 15, "score": 0.75})
        assert "15/60 rows" in drawn(bar)


def test_a_stop_is_told(terminal):
    with FitProgress(2, visible=True) as bar:
        bar.start({"rows": 60})
        bar.stopped("it is [late]")
    assert "stopped: it is [late]" in terminal.getvalue()


def test_silence(terminal):
    with FitProgress(1, visible=False) as bar:
        bar.start({"rows": 60})
        bar.epoch(EPOCH)
    assert terminal.getvalue() == ""
