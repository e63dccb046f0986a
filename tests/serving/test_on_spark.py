"""On Spark: the same columns as DL4J's own scoring gives, for whatever columns and networks."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark import (
    ComputationGraphConfiguration,
    DataError,
    Input,
    InputType,
    MultiLayerConfiguration,
    OnnxModel,
    SparkComputationGraph,
    SparkDl4jMultiLayer,
)
from pydl4j_spark.layers import LSTM, ConvolutionLayer, DenseLayer, OutputLayer, RnnOutputLayer
from pydl4j_spark.vertices import MergeVertex
from tests.serving.models import classifier, tensor, two_ends, written

pytestmark = pytest.mark.jvm

SIZE, ROWS = 8, 30
X = np.random.default_rng(0).normal(size=(ROWS, SIZE)).round(3).astype(np.float32)

NETWORKS = {
    "classes": (InputType.feed_forward(SIZE), [DenseLayer(n_out=5, activation="tanh"), OutputLayer(n_out=3)]),
    "yes or no": (InputType.feed_forward(SIZE), [OutputLayer(n_out=1, loss="xent", activation="sigmoid")]),
    "several yes or no": (InputType.feed_forward(SIZE), [OutputLayer(n_out=3, loss="xent", activation="sigmoid")]),
    "value": (InputType.feed_forward(SIZE), [OutputLayer(n_out=1, loss="mse", activation="identity")]),
    "squashed value": (InputType.feed_forward(SIZE), [OutputLayer(n_out=1, loss="mse", activation="sigmoid")]),
    "values": (InputType.feed_forward(SIZE), [OutputLayer(n_out=2, loss="mse", activation="identity")]),
    "images": (
        InputType.convolutional(2, 2, 2),
        [ConvolutionLayer(n_out=3, kernel_size=2, activation="tanh"), OutputLayer(n_out=3)],
    ),
    "classes in time": (
        InputType.recurrent(2),
        [LSTM(n_out=4, activation="tanh"), RnnOutputLayer(n_out=3)],
    ),
    "values in time": (
        InputType.recurrent(2),
        [LSTM(n_out=4, activation="tanh"), RnnOutputLayer(n_out=1, loss="mse", activation="identity")],
    ),
}


@pytest.fixture(scope="module")
def both(spark, tmp_path_factory):
    """A network, and what it became."""
    made = {}

    def make(name: str) -> tuple[SparkDl4jMultiLayer, OnnxModel]:
        if name not in made:
            given, layers = NETWORKS[name]
            net = SparkDl4jMultiLayer(spark, MultiLayerConfiguration(layers=layers, input_type=given, seed=3))
            path = tmp_path_factory.mktemp("onnx") / "model.onnx"
            net.network.to_onnx(path)
            made[name] = net, OnnxModel(path, batch_size=7)
        return made[name]

    yield make
    for _, model in made.values():
        model.close()


@pytest.fixture(scope="module")
def frame(spark):
    """The same numbers in all the ways that columns hold them, and columns that are nobody's business."""
    from pyspark.ml.linalg import Vectors

    vectors = [
        Vectors.dense(x.tolist()) if row % 2 else Vectors.sparse(SIZE, np.flatnonzero(x).tolist(), x[x != 0].tolist())
        for row, x in enumerate(X)
    ]
    rows = [(i, x.tolist(), vector, x.tobytes()) for i, (x, vector) in enumerate(zip(X, vectors, strict=True))]
    pairs = [f"slice(doubles, {at}, 2)" for at in (1, 3, 5, 7)]
    cached = (
        spark.createDataFrame(rows, ["id", "doubles", "vector", "bytes"])
        .repartition(3)
        .selectExpr(
            "*",
            "cast(doubles as array<float>) as features",
            "array(array({}, {}), array({}, {})) as image".format(*pairs),
            "array(slice(doubles, 1, 4), slice(doubles, 5, 4)) as steps",
            *(f"doubles[{at}] as c{at}" for at in range(SIZE)),
            "case when id % 3 > 0 then concat('row ', id) end as note",
            "cast(id / 7 as decimal(9, 3)) as price",
            "timestamp_seconds(1e9 + id) as `at.time`",
            "map('a', id, 'b', null) as counts",
            "named_struct('id', id, 'nothing', cast(null as date)) as inner",
            "if(id = 2, null, vector) as holes",
        )
        .cache()
    )
    yield cached
    cached.unpersist()  # the session is everybody's


def assert_same(net: SparkDl4jMultiLayer, model: OnnxModel, frame, **options) -> None:
    theirs, ours = (each.predict(frame, **options) for each in (net, model))
    assert ours.schema == theirs.schema
    expected, found = theirs.collect(), ours.collect()
    assert len(found) == len(expected) == ROWS
    kept = frame.columns
    for a, b in zip(expected, found, strict=True):
        assert a[: len(kept)] == b[: len(kept)]
        for left, right in zip(a[len(kept) :], b[len(kept) :], strict=True):
            left, right = (cell.toArray() if hasattr(cell, "toArray") else cell for cell in (left, right))
            np.testing.assert_allclose(right, left, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_kind_of_network_gives_the_same_columns(both, frame, name):
    assert_same(*both(name), frame.select("id", "features"), prediction_col="answer", probability_col="how sure")


def test_other_columns_stay_as_they_are(both, frame):
    assert_same(*both("classes"), frame)


@pytest.mark.parametrize("columns", [["doubles"], ["vector"], ["bytes"], [f"c{i}" for i in range(SIZE)]])
def test_every_kind_of_column_holds_the_same_numbers(both, frame, columns):
    given = columns if len(columns) > 1 else columns[0]
    assert_same(*both("classes"), frame.select("id", *columns), features_col=given)


def test_nested_arrays(both, frame):
    assert_same(*both("images"), frame.select("image", "note"), features_col="image")
    assert_same(*both("classes in time"), frame.select("steps", "note"), features_col="steps")


def test_no_rows(both, frame):
    _, model = both("classes")
    assert model.predict(frame.limit(0)).collect() == []


def test_a_bad_row_is_refused_as_by_dl4j(both, frame):
    bad = frame.selectExpr("id", "if(id = 11, null, features) as x")
    net, model = both("classes")
    with pytest.raises(Exception, match="a row cannot be scored: column 'x' is null"):
        net.predict(bad, features_col="x").collect()
    with pytest.raises(Exception, match=r"DataError: row \d+ of partition \d+ cannot be scored: column 'x' is null"):
        model.predict(bad, features_col="x").collect()


def test_columns_that_are_not_right(both, frame):
    for scorer in both("classes"):
        with pytest.raises(DataError, match="there is no column 'pixels'"):
            scorer.predict(frame, features_col="pixels")
        with pytest.raises(DataError, match="has a column 'note' already"):
            scorer.predict(frame, prediction_col="note")
        with pytest.raises(DataError, match="column 'note' is string"):
            scorer.predict(frame, features_col="note")
        with pytest.raises(DataError, match="are both 'x'; each column needs its own name"):
            scorer.predict(frame, prediction_col="x", probability_col="x")
        with pytest.raises(DataError, match="prediction_col=None: the name of a column"):
            scorer.predict(frame, prediction_col=None)
        with pytest.raises(DataError, match="a DataFrame has its masks in columns"):
            scorer.predict(frame, features_mask=np.ones((2, 2)))


def test_sequences_of_different_lengths_need_a_mask(both, frame):
    _, model = both("classes in time")
    ragged = frame.selectExpr("id", "slice(features, 1, if(id % 2 = 0, 4, 8)) as x")
    with pytest.raises(
        DataError, match="column 'x' holds sequences of different lengths; the model has no input for a mask"
    ):
        model.predict(ragged, features_col="x")
    with pytest.raises(DataError, match="column 'x' holds sequences of different lengths"):
        model.predict(ragged.selectExpr("transform(x, v -> array(v, v)) as x"), features_col="x")
    with pytest.raises(DataError, match="column 'm' holds a mask; the model has no input"):
        model.predict(frame.selectExpr("features", "array(1, 1, 0, 0) as m"), features_mask_col="m")


def test_graphs_give_the_same_columns(spark, frame, tmp_path):
    left, right = Input("left", InputType.feed_forward(4)), Input("right", InputType.feed_forward(SIZE))
    both = MergeVertex()(DenseLayer(n_out=3, activation="tanh")(left), DenseLayer(n_out=2, activation="tanh")(right))
    kind = OutputLayer(n_out=3, name="kind")(both)
    value = OutputLayer(n_out=1, loss="mse", activation="identity", name="value")(both)
    graph = ComputationGraphConfiguration(inputs=[left, right], outputs=[kind, value], seed=3)
    net = SparkComputationGraph(spark, graph)
    net.network.to_onnx(tmp_path / "model.onnx")
    columns = {"right": "vector", "left": ["c0", "c1", "c2", "c3"]}
    with OnnxModel(tmp_path / "model.onnx") as model:
        assert_same(net, model, frame.select("note", "vector", "c3", "c2", "c1", "c0"), features_col=columns)
        assert_same(
            net,
            model,
            frame.select("steps", "features").selectExpr("steps[0] as four", "features"),
            features_col=["four", "features"],
        )


def test_masks_go_in_where_the_model_takes_them(spark, tmp_path):
    rng = np.random.default_rng(5)
    lengths = [3, 1, 2, 3, 2, 1]
    left = rng.normal(size=(6, 3)).astype(np.float32)
    steps = [rng.normal(size=(2, n)).astype(np.float32) for n in lengths]
    rows = [(i, *a.tolist(), s.tolist()) for i, (a, s) in enumerate(zip(left, steps, strict=True))]
    frame = spark.createDataFrame(rows, "id int, a float, b float, c float, s array<array<float>>").repartition(2)
    with OnnxModel(two_ends(tmp_path / "m.onnx"), batch_size=2) as model:
        scored = model.predict(frame, features_col={"steps": "s", "left": ["a", "b", "c"]})
        added = ["prediction_kind", "probability_kind", "prediction_sum", "prediction_each"]
        assert scored.columns == [*frame.columns, *added]
        found = {row.id: row for row in scored.collect()}
        kind, total, _ = model.output([left, steps])
        for i in range(6):
            np.testing.assert_allclose(found[i].probability_kind.toArray(), kind[i], atol=1e-6)
            assert found[i].prediction_kind == kind[i].argmax()
            assert found[i].prediction_sum == pytest.approx(float(total[i, 0]), abs=1e-5)
            np.testing.assert_array_equal(found[i].prediction_each, steps[i].ravel())
        # The same by a column of masks.
        even = frame.selectExpr("*", "array(array(1f, 2f, 3f), array(4f, 5f, 6f)) as e", "array(1, 1, 0) as m")
        by_mask = model.predict(even, features_col=[["a", "b", "c"], "e"], features_mask_col={"steps": "m"})
        whole = np.broadcast_to(np.arange(1, 7, dtype=np.float32).reshape(2, 3), (6, 2, 3))
        expected = model.output([left, whole], features_mask={"steps": np.array([[1, 1, 0]] * 6)})
        for row in by_mask.collect():
            assert row.prediction_sum == pytest.approx(float(expected[1][row.id, 0]), abs=1e-5)


def test_half_and_double_networks(spark, frame, tmp_path):
    from onnx import TensorProto, helper

    for kind, dtype in ((TensorProto.FLOAT16, np.float16), (TensorProto.DOUBLE, np.float64)):
        nodes = [helper.make_node("MatMul", ["x", "W"], ["y"])]
        ends = [tensor("x", "N", SIZE, kind=kind)], [tensor("y", "N", 1, kind=kind)]
        with OnnxModel(written(tmp_path / "m.onnx", nodes, *ends, {"W": np.ones((SIZE, 1), dtype)})) as model:
            found = model.predict(frame).select("id", "prediction").collect()
        np.testing.assert_allclose([row.prediction for row in found], X.sum(1)[[row.id for row in found]], atol=2e-2)


def test_a_model_is_sent_once_and_taken_back(spark, frame, tmp_path):
    model = OnnxModel(classifier(tmp_path / "m.onnx", np.ones((SIZE, 3), np.float32)))
    first = model.predict(frame)
    files = model._copies.on(spark.sparkContext)
    assert first.count() == model.predict(frame).count() == ROWS
    assert model._copies.on(spark.sparkContext) is files
    late = model.predict(frame)
    model.close()
    with pytest.raises(Exception, match="after it was destroyed"):
        late.collect()
    assert model.predict(frame).count() == ROWS  # sent anew
    model.close()
    model.close()
