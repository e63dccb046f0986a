"""Spark's own MultilayerPerceptronClassifier: sigmoid layers, all rows in every L-BFGS iteration."""

from __future__ import annotations

import time

from pyspark.ml.classification import MultilayerPerceptronClassifier
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.sql import DataFrame, SparkSession

from benchmarks.contenders import common
from benchmarks.contenders.frames import frame
from benchmarks.problem import load


def main() -> None:
    """Fit with more and more iterations, as the task says."""
    task = common.task()
    builder = SparkSession.builder.master(task["master"]).appName("MultilayerPerceptronClassifier")
    for key, value in task["spark"].items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    train, test = (_with_vectors(frame(spark, *load(task, part))) for part in ("train", "test"))
    common.emit("start", session=time.perf_counter() - common.BEGAN)

    def fit(iterations: int) -> tuple[float, float]:
        learner = MultilayerPerceptronClassifier(
            layers=[784, *task["hidden"], 10], maxIter=iterations, seed=task["seed"], tol=0.0
        )
        began = time.perf_counter()
        model = learner.fit(train)
        seconds = time.perf_counter() - began
        return seconds, MulticlassClassificationEvaluator(metricName="accuracy").evaluate(model.transform(test))

    for iterations in task["fits"]:
        seconds, reached = fit(iterations)
        common.emit("fit", epochs=iterations, seconds=seconds, accuracy=reached)
    spark.stop()


def _with_vectors(rows: DataFrame) -> DataFrame:
    from pyspark.ml.functions import array_to_vector

    vectors = rows.select(array_to_vector(rows["features"]).alias("features"), rows["label"].cast("double")).cache()
    vectors.count()
    return vectors


if __name__ == "__main__":
    main()
