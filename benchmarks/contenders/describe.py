"""A hundred layers described and checked without a JVM, as a row and as a graph; then handed to DL4J."""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from pydl4j_spark import (
    ComputationGraph,
    ComputationGraphConfiguration,
    Input,
    InputType,
    MultiLayerConfiguration,
    MultiLayerNetwork,
)
from pydl4j_spark.engine.local import LocalEngine, local_engine
from pydl4j_spark.layers import DenseLayer, OutputLayer

TRIES = 25


def row() -> MultiLayerConfiguration:
    """Describe layers in one row."""
    hidden = [DenseLayer(n_out=10, activation="relu") for _ in range(99)]
    return MultiLayerConfiguration(layers=[*hidden, OutputLayer(n_out=3)], input_type=InputType.feed_forward(10))


def graph() -> ComputationGraphConfiguration:
    """Describe the same layers as a graph, of calls."""
    node = given = Input("rows", InputType.feed_forward(10))
    for _ in range(99):
        node = DenseLayer(n_out=10, activation="relu")(node)
    return ComputationGraphConfiguration(inputs=[given], outputs=[OutputLayer(n_out=3)(node)])


def main() -> None:
    """Describe each some times; hand each over once, and count the calls into Java."""
    kinds: dict[str, tuple[Callable[[], Any], type[Any]]] = {
        "row": (row, MultiLayerNetwork),
        "graph": (graph, ComputationGraph),
    }
    times = {name: [_seconds(describe) for _ in range(TRIES)] for name, (describe, _) in kinds.items()}
    without_jvm = "jpype" not in sys.modules
    for name, (describe, network) in kinds.items():
        figure = {
            "figure": "describe",
            "kind": name,
            "milliseconds": statistics.median(times[name]) * 1e3,
            "most": max(times[name]) * 1e3,
            "calls": _calls(network(describe())),
            "without_jvm": without_jvm,
        }
        print(json.dumps(figure), flush=True)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _calls(network: Any) -> int:
    engine = local_engine()
    engine.versions()  # the JVM has started by then
    count = 0
    call = LocalEngine._call

    def counted(self: LocalEngine, function: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal count
        count += 1
        return call(self, function, *arguments)

    LocalEngine._call = counted  # type: ignore[method-assign]
    try:
        network.to("local")
    finally:
        LocalEngine._call = call  # type: ignore[method-assign]
    return count


if __name__ == "__main__":
    main()
