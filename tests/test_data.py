"""Every way in: what fits is taken whole, what does not is refused before training with the reason."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark import (
    ConfigError,
    DataError,
    InputType,
    MultiLayerConfiguration,
    ResidentAveragingTrainingMaster,
    SparkDl4jMultiLayer,
)
from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.layers import LSTM, ConvolutionLayer, DenseLayer, OutputLayer, RnnOutputLayer
from pydl4j_spark.updaters import Sgd
from tests.conftest import digits_conf


def test_outputs_with_time_before_size_are_refused():
    conf = MultiLayerConfiguration(
        layers=[LSTM(n_out=3, data_format="NWC"), RnnOutputLayer(n_out=2, data_format="NWC")],
        input_type=InputType.recurrent(2, 5, data_format="NWC"),
    )
    with pytest.raises(ConfigError, match=r"channels last \(NWC\).* use data_format='NCW'"):
        ExampleShape.with_labels(conf)


def tiny(spark, **settings):
    conf = MultiLayerConfiguration(
        layers=[DenseLayer(n_out=5, activation="tanh"), OutputLayer(n_out=3)],
        input_type=InputType.feed_forward(4),
        seed=3,
        updater=Sgd(0.1),
    )
    master = ResidentAveragingTrainingMaster(num_workers=2, batch_size_per_worker=4, averaging_frequency=2)
    return SparkDl4jMultiLayer(spark, conf, master, **settings)


@pytest.fixture(scope="module")
def examples():
    rng = np.random.default_rng(0)
    return rng.normal(size=(22, 4)).astype(np.float32), rng.integers(0, 3, 22)


def trained(spark, data, **options):
    net = tiny(spark)
    history = net.fit(data, epochs=2, shuffle=False, progress=False, **options)
    assert history.rows == [22, 22]
    return net.network.params()


@pytest.fixture(scope="module")
def expected(spark, examples):
    return trained(spark, examples)


@pytest.mark.jvm
class TestRoutes:
    """All routes lead to the same parameters: the same rows in the same order, without shuffling."""

    def test_one_hot_equals_indices(self, spark, examples, expected):
        X, y = examples
        assert np.array_equal(trained(spark, (X, np.eye(3)[y])), expected)

    def test_vector_column(self, spark, examples, expected):
        from pyspark.ml.linalg import Vectors

        X, y = examples
        cells = [
            (Vectors.dense(x) if i % 2 else Vectors.sparse(4, range(4), x), int(c))
            for i, (x, c) in enumerate(zip(X.astype(float), y, strict=True))
        ]
        frame = spark.createDataFrame(cells, ["v", "c"]).coalesce(1)
        assert np.array_equal(trained(spark, frame, features_col="v", label_col="c"), expected)

    def test_array_column_and_one_hot_array_labels(self, spark, examples, expected):
        X, y = examples
        cells = [(x.tolist(), np.eye(3)[c].tolist()) for x, c in zip(X, y, strict=True)]
        frame = spark.createDataFrame(cells, "features array<float>, label array<double>").coalesce(1)
        assert np.array_equal(trained(spark, frame), expected)

    def test_one_column_per_feature(self, spark, examples, expected):
        X, y = examples
        cells = [(*map(float, x), float(c)) for x, c in zip(X, y, strict=True)]
        frame = spark.createDataFrame(cells, "a float, b double, c float, d float, y double").coalesce(1)
        assert np.array_equal(trained(spark, frame, features_col=["a", "b", "c", "d"], label_col="y"), expected)

    def test_columns_may_have_any_name_and_company(self, spark, examples, expected):
        X, y = examples
        frame = spark.createDataFrame(
            [(str(c), x.tolist(), int(c)) for x, c in zip(X, y, strict=True)],
            "other string, `the.features` array<float>, `a ``label``` int",
        ).coalesce(1)
        columns = {"features_col": "the.features", "label_col": "a `label`"}
        assert np.array_equal(trained(spark, frame, **columns), expected)

    def test_rdd_of_pairs_and_of_labeled_points(self, spark, examples, expected):
        from pyspark.mllib.regression import LabeledPoint

        X, y = examples
        pairs = spark.sparkContext.parallelize(list(zip(X, y, strict=True)), 1)
        points = spark.sparkContext.parallelize([LabeledPoint(c, x) for x, c in zip(X, y, strict=True)], 1)
        assert np.array_equal(trained(spark, pairs), expected)
        assert np.array_equal(trained(spark, points), expected)
        one_hot = spark.sparkContext.parallelize([(x, np.eye(3)[c]) for x, c in zip(X, y, strict=True)], 1)
        assert np.array_equal(trained(spark, one_hot), expected)

    def test_parquet_path(self, spark, examples, expected, tmp_path):
        X, y = examples
        cells = [(x.tolist(), int(c)) for x, c in zip(X, y, strict=True)]
        frame = spark.createDataFrame(cells, "features array<float>, label int").coalesce(1)
        frame.write.parquet(str(tmp_path / "rows.parquet"))
        assert np.array_equal(trained(spark, tmp_path / "rows.parquet"), expected)

    def test_shuffling_is_the_same_by_every_route(self, spark, examples):
        X, y = examples
        frame = spark.createDataFrame(
            [(x.tolist(), int(c)) for x, c in zip(X, y, strict=True)], "features array<float>, label int"
        )
        by_array, by_frame = tiny(spark), tiny(spark)
        by_array.fit((X, y), epochs=2, progress=False)
        by_frame.fit(frame, epochs=2, progress=False)
        assert np.array_equal(by_array.network.params(), by_frame.network.params())

    def test_bytes_equal_floats(self, spark, digits):
        X, y = digits
        params = []
        for data in (X[:64], X[:64].astype(np.uint8)):
            net = SparkDl4jMultiLayer(spark, digits_conf())
            net.fit((data, y[:64]), progress=False)
            params.append(net.network.params())
        assert np.array_equal(*params)

    def test_images_from_a_dataframe(self, spark):
        conf = MultiLayerConfiguration(
            layers=[ConvolutionLayer(n_out=2, kernel_size=(3, 2)), OutputLayer(n_out=2)],
            input_type=InputType.convolutional(5, 4, 2),
            seed=1,
            updater=Sgd(0.1),
        )
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(9, 2, 5, 4)).astype(np.float32), rng.integers(0, 2, 9)
        frame = spark.createDataFrame([(x.ravel().tolist(), int(c)) for x, c in zip(X, y, strict=True)], ["f", "c"])
        by_array, by_frame = SparkDl4jMultiLayer(spark, conf), SparkDl4jMultiLayer(spark, conf)
        by_array.fit((X, y), progress=False)
        by_frame.fit(frame, features_col="f", label_col="c", progress=False)
        assert np.array_equal(by_array.network.params(), by_frame.network.params())

    def test_sequences_from_a_dataframe(self, spark):
        conf = MultiLayerConfiguration(
            layers=[LSTM(n_out=3, activation="tanh"), RnnOutputLayer(n_out=2)],
            input_type=InputType.recurrent(2),
            seed=1,
            updater=Sgd(0.1),
        )
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(6, 2, 5)).astype(np.float32), rng.integers(0, 2, (6, 5))
        frame = spark.createDataFrame([(x.ravel().tolist(), c.tolist()) for x, c in zip(X, y, strict=True)], ["f", "c"])
        by_array, by_frame = SparkDl4jMultiLayer(spark, conf), SparkDl4jMultiLayer(spark, conf)
        by_array.fit((X, y), progress=False)
        by_frame.fit(frame, features_col="f", label_col="c", progress=False)
        assert np.array_equal(by_array.network.params(), by_frame.network.params())


@pytest.mark.jvm
class TestRefusals:
    """Bad rows are named before training starts, and the network is left as it was."""

    def refused(self, spark, data, says, **options):
        net = tiny(spark)
        before = net.network.params()
        with pytest.raises(DataError, match=says):
            net.fit(data, progress=False, **options)
        assert np.array_equal(net.network.params(), before)
        assert net.network.epoch == 0

    def frame(self, spark, cells, schema="features array<double>, label double"):
        return spark.createDataFrame(cells, schema)

    def test_nan_and_infinity_are_counted_by_column(self, spark, examples):
        X, y = examples[0].copy(), examples[1]
        X[3:5, 1] = np.nan
        X[7, 2] = np.inf
        self.refused(spark, (X, y), "feature 1 holds NaN or infinity in 2 rows.*feature 2 .*in 1 row")
        cells = [(float("nan") if i < 2 else 1.0, 0.0, 0.0, 0.0, 1.0) for i in range(5)]
        frame = self.frame(spark, cells, "a double, b double, c double, d double, label double")
        self.refused(spark, frame, "column 'a' holds NaN or infinity in 2 rows", features_col=["a", "b", "c", "d"])

    @pytest.mark.parametrize(
        ("labels", "says"),
        [
            ([0, 1, 3], r"1 value outside the classes \(first: 3.0\).* labels are 0 to 2"),
            ([0, -1, 5], "2 values outside the classes"),
            ([0, 0.5, 1], r"1 value that are no class index \(first: 0.5\)"),
            ([0, np.nan, 1], "NaN or infinity 1 time"),
        ],
    )
    def test_labels(self, spark, labels, says):
        self.refused(spark, (np.zeros((3, 4)), np.array(labels)), says)
        cells = [([0.0] * 4, float(label)) for label in labels]
        self.refused(spark, self.frame(spark, cells), says)

    def test_null_rows_and_wrong_lengths(self, spark):
        cells = [(None, 0.0), ([0.0] * 4, None), ([0.0] * 3, 1.0), ([0.0] * 5, 1.0), ([0.0, None, 0.0, 0.0], 1.0)]
        net = tiny(spark)
        with pytest.raises(DataError) as refused:
            net.fit(self.frame(spark, cells), progress=False)
        for part in (
            "column 'features' is null",
            "column 'label' is null",
            "column 'features' has 3 values, the network takes 4",
            "column 'features' has 5 values, the network takes 4",
            "an array with a null element",
        ):
            assert part in str(refused.value)

    def test_empty_data(self, spark, examples):
        self.refused(spark, self.frame(spark, []), "has no rows")
        self.refused(spark, (np.zeros((0, 4)), np.zeros(0)), "no rows")

    def test_wrong_columns(self, spark):
        frame = self.frame(spark, [([0.0] * 4, 0.0)])
        self.refused(spark, frame, "no column 'pixels'; the columns are features, label", features_col="pixels")
        self.refused(spark, frame, "no column 'y'", label_col="y")
        texts = self.frame(spark, [("a", 0.0)], "features string, label double")
        self.refused(spark, texts, "column 'features' is string.*StringIndexer")

    def test_something_else(self, spark, examples):
        self.refused(spark, examples[0], "labels are missing")
        self.refused(spark, 7, "expected .* got int")
        self.refused(
            spark, spark.sparkContext.parallelize([1, 2, 3]), "must hold .* pairs, .* or LabeledPoint, found 1"
        )
        self.refused(spark, spark.sparkContext.parallelize([]), "no rows")
        self.refused(spark, examples, "validation data: each row has shape", validation=(np.zeros((2, 3)), [0, 1]))

    @pytest.mark.parametrize("epochs", [0, -1, 1.5, True, "3"])
    def test_epochs(self, spark, examples, epochs):
        with pytest.raises(ConfigError, match="epochs must be a whole number"):
            tiny(spark).fit(examples, epochs=epochs, progress=False)


@pytest.mark.jvm
def test_rows_that_would_change_are_read_once(spark, tmp_path):
    """Where they have to be read again, after an executor was lost, a change is refused: FrameRowsTest in Java."""
    readings = str(tmp_path / "readings")

    def more_every_time(rows):
        with open(readings, "a") as file:
            file.write("x")
        with open(readings) as file:
            times = len(file.read())
        yield from list(rows) * times

    rdd = spark.sparkContext.parallelize([([0.0] * 4, 1.0)] * 5, 1).mapPartitions(more_every_time)
    frame = spark.createDataFrame(rdd, "features array<double>, label double")
    assert tiny(spark).fit(frame, epochs=2, validation=frame, progress=False).rows == [5, 5]
    with open(readings) as file:
        assert file.read() == "xx"
