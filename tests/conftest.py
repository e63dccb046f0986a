"""One Spark session for the whole run, real data that a dependency ships, and small networks."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pydl4j_spark import InputType, MultiLayerConfiguration, configure_spark
from pydl4j_spark.layers import DenseLayer, OutputLayer
from pydl4j_spark.updaters import Adam

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")

SMALL_SESSION = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "4",
    "spark.driver.memory": "2g",
    "spark.log.level": "ERROR",
}


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A real session of two cores, with the jar."""
    from pyspark.sql import SparkSession

    builder = configure_spark(SparkSession.builder.master("local[2]").appName("pydl4j_spark tests"))
    for key, value in SMALL_SESSION.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits: features [1797, 64] from 0 to 16, classes [1797]."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.data.astype(np.float32), data.target.astype(np.int64)


def assert_no_jobs(spark: Any) -> None:
    """No Spark job is left. Spark's account of them comes a little after them, on a busy machine a second."""
    deadline = time.monotonic() + 20
    while spark.sparkContext.statusTracker().getActiveJobsIds() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(spark.sparkContext.statusTracker().getActiveJobsIds()) == []


def digits_conf(**settings: Any) -> MultiLayerConfiguration:
    """A small perceptron for the digits."""
    defaults: dict[str, Any] = {
        "layers": [
            DenseLayer(n_out=32, activation="relu"),
            OutputLayer(n_out=10, loss="mcxent", activation="softmax"),
        ],
        "input_type": InputType.feed_forward(64),
        "seed": 42,
        "updater": Adam(5e-3),
        "weight_init": "xavier",
    }
    return MultiLayerConfiguration(**{**defaults, **settings})
