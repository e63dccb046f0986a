"""On what machine, and with which versions, the figures were measured."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.jvm import MEMORY, JavaPrograms, java
from pydl4j_spark.engine.jar import jar_manifest


def describe(programs: JavaPrograms, bench_python: Path) -> dict[str, Any]:
    """Give what the head of the tables says."""
    manifest = jar_manifest(programs.jar)
    versions = {
        "pydl4j_spark": manifest["Implementation-Version"],
        "Deeplearning4j": manifest["Dl4j-Version"],
        "native": manifest["Native-Platform"],
        "pyspark": version("pyspark"),
        "Python": platform.python_version(),
    }
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9,
        "system": f"{platform.system()} {platform.release()}",
        "java": _first_line([java(), "-version"]),
        "jvm_memory": MEMORY,
        "date": time.strftime("%Y-%m-%d"),
        "versions": versions | _others(bench_python),
    }


def _others(python: Path) -> dict[str, str]:
    """Ask the other environment for its versions; what it runs on Spark may run on another Spark."""
    if not python.is_file():
        return {}
    names = {"Elephas": "elephas", "TensorFlow": "tensorflow", "Keras": "keras", "Elephas' pyspark": "pyspark"}
    program = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    told = _first_line([str(python), "-c", program, *names.values()]).split()
    return dict(zip(names, told, strict=False))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return next(iter((done.stdout or done.stderr).splitlines()), "")
