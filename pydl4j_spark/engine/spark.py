"""The Spark driver's JVM, reached over the gateway that pyspark already has open.

py4j carries words: JSON, paths and handles. Arrays pass through files in a private folder that the JVM owns.
"""

from __future__ import annotations

import errno
import json
import os
import uuid
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from py4j.java_gateway import JavaClass
from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError

from pydl4j_spark.engine import failures
from pydl4j_spark.engine.jar import jar_path, package_version
from pydl4j_spark.engine.jvm import JvmEngine
from pydl4j_spark.engine.protocol import Arrays, EventHandler, Handle
from pydl4j_spark.errors import Dl4jError, EngineError, JarMismatch, JvmGone

_ENGINES: weakref.WeakKeyDictionary[Any, SparkEngine] = weakref.WeakKeyDictionary()


def spark_engine(spark: Any) -> SparkEngine:
    """Give the engine of a Spark session, one per Spark context.

    Raises
    ------
    EngineError
        When the session is a Spark Connect one, has been stopped, or was started without the jar.
    JarMismatch
        When the jar on the session's class path is of another version than this package.
    """
    if type(spark).__module__.startswith("pyspark.sql.connect"):
        raise EngineError(
            "this is a Spark Connect session, which has no JVM beside it to train in; "
            "use a classic session: SparkSession.builder.master(...) instead of .remote(...)"
        )
    context = getattr(spark, "sparkContext", None)
    if context is None:
        raise EngineError(f"expected a SparkSession, got {type(spark).__name__}")
    if context._jsc is None:
        raise EngineError(
            "this Spark session has been stopped; start a new one with configure_spark(...).getOrCreate()"
        )
    engine = _ENGINES.get(context)
    if engine is None:
        engine = SparkEngine(spark)
        _ENGINES[context] = engine
    return engine


class SparkEngine(JvmEngine):
    """All calls into the driver's JVM. Made by `spark_engine`."""

    def __init__(self, spark: Any) -> None:
        self._context = weakref.ref(spark.sparkContext)
        package = spark.sparkContext._jvm.org.pydl4j.spark
        self._bridge = package.Bridge
        if not isinstance(self._bridge, JavaClass):
            raise EngineError(
                "this Spark session was started without the pydl4j_spark jar. Start it with\n"
                "    spark = pydl4j_spark.configure_spark(SparkSession.builder).getOrCreate()\n"
                "or add the jar where the session is configured:\n"
                f"    spark.jars  {jar_path()}\n"
                '    spark-submit --jars "$(python -m pydl4j_spark jar)" ...\n'
                "A session that runs already must be stopped first: spark.stop()"
            )
        super().__init__(package.LocalBridge)
        versions = self.versions()
        found, expected = versions["jar"], package_version()
        # A package that travels by --py-files has no installed version to compare.
        if expected is not None and found != expected:
            raise JarMismatch(
                f"the session's jar is pydl4j_spark {found}, this package is {expected}; "
                f"start the session with the jar that belongs to it: {jar_path()}"
            )
        _check_native(versions["native"])
        self._workspace = Path(self._call(self._local.workspace))

    @property
    def _jsc(self) -> Any:
        context = self._context()
        if context is None or context._jsc is None:
            raise EngineError("the Spark session of this network has been stopped; load the network into a new one")
        return context._jsc

    # --- calls -------------------------------------------------------------------------------------------------

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception as error:
            raise _error_of(error) from error
        except BaseException:
            # Interrupted in the middle of a call: the answer is still to come on this connection, and would be
            # taken for the answer to the next call.
            self._drop_connection()
            raise

    def _drop_connection(self) -> None:
        context = self._context()
        client: Any = getattr(getattr(context, "_gateway", None), "_gateway_client", None)
        connection = client.get_thread_connection() if hasattr(client, "get_thread_connection") else None
        if connection is not None:
            with suppress(Py4JError, OSError):
                connection.close()

    @contextmanager
    def _file(self, suffix: str) -> Iterator[Path]:
        path = self._workspace / f"{uuid.uuid4().hex}{suffix}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def _lent(self, array: NDArray[Any], row_bytes: int) -> Iterator[Handle]:
        with self._file(".bin") as path:
            _write(path, array.tofile)
            pieces = self._call(self._local.map, str(path), row_bytes)
            yield pieces
            # Not after a failure: a job that was given up may still be reading, and would take the JVM with it.
            self._call(self._local.unmap, pieces)

    def _taken(self, tensor: Handle) -> NDArray[Any]:
        try:
            dtype, *shape = self._call(tensor.header).split()
            with self._file(".bin") as path:
                self._call(self._local.write, tensor, str(path))
                return np.fromfile(path, dtype).reshape([int(n) for n in shape])
        finally:
            self._call(tensor.close)

    # --- files -------------------------------------------------------------------------------------------------------

    def save_network(self, network: Handle, path: str, save_updater: bool, manifest: dict[str, Any]) -> None:
        """Write a model zip to a local path or a Hadoop filesystem."""
        self._call(self._bridge.saveNetwork, self._jsc, network, path, bool(save_updater), json.dumps(manifest))

    def read_file(self, path: str) -> bytes:
        """Read a file from a Hadoop filesystem."""
        if not self._call(self._bridge.fileExists, self._jsc, path):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        with self._file("") as local:
            self._call(self._bridge.copyFile, self._jsc, path, str(local))
            return local.read_bytes()

    def write_file(self, content: bytes, path: str) -> None:
        """Write a file to a Hadoop filesystem, aside and renamed."""
        with self._file("") as local:
            local.write_bytes(content)
            self._call(self._bridge.copyFile, self._jsc, str(local), path)

    def delete_file(self, path: str) -> None:
        """Delete a file on a Hadoop filesystem, where it is there."""
        self._call(self._bridge.deleteFile, self._jsc, path)

    # --- rows ----------------------------------------------------------------------------------------------------

    def frame_rows(self, frame: Any, spec: dict[str, Any], name: str) -> Handle:
        """Give a DataFrame's rows to the JVM, which converts them on the executors."""
        return self._call(self._bridge.frameRows, frame._jdf, json.dumps(spec), name)

    @contextmanager
    def array_rows(
        self, features: NDArray[Any], labels: NDArray[Any] | None, spec: dict[str, Any], name: str
    ) -> Iterator[Handle]:
        """Give numpy rows to the JVM through files, which are removed at the end of the block.

        Arrays are C-ordered float32 or uint8.
        """
        with self._file(".npy") as x, self._file(".npy") as y:
            _write_npy(x, features)
            if labels is not None:
                _write_npy(y, labels)
            yield self._call(
                self._bridge.arrayRows,
                self._jsc,
                str(x),
                None if labels is None else str(y),
                len(features),
                json.dumps(spec),
                name,
            )

    # --- long work -------------------------------------------------------------------------------------------------

    def fit(
        self,
        network: Handle,
        training: Handle,
        validation: Handle | None,
        settings: dict[str, Any],
        on_event: EventHandler,
    ) -> None:
        """Train; events arrive while it runs."""
        self._run(
            self._call(self._bridge.fit, self._jsc, network, training, validation, json.dumps(settings)), on_event
        )

    def evaluate(self, network: Handle, rows: Handle, evaluation: str, output: int = 0) -> dict[str, Any]:
        """Evaluate one output on rows, by all executors."""
        report: dict[str, Any] = json.loads(
            self._run(self._call(self._bridge.evaluate, self._jsc, network, rows, evaluation, output))
        )
        return report

    def outputs(self, network: Handle, rows: Arrays, normalize: bool = True) -> list[NDArray[Any]]:
        """Raw outputs for rows, normalised already or still to be, by all executors."""
        path = self._workspace / uuid.uuid4().hex
        try:
            with self.array_rows(rows.features, None, rows.spec, rows.name) as given:
                job = self._call(self._bridge.output, self._jsc, network, given, str(path), normalize)
                found = json.loads(self._run(job))["outputs"]
            return [
                np.fromfile(f"{path}.{place}", dtype=each["dtype"]).reshape(len(rows.features), *each["shape"])
                for place, each in enumerate(found)
            ]
        finally:
            for file in self._workspace.glob(f"{path.name}.*"):
                file.unlink(missing_ok=True)

    def predict(self, network: Handle, frame: Any, spec: dict[str, Any], settings: dict[str, Any]) -> Handle:
        """Give the Java DataFrame that scores a DataFrame when it is computed."""
        return self._call(self._bridge.predict, self._jsc, network, frame._jdf, json.dumps(spec), json.dumps(settings))


def _error_of(error: Exception) -> Dl4jError:
    """Make an error of what py4j or pyspark raised for a Java exception.

    pyspark turns some Java classes into its own ``CapturedException`` before we see them; both are handled.
    """
    if isinstance(error, Py4JJavaError):
        return failures.from_throwable(error.java_exception, str(error))
    if isinstance(error, (Py4JNetworkError, ConnectionError)):
        return JvmGone("the JVM is gone: the Spark driver ended or was killed; start a new session")
    if isinstance(error, Py4JError):
        return EngineError(f"the call did not reach the JVM: {error}")
    return EngineError(f"{type(error).__name__}: {error}", java_trace=getattr(error, "_stackTrace", None))


def _check_native(native: dict[str, Any]) -> None:
    """Warn where ND4J was at work in this JVM before the jar could set it up."""
    if native["in_time"]:
        return
    warnings.warn(
        "ND4J was used in this Spark session before pydl4j_spark: dilated pooling may be computed wrongly by oneDNN, "
        f"and the limit of off-heap memory is JavaCPP's own ({native['off_heap_bytes'] >> 20} MB). Start the session "
        "with\n"
        "    spark.driver.extraJavaOptions    -Dopexec=org.pydl4j.spark.NativeExecutioner\n"
        "    spark.executor.extraJavaOptions  -Dopexec=org.pydl4j.spark.NativeExecutioner\n"
        "(with Kryo: spark.kryo.registrator  org.pydl4j.spark.NativeRegistrator,org.nd4j.kryo.Nd4jRegistrator)",
        UserWarning,
        stacklevel=3,
    )


def _write_npy(path: Path, array: NDArray[Any]) -> None:
    _write(path, lambda file: np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False))


def _write(path: Path, into: Callable[[Any], None]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        into(file)
