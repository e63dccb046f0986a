"""Start a contender, hear what it measured, watch its memory, leave nothing behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.jvm import LOGGING, MEMORY, JavaPrograms, jcmd
from benchmarks.memory import Peak
from benchmarks.plan import CLUSTER, LOCAL, WORKERS, Task
from benchmarks.problem import RowFiles

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 3_600
# What has a program of its own, of all that runs in one process.
ALONE = {"begin": "begin", "describe": "describe", "exported": "exported", "export": "exported"}


@dataclass
class Run:
    """What one process measured; `error` says why it could not."""

    task: str
    repeat: int
    settings: dict[str, Any]
    figures: list[dict[str, Any]] = field(default_factory=list)
    began: str = ""
    load: float = 0.0
    seconds: float = 0.0
    peak_memory: int = 0
    error: str | None = None


@dataclass(frozen=True)
class Launcher:
    """Knows every contender's command and environment."""

    build: Path
    programs: JavaPrograms
    rows: RowFiles
    bench_python: Path

    def missing(self, task: Task) -> str | None:
        """Say why a task cannot run here, if it cannot."""
        if task.contender.startswith(("elephas", "keras")) and not self.bench_python.is_file():
            return f"there is no {self.bench_python}: `make bench` makes it"
        if task.contender == "dl4j-stock" and not self.programs.extension:
            return "our jar holds DL4J's own native code: see DL4J in-process"
        if task.group == "routes" and not _program(task).is_file():
            return f"there is no {_program(task)}"
        return None

    def run(self, task: Task, repeat: int) -> Run:
        """Run a task in a process group of its own, with a folder for all its temporary files."""
        scratch = self.build / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        settings = task.settings | {"seed": repeat}
        run = Run(task.name, repeat, settings, began=time.strftime("%Y-%m-%d %H:%M:%S"), load=os.getloadavg()[0])
        log = self.build / "logs" / f"{task.name.replace('/', '-')}-{repeat}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        given = dict(settings)
        if "network" in settings:
            given["data"] = self.rows.of(settings["network"], settings["rows"])
        command = self._command(task, given, scratch)
        began = time.monotonic()
        with (
            log.open("w") as errors,
            subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=ROOT,
                env=self._environment(task, scratch),
                start_new_session=True,
            ) as process,
            Peak(process.pid) as peak,
        ):
            try:
                said, _ = process.communicate(timeout=LIMIT)
            except BaseException as reason:
                os.killpg(process.pid, signal.SIGKILL)
                if not isinstance(reason, subprocess.TimeoutExpired):
                    raise
                run.error, said = f"not done after {LIMIT} s", ""
        run.seconds = time.monotonic() - began
        run.peak_memory = peak.bytes
        run.figures = [*_figures(said), *_route_figures(said)]
        if process.returncode and not run.error:
            run.error = f"ended with {process.returncode}: {_last_words(log)}"
        shutil.rmtree(scratch, ignore_errors=True)
        return run

    def _command(self, task: Task, given: dict[str, Any], scratch: Path) -> Sequence[str]:
        """Give a contender's command; what it needs to know besides the task is added to it."""
        who, _, how = task.contender.partition("-")
        options = f"-Djava.io.tmpdir={scratch} -Dlog4j2.configurationFile={LOGGING.as_uri()}"
        spark = {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.memory": MEMORY,
            "spark.executor.memory": "2g",
            "spark.default.parallelism": str(given.get("workers", WORKERS)),
            "spark.log.level": "ERROR",
            "spark.driver.extraJavaOptions": options,
            "spark.executor.extraJavaOptions": options,
        }
        given = {"master": LOCAL, "scratch": str(scratch), "spark": spark} | given
        python = sys.executable
        match who:
            case "ours" if how == "process":
                program = ALONE.get(given["kind"], "in_process")
                return _python(python, program, given | {"jcmd": jcmd()})
            case "ours" | "onnx":
                # The Java programs are there for the one that looks into Spark's block managers.
                given["spark"] = spark | {"spark.jars": str(self.programs.programs)}
                return _python(python, "ours", given | ({"master": CLUSTER} if how == "cluster" else {}))
            case "dl4j":
                return [*self.programs.in_process(stock=how == "stock"), json.dumps(given)]
            case "wrapper":
                return [*self.programs.in_process("ParallelWrapperEpoch"), json.dumps(given)]
            case "stock":
                # The export gets a folder of its own, to be removed with the rest.
                given |= {"form": how, "scratch": (scratch / "export").as_uri()}
                return [*self.programs.submitted(given["master"], given["workers"]), json.dumps(given)]
            case "keras":
                return _python(str(self.bench_python), "keras_alone", given | {"threads": int(how)})
            case "elephas":
                return _python(str(self.bench_python), "elephas_spark", given | {"mode": how, "port": 4_000})
            case "mlpc":
                return _python(python, "perceptron", given)
            case _:
                return [python, str(_program(task))]

    def _environment(self, task: Task, scratch: Path) -> dict[str, str]:
        """One arithmetic thread for each worker, said to every library that would choose by itself."""
        threads = "2" if task.contender == "keras-2" else "1"
        python = str(self.bench_python) if task.contender.startswith("elephas") else sys.executable
        kept = {name: value for name, value in os.environ.items() if name not in ("SPARK_HOME", "PYTHONPATH")}
        return kept | {
            "OMP_NUM_THREADS": threads,
            "TF_NUM_INTRAOP_THREADS": threads,
            "TF_NUM_INTEROP_THREADS": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "-1",
            "PYSPARK_PYTHON": python,
            "PYSPARK_DRIVER_PYTHON": python,
            "PYTHONPATH": str(ROOT),  # for Spark's Python workers, which start elsewhere
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(scratch),
            "SPARK_WORKER_DIR": str(scratch / "work"),
            "TMPDIR": str(scratch),
        }


def _program(task: Task) -> Path:
    return ROOT / "benchmarks" / f"{task.contender}.py"


def _python(python: str, program: str, given: dict[str, Any]) -> list[str]:
    return [python, "-m", f"benchmarks.contenders.{program}", json.dumps(given)]


def _figures(said: str) -> list[dict[str, Any]]:
    """Pick the measurements out of what a program wrote: lines of JSON with a figure."""
    return [json.loads(line) for line in said.splitlines() if line.startswith('{"figure"')]


def _route_figures(said: str) -> list[dict[str, Any]]:
    """Read what data_routes.py prints for people: a route, its MB/s, and its time beside that of Spark's scan."""
    line = r"^((?:numpy|cached|parquet)[\w-]*) +([\d,]+)(?:.* ([\d.]+) × its time)?"
    return [
        {
            "figure": "route",
            "route": route,
            "rate": float(rate.replace(",", "")),
            "scans": float(scans) if scans else None,
        }
        for route, rate, scans in re.findall(line, said, flags=re.MULTILINE)
    ]


def _last_words(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return " | ".join(lines[-3:])[-600:] or f"see {log}"
