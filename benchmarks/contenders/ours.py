"""pydl4j_spark through its public Python API, on a DataFrame that Spark holds in memory."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

import pydl4j_spark as dl4j
from benchmarks import problem
from benchmarks.contenders import common
from benchmarks.contenders.frames import frame
from benchmarks.contenders.networks import configuration
from benchmarks.memory import resident

Master = dl4j.ResidentAveragingTrainingMaster


@dataclass
class Session:
    """A Spark session with the rows in it, and the fits that are asked of it."""

    task: dict[str, Any]
    spark: SparkSession = field(init=False)
    train: DataFrame = field(init=False)

    def __post_init__(self) -> None:
        imported = time.perf_counter()
        # Averaging once per epoch is what is measured here, not a mistake.
        warnings.filterwarnings("ignore", message="averaging_frequency")
        builder = SparkSession.builder.master(self.task["master"]).appName("pydl4j_spark")
        for key, value in self.task["spark"].items():
            builder = builder.config(key, value)
        self.spark = dl4j.configure_spark(builder).getOrCreate()
        started = time.perf_counter()
        self.train = frame(self.spark, *problem.load(self.task, "train"))
        self.held, one_hot = problem.load(self.task, "test")
        self.answers = one_hot.argmax(axis=1)
        common.emit(
            "start",
            imports=imported - common.BEGAN,
            session=started - imported,
            placing=time.perf_counter() - started,
            master=Master.__name__,
        )

    def network(self, frequency: int) -> dl4j.SparkDl4jMultiLayer:
        """Make a network of the task's seed."""
        master = Master(
            batch_size_per_worker=self.task["batch"],
            averaging_frequency=frequency,
            num_workers=self.task["workers"],
            save_updater=True,
        )
        return dl4j.SparkDl4jMultiLayer(self.spark, configuration(self.task), master)

    def whole_fit(self, epochs: int) -> tuple[float, float]:
        """Fit a new network; give the seconds from call to return, and the accuracy."""
        seconds, _, accuracy = self.timed_fit(epochs)
        return seconds, accuracy

    def timed_fit(self, epochs: int) -> tuple[float, float, float]:
        """Fit a new network; give the seconds from call to return, those of them outside epochs, and the accuracy."""
        net = self.network(self.task["frequency"])
        processor, thread, began = time.process_time(), time.thread_time(), time.perf_counter()
        history = net.fit(self.train, epochs=epochs, progress=False)
        seconds = time.perf_counter() - began
        common.emit(
            "python",
            epochs=epochs,
            seconds=seconds,
            thread=time.thread_time() - thread,
            process=time.process_time() - processor,
        )
        evaluation = net.evaluate((self.held, self.answers))
        assert isinstance(evaluation, dl4j.Evaluation)
        return seconds, seconds - sum(history.seconds), evaluation.accuracy


def fits(session: Session) -> None:
    """Whole fits, from call to return."""
    common.whole_fits(session.task, session.whole_fit)


class Enough(Exception):
    """The accuracy asked for is reached."""


def curve(session: Session) -> None:
    """One fit, its epochs timed by themselves and scored; then a whole fit of as many as the target took."""
    task = session.task

    def after_epoch(history: dl4j.History) -> None:
        reached = history.validation[-1].accuracy  # type: ignore[union-attr]
        common.emit("epoch", epoch=len(history), seconds=history.seconds[-1], accuracy=reached)
        scored.append(reached)
        if not common.goes_on(task, len(history), reached):
            raise Enough

    scored: list[float] = []
    with suppress(Enough):
        session.network(task["frequency"]).fit(
            session.train,
            epochs=task["most_epochs"],
            validation=(session.held, session.answers),
            callbacks=[after_epoch],
            progress=False,
        )
    good = [epoch for epoch, reached in enumerate(scored, 1) if reached >= task["target"]]
    if good:
        seconds, outside, reached = session.timed_fit(good[0])
        common.emit("reached", epochs=good[0], seconds=seconds, outside=outside, accuracy=reached)


def epochs(session: Session) -> None:
    """Epochs alone, without any scoring."""
    history = session.network(session.task["frequency"]).fit(
        session.train, epochs=session.task["epochs"], progress=False
    )
    for epoch, seconds in enumerate(history.seconds, 1):
        common.emit("epoch", epoch=epoch, seconds=seconds, rows=history.rows[epoch - 1])


def rounds(session: Session) -> None:
    """Frequent and rare averages in turn, in one JVM: what a round adds is the difference."""
    task = session.task
    rare = problem.once_per_epoch(task["rows"], task["workers"])
    for turn in range(task["turns"]):
        for frequency in (task["frequency"], rare):
            history = session.network(frequency).fit(session.train, epochs=task["epochs"], progress=False)
            for epoch, seconds in enumerate(history.seconds, 1):
                common.emit("epoch", turn=turn, frequency=frequency, epoch=epoch, seconds=seconds)


def soak(session: Session) -> None:
    """Many fits of one network: what grows, and what is left at the end."""
    task = session.task
    net = session.network(task["frequency"])
    jvm = session.spark._jvm
    assert jvm is not None
    process = int(jvm.java.lang.ProcessHandle.current().pid())
    for fit in range(task["fit_calls"] + 1):
        if fit:
            net.fit(session.train, progress=False)
        if fit % task["look_every"] == 0:
            jvm.java.lang.System.gc()
            time.sleep(1)  # Spark's cleaner works off what the collector found, in a thread of its own
            runtime = jvm.java.lang.Runtime.getRuntime()
            common.emit(
                "soak",
                fit=fit,
                resident=resident([process]),
                python=resident([os.getpid()]),
                heap=runtime.totalMemory() - runtime.freeMemory(),
                off_heap=jvm.org.bytedeco.javacpp.Pointer.totalBytes(),
                **_left(jvm.org.pydl4j.benchmarks.Blocks.names(), Path(task["scratch"])),
            )


def _left(blocks: str, scratch: Path) -> dict[str, int]:
    """Count what Spark's block managers and the folders for temporary files hold."""
    broadcasts = sum(name.startswith("broadcast") for name in blocks.split())
    return {
        "broadcasts": broadcasts,
        "blocks": len(blocks.split()) - broadcasts,
        "files": sum(path.is_file() for path in scratch.rglob("*")),
    }


def serving(session: Session) -> None:
    """All rows scored some times, by the network or as it was exported; with the same seed both find as many right."""
    net = session.network(session.task["frequency"])
    scorer: dl4j.SparkDl4jMultiLayer | dl4j.OnnxModel = net
    if session.task["exported"]:
        path = Path(session.task["scratch"]) / "model.onnx"
        net.network.to_onnx(path)
        scorer = dl4j.OnnxModel(path)
    for turn in range(session.task["turns"]):
        began = time.perf_counter()
        scorer.predict(session.train).write.format("noop").mode("overwrite").save()
        common.emit("scored", turn=turn, seconds=time.perf_counter() - began, rows=session.task["rows"])
    common.emit("right", rows=scorer.predict(session.train).filter("prediction = label").count())


KINDS: dict[str, Callable[[Session], None]] = {
    "fits": fits,
    "curve": curve,
    "epochs": epochs,
    "rounds": rounds,
    "soak": soak,
    "serving": serving,
}


def main() -> None:
    """Do what the task asks."""
    task = common.task()
    session = Session(task)
    KINDS[task["kind"]](session)
    session.spark.stop()


if __name__ == "__main__":
    main()
