"""Is there a Java that Spark can start, before it is asked to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from pydl4j_spark.errors import EngineError

_VERSION = re.compile(r'version "(\d+)(?:\.(\d+))?')


def check_java(spark_version: str) -> None:
    """Raise unless the Java that Spark's scripts would start is there and new enough.

    Parameters
    ----------
    spark_version : str
        pyspark's version: Spark 4 needs Java 17, Spark 3.5 with this jar Java 11.

    Raises
    ------
    EngineError
        When there is no Java, or one too old.
    """
    needed = 17 if int(spark_version.split(".")[0]) >= 4 else 11
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    cure = f"install a JDK 17 and set JAVA_HOME to it (Spark {spark_version} needs Java {needed} or later)"
    if java is None or not Path(java).exists():
        where = (
            f"JAVA_HOME is {home}, but there is no {java}" if home else "no java on the PATH, and JAVA_HOME is not set"
        )
        raise EngineError(f"{where}; {cure}")
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False)
    found = _VERSION.search(answer.stderr + answer.stdout)
    if found is None:
        raise EngineError(f"{java} -version does not tell a version; {cure}")
    # Java 8 calls itself 1.8.
    version = int(found[2] or 0) if found[1] == "1" else int(found[1])
    if version < needed:
        raise EngineError(f"{java} is Java {version}; {cure}")
