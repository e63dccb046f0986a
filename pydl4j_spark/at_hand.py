"""Which JVM does the work: the one a network is told, that of the Spark session at hand, or one in this process.

Nothing here imports pyspark: where a session is active, somebody has imported it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pydl4j_spark.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from pydl4j_spark.engine.protocol import Engine


def engine_at_hand() -> Engine:
    """Give the active Spark session's engine, or else the one of this process.

    Raises
    ------
    EngineError
        When the session has no jar, or no JVM can be started here.
    """
    session = _active_session()
    return _local() if session is None else _spark(session)


def running_engine() -> Engine | None:
    """Give the engine at hand where its JVM runs already; nothing is started."""
    session = _active_session()
    if session is not None:
        try:
            return _spark(session)
        except EngineError:
            pass  # a session without the jar: not ours
    local = sys.modules.get("pydl4j_spark.engine.local")
    return None if local is None else local.running()


def engine_of(place: Any) -> Engine:
    """Give the engine of a place that a user named: ``"local"``, or a Spark session.

    Raises
    ------
    ConfigError
        For anything else.
    EngineError
        As `engine_at_hand`.
    """
    if isinstance(place, str):
        if place != "local":
            raise ConfigError(f"a network moves to 'local' or to a SparkSession, got {place!r}")
        return _local()
    if type(place).__module__.partition(".")[0] != "pyspark":
        raise ConfigError(f"a network moves to 'local' or to a SparkSession, got {type(place).__name__}")
    return _spark(place)


def hadoop_engine(purpose: str) -> Engine:
    """Give the engine that reaches Hadoop's filesystems.

    Raises
    ------
    EngineError
        When no Spark session is active.
    """
    session = _active_session()
    if session is None:
        raise EngineError(
            f"{purpose} needs a Spark session: start one with configure_spark(SparkSession.builder).getOrCreate(), "
            "or give a local path without 'file:'"
        )
    return _spark(session)


def _active_session() -> Any:
    sql, core = sys.modules.get("pyspark.sql"), sys.modules.get("pyspark")
    if sql is None or core is None or core.SparkContext._active_spark_context is None:
        return None  # without a context there is Spark Connect at most, which has no JVM beside it
    # The active session is its thread's own; the one that was started serves all others.
    return sql.SparkSession.getActiveSession() or sql.SparkSession._instantiatedSession


def _spark(session: Any) -> Engine:
    from pydl4j_spark.engine.spark import spark_engine

    return spark_engine(session)


def _local() -> Engine:
    from pydl4j_spark.engine.local import local_engine

    return local_engine()
