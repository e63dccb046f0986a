"""How fast numpy arrays become minibatches on the executors.

    python benchmarks/numpy_route.py [--master local[2]] [--megabytes 300] [--runs 7]

From the call of `fit` to the first averaging round: the arrays are written as files, scanned for NaN and labels out of
range, shuffled into minibatches and cached where they will be trained. The first run is a warm-up of the JVM and is
printed apart. Beside it memcpy of the same array in this process.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np
from pyspark.sql import SparkSession

from pydl4j_spark import (
    InputType,
    MultiLayerConfiguration,
    ParameterAveragingTrainingMaster,
    SparkDl4jMultiLayer,
    configure_spark,
)
from pydl4j_spark.layers import OutputLayer
from pydl4j_spark.progress import FitProgress
from pydl4j_spark.updaters import Sgd

FEATURES = 784


class Stopwatch(FitProgress):
    """Notes when the rows are in place."""

    in_place = 0.0

    def start(self, event: dict[str, Any]) -> None:
        """Take the time of the event that a fit sends before its first round."""
        Stopwatch.in_place = time.perf_counter()
        super().start(event)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()

    import pydl4j_spark.spark_network as spark_network

    spark_network.FitProgress = Stopwatch  # type: ignore[misc]
    rows = options.megabytes * 1_000_000 // (4 * FEATURES)
    rng = np.random.default_rng(0)
    X, y = rng.random((rows, FEATURES), dtype=np.float32), rng.integers(0, 10, rows)
    builder = SparkSession.builder.master(options.master).config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.memory", "4g").config("spark.executor.memory", "2g")
    spark = configure_spark(builder).getOrCreate()
    conf = MultiLayerConfiguration(
        layers=[OutputLayer(n_out=10)], input_type=InputType.feed_forward(FEATURES), seed=1, updater=Sgd(1e-3)
    )
    master = ParameterAveragingTrainingMaster(batch_size_per_worker=512, averaging_frequency=20)
    net = SparkDl4jMultiLayer(spark, conf, master)

    rates, copies = [], []
    for _ in range(options.runs + 1):
        began = time.perf_counter()
        X.copy()
        copies.append(X.nbytes / 1e6 / (time.perf_counter() - began))
        began = time.perf_counter()
        net.fit((X, y), progress=False)
        rates.append(X.nbytes / 1e6 / (Stopwatch.in_place - began))
    first, *warm = rates
    print(f"{X.nbytes / 1e6:,.0f} MB of float32 on {options.master}, {options.runs} runs after one of warm-up")
    print(f"numpy -> minibatches on executors, MB/s: median {statistics.median(warm):,.0f}", end="")
    print(f" (lowest {min(warm):,.0f}, highest {max(warm):,.0f}; the first run {first:,.0f})")
    print(f"memcpy, MB/s: median {statistics.median(copies[1:]):,.0f}")
    spark.stop()


if __name__ == "__main__":
    main()
