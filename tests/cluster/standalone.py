"""A real Spark standalone cluster on this machine, and spark-submit, both from the installed pyspark."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyspark

MASTER = "org.apache.spark.deploy.master.Master"
WORKER = "org.apache.spark.deploy.worker.Worker"
WORKER_MEMORY = "1536M"
MARK = "PYDL4J_SPARK_TEST_RUN"


class Place:
    """A folder for everything that a run writes, and a mark by which all of its processes are known.

    `SPARK_HOME` is made of links into the installed pyspark: Spark's local clusters write their ``work`` folder
    there, whatever else they are told.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "spark"
        self.java_temp = folder / "java-temp"
        self.home.mkdir()
        self.java_temp.mkdir()
        for each in Path(pyspark.__file__).parent.iterdir():
            (self.home / each.name).symlink_to(each)
        self.mark = uuid.uuid4().hex
        unset = ("PYTHONPATH", "SPARK_CONF_DIR", "SPARK_MASTER", "PYSPARK_SUBMIT_ARGS")
        self.environment = {name: value for name, value in os.environ.items() if name not in unset} | {
            MARK: self.mark,
            "SPARK_HOME": str(self.home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(folder / "local"),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_NO_DAEMONIZE": "1",
            # Of the driver, the executors and the daemons alike. They live for seconds, many on few cores: code that is
            # compiled quickly serves them better than code that is compiled well.
            "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={self.java_temp} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_DRIVER_PYTHON": sys.executable,
        }

    def submit(self, master: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run spark-submit to its end."""
        command = [str(self.home / "bin" / "spark-submit"), "--master", master]
        for key, value in {
            "spark.ui.enabled": "false",
            "spark.log.level": "WARN",
            "spark.driver.memory": "1g",
            "spark.executor.memory": "1g",
            # Both workers, before the first job is laid out.
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        }.items():
            command += ["--conf", f"{key}={value}"]
        return subprocess.run(
            [*command, *arguments],
            env=self.environment | environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def processes(self) -> dict[int, str]:
        """Give the command lines of all processes that this run started and that still live."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):  # gone, or somebody else's
                    if f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes():
                        found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found


class Standalone:
    """A master and two workers of one core each. Use as a context manager: nothing is left of it."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._running: list[subprocess.Popen[bytes]] = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"spark://127.0.0.1:{port}"
        self._port = str(port)

    def __enter__(self) -> Standalone:
        try:
            log = self._start("master", MASTER, "--port", self._port)
            _wait("the master", lambda: "I have been elected leader" in log.read_text())
            for name in ("worker-1", "worker-2"):
                work = str(self._place.folder / name)
                self._start(name, WORKER, "--cores", "1", "--memory", WORKER_MEMORY, "--work-dir", work, self.url)
            _wait("two workers", lambda: len(re.findall("Registering worker", log.read_text())) == 2)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _start(self, name: str, daemon: str, *arguments: str) -> Path:
        log = self._place.folder / f"{name}.log"
        command = [str(self._place.home / "bin" / "spark-class"), daemon, "--host", "127.0.0.1", "--webui-port", "0"]
        with log.open("wb") as stream:
            self._running.append(
                subprocess.Popen(
                    [*command, *arguments],
                    env=self._place.environment,
                    cwd=self._place.folder,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
        return log

    def stop(self) -> None:
        """End all daemons; the workers end their executors."""
        for process in reversed(self._running):
            process.terminate()
        for process in self._running:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._running.clear()


def _wait(what: str, happened: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not come up in {seconds:g} s")
        time.sleep(0.2)
