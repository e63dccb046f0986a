"""Graphs on Spark: what they are in one process, whatever the way in; DL4J builds them."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark import (
    ComputationGraph,
    ConfigError,
    DataError,
    ParameterAveragingTrainingMaster,
    ResidentAveragingTrainingMaster,
    SparkComputationGraph,
    SparkDl4jMultiLayer,
)
from tests.local import graphs
from tests.local.graphs import rows

pytestmark = pytest.mark.jvm

COLUMNS = {"features_col": {"left": ["a", "b", "c", "d"], "right": "r"}, "label_col": ["k", "v"]}
MASTERS = (ResidentAveragingTrainingMaster, ParameterAveragingTrainingMaster)


@pytest.fixture(scope="module")
def texts(engine):
    """DL4J's JSON of the graphs."""
    return {kind: str(graphs.configuration(kind).toJson()) for kind in graphs.KINDS}


@pytest.fixture(scope="module")
def frame(spark):
    (left, right), (kind, value) = rows("merged")
    cells = [
        (*map(float, a), b.tolist(), int(k), float(v)) for a, b, k, v in zip(left, right, kind, value, strict=True)
    ]
    return spark.createDataFrame(cells, "a float, b float, c float, d float, r array<float>, k int, v float").coalesce(
        1
    )


def made(spark, text, *, workers=1, kind=ResidentAveragingTrainingMaster, **settings):
    master = kind(num_workers=workers, batch_size_per_worker=8, averaging_frequency=2)
    return SparkComputationGraph(spark, ComputationGraph.from_json(text), master, **settings)


def here(text, data):
    graph = ComputationGraph.from_json(text).to("local")
    graph.fit(data, epochs=2, batch_size=8, averaging_frequency=2, progress=False)
    return graph


@pytest.fixture(scope="module")
def trained(spark, texts):
    net = made(spark, texts["merged"], labels={"kind": ["x", "y", "z"]})
    history = net.fit(rows("merged"), epochs=2, validation=rows("merged"), progress=False)
    assert history.rows == [graphs.ROWS] * 2 and history.validation[-1].rows == graphs.ROWS
    return net


@pytest.fixture(scope="module")
def expected(texts):
    return here(texts["merged"], rows("merged"))


def test_arrays_train_as_in_one_process_and_answer_the_same(trained, expected):
    X, labels = rows("merged")
    assert np.array_equal(trained.network.params(), expected.params())
    for found, wanted in zip(trained.output(X), expected.output(X), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert trained.score((X, labels)) == pytest.approx(expected.score((X, labels)), rel=1e-5)
    for output in ("kind", 1):
        found, wanted = (one.evaluate((X, labels), output=output) for one in (trained, expected))
        assert type(found) is type(wanted) and found.rows == wanted.rows
    assert trained.evaluate((X, labels)).labels == ("x", "y", "z")
    assert trained.evaluate_regression((X, labels), output="value").rows == graphs.ROWS
    assert len(trained.evaluate_roc((X, labels)).curves) == 3
    assert trained.predict(X, output="kind").tolist() == expected.predict(X, output="kind").tolist()


def test_frames_rdds_and_files_are_the_same_rows(spark, texts, frame, expected, tmp_path):
    (left, right), (kind, value) = rows("merged")
    frame.write.parquet(str(tmp_path / "rows.parquet"))
    pairs = [((a, b), (k, v)) for a, b, k, v in zip(left, right, kind, value, strict=True)]
    for data, columns in [
        (frame, COLUMNS),
        (tmp_path / "rows.parquet", COLUMNS),
        (spark.sparkContext.parallelize(pairs, 1), {}),
    ]:
        net = made(spark, texts["merged"])
        net.fit(data, epochs=2, progress=False, **columns)
        assert np.array_equal(net.network.params(), expected.params())


def test_predictions_stand_beside_the_rows(trained, frame):
    found = trained.predict(frame, features_col=COLUMNS["features_col"])
    assert found.columns == [*frame.columns, "prediction_kind", "probability_kind", "prediction_value"]
    X, _ = rows("merged")
    cells = found.collect()
    assert [row.prediction_kind for row in cells] == trained.predict(X, output=0).tolist()
    np.testing.assert_allclose([row.prediction_value for row in cells], trained.predict(X, output=1), atol=1e-6)
    np.testing.assert_allclose([row.probability_kind.toArray() for row in cells], trained.output(X)[0], atol=1e-6)
    report = trained.evaluate(frame, output="kind", **COLUMNS)
    assert report.accuracy == trained.evaluate(rows("merged")).accuracy
    with pytest.raises(DataError, match="a column 'prediction_kind' already"):
        trained.predict(found, features_col=COLUMNS["features_col"])


@pytest.mark.parametrize("master", MASTERS)
def test_every_master_trains_it_on_several_workers(spark, texts, master):
    params = []
    for _ in range(2):
        net = made(spark, texts["single"], workers=2, kind=master)
        history = net.fit(rows("single"), epochs=3, progress=False)
        params.append(net.network.params())
    assert np.array_equal(*params)
    assert history.score[-1] < history.score[0]
    net.reset()
    assert (net.network.epoch, net.network.iteration) == (0, 0)


def test_sequences_of_every_length(spark, texts):
    random = np.random.default_rng(3)
    lengths = [5, 2, 4, 5, 1, 3, 5, 2] * 3
    x = [random.normal(size=(4, steps)).astype(np.float32) for steps in lengths]
    each = [random.integers(0, 3, steps) for steps in lengths]
    size = [random.normal(size=(2, steps)).astype(np.float32) for steps in lengths]
    there, alone = made(spark, texts["recurrent"]), here(texts["recurrent"], (x, [each, size]))
    there.fit((x, {"size": size, "each": each}), epochs=2, progress=False)
    assert np.array_equal(there.network.params(), alone.params())
    cells = [(a.ravel().tolist(), b.tolist(), c.tolist()) for a, b, c in zip(x, each, size, strict=True)]
    frame = spark.createDataFrame(cells, "x array<float>, e array<int>, s array<array<float>>").coalesce(1)
    by_frame = made(spark, texts["recurrent"])
    by_frame.fit(frame, epochs=2, features_col="x", label_col=["e", "s"], progress=False)
    assert np.array_equal(by_frame.network.params(), alone.params())
    assert by_frame.evaluate(frame, features_col="x", label_col=["e", "s"]).confusion_matrix.sum() == sum(lengths)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({}, "the graph has 2 inputs, 'left', 'right': give columns of features as a list of 2 .* got one str"),
        ({"features_col": {"left": "a"}}, "columns of features by name: 'right' is missing"),
        ({"features_col": ["a", "none"]}, "there is no column 'none'"),
        ({**COLUMNS, "label_col": "k"}, "the graph has 2 outputs, 'kind', 'value': give columns of labels"),
        ({**COLUMNS, "features_mask_col": {"right": "r"}}, "input 'right': column 'r' masks time steps, and these"),
    ],
)
def test_columns_that_do_not_fit(trained, frame, columns, says):
    before = trained.network.params()
    with pytest.raises(DataError, match=says):
        trained.fit(frame, progress=False, **columns)
    assert np.array_equal(trained.network.params(), before)


def test_each_kind_has_its_own(spark, texts):
    graph = ComputationGraph.from_json(texts["single"])
    with pytest.raises(ConfigError, match="a ComputationGraph is trained by SparkComputationGraph"):
        SparkDl4jMultiLayer(spark, graph)
    with pytest.raises(DataError, match=r"an RDD must hold \(features, label\) pairs"):
        SparkComputationGraph(spark, graph).fit(spark.sparkContext.parallelize([1, 2]), progress=False)
