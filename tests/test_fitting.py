"""A fit's events become its history and its progress, whoever trains."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from pydl4j_spark import ConfigError, History
from pydl4j_spark.fitting import recorded
from pydl4j_spark.progress import FitProgress

EPOCH = {"event": "epoch", "epoch": 4, "score": 0.5, "seconds": 1.0, "rows": 60, "overhead": "NaN", "iteration": 9}
REPORT = {"kind": "classification", "loss": "NaN", "rows": 2, "confusion_matrix": [[1, 0], [1, 0]]}
REPORT |= dict.fromkeys(("accuracy", "precision", "recall", "f1"), 0.5)


def test_numbers_that_are_none_come_as_text():
    history = History()
    with recorded(history, 1, labels=("no", "yes"), callbacks=[], progress=False) as on_event:
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
    with recorded(History(), 2, labels=None, callbacks=callbacks, progress=False) as on_event:
        on_event(EPOCH)
        on_event(EPOCH)
    assert seen == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]


def test_what_cannot_be_called():
    with (
        pytest.raises(ConfigError, match="callbacks are called with the History, but str is not callable"),
        recorded(History(), 1, labels=None, callbacks=["print"], progress=False),
    ):
        pass


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


def test_silence(terminal):
    with FitProgress(1, visible=False) as bar:
        bar.start({"rows": 60})
        bar.epoch(EPOCH)
    assert terminal.getvalue() == ""
