"""Find Java, and see that it is new enough, before it is started: by Spark's scripts, or in this process."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from pydl4j_spark.errors import EngineError

_VERSION = re.compile(r'version "(\d[^"]*)')
_RELEASE = re.compile(r'^JAVA_VERSION="(\d[^"]*)', re.MULTILINE)
_NOWHERE = "no java on the PATH, and JAVA_HOME is not set"
_LIBRARIES = {
    "darwin": ("lib/server/libjvm.dylib", "lib/libjli.dylib"),
    "win32": ("bin/server/jvm.dll",),
}


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
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    cure = _cure(spark_version)
    if java is None or not Path(java).exists():
        where = f"JAVA_HOME is {home}, but there is no {java}" if home else _NOWHERE
        raise EngineError(f"{where}; {cure}")
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False)
    found = _VERSION.search(answer.stderr + answer.stdout)
    if found is None:
        raise EngineError(f"{java} -version does not tell a version; {cure}")
    check_version(java, found[1], spark_version)


def find_jvm(spark_version: str, java_home: str | None = None) -> Path | None:
    """Find the library of the JVM to load into this process: ``java_home``, else JAVA_HOME, else the path's java.

    Nothing is run for it; a home tells its version in its file ``release``.

    Parameters
    ----------
    spark_version : str
        pyspark's version, whose jars the JVM must be able to read.
    java_home : str, optional
        A home that was asked for by name.

    Returns
    -------
    pathlib.Path or None
        None where the java on the path is a stub or a script that does not lie in its home: the caller may know
        other places.

    Raises
    ------
    EngineError
        When there is no Java, or one too old.
    """
    named = {"java_home": java_home, "JAVA_HOME": os.environ.get("JAVA_HOME")}
    source, home = next(((source, home) for source, home in named.items() if home), ("", ""))
    if not home:
        java = shutil.which("java")
        if java is None:
            raise EngineError(f"{_NOWHERE}; {_cure(spark_version)}")
        home = str(Path(java).resolve().parent.parent)
    if stated := _RELEASE.search(_read(Path(home, "release"))):
        check_version(home, stated[1], spark_version)
    libraries = [Path(home, library) for library in _LIBRARIES.get(sys.platform, ("lib/server/libjvm.so",))]
    library = next((path for path in libraries if path.is_file()), None)
    if library is None and source:
        raise EngineError(f"{source} is {home}, but there is no {libraries[0]}; {_cure(spark_version)}")
    return library


def check_version(java: str, stated: str, spark_version: str) -> None:
    """Raise unless a version as Java states it (``17.0.15``, ``1.8.0_402``) will do for Spark's jars."""
    # Java 8 calls itself 1.8.
    version = int(re.split(r"\D", stated.removeprefix("1."))[0])
    if version < _needed(spark_version):
        raise EngineError(f"{java} is Java {version}; {_cure(spark_version)}")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _needed(spark_version: str) -> int:
    return 17 if int(spark_version.split(".")[0]) >= 4 else 11


def _cure(spark_version: str) -> str:
    needed = _needed(spark_version)
    return f"install a JDK 17 and set JAVA_HOME to it (Spark {spark_version} needs Java {needed} or later)"
