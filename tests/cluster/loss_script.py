"""Submitted by the cluster tests: executors are killed in the middle of a fit, and its result does not show it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
from pyspark.sql import SparkSession
from sklearn.datasets import load_digits

import pydl4j_spark as dl4j
from pydl4j_spark.layers import DenseLayer, OutputLayer
from pydl4j_spark.updaters import Adam

EPOCHS = 9


def executors() -> list[int]:
    """Give the processes of this application's executors, oldest first."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environ, line = (entry / "environ").read_bytes(), (entry / "cmdline").read_bytes()
            except OSError:
                continue
            mark = f"PYDL4J_SPARK_TEST_RUN={os.environ['PYDL4J_SPARK_TEST_RUN']}".encode()
            if mark in environ and b"ExecutorBackend" in line and b"java" in line.split(b"\0")[0]:
                found.append(int(entry.name))
    return sorted(found)


def fit(spark: SparkSession, data: object, disturb: bool) -> tuple[dl4j.MultiLayerNetwork, dl4j.History, list[int]]:
    """Train; where wanted, kill an executor between two epochs and another one in the middle of an epoch."""
    conf = dl4j.MultiLayerConfiguration(
        layers=[DenseLayer(n_out=400, activation="relu", dropout=0.8), OutputLayer(n_out=10)],
        input_type=dl4j.InputType.feed_forward(64),
        seed=9,
        updater=Adam(1e-3),
    )
    master = dl4j.ResidentAveragingTrainingMaster(batch_size_per_worker=10, averaging_frequency=4, num_workers=2)
    net = dl4j.SparkDl4jMultiLayer(spark, conf, master)
    killed: list[int] = []

    def kill() -> None:
        victims = [each for each in executors() if each not in killed]
        os.kill(victims[len(killed) % len(victims)], signal.SIGKILL)
        killed.append(victims[len(killed) % len(victims)])

    def after_epoch(history: dl4j.History) -> None:
        if disturb and len(history) == 2:
            kill()
        if disturb and len(history) == 6:
            threading.Timer(history.seconds[-1] / 2, kill).start()

    history = net.fit(data, epochs=EPOCHS, progress=False, callbacks=[after_epoch])
    return net.network, history, killed


def main() -> None:
    """Train on arrays or on a DataFrame, undisturbed and disturbed, and note what came out."""
    out, route = Path(sys.argv[1]), sys.argv[2]
    spark = dl4j.configure_spark(SparkSession.builder.appName("executors that get lost")).getOrCreate()
    digits = load_digits()
    X, y = digits.data.astype(np.float32) / 16, digits.target
    data: object = (X, y)
    if route == "frame":
        frame = spark.createDataFrame(
            [(x.tolist(), int(label)) for x, label in zip(X, y, strict=True)], "features array<float>, label int"
        )
        frame.write.parquet(str(out / "digits.parquet"))
        data = spark.read.parquet(str(out / "digits.parquet"))
    calm, _, _ = fit(spark, data, disturb=False)
    started = time.monotonic()
    network, history, killed = fit(spark, data, disturb=True)
    found = {
        "killed": len(killed),
        "rows": history.rows,
        "seconds": time.monotonic() - started,
        "epochs": history.seconds,
        "same_params": bool(np.array_equal(calm.params(), network.params())),
        "same_updater": bool(np.array_equal(calm.updater_state(), network.updater_state())),
    }
    (out / "found.json").write_text(json.dumps(found))
    spark.stop()


if __name__ == "__main__":
    main()
