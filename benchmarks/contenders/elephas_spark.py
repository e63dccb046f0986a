"""Elephas: Keras models trained by Spark's Python workers, on an RDD that Spark has already."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.contenders import common
from benchmarks.problem import load


def main() -> None:
    """Fit from the beginning, several times; workers and TensorFlow stay warm after the first."""
    from elephas.spark_model import AsynchronousSparkModel, SparkModel
    from elephas.utils.rdd_utils import to_simple_rdd
    from pyspark.sql import SparkSession

    from benchmarks.contenders import keras_models

    task = common.task()
    imported = time.perf_counter()
    builder = SparkSession.builder.master(task["master"]).appName("Elephas")
    for key, value in task["spark"].items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    started = time.perf_counter()
    features, labels = load(task, "train")
    held, answers = load(task, "test")
    held = keras_models.features(task, held)
    rows = to_simple_rdd(spark.sparkContext, keras_models.features(task, features), labels).cache()
    rows.count()
    common.emit(
        "start",
        imports=imported - common.BEGAN,
        session=started - imported,
        placing=time.perf_counter() - started,
        partitions=rows.getNumPartitions(),
    )

    def fit(epochs: int) -> tuple[float, float]:
        model = keras_models.model(task)
        trainer: Any
        if task["mode"] == "synchronous":
            trainer = SparkModel(model, batch_size=task["batch"])
        else:
            trainer = AsynchronousSparkModel(
                model, batch_size=task["batch"], mode=task["mode"], frequency="epoch", port=task["port"]
            )
        began = time.perf_counter()
        trainer.fit(rows, epochs=epochs, batch_size=task["batch"], verbose=0)
        seconds = time.perf_counter() - began
        return seconds, common.accuracy(trainer.master_network.predict(held, batch_size=500, verbose=0), answers)

    common.whole_fits(task, fit)
    spark.stop()


if __name__ == "__main__":
    main()
