"""onnxruntime's sessions: one for each model in a process, and rows run through them some at a time."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pydl4j_spark.errors import DataError, EngineError, ModelFormatError

_KEPT = 4
_SESSIONS: dict[tuple[str, int], Any] = {}


class Feed(NamedTuple):
    """An input of the model, and how rows go into it.

    Attributes
    ----------
    name, dtype : str
        As the model has them.
    mask, mask_dtype : str or None
        Those of its mask, where it has one.
    time_axis : int
        Along which axis of a row time runs, where there is a mask.
    """

    name: str
    dtype: str
    mask: str | None = None
    mask_dtype: str | None = None
    time_axis: int = 1

    def arrays(self, rows: NDArray[Any], mask: NDArray[Any] | None) -> dict[str, NDArray[Any]]:
        """Give what goes in for some rows, by its names; where no mask is given, every step counts."""
        given = {self.name: rows.astype(self.dtype, copy=False)}
        if self.mask is not None:
            whole = np.ones((len(rows), rows.shape[1 + self.time_axis])) if mask is None else mask
            given[self.mask] = whole.astype(self.mask_dtype, copy=False)
        return given


def session_of(digest: str, threads: int, files: Callable[[], Mapping[str, bytes]]) -> Any:
    """Give this process's session of a model; the oldest of some is let go for a new one.

    Parameters
    ----------
    digest : str
        What the model is known by.
    threads : int
        How many threads one call computes with.
    files : callable
        Gives the model's files, which are asked for once.

    Raises
    ------
    EngineError
        When onnxruntime is not installed here.
    ModelFormatError
        When onnxruntime refuses the model.
    """
    key = (digest, threads)
    if key not in _SESSIONS:
        while len(_SESSIONS) >= _KEPT:
            del _SESSIONS[next(iter(_SESSIONS))]
        _SESSIONS[key] = _started(files(), threads)
    return _SESSIONS[key]


def let_go(digest: str, threads: int) -> None:
    """End this process's session of a model, where there is one."""
    _SESSIONS.pop((digest, threads), None)


def _started(files: Mapping[str, bytes], threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineError(
            f"{sys.executable} has no onnxruntime, which runs the model: pip install onnxruntime (it comes with "
            "pydl4j-spark) on every machine that scores, or ship an environment that has it with spark.archives"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    model, *outside = files
    try:
        if not outside:
            return onnxruntime.InferenceSession(files[model], options, providers=["CPUExecutionProvider"])
        # Weights in other files are looked for beside the model; once there is a session, nobody reads them again.
        with tempfile.TemporaryDirectory(prefix="pydl4j_spark-") as folder:
            for name, content in files.items():
                (Path(folder) / name).write_bytes(content)
            path = str(Path(folder) / model)
            return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # onnxruntime's own exceptions share no base class below this one.
        raise ModelFormatError(f"onnxruntime refuses the model: {error}") from error


def run(
    session: Any, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str], batch_size: int
) -> list[NDArray[Any]]:
    """Give the outputs for some rows, which go through the model ``batch_size`` at a time.

    Raises
    ------
    DataError
        When onnxruntime cannot compute with them.
    """
    rows = len(next(iter(inputs.values())))
    try:
        parts = [
            session.run(list(outputs), {name: array[at : at + batch_size] for name, array in inputs.items()})
            for at in range(0, rows, batch_size)
        ]
    except Exception as error:
        # onnxruntime's own exceptions share no base class below this one.
        raise DataError(f"the model cannot score these rows: {error}") from error
    return parts[0] if len(parts) == 1 else [np.concatenate(each) for each in zip(*parts, strict=True)]
