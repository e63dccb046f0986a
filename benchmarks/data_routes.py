"""How fast data becomes minibatches that are ready to be trained on, by every route.

    python benchmarks/data_routes.py [--master local[2]] [--megabytes 100] [--runs 7] [route ...]

From the call of `fit` to the first averaging round: the rows are read, checked for NaN and for labels out of range,
shuffled into minibatches and cached where they will be trained. All figures are megabytes of float32 features (also
where the route itself moves fewer or more) per second, medians; the first run of a route is printed apart. Beside them,
from the same process: memcpy of the features, and for DataFrames Spark's own scan, which reads the same columns and
throws them away (the `noop` format).
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyspark.ml.functions import array_to_vector
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

import pydl4j_spark.spark_network as spark_network
from pydl4j_spark import (
    InputType,
    MultiLayerConfiguration,
    ParameterAveragingTrainingMaster,
    SparkDl4jMultiLayer,
    configure_spark,
)
from pydl4j_spark.layers import OutputLayer
from pydl4j_spark.progress import FitProgress
from pydl4j_spark.updaters import NoOp

FEATURES = 784
ARRAYS = ("numpy-float32", "numpy-uint8")
FRAMES = ("cached", "parquet-array", "parquet-vector", "parquet-columns")


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
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("routes", nargs="*", metavar="route", help=f"of {', '.join(ARRAYS + FRAMES)}; all by default")
    options = parser.parse_args()

    spark_network.FitProgress = Stopwatch  # type: ignore[misc]
    builder = SparkSession.builder.master(options.master).config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.memory", "4g").config("spark.executor.memory", "2g")
    spark = configure_spark(builder.config("spark.log.level", "ERROR")).getOrCreate()
    rows = options.megabytes * 1_000_000 // (4 * FEATURES)
    rng = np.random.default_rng(0)
    pixels, y = rng.integers(0, 256, (rows, FEATURES), dtype=np.uint8), rng.integers(0, 10, rows)
    X = rng.random((rows, FEATURES), dtype=np.float32)
    megabytes = X.nbytes / 1e6
    print(f"{megabytes:,.0f} MB as float32 on {options.master}, medians of {options.runs} in MB/s")

    copy = np.zeros_like(X)
    _, memcpy = timed(lambda: np.copyto(copy, X), options.runs)
    print(f"{'memcpy':16}{megabytes / memcpy:8,.0f}")
    with tempfile.TemporaryDirectory() as folder:
        for route in options.routes or ARRAYS + FRAMES:
            if route in ARRAYS:
                data: Any = (X if route == "numpy-float32" else pixels, y)
                first, median = timed_fits(spark, data, "features", options.runs)
                print(f"{route:16}{megabytes / median:8,.0f}   first {megabytes / first:,.0f}", flush=True)
                continue
            frame, columns = frame_of(spark, route, X, y, Path(folder))
            first, median = timed_fits(spark, frame, columns, options.runs)
            _, scan = timed(lambda frame=frame: frame.write.format("noop").mode("overwrite").save(), options.runs)
            print(
                f"{route:16}{megabytes / median:8,.0f}   first {megabytes / first:,.0f}; Spark's own scan "
                f"{megabytes / scan:,.0f}: {median / scan:.2f} × its time",
                flush=True,
            )
            frame.unpersist()
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    spark.stop()


def timed(action: Callable[[], Any], runs: int) -> tuple[float, float]:
    """Give the seconds of the first run, and the median of those after it."""
    seconds = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return seconds[0], statistics.median(seconds[1:])


def timed_fits(spark: SparkSession, data: Any, columns: str | list[str], runs: int) -> tuple[float, float]:
    """Give the seconds from the call of `fit` to its first round: of the first fit, and the median of the others."""
    conf = MultiLayerConfiguration(
        layers=[OutputLayer(n_out=10)], input_type=InputType.feed_forward(FEATURES), seed=1, updater=NoOp()
    )
    master = ParameterAveragingTrainingMaster(batch_size_per_worker=512, averaging_frequency=20)
    net = SparkDl4jMultiLayer(spark, conf, master)
    seconds = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        net.fit(data, features_col=columns, progress=False)
        seconds.append(Stopwatch.in_place - began)
    return seconds[0], statistics.median(seconds[1:])


def frame_of(
    spark: SparkSession, route: str, X: NDArray[np.float32], y: NDArray[np.int64], folder: Path
) -> tuple[DataFrame, str | list[str]]:
    """Write the rows as Parquet in the route's form, and give the DataFrame and its feature columns."""
    source = str(folder / "rows.parquet")
    if not Path(source).exists():
        import pyarrow as pa
        import pyarrow.parquet as pq

        values = pa.ListArray.from_arrays(np.arange(0, X.size + 1, FEATURES, dtype=np.int32), X.ravel())
        Path(source).mkdir()
        table = pa.table({"features": values, "label": y})
        for part in range(4):
            some = table.slice(part * len(table) // 4, (part + 1) * len(table) // 4 - part * len(table) // 4)
            pq.write_table(some, f"{source}/{part}.parquet")
    arrays = spark.read.parquet(source)
    if route == "parquet-array":
        return arrays, "features"
    if route == "cached":
        cached = arrays.cache()
        cached.count()
        return cached, "features"
    columns = [f"x{i}" for i in range(FEATURES)]
    if route == "parquet-vector":
        other = arrays.select(array_to_vector("features").alias("features"), "label")
    else:
        other = arrays.select(*(F.col("features")[i].alias(c) for i, c in enumerate(columns)), "label")
    path = str(folder / f"{route}.parquet")
    other.write.parquet(path)
    return spark.read.parquet(path), "features" if route == "parquet-vector" else columns


if __name__ == "__main__":
    main()
