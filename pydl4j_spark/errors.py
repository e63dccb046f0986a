"""Every error this package raises on purpose, in one small family.

    Dl4jError
    ├── ConfigError          a network description that is misspelt, impossible or does not fit together
    ├── DataError            rows, columns, labels or files that cannot be trained on or scored
    ├── TrainingError        a fit that could not be carried to its end
    ├── ModelFormatError     a model file that is damaged, foreign or unsafe to read
    ├── ExportError          a network that cannot leave as ONNX, or whose export is not equal
    │   └── UnsupportedLayer     layers without a converter, all named at once
    └── EngineError          the JVM, the session or the jar are not as they must be
        ├── JarMismatch          jar and package are of different versions
        └── JvmGone              the JVM ended while it was needed

A message says what was wrong, where (layer, column, row, file) and what to do about it. Where the cause was
a Java exception its stack trace is kept in ``java_trace``; it is not printed at the user.
"""

from __future__ import annotations


class Dl4jError(Exception):
    """The root of the family.

    Parameters
    ----------
    message : str
        What was wrong, where, and what to do.
    java_trace : str, optional
        The Java stack trace, where the error was raised in the JVM.
    """

    def __init__(self, message: str, *, java_trace: str | None = None) -> None:
        super().__init__(message)
        self.java_trace = java_trace


class ConfigError(Dl4jError, ValueError):
    """A network description that is misspelt, impossible or does not fit together."""


class DataError(Dl4jError, ValueError):
    """Rows, columns, labels or files that cannot be trained on or scored."""


class TrainingError(Dl4jError, RuntimeError):
    """A fit that could not be carried to its end."""


class ModelFormatError(Dl4jError, ValueError):
    """A model file that is damaged, foreign or unsafe to read."""


class ExportError(Dl4jError, ValueError):
    """A network that cannot leave as ONNX, or whose export is not equal to it."""


class UnsupportedLayer(ExportError):
    """Layers without a converter, all of them named at once."""


class EngineError(Dl4jError, RuntimeError):
    """The JVM, the Spark session or the jar are not as they must be."""


class JarMismatch(EngineError):
    """The jar and the Python package are of different versions."""


class JvmGone(EngineError):
    """The JVM ended while it was needed."""
