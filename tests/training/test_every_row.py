"""Every row is trained once per epoch, whatever the numbers; DL4J's master alone would skip up to half of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pydl4j_spark import (
    InputType,
    MultiLayerConfiguration,
    ParameterAveragingTrainingMaster,
    ResidentAveragingTrainingMaster,
    SparkDl4jMultiLayer,
)
from pydl4j_spark.layers import OutputLayer
from pydl4j_spark.updaters import Sgd

pytestmark = pytest.mark.jvm

MASTERS = [ResidentAveragingTrainingMaster, ParameterAveragingTrainingMaster]


def tiny_conf(**settings):
    return MultiLayerConfiguration(
        layers=[OutputLayer(n_out=2, loss="mcxent", activation="softmax")],
        input_type=InputType.feed_forward(3),
        seed=1,
        updater=Sgd(0.1),
        **settings,
    )


def rows(n, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3)).astype(np.float32)
    return X, (X[:, 0] > 0).astype(int)


def network(spark, workers, batch, frequency, conf=None, kind=ResidentAveragingTrainingMaster):
    master = kind(num_workers=workers, batch_size_per_worker=batch, averaging_frequency=frequency)
    return SparkDl4jMultiLayer(spark, conf or tiny_conf(), master)


# The amounts at which the stock master, left to itself, trained 640, 640, 640, 1,920 and 4,480 rows.
@pytest.mark.parametrize("n", [200, 1000, 1200, 1279, 2000, 5000])
@pytest.mark.parametrize("kind", MASTERS)
def test_amounts_that_dl4j_rounds_down(spark, n, kind):
    history = network(spark, workers=2, batch=64, frequency=5, kind=kind).fit(rows(n), epochs=2, progress=False)
    assert history.rows == [n, n]


@pytest.mark.parametrize(
    ("n", "workers", "batch", "frequency"),
    [
        (1, 2, 16, 5),  # one row, idle workers
        (3, 4, 1, 1),  # fewer rows than workers
        (7, 3, 2, 1),  # ragged batch and ragged round
        (33, 2, 8, 2),
        (64, 2, 16, 2),  # comes out even
        (65, 2, 16, 2),  # one row too many
        (100, 5, 7, 3),
    ],
)
@pytest.mark.parametrize("kind", MASTERS)
def test_any_arithmetic(spark, n, workers, batch, frequency, kind):
    history = network(spark, workers, batch, frequency, kind=kind).fit(rows(n), epochs=2, progress=False)
    assert history.rows == [n, n]
    per_worker = math.ceil(math.ceil(n / batch) / workers)
    assert history.iteration == [per_worker, 2 * per_worker]


@pytest.mark.parametrize("partitions", [1, 3, 8])
def test_any_partitioning_of_a_dataframe(spark, partitions):
    X, y = rows(101)
    frame = spark.createDataFrame([(x.tolist(), int(c)) for x, c in zip(X, y, strict=True)], ["features", "label"])
    frame = frame.repartition(partitions)
    history = network(spark, workers=2, batch=16, frequency=2).fit(frame, epochs=2, progress=False)
    assert history.rows == [101, 101]


def test_empty_and_skewed_partitions(spark):
    X, y = rows(50)
    cells = [(i, x.tolist(), int(c)) for i, (x, c) in enumerate(zip(X, y, strict=True))]
    keyed = spark.sparkContext.parallelize(cells, 1).map(lambda cell: (0 if cell[0] < 49 else 5, cell[1:]))
    frame = keyed.partitionBy(6, lambda key: key).values().toDF(["features", "label"])
    assert frame.rdd.glom().map(len).collect() == [49, 0, 0, 0, 0, 1]
    history = network(spark, workers=3, batch=4, frequency=2).fit(frame, epochs=1, progress=False)
    assert history.rows == [50]


def test_many_groups_of_rounds(spark):
    """Rows beyond one partition's size are cut into groups of rounds; none is lost at the seams."""
    n, width = 1100, 40_000  # 176 MB
    conf = MultiLayerConfiguration(
        layers=[OutputLayer(n_out=2, loss="mcxent", activation="softmax")],
        input_type=InputType.feed_forward(width),
        seed=1,
        updater=Sgd(1e-5),
    )
    X = np.zeros((n, width), dtype=np.uint8)
    X[np.arange(n), np.arange(n) % width] = 1
    history = network(spark, 2, 16, 2, conf).fit((X, np.arange(n) % 2), epochs=1, progress=False)
    assert history.rows == [n]


def test_each_row_is_trained_once_and_only_once(spark):
    """With one-hot rows and plain SGD a weight moves only when its own row is trained."""
    n = 37
    conf = MultiLayerConfiguration(
        layers=[OutputLayer(n_out=1, loss="mse", activation="identity", has_bias=False)],
        input_type=InputType.feed_forward(n),
        seed=1,
        updater=Sgd(1.0),
        weight_init="zero",
        mini_batch=False,  # the sum of the rows' gradients, so that every row moves its weight alike
    )
    net = network(spark, workers=1, batch=5, frequency=2, conf=conf)
    net.fit((np.eye(n, dtype=np.float32), np.ones(n, dtype=np.float32)), epochs=1, progress=False)
    moved = net.network.params()
    assert np.ptp(moved) < 1e-6
    assert np.all(moved > 0)
