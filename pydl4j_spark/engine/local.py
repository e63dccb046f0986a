"""The JVM inside this very process, reached through JPype: no Spark, no gateway, and arrays where they lie."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pydl4j_spark.engine import failures, local_jvm
from pydl4j_spark.engine.jvm import JvmEngine
from pydl4j_spark.engine.protocol import Arrays, Handle
from pydl4j_spark.errors import EngineError

_SEGMENT_BYTES = 1 << 30
# Values of rows that may be staged together: 1 MB of them.
_STAGED = 1 << 18
_KEPT_STAGES = 32
_ENGINE: LocalEngine | None = None
_LOCK = threading.Lock()


def local_engine() -> LocalEngine:
    """Give this process's engine; the first call starts the JVM.

    Raises
    ------
    EngineError
        When there is no Java, or the process has a JVM already that cannot be used; see `local_jvm.start`.
    """
    global _ENGINE
    if _ENGINE is None:
        with _LOCK:
            if _ENGINE is None:
                _ENGINE = LocalEngine()
    return _ENGINE


def running() -> LocalEngine | None:
    """Give this process's engine, if it has been started."""
    return _ENGINE


class LocalEngine(JvmEngine):
    """All calls into this process's JVM. Made by `local_engine`."""

    def __init__(self) -> None:
        local_jvm.start()
        import jpype

        super().__init__(jpype.JClass("org.pydl4j.spark.LocalBridge"))
        self._called: set[str] = set()
        self._first = threading.RLock()
        self._buffer = jpype.nio.convertToDirectBuffer
        self._buffers = jpype.JArray(jpype.JClass("java.nio.ByteBuffer"))
        self.versions()  # sets the native code up, or says why it cannot run here
        self._few = int(self._call(self._local.scoringBatch))
        self._buffers([self._buffer(np.zeros(1, np.uint8))])  # its class is looked up here, by one thread
        self._stages: dict[tuple[int, int, int], tuple[dict[str, Any], Handle, NDArray[np.float32]]] = {}

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        local_jvm.start()
        if (name := function.__name__) in self._called:
            return self._tried(function, arguments)
        # JPype looks up a method's types at its first call, and crashes when two threads make that together.
        with self._first:
            result = self._tried(function, arguments)
            self._called.add(name)
            return result

    def _tried(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        try:
            return function(*arguments)
        except Exception as error:
            if not hasattr(error, "stacktrace"):
                raise EngineError(f"the call did not reach the JVM: {type(error).__name__}: {error}") from error
            with self._first:  # JPype's Java exceptions are Python exceptions, and have methods
                raise failures.from_throwable(error, str(error.stacktrace())) from error

    @contextmanager
    def _lent(self, array: NDArray[Any], row_bytes: int) -> Iterator[Handle]:
        # Java looks at numpy's own memory; JPype's buffer holds on to the array.
        content = array.reshape(-1).view(np.uint8)
        each = max(1, _SEGMENT_BYTES // row_bytes) * row_bytes
        yield self._buffers([self._buffer(content[at : at + each]) for at in range(0, len(content), each)])

    def _taken(self, tensor: Handle) -> NDArray[Any]:
        try:
            array = _like(str(self._call(tensor.header)))
            if array.nbytes <= _SEGMENT_BYTES:
                array[...] = np.frombuffer(self._call(tensor.part, 0), array.dtype).reshape(array.shape)
                return array
            content, at = array.reshape(-1).view(np.uint8), 0
            for index in range(self._call(tensor.parts)):
                part = np.frombuffer(self._call(tensor.part, index), np.uint8)
                content[at : at + len(part)] = part
                at += len(part)
            return array
        finally:
            self._call(tensor.close)

    # --- few rows, and no time to lose -------------------------------------------------------------------------------

    def _staged(self, rows: Arrays) -> Handle | None:
        """Write a few rows where Java computes with them; None where they are too many."""
        features = rows.features
        count = len(features)
        if count > self._few or features.size > _STAGED or _is_joined(rows):
            return None
        # Of each thread's own: the rows stay there while Java computes, and other threads run meanwhile.
        key = (id(rows.spec), count, threading.get_ident())
        kept = self._stages.get(key)
        if kept is None:
            if len(self._stages) >= _KEPT_STAGES:
                self._stages.clear()
            stage = self._call(self._local.stage, self._spec(rows.spec), count)
            memory = np.frombuffer(self._call(stage.memory), np.float32)
            kept = self._stages[key] = (rows.spec, stage, memory)
        _, stage, memory = kept
        memory[:] = features.reshape(-1)
        return stage

    def output(self, network: Handle, rows: Arrays, normalize: bool = True) -> NDArray[Any]:
        """Raw outputs for rows, normalised already or still to be; of a graph its first."""
        stage = self._staged(rows)
        if stage is None:
            return super().output(network, rows, normalize)
        return self._taken(self._call(stage.output, network, normalize))

    def rnn_time_step(self, network: Handle, rows: Arrays) -> NDArray[Any]:
        """Give outputs that go on from the state that the last call left; of a graph its first."""
        stage = self._staged(rows)
        if stage is None:
            return super().rnn_time_step(network, rows)
        return self._taken(self._call(stage.rnnTimeStep, network))

    # --- files -------------------------------------------------------------------------------------------------------

    def save_network(self, network: Handle, path: str, save_updater: bool, manifest: dict[str, Any]) -> None:
        """Write a model zip to an absolute local path."""
        self._call(self._local.save, network, path, bool(save_updater), json.dumps(manifest))

    def read_file(self, path: str) -> bytes:
        """Refuse: there is no Hadoop here."""
        raise _no_hadoop(path)

    def write_file(self, content: bytes, path: str) -> None:
        """Refuse: there is no Hadoop here."""
        raise _no_hadoop(path)

    def delete_file(self, path: str) -> None:
        """Refuse: there is no Hadoop here."""
        raise _no_hadoop(path)


def _is_joined(rows: Arrays) -> bool:
    """Tell whether rows are several arrays side by side, inputs or masks, which have no memory in common."""
    inputs = rows.spec["features"]["inputs"]
    return len(inputs) > 1 or inputs[0]["mask"] is not None


@lru_cache(maxsize=64)
def _shape(header: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    dtype, *shape = header.split()
    return tuple(int(n) for n in shape), np.dtype(dtype)


def _like(header: str) -> NDArray[Any]:
    """Make an array of the type and shape that a tensor states."""
    shape, dtype = _shape(header)
    return np.empty(shape, dtype)


def _no_hadoop(path: str) -> EngineError:
    return EngineError(
        f"{path} is on a Hadoop filesystem, which needs a Spark session: start one with "
        "configure_spark(SparkSession.builder).getOrCreate(), or copy the file to a local path"
    )
