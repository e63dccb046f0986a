"""Sessions that have the jar."""

from __future__ import annotations

import os
import warnings
from typing import Any

import pyspark

from pydl4j_spark.engine.jar import check_jar, jar_path
from pydl4j_spark.engine.java import check_java
from pydl4j_spark.errors import EngineError

_KRYO = "org.apache.spark.serializer.KryoSerializer"
# Ours before ND4J's, which loads the native code: on an executor that happens before any task could set it up.
_REGISTRATORS = "org.pydl4j.spark.NativeRegistrator,org.nd4j.kryo.Nd4jRegistrator"


def configure_spark(builder: Any) -> Any:
    """Put the jar on a session builder; nothing that is set already is overwritten.

    With it come one arithmetic thread per Spark task (``OMP_NUM_THREADS``; for a ``local[...]`` master in this
    process's environment, which the JVM inherits), Spark's own progress bar off, and ND4J's registrator where Kryo
    is chosen. All else that the native code needs, the jar sets by itself in each JVM.

    Parameters
    ----------
    builder : pyspark.sql.SparkSession.Builder
        As it comes from ``SparkSession.builder``, before ``getOrCreate()``.

    Returns
    -------
    pyspark.sql.SparkSession.Builder
        The same builder.

    Raises
    ------
    EngineError
        When the jar is missing, there is no Java or one too old, or ``builder`` is no builder.
    JarMismatch
        When the jar is of another version than this package.

    Examples
    --------
    >>> spark = configure_spark(SparkSession.builder.master("local[*]")).getOrCreate()  # doctest: +SKIP
    """
    options = getattr(builder, "_options", None)
    if options is None:
        raise EngineError(
            f"configure_spark takes a SparkSession.builder, got {type(builder).__name__}; "
            "call it before getOrCreate(): configure_spark(SparkSession.builder).getOrCreate()"
        )
    jar = jar_path()
    check_jar(jar)
    if not _runs_already(str(jar)):
        check_java(pyspark.__version__)
        if str(options.get("spark.master", "")).startswith("local["):
            # The JVM that Spark will start takes its number of arithmetic threads from here.
            os.environ.setdefault("OMP_NUM_THREADS", _threads(options))
    jars = [each for each in str(options.get("spark.jars", "")).split(",") if each]
    if str(jar) not in jars:
        jars.append(str(jar))
    builder.config("spark.jars", ",".join(jars))
    if options.get("spark.serializer") == _KRYO and "spark.kryo.registrator" not in options:
        # Without it Kryo writes the addresses of ND4J's off-heap arrays instead of their contents.
        builder.config("spark.kryo.registrator", _REGISTRATORS)
    if "spark.executorEnv.OMP_NUM_THREADS" not in options:
        builder.config("spark.executorEnv.OMP_NUM_THREADS", _threads(options))
    if "spark.ui.showConsoleProgress" not in options:
        # Spark's bar of stages and ours of epochs would share a line.
        builder.config("spark.ui.showConsoleProgress", "false")
    return builder


def _threads(options: dict[str, Any]) -> str:
    """Give the arithmetic threads of a task: Spark has a task on every core already.

    By its own default the arithmetic of each task would start a thread on every core as well, and they would all
    wait for one another.
    """
    return str(options.get("spark.task.cpus", 1))


def _runs_already(jar: str) -> bool:
    running = pyspark.SparkContext._active_spark_context
    if running is not None and jar not in running.getConf().get("spark.jars", "").split(","):
        warnings.warn(
            "a Spark session runs already, and a jar cannot be added to it any more. Stop it first (spark.stop()), "
            f"or start it with\n    spark.jars  {jar}",
            UserWarning,
            stacklevel=3,
        )
    return running is not None
