"""Find the jar, and make sure that it is this package's own.

Standard library only, and quick: ``spark-submit --jars "$(python -m pydl4j_spark jar)"`` runs this where neither
pyspark nor numpy need be installed.
"""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydl4j_spark.errors import EngineError, JarMismatch

ENVIRONMENT = "PYDL4J_SPARK_JAR"
_NAME = "pydl4j-spark.jar"
_PACKAGE = Path(__file__).resolve().parent.parent
_SHIPPED = _PACKAGE / "engine" / "jars" / _NAME
_BUILT = _PACKAGE.parent / "jvm" / "target" / _NAME


def package_version() -> str | None:
    """Give the version of the installed package; None where it is not installed (a zip given to --py-files)."""
    try:
        return version("pydl4j-spark")
    except PackageNotFoundError:
        return None


def jar_path() -> Path:
    """Find the jar: the one the environment names, else the one in the package, else the one Maven built here.

    Raises
    ------
    EngineError
        When there is none; the message has the command that builds it.
    """
    if named := os.environ.get(ENVIRONMENT):
        path = Path(named).expanduser().absolute()
        if not path.is_file():
            raise EngineError(f"{ENVIRONMENT} names {path}, where there is no file: correct it, or unset it.")
        return path
    for path in (_SHIPPED, _BUILT):
        if path.is_file():
            return path
    raise EngineError(f"The jar is not in this installation ({_SHIPPED}). {_cure()}")


def jar_version(path: Path | str) -> str | None:
    """Read the version that the jar states in its manifest; None where it states none."""
    return jar_manifest(path).get("Implementation-Version")


def jar_manifest(path: Path | str) -> dict[str, str]:
    """Read the main section of a jar's manifest.

    Raises
    ------
    EngineError
        When the file is no jar.
    """
    from zipfile import BadZipFile, ZipFile  # here, because finding the jar does not need it

    try:
        with ZipFile(path) as jar:
            text = jar.read("META-INF/MANIFEST.MF").decode("utf-8")
    except (OSError, BadZipFile, KeyError) as reason:
        raise EngineError(f"{path} cannot be read as a jar ({reason}). {_cure()}") from reason
    # Lines are cut at 72 bytes and go on after a space.
    lines = text.replace("\r\n", "\n").replace("\n ", "").split("\n\n", 1)[0].splitlines()
    pairs = (line.partition(": ") for line in lines)
    return {key: value for key, colon, value in pairs if colon}


def check_jar(path: Path | str) -> None:
    """Compare the jar's version with the package's.

    Raises
    ------
    JarMismatch
        When they differ. A package that is not installed has no version to compare, and passes.
    """
    ours = package_version()
    theirs = jar_version(path)
    if ours is not None and theirs != ours:
        stated = f"version {theirs}" if theirs else "no version"
        raise JarMismatch(f"pydl4j-spark is version {ours}, but the jar {path} states {stated}. {_cure()}")


def _cure() -> str:
    if not (_PACKAGE.parent / "jvm" / "pom.xml").is_file():
        return f"Install the wheel again (pip install --force-reinstall pydl4j-spark), or set {ENVIRONMENT}."
    revision = package_version() or "0.0.0-dev"
    return (
        "Build it from the source tree: `make jar`, or "
        f"`mvn -B -f {_PACKAGE.parent / 'jvm' / 'pom.xml'} package -DskipTests -Drevision={revision}`."
    )
