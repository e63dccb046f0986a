"""The Spark driver's JVM, reached over the gateway that pyspark already has open.

py4j carries words: JSON, paths and handles. Arrays pass through files in a private folder that the JVM owns.
"""

from __future__ import annotations

import json
import os
import signal
import threading
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
from py4j.protocol import Py4JError

from pydl4j_spark.engine import failures
from pydl4j_spark.engine.jar import jar_path, package_version
from pydl4j_spark.engine.protocol import EventHandler, Handle
from pydl4j_spark.errors import EngineError, JarMismatch

_POLL_MILLIS = 200
_CANCEL_MILLIS = 30_000
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


class SparkEngine:
    """All calls into the driver's JVM. Made by `spark_engine`."""

    def __init__(self, spark: Any) -> None:
        self._context = weakref.ref(spark.sparkContext)
        bridge = spark.sparkContext._jvm.org.pydl4j.spark.Bridge
        if not isinstance(bridge, JavaClass):
            raise EngineError(
                "this Spark session was started without the pydl4j_spark jar. Start it with\n"
                "    spark = pydl4j_spark.configure_spark(SparkSession.builder).getOrCreate()\n"
                "or add the jar where the session is configured:\n"
                f"    spark.jars  {jar_path()}\n"
                '    spark-submit --jars "$(python -m pydl4j_spark jar)" ...\n'
                "A session that runs already must be stopped first: spark.stop()"
            )
        self._bridge = bridge
        versions = self.versions()
        found, expected = versions["jar"], package_version()
        # A package that travels by --py-files has no installed version to compare.
        if expected is not None and found != expected:
            raise JarMismatch(
                f"the session's jar is pydl4j_spark {found}, this package is {expected}; "
                f"start the session with the jar that belongs to it: {jar_path()}"
            )
        _check_native(versions["native"])
        self._workspace = Path(self._call(bridge.workspace))

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
            raise failures.from_java(error) from error
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

    def _run(self, job: Handle, on_event: EventHandler | None = None) -> Any:
        """Watch a job until it ends; an interrupt cancels its Spark jobs and waits for it to clean up."""
        with _interrupts() as interrupted:
            while True:
                for event in json.loads(self._call(self._bridge.poll, job, _POLL_MILLIS)):
                    if event["event"] == "done":
                        return self._call(self._bridge.result, job)
                    if event["event"] == "cancelled":
                        raise KeyboardInterrupt
                    if event["event"] == "failed":
                        raise failures.from_event(event)
                    if on_event is not None:
                        try:
                            on_event(event)
                        except BaseException:
                            self._call(self._bridge.cancel, job, _CANCEL_MILLIS)
                            raise
                if interrupted():
                    self._call(self._bridge.cancel, job, _CANCEL_MILLIS)
                    raise KeyboardInterrupt

    @contextmanager
    def _file(self, suffix: str) -> Iterator[Path]:
        path = self._workspace / f"{uuid.uuid4().hex}{suffix}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    # --- configurations and networks -----------------------------------------------------------------------------

    def versions(self) -> dict[str, Any]:
        """Versions of jar and Java, ND4J's backend, and how the driver's native code is set up."""
        versions: dict[str, Any] = json.loads(self._call(self._bridge.versions))
        return versions

    def resolve(self, configuration: str) -> str:
        """DL4J's canonical JSON of a configuration."""
        return str(self._call(self._bridge.resolve, configuration))

    def describe(self, configuration: str) -> list[dict[str, Any]]:
        """Every layer's output type and parameter count as DL4J has them."""
        layers: list[dict[str, Any]] = json.loads(self._call(self._bridge.describe, configuration))
        return layers

    def new_network(self, configuration: str) -> Handle:
        """Initialise a network."""
        return self._call(self._bridge.newNetwork, configuration)

    def restore_network(self, archive: bytes) -> Handle:
        """Make a network of a model zip's bytes."""
        with self._file(".zip") as path:
            path.write_bytes(archive)
            return self._call(self._bridge.loadNetwork, self._jsc, str(path))

    def archive(self, network: Handle, manifest: dict[str, Any]) -> bytes:
        """Give a network's model zip, updater state included."""
        with self._file(".zip") as path:
            self.save_network(network, str(path), True, manifest)
            return path.read_bytes()

    def save_network(self, network: Handle, path: str, save_updater: bool, manifest: dict[str, Any]) -> None:
        """Write a model zip to a local path or a Hadoop filesystem."""
        self._call(self._bridge.saveNetwork, self._jsc, network, path, bool(save_updater), json.dumps(manifest))

    def read_file(self, path: str) -> bytes:
        """Read a file from a Hadoop filesystem."""
        with self._file("") as local:
            self._call(self._bridge.copyFile, self._jsc, path, str(local))
            return local.read_bytes()

    def write_file(self, content: bytes, path: str) -> None:
        """Write a file to a Hadoop filesystem, aside and renamed."""
        with self._file("") as local:
            local.write_bytes(content)
            self._call(self._bridge.copyFile, self._jsc, str(local), path)

    def set_normalizer(self, network: Handle, content: bytes) -> None:
        """Put a fitted normalizer, in DL4J's layout, in front of a network."""
        with self._file(".bin") as path:
            path.write_bytes(content)
            self._call(self._bridge.setNormalizer, network, str(path))

    def configuration(self, network: Handle) -> dict[str, Any]:
        """Give a network's configuration as it is now, counters included."""
        configuration: dict[str, Any] = json.loads(self._call(self._bridge.configuration, network))
        return configuration

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

    def evaluate(self, network: Handle, rows: Handle, evaluation: str, batch: int) -> dict[str, Any]:
        """Evaluate a network on rows."""
        settings = json.dumps({"evaluation": evaluation, "batch": batch})
        result: dict[str, Any] = json.loads(
            self._run(self._call(self._bridge.evaluate, self._jsc, network, rows, settings))
        )
        return result

    def output(
        self,
        network: Handle,
        features: NDArray[Any],
        spec: dict[str, Any],
        batch: int,
        normalize: bool = True,
    ) -> NDArray[Any]:
        """Raw outputs of the network for an array of examples, normalised already or still to be."""
        with self.array_rows(features, None, spec, "the rows to score") as rows, self._file(".f4") as path:
            job = self._call(self._bridge.output, self._jsc, network, rows, str(path), batch, normalize)
            result = json.loads(self._run(job))
            return np.fromfile(path, dtype=result["dtype"]).reshape(len(features), *result["shape"])

    def predict(self, network: Handle, frame: Any, spec: dict[str, Any], settings: dict[str, Any]) -> Handle:
        """Give the Java DataFrame that scores a DataFrame when it is computed."""
        return self._call(self._bridge.predict, self._jsc, network, frame._jdf, json.dumps(spec), json.dumps(settings))


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
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C into a flag that is looked at between two polls; a second Ctrl-C interrupts at once.

    pyspark's own handler calls into the JVM from wherever the main thread happens to be, even from the middle of
    another call on the same connection.
    """
    hits = 0

    def handler(signum: int, frame: Any) -> None:
        nonlocal hits
        hits += 1
        if hits > 1:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    previous = signal.signal(signal.SIGINT, handler)
    try:
        yield lambda: hits > 0
    finally:
        signal.signal(signal.SIGINT, previous)
