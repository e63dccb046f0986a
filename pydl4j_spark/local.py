"""How networks are computed in this process, without Spark."""

from __future__ import annotations

import os

from pydl4j_spark.engine import local_jvm


def configure_local(memory: str | None = None, java_home: str | os.PathLike[str] | None = None) -> None:
    """Set up the JVM that this process starts when the first network without Spark is used.

    Nothing need be called: left alone it takes the Java of JAVA_HOME or of the path, and at most half of the
    machine's memory.

    Parameters
    ----------
    memory : str, optional
        What the JVM may take, as ``"4g"`` or ``"900m"``: a quarter (at least 256 MB) for Java itself, the rest for
        parameters, minibatches and activations. Rows in numpy arrays stay where they are and do not count. The
        environment's ``PYDL4J_SPARK_MEMORY`` says the same, where this is not called.
    java_home : str or path, optional
        The Java to use.

    Raises
    ------
    EngineError
        When a value cannot be, or the JVM runs already with another one.

    Examples
    --------
    >>> configure_local(memory="2g")  # doctest: +SKIP
    """
    local_jvm.configure(memory, java_home)
