"""Java errors become Python errors, in one table."""

from __future__ import annotations

from typing import Any

from pydl4j_spark.errors import (
    ConfigError,
    DataError,
    Dl4jError,
    EngineError,
    ModelFormatError,
    TrainingError,
)

CODES: dict[str, type[Dl4jError]] = {
    "CONFIG": ConfigError,
    "DATA": DataError,
    "TRAINING": TrainingError,
    "MODEL": ModelFormatError,
    "ENGINE": EngineError,
}

_OURS = "org.pydl4j.spark.BridgeException"


def from_event(event: dict[str, Any]) -> Dl4jError:
    """Make an error of a job's last event (``code``, ``message``, ``trace``)."""
    return CODES[event["code"]](event["message"], java_trace=event["trace"])


def from_throwable(thrown: Any, trace: str) -> Dl4jError:
    """Make an error of a Java exception: our own where there is one in its chain of causes, else the innermost.

    Parameters
    ----------
    thrown : java.lang.Throwable
        As py4j or JPype hands it over; both call its methods alike.
    trace : str
        Its stack trace.
    """
    while thrown is not None:
        if str(thrown.getClass().getName()) == _OURS:
            return CODES[str(thrown.code())](str(thrown.getMessage()), java_trace=trace)
        root, thrown = thrown, thrown.getCause()
    return EngineError(f"{root.getClass().getSimpleName()}: {root.getMessage()}", java_trace=trace)
