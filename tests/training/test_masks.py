"""What is masked counts for nothing: not in training, not in scores; by whatever route it comes."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark import (
    DataError,
    InputType,
    MultiLayerConfiguration,
    MultiLayerNetwork,
    ParameterAveragingTrainingMaster,
    ResidentAveragingTrainingMaster,
    SparkDl4jMultiLayer,
)
from pydl4j_spark.layers import LSTM, GlobalPoolingLayer, LastTimeStep, OutputLayer, RnnOutputLayer
from pydl4j_spark.sequences import pad_sequences
from pydl4j_spark.updaters import Adam

pytestmark = pytest.mark.jvm

RANDOM = np.random.default_rng(5)
LENGTHS = [7, 3, 1, 5, 7, 2, 4, 6, 7, 5, 3, 2]
SEQUENCES = [RANDOM.normal(size=(2, steps)).astype(np.float32) for steps in LENGTHS]
CLASSES = [RANDOM.integers(0, 3, steps) for steps in LENGTHS]
X, MASK = pad_sequences(SEQUENCES)
Y, _ = pad_sequences(CLASSES, dtype=int)
ANSWERS = RANDOM.integers(0, 3, len(LENGTHS))

EVERY_STEP = (LSTM(n_out=4, activation="tanh"), RnnOutputLayer(n_out=3))
AT_THE_END = (LastTimeStep(LSTM(n_out=4, activation="tanh")), OutputLayer(n_out=3))


def conf(*layers, **settings):
    return MultiLayerConfiguration(
        layers=layers, input_type=InputType.recurrent(2), seed=3, updater=Adam(0.02), **settings
    )


def on_spark(
    spark, data, layers=EVERY_STEP, *, workers=1, kind=ResidentAveragingTrainingMaster, columns=None, **settings
):
    master = kind(num_workers=workers, batch_size_per_worker=4, averaging_frequency=2)
    net = SparkDl4jMultiLayer(spark, conf(*layers, **settings), master)
    net.fit(data, epochs=2, progress=False, **columns or {})
    return net


def filled(value):
    """The same sequences, with something else in the padding."""
    return np.where(MASK[:, None], X, np.float32(value)), np.where(MASK, Y, int(value) % 3)


@pytest.fixture(scope="module")
def expected(spark):
    return on_spark(spark, (X, Y, MASK))


class TestRoutes:
    """All lead to the same parameters, to the bit."""

    def test_lists(self, spark, expected):
        assert np.array_equal(on_spark(spark, (SEQUENCES, CLASSES)).network.params(), expected.network.params())

    def test_without_spark(self, expected):
        net = MultiLayerNetwork(conf(*EVERY_STEP)).to("local")
        net.fit((SEQUENCES, CLASSES), epochs=2, batch_size=4, averaging_frequency=2, progress=False)
        assert np.array_equal(net.params(), expected.network.params())
        np.testing.assert_allclose(net.score((X, Y, MASK)), expected.score((SEQUENCES, CLASSES)), rtol=1e-6)
        of_lists, of_arrays = net.gradient((SEQUENCES, CLASSES)), net.gradient((*filled(9), MASK))
        assert np.array_equal(of_lists["1_W"], of_arrays["1_W"])
        assert net.feed_forward(SEQUENCES)["layer1"].shape == (len(LENGTHS), 3, 7)

    def test_frames_with_cells_of_every_length(self, spark, expected):
        cells = [(x.ravel().tolist(), x.tolist(), y.tolist()) for x, y in zip(SEQUENCES, CLASSES, strict=True)]
        schema = "flat array<float>, nested array<array<float>>, y array<int>"
        frame = spark.createDataFrame(cells, schema).coalesce(1)
        for column in ("flat", "nested"):
            net = on_spark(spark, frame, columns={"features_col": column, "label_col": "y"})
            assert np.array_equal(net.network.params(), expected.network.params())
        scored = net.predict(frame, features_col="nested")
        assert scored.columns == ["flat", "nested", "y", "prediction", "probability"]
        predicted = expected.predict(X, features_mask=MASK)
        for found, wanted, steps in zip(scored.collect(), predicted, LENGTHS, strict=True):
            assert found.prediction[:steps] == wanted[:steps].tolist()
        assert expected.score(frame, features_col="flat", label_col="y") == pytest.approx(expected.score((X, Y, MASK)))

    def test_frames_with_columns_of_masks_and_rdds(self, spark, expected):
        cells = [
            (x.ravel().tolist(), y.tolist(), mask.astype(int).tolist()) for x, y, mask in zip(X, Y, MASK, strict=True)
        ]
        frame = spark.createDataFrame(cells, "x array<float>, y array<int>, m array<int>").coalesce(1)
        columns = {"features_col": "x", "label_col": "y", "features_mask_col": "m"}
        found = on_spark(spark, frame, columns=columns)
        assert np.array_equal(found.network.params(), expected.network.params())
        both = on_spark(spark, frame, columns=columns | {"label_mask_col": "m"})
        assert np.array_equal(both.network.params(), expected.network.params())
        rows = spark.sparkContext.parallelize(list(zip(X, Y, MASK, strict=True)), 1)
        assert np.array_equal(on_spark(spark, rows).network.params(), expected.network.params())
        pairs = spark.sparkContext.parallelize(list(zip(SEQUENCES, CLASSES, strict=True)), 1)
        assert np.array_equal(on_spark(spark, pairs).network.params(), expected.network.params())

    def test_minibatches_of_lists(self):
        def batches():
            for at in range(0, len(LENGTHS), 5):
                yield SEQUENCES[at : at + 5], CLASSES[at : at + 5]

        def padded():
            for x, y in batches():
                (array, mask), (labels, _) = pad_sequences(x), pad_sequences(y)
                yield array, labels, mask

        params = []
        for make in (batches, padded):
            net = MultiLayerNetwork(conf(*EVERY_STEP)).to("local")
            net.fit(make, epochs=2, progress=False)
            params.append(net.params())
        assert np.array_equal(*params)


class TestPadding:
    @pytest.mark.parametrize("kind", [ResidentAveragingTrainingMaster, ParameterAveragingTrainingMaster])
    @pytest.mark.parametrize(
        "layers", [EVERY_STEP, AT_THE_END, (LSTM(n_out=4), GlobalPoolingLayer(), OutputLayer(n_out=3))]
    )
    def test_may_be_anything(self, spark, layers, kind):
        params = []
        for value in (0, 1000):
            x, y = filled(value)
            labels = y if layers is EVERY_STEP else ANSWERS
            net = on_spark(spark, (x, labels, MASK), layers, workers=2, kind=kind)
            params.append(net.network.params())
        assert np.array_equal(*params)
        assert not np.array_equal(
            params[0], on_spark(spark, (X, labels), layers, workers=2, kind=kind).network.params()
        )

    def test_is_not_scored(self, expected):
        x, y = filled(2)
        evaluation = expected.evaluate((x, y, MASK))
        assert evaluation.confusion_matrix.sum() == MASK.sum()
        predicted = expected.predict(X)
        assert evaluation.accuracy == pytest.approx((predicted == Y)[MASK].mean())
        chances = np.take_along_axis(expected.output(X), Y[:, None], axis=1)[:, 0]
        loss = -np.log(chances)[MASK].sum() / len(X)
        assert expected.score((x, y, MASK)) == pytest.approx(loss, rel=1e-5)

    def test_leaves_each_sequence_what_it_gives_alone(self, spark):
        net = on_spark(spark, (SEQUENCES, ANSWERS), AT_THE_END)
        together = net.output(SEQUENCES)
        alone = [net.output([one])[0] for one in SEQUENCES]
        np.testing.assert_allclose(together, alone, atol=1e-6)
        assert net.predict(X, features_mask=MASK).tolist() == net.predict(SEQUENCES).tolist()


def test_masked_rows_are_not_learnt_from(spark):
    """DL4J still divides by all rows: the same rows as often, with wrong answers that do not count."""
    wrong = (ANSWERS + 1) % 3
    params = []
    for answers in (ANSWERS, wrong):
        labels = np.stack([ANSWERS, answers], axis=1).ravel()
        some = [one for one in SEQUENCES for _ in range(2)]
        net = on_spark(spark, (some, labels, None, [1, 0] * len(LENGTHS)), AT_THE_END)
        params.append(net.network.params())
    assert np.array_equal(*params)


def test_truncated_backpropagation_is_the_same_on_spark_and_without(spark):
    settings = {"backprop_type": "truncated_bptt", "tbptt_length": 3}
    there = on_spark(spark, (SEQUENCES, CLASSES), **settings)
    here = MultiLayerNetwork(conf(*EVERY_STEP, **settings)).to("local")
    here.fit((SEQUENCES, CLASSES), epochs=2, batch_size=4, averaging_frequency=2, progress=False)
    assert np.array_equal(there.network.params(), here.params())
    assert here.iteration == 2 * 3 * 3  # epochs, minibatches, pieces of 3, 3 and 1 steps
    whole = on_spark(spark, (SEQUENCES, CLASSES))
    assert not np.array_equal(whole.network.params(), here.params())


@pytest.mark.parametrize(
    ("cells", "columns", "says"),
    [
        (([1.0] * 4, [0]), {}, "in 2 rows column 'y' has another number of time steps than column 'x'"),
        (([1.0] * 3, [0, 1]), {}, "column 'x'"),
        (([1.0] * 4, [0, 1]), {"features_mask_col": "none"}, "there is no column 'none'; the columns are x, y"),
        (([1.0] * 4, [0, 1]), {"features_col": {"a": "x"}}, "there is no column 'a'"),
    ],
)
def test_frames_that_do_not_fit(spark, cells, columns, says):
    frame = spark.createDataFrame([cells, cells], "x array<float>, y array<int>")
    net = SparkDl4jMultiLayer(spark, conf(*EVERY_STEP))
    with pytest.raises(DataError, match=says):
        net.fit(frame, **{"features_col": "x", "label_col": "y", "progress": False} | columns)
