"""Trains on several times the rows that fit into memory, by arrays and by a DataFrame; prints what was seen."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pydl4j_spark import (
    InputType,
    MultiLayerConfiguration,
    ParameterAveragingTrainingMaster,
    SparkDl4jMultiLayer,
    configure_spark,
)
from pydl4j_spark.layers import OutputLayer
from pydl4j_spark.updaters import Sgd

ROWS, FEATURES = 100_000, 800  # 320 MB of float32


def frame_of(spark: SparkSession) -> DataFrame:
    """Rows that Spark makes up itself."""
    values = F.array_repeat((F.col("id") % 1000 / 1000).cast("float"), FEATURES)
    return spark.range(0, ROWS, 1, 12).select(values.alias("features"), (F.col("id") % 2).alias("label"))


def files(folder: str) -> list[str]:
    """Give the files in which Spark holds or sends rows."""
    return [file.name for file in Path(folder).rglob("*") if file.name.startswith(("rdd_", "shuffle_", "temp_"))]


def main(folder: str) -> None:
    """Train on both, and look at what Spark holds during and after."""
    # Of 1 GB of heap, 300 MB are Spark's own; a fifth of the rest holds rows: 145 MB.
    settings = {"spark.driver.memory": "1g", "spark.memory.fraction": "0.2", "spark.local.dir": folder}
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = configure_spark(builder.config("spark.log.level", "ERROR")).getOrCreate()
    held = spark.sparkContext._jsc.sc().getRDDStorageInfo
    conf = MultiLayerConfiguration(
        layers=[OutputLayer(n_out=2)], input_type=InputType.feed_forward(FEATURES), seed=1, updater=Sgd(1e-3)
    )
    master = ParameterAveragingTrainingMaster(batch_size_per_worker=500, averaging_frequency=10)
    labels = np.arange(ROWS) % 2
    found: dict[str, Any] = {}
    for route in ("arrays", "frame"):
        data: Any = frame_of(spark)
        if route == "arrays":
            data = (np.repeat((np.arange(ROWS) % 1000 / 1000).astype(np.float32)[:, None], FEATURES, 1), labels)
        began = time.perf_counter()
        on_disk: list[int] = []
        net = SparkDl4jMultiLayer(spark, conf, master)
        look = [lambda _, seen=on_disk: seen.append(sum(rdd.diskSize() for rdd in held()))]
        history = net.fit(data, 2, progress=False, callbacks=look)
        deadline = time.monotonic() + 20  # Spark removes files behind our back
        while (left := files(folder)) and time.monotonic() < deadline:
            time.sleep(0.1)
        found[route] = {
            "rows": history.rows,
            "on_disk": on_disk,
            "held": len(held()),
            "left": left,
            "params": net.network.params().tolist(),
            "seconds": time.perf_counter() - began,
        }
    spark.stop()
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
