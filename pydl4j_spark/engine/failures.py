"""Java errors become Python errors, in one table."""

from __future__ import annotations

from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError

from pydl4j_spark.errors import (
    ConfigError,
    DataError,
    Dl4jError,
    EngineError,
    JvmGone,
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


def from_java(error: BaseException) -> Dl4jError:
    """Make an error of what py4j or pyspark raised for a Java exception.

    pyspark turns some Java classes into its own ``CapturedException`` before we see them; both are handled.
    """
    if isinstance(error, Py4JJavaError):
        thrown = error.java_exception
        trace = str(error)
        while thrown is not None:
            if thrown.getClass().getName() == _OURS:
                return CODES[thrown.code()](thrown.getMessage(), java_trace=trace)
            root, thrown = thrown, thrown.getCause()
        return EngineError(f"{root.getClass().getSimpleName()}: {root.getMessage()}", java_trace=trace)
    if isinstance(error, (Py4JNetworkError, ConnectionError)):
        return JvmGone("the JVM is gone: the Spark driver ended or was killed; start a new session")
    if isinstance(error, Py4JError):
        return EngineError(f"the call did not reach the JVM: {error}")
    return EngineError(f"{type(error).__name__}: {error}", java_trace=getattr(error, "_stackTrace", None))
