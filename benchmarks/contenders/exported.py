"""A network as it was exported: its output in onnxruntime beside DL4J's, and the export of a large one."""

from __future__ import annotations

import json
import os
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx

import pydl4j_spark as dl4j
from benchmarks.contenders import common
from benchmarks.contenders.networks import configuration
from benchmarks.memory import resident
from benchmarks.plan import BATCHES
from pydl4j_spark.layers import DenseLayer, OutputLayer
from pydl4j_spark.model_zip import ModelZip, write_model_zip
from pydl4j_spark.onnx import export_onnx

# How often each size of batch is called.
TURNS = dict(zip(BATCHES, (400, 100, 12), strict=True))
WIDE = (4_000, 5_000, 1_000)
EXPORTS = 3


def outputs(task: dict[str, Any]) -> None:
    """Call DL4J and onnxruntime in turn on the same rows, one thread each."""
    # Not needed to export, so not wherever this is imported.
    import onnxruntime

    path = Path(task["scratch"]) / "model.onnx"
    net = dl4j.MultiLayerNetwork(configuration(task)).to("local")
    net.to_onnx(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    nodes = Counter(node.op_type for node in onnx.load(path).graph.node)
    common.emit("nodes", total=nodes.total(), transposes=nodes["Transpose"])
    shape = net.conf.input_type.shape
    for batch, turns in TURNS.items():
        x = np.random.default_rng(task["seed"]).standard_normal((batch, *shape)).astype(np.float32)
        taken: dict[str, list[float]] = {"dl4j": [], "onnx": []}
        for _ in range(turns):
            taken["dl4j"].append(_seconds(lambda: net.output(x)))  # noqa: B023
            taken["onnx"].append(_seconds(lambda: session.run(None, {"input": x})))  # noqa: B023
        # The first calls warm both up.
        middle = {who: statistics.median(seconds[turns // 4 :]) for who, seconds in taken.items()}
        common.emit("output", batch=batch, **middle)


def large(task: dict[str, Any]) -> None:
    """Export 25 million parameters, without a comparison: seconds, and memory above what was there before."""
    folder = Path(task["scratch"])
    sizes = list(pairwise((*WIDE, 10)))
    layers = [DenseLayer(n_in=before, n_out=after, activation="relu") for before, after in sizes[:-1]]
    text = dl4j.MultiLayerConfiguration([*layers, OutputLayer(n_in=sizes[-1][0], n_out=sizes[-1][1])]).to_json()
    count = sum((before + 1) * after for before, after in sizes)
    params = np.random.default_rng(task["seed"]).standard_normal(count).astype(np.float32)
    size = params.nbytes
    write_model_zip(ModelZip(json.loads(text), text, params), folder / "model.zip")
    del params
    _export_small(folder)
    for _ in range(EXPORTS):
        with _Watch() as watch:
            seconds = _seconds(lambda: export_onnx(folder / "model.zip", folder / "model.onnx", verify=False))
        file = (folder / "model.onnx").stat().st_size / size
        common.emit("export", parameters=count, seconds=seconds, memory=watch.above / size, file=file)


def _export_small(folder: Path) -> None:
    """Have everything imported."""
    conf = dl4j.MultiLayerConfiguration([OutputLayer(n_in=2, n_out=2)])
    small = ModelZip(json.loads(conf.to_json()), conf.to_json(), np.zeros(6, np.float32))
    export_onnx(small, folder / "small.onnx", verify=False)


class _Watch:
    """The most memory of this process, above what it had at first."""

    def __enter__(self) -> _Watch:
        self._before = resident([os.getpid()])
        self._most, self._ended = self._before, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def _look(self) -> None:
        while not self._ended.wait(0.002):
            self._most = max(self._most, resident([os.getpid()]))

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def above(self) -> int:
        return self._most - self._before


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Do what the task says."""
    task = common.task()
    {"exported": outputs, "export": large}[task["kind"]](task)


if __name__ == "__main__":
    main()
