"""pydl4j_spark in this process: the JVM is here, there is no Spark."""

from __future__ import annotations

import gc
import os
import re
import statistics
import subprocess
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import pydl4j_spark as dl4j
from benchmarks import problem
from benchmarks.contenders import common
from benchmarks.contenders.networks import configuration
from benchmarks.memory import resident
from pydl4j_spark.engine.local import local_engine
from pydl4j_spark.layers import DenseLayer, OutputLayer
from pydl4j_spark.updaters import NoOp

FEATURES = 784


def network(task: dict[str, Any]) -> dl4j.MultiLayerNetwork:
    """Make the task's network, here."""
    return dl4j.MultiLayerNetwork(configuration(task)).to("local")


def rows(task: dict[str, Any], part: str) -> tuple[np.ndarray, np.ndarray]:
    """Give features and class indices, as a user has them."""
    features, one_hot = problem.load(task, part)
    return features, one_hot.argmax(axis=1)


def process(task: dict[str, Any]) -> None:
    """Tell the epochs of one fit; then train twice on the rows as they stand, to compare the numbers."""
    X, y = rows(task, "train")
    settings = {"batch_size": task["batch"], "averaging_frequency": task["frequency"], "progress": False}
    workers = task["workers"]
    net = network(task)
    processor, thread, began = time.process_time(), time.thread_time(), time.perf_counter()
    history = net.fit((X, y), epochs=task["epochs"], workers=workers, shuffle=True, **settings)
    seconds = time.perf_counter() - began
    common.emit("python", seconds=seconds, thread=time.thread_time() - thread, process=time.process_time() - processor)
    for epoch, each in enumerate(history.seconds, 1):
        common.emit("epoch", epoch=epoch, seconds=each, rows=history.rows[epoch - 1])
    held, answers = problem.load(task, "test")
    common.emit("fit", epochs=task["epochs"], seconds=seconds, accuracy=common.accuracy(net.output(held), answers))
    for _ in range(2):
        same = network(task)
        same.fit((X, y), epochs=1, workers=workers, shuffle=False, **settings)
        common.emit("digest", params=zlib.crc32(np.ascontiguousarray(same.params()).tobytes()))


def bridge(task: dict[str, Any]) -> None:
    """Arrays in and out: as parameters (one array, nothing computed), as rows to score, as rows to train on.

    The network that scores has one unit: what it computes counts in, and is little.
    """
    count = task["megabytes"] * 1_000_000 // (4 * FEATURES)
    rng = np.random.default_rng(0)
    X = rng.random((count, FEATURES), dtype=np.float32)
    pixels, y = (X * 255).astype(np.uint8), rng.integers(0, 2, count)
    copy = np.zeros_like(X)
    _rate("memcpy", X, lambda: np.copyto(copy, X))

    wide = _network([DenseLayer(n_out=count), OutputLayer(n_out=2)])
    params = wide.params()
    _rate("params in", params, lambda: wide.set_params(params))
    _rate("params out", params, wide.params)

    small = _network([OutputLayer(n_out=2)])
    _rate("rows scored", X, lambda: small.output(X))
    _rate("pixels scored", X, lambda: small.output(pixels))
    _rate("rows trained", X, lambda: small.fit((X, y), epochs=1, batch_size=512, workers=1, progress=False))


def _network(layers: list[Any]) -> dl4j.MultiLayerNetwork:
    conf = dl4j.MultiLayerConfiguration(
        layers=layers, input_type=dl4j.InputType.feed_forward(FEATURES), seed=1, updater=NoOp()
    )
    return dl4j.MultiLayerNetwork(conf).to("local")


def _rate(way: str, moved: np.ndarray, action: Callable[[], Any], runs: int = 7) -> None:
    """Tell the first run's megabytes per second of float32, and the median of those after it."""
    seconds = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    megabytes = moved.size * 4 / 1e6
    common.emit("rate", way=way, rate=megabytes / statistics.median(seconds[1:]), first=megabytes / seconds[0])


def output(task: dict[str, Any]) -> None:
    """Time calls with one row, one by one after as many that warm up."""
    net = network(task)
    row = np.ascontiguousarray(rows(task, "test")[0][:1])
    calls = task["calls"]
    micros = []
    for call in range(2 * calls):
        began = time.perf_counter_ns()
        net.output(row)
        if call >= calls:
            micros.append((time.perf_counter_ns() - began) / 1e3)
    micros.sort()
    common.emit("calls", what="numpy", calls=calls, median=micros[calls // 2], p99=micros[calls * 99 // 100])


def calls(task: dict[str, Any]) -> None:
    """Call everything, some of it refused in Python or in the JVM: what grows, and what is left at the end."""
    net = network(task)
    X, y = rows(task, "test")
    params = net.params()
    engine = local_engine()

    def refused_here() -> None:
        net.output(np.zeros((3, 5), dtype=np.float32))

    def refused_there() -> None:
        engine.resolve('{"confs": 1}')

    kinds: list[Callable[[], Any]] = [
        *(lambda some=some: net.output(X[:some]) for some in (1, 7, 64, 300)),
        lambda: net.output((X[:32] * 255).astype(np.uint8)),
        lambda: net.feed_forward(X[:5]),
        lambda: net.score((X[:64], y[:64])),
        net.params,
        lambda: net.set_params(params),
        refused_here,
        refused_there,
    ]
    refused = 0
    for call in range(-(task["calls"] // 10), task["calls"] + 1):
        if call >= 0 and call % task["look_every"] == 0:
            common.emit("leak", call=call, refused=refused, **_look(task["jcmd"]))
        try:
            kinds[call % len(kinds)]()
        except dl4j.Dl4jError:
            refused += 1
        if call % 100 == 0:
            network(task).output(X[:1])  # one that is let go again


def _look(jcmd: str) -> dict[str, Any]:
    """Look at the memory that is in use after a collection, and at the threads.

    The JVM is asked from outside, by the JDK's own tool: to count the objects it collects what is none any more.
    """
    gc.collect()
    for _ in range(2):  # what the first collection finds ND4J frees in a thread of its own, and that leaves objects
        said = subprocess.run(
            [jcmd, str(os.getpid()), "GC.class_histogram"], capture_output=True, text=True, check=True
        ).stdout
        time.sleep(1)
    heap = re.search(r"^Total +\d+ +(\d+)", said, flags=re.MULTILINE)
    assert heap is not None
    return {
        "heap": int(heap[1]),
        "off_heap": local_engine().versions()["native"].get("off_heap_used_bytes"),
        "resident": resident([os.getpid()]),
        "threads": len(list(Path("/proc/self/task").iterdir())),
    }


KINDS: dict[str, Callable[[dict[str, Any]], None]] = {
    "process": process,
    "bridge": bridge,
    "output": output,
    "calls": calls,
}


def main() -> None:
    """Do what the task asks."""
    task = common.task()
    common.emit("environment", **local_engine().versions()["native"])
    KINDS[task["kind"]](task)


if __name__ == "__main__":
    main()
