"""What the Python contenders share: the task they are given, and how they tell what they measured."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

BEGAN = time.perf_counter()


def task() -> dict[str, Any]:
    """Read the task that the harness gave as the one argument."""
    given: dict[str, Any] = json.loads(sys.argv[1])
    return given


def emit(figure: str, **values: Any) -> None:
    """Tell one measurement."""
    print(json.dumps({"figure": figure, **values}), flush=True)


def accuracy(output: np.ndarray, one_hot: np.ndarray) -> float:
    """Give the share of rows whose likeliest class is theirs."""
    return float((output.argmax(axis=1) == one_hot.argmax(axis=1)).mean())


def goes_on(task: dict[str, Any], done: int, reached: float) -> bool:
    """Tell whether one more epoch is wanted: all were asked for, or those that the accuracy still needs."""
    if done < task["epochs"]:
        return True
    return bool(done < task["most_epochs"] and reached < task["target"])


def whole_fits(task: dict[str, Any], fit: Callable[[int], tuple[float, float]]) -> None:
    """Fit anew as often as the task says, then with 1, 2, 3 … epochs until one of the fits is accurate enough.

    `fit` takes the number of epochs and gives the seconds from call to return, and the accuracy.
    """
    known: dict[int, float] = {}
    for epochs in task["fits"]:
        seconds, reached = fit(epochs)
        known[epochs] = reached
        emit("fit", epochs=epochs, seconds=seconds, accuracy=reached)
    for epochs in range(1, task["most_epochs"] + 1):
        if known.get(epochs, 1.0) < task["target"]:
            continue  # was not enough, with the same seed
        seconds, reached = fit(epochs)
        emit("reached" if reached >= task["target"] else "fit", epochs=epochs, seconds=seconds, accuracy=reached)
        if reached >= task["target"]:
            return
