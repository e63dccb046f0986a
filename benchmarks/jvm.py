"""The Java contenders: compiled against the jar and pyspark's jars, and the flags that choose their native code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyspark

from pydl4j_spark.engine.jar import jar_manifest, jar_path

SOURCES = Path(__file__).parent / "java"
SPARK_HOME = Path(pyspark.__file__).parent
LOGGING = Path(__file__).parent / "log4j2.properties"
MEMORY = "4g"
_PACKAGE = "org.pydl4j.benchmarks"


@dataclass(frozen=True)
class JavaPrograms:
    """The compiled programs, the jar they run with, and what that jar's native code needs to be told."""

    jar: Path
    programs: Path
    generic: tuple[Path, ...]
    parallel: Path

    @property
    def extension(self) -> str:
        """The jar's variant of the native code, such as -onednn-avx2; empty for generic."""
        return _extension(self.jar)

    def flags(self, *, stock: bool = False) -> list[str]:
        """Give the JVM's flags; `stock` is DL4J as it comes: generic native code."""
        flags = [f"-Dlog4j2.configurationFile={LOGGING.as_uri()}"]
        if self.extension and not stock:
            flags.append(f"-Dorg.bytedeco.javacpp.platform.extension={self.extension}")
        return flags

    def in_process(self, program: str = "InProcess", *, stock: bool = False) -> list[str]:
        """Give the command of DL4J without Spark; Spark's jars only bring the logging that both need."""
        path = [self.programs, *(self.generic if stock else ()), self.jar, self.parallel, f"{SPARK_HOME}/jars/*"]
        return [
            java(),
            f"-Xmx{MEMORY}",
            *self.flags(stock=stock),
            *(() if stock else (f"-D{_PACKAGE}.helpers=true",)),
            "-cp",
            ":".join(map(str, path)),
            f"{_PACKAGE}.{program}",
        ]

    def submitted(self, master: str, workers: int) -> list[str]:
        """Give the command of stock DL4J on Spark."""
        flags = " ".join(self.flags())
        return [
            str(SPARK_HOME / "bin" / "spark-submit"),
            *("--master", master, "--driver-memory", MEMORY, "--jars", str(self.jar)),
            *("--conf", "spark.ui.enabled=false", "--conf", "spark.ui.showConsoleProgress=false"),
            *("--conf", f"spark.default.parallelism={workers}"),
            *("--driver-java-options", flags, "--conf", f"spark.executor.extraJavaOptions={flags}"),
            *("--class", f"{_PACKAGE}.StockMaster", str(self.programs)),
        ]


def java() -> str:
    """Give the java that Spark would start."""
    return _tool("java")


def jcmd() -> str:
    """Give the tool that asks a running JVM."""
    return _tool("jcmd")


def build(folder: Path) -> JavaPrograms:
    """Compile the programs into a jar of their own, and fetch what stock DL4J needs beside our jar."""
    jar = jar_path()
    dl4j = jar_manifest(jar)["Dl4j-Version"]
    parallel = _fetch(f"org.deeplearning4j:deeplearning4j-parallel-wrapper:{dl4j}:jar", folder / "parallel")
    classes, programs = folder / "classes", folder / "benchmarks.jar"
    sources = sorted(SOURCES.glob("*.java"))
    newest = max(path.stat().st_mtime for path in (*sources, jar))
    if not (programs.is_file() and programs.stat().st_mtime > newest):
        shutil.rmtree(classes, ignore_errors=True)
        classes.mkdir(parents=True)
        path = f"{jar}:{parallel}:{SPARK_HOME}/jars/*"
        _run([_tool("javac"), "--release", "11", "-nowarn", "-cp", path, "-d", str(classes), *map(str, sources)])
        _run([_tool("jar"), "--create", "--file", str(programs), "-C", str(classes), "."])
    return JavaPrograms(jar, programs, _generic(jar, folder / "generic"), parallel)


def _generic(jar: Path, folder: Path) -> tuple[Path, ...]:
    """Fetch DL4J's generic native code, which a user of DL4J gets, where our jar holds another variant."""
    extension = _extension(jar)
    if not extension:
        return ()
    manifest = jar_manifest(jar)
    platform = manifest["Native-Platform"].removesuffix(extension)
    return tuple(
        _fetch(f"org.nd4j:{artifact}:{manifest['Dl4j-Version']}:jar:{platform}", folder)
        for artifact in ("nd4j-native", "nd4j-native-preset")
    )


def _fetch(coordinate: str, folder: Path) -> Path:
    """Fetch one file of a Maven coordinate (group:artifact:version:type[:classifier]), if it is not there."""
    _, artifact, version, kind, *classifier = coordinate.split(":")
    path = folder / f"{'-'.join((artifact, version, *classifier))}.{kind}"
    if not path.is_file():
        plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
        _run([_tool("mvn"), "-q", "-B", plugin, f"-Dartifact={coordinate}", f"-DoutputDirectory={folder}"])
    return path


def _extension(jar: Path) -> str:
    parts = jar_manifest(jar)["Native-Platform"].split("-")
    return "".join(f"-{part}" for part in parts[2:])


def _tool(name: str) -> str:
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home, "bin", name)) if home and name != "mvn" else shutil.which(name)
    if found is None or not Path(found).exists():
        sys.exit(f"benchmarks: no {name} on the PATH; install a JDK 17 and Maven, or set JAVA_HOME")
    return found


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"benchmarks: {command[0]} failed\n{done.stdout}{done.stderr}")
