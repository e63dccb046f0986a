"""Evaluation and prediction, distributed, against scikit-learn and numpy on the same outputs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from pydl4j_spark import (
    ConfigError,
    DataError,
    Evaluation,
    InputType,
    MultiLayerConfiguration,
    NormalizerStandardize,
    RegressionEvaluation,
    ResidentAveragingTrainingMaster,
    SparkDl4jMultiLayer,
)
from pydl4j_spark.layers import LSTM, DenseLayer, OutputLayer, RnnOutputLayer
from pydl4j_spark.updaters import Adam
from tests.conftest import digits_conf

pytestmark = pytest.mark.jvm

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@pytest.fixture(scope="module")
def classifier(spark, digits):
    X, y = digits
    master = ResidentAveragingTrainingMaster(batch_size_per_worker=32, averaging_frequency=5)
    net = SparkDl4jMultiLayer(spark, digits_conf(), master, normalizer=NormalizerStandardize(), labels=NAMES)
    net.fit((X[:1200], y[:1200]), epochs=4, progress=False)
    return net


@pytest.fixture(scope="module")
def held_out(digits):
    return digits[0][1200:], digits[1][1200:]


def test_output_is_what_the_formula_says(classifier, held_out):
    X = held_out[0][:7]
    normalizer = classifier.network.normalizer
    flat = classifier.network.params().astype(np.float64)
    W0, flat = flat[: 64 * 32].reshape(64, 32, order="F"), flat[64 * 32 :]
    b0, flat = flat[:32], flat[32:]
    W1, b1 = flat[:320].reshape(32, 10, order="F"), flat[320:]
    z = np.maximum(normalizer.transform(X) @ W0 + b0, 0) @ W1 + b1
    expected = np.exp(z - z.max(1, keepdims=True))
    expected /= expected.sum(1, keepdims=True)
    np.testing.assert_allclose(classifier.output(X), expected, atol=1e-5)


def test_classification_metrics_equal_scikit_learns(classifier, held_out):
    X, y = held_out
    ev = classifier.evaluate((X, y))
    predicted = classifier.predict(X)
    assert isinstance(ev, Evaluation)
    assert ev.rows == len(y)
    assert ev.accuracy == pytest.approx(metrics.accuracy_score(y, predicted))
    np.testing.assert_array_equal(ev.confusion_matrix, metrics.confusion_matrix(y, predicted))
    for name, ours in (("precision", ev.precision), ("recall", ev.recall), ("f1", ev.f1)):
        theirs = getattr(metrics, f"{name}_score")(y, predicted, average="macro")
        # DL4J's macro F1 is that of macro precision and recall per class, as scikit-learn's.
        assert ours == pytest.approx(theirs, abs=2e-3), name
    likelihood = classifier.output(X)[np.arange(len(y)), y]
    assert ev.loss == pytest.approx(-np.log(likelihood).mean(), abs=1e-4)
    assert ev.labels == tuple(NAMES)
    assert ev.per_class["three"]["rows"] == int((y == 3).sum())
    report = metrics.classification_report(y, predicted, output_dict=True, target_names=NAMES)
    assert ev.per_class["five"]["f1"] == pytest.approx(report["five"]["f1-score"])
    assert "three" in ev.stats()
    assert f"{ev.accuracy:.4f}" in str(ev)


def test_evaluation_is_the_same_from_a_dataframe_in_many_partitions(spark, classifier, held_out):
    X, y = held_out
    cells = [(x.tolist(), int(c)) for x, c in zip(X, y, strict=True)]
    frame = spark.createDataFrame(cells, ["pixels", "digit"]).repartition(7)
    by_frame = classifier.evaluate(frame, features_col="pixels", label_col="digit")
    by_array = classifier.evaluate((X, y))
    np.testing.assert_array_equal(by_frame.confusion_matrix, by_array.confusion_matrix)
    assert by_frame.loss == pytest.approx(by_array.loss, rel=1e-6)


def test_roc_equals_scikit_learns(classifier, held_out):
    X, y = held_out
    roc = classifier.evaluate_roc((X, y))
    scores = classifier.output(X)
    assert [curve.label for curve in roc.curves] == NAMES
    for c, curve in enumerate(roc.curves):
        assert curve.auc == pytest.approx(metrics.roc_auc_score(y == c, scores[:, c]), abs=1e-4)
    assert 0.9 < roc.auc <= 1


def test_predict_keeps_rows_columns_and_their_order(spark, classifier, held_out):
    X, y = held_out
    cells = [(f"id-{i}", x.tolist(), int(c), None) for i, (x, c) in enumerate(zip(X, y, strict=True))]
    frame = spark.createDataFrame(cells, "id string, features array<float>, label int, note string").repartition(5)
    before = [row.id for row in frame.collect()]
    scored = classifier.predict(frame)
    assert scored.columns == ["id", "features", "label", "note", "prediction", "probability"]
    rows = scored.collect()
    assert [row.id for row in rows] == before
    index = [int(row.id[3:]) for row in rows]
    np.testing.assert_allclose([row.probability.toArray() for row in rows], classifier.output(X)[index], atol=1e-6)
    assert [int(row.prediction) for row in rows] == classifier.predict(X)[index].tolist()
    assert all(row.note is None for row in rows)
    # The frame is a DataFrame like any other.
    assert scored.filter("prediction = label").count() == int((classifier.predict(X) == y).sum())


def test_predict_needs_no_label_and_names_its_columns(spark, classifier, held_out):
    frame = spark.createDataFrame([(held_out[0][0].tolist(),)], ["x"])
    scored = classifier.predict(frame, features_col="x", prediction_col="class", probability_col="p")
    assert scored.columns == ["x", "class", "p"]
    assert scored.count() == 1
    with pytest.raises(DataError, match="has a column 'x' already"):
        classifier.predict(frame, features_col="x", prediction_col="x")
    with pytest.raises(DataError, match="no column 'features'"):
        classifier.predict(frame)
    empty = frame.limit(0)
    assert classifier.predict(empty, features_col="x").collect() == []


def test_spark_ml_evaluators_take_the_predictions(spark, classifier, held_out):
    from pyspark.ml.evaluation import MulticlassClassificationEvaluator

    X, y = held_out
    frame = spark.createDataFrame([(x.tolist(), float(c)) for x, c in zip(X, y, strict=True)], ["features", "label"])
    accuracy = MulticlassClassificationEvaluator(metricName="accuracy").evaluate(classifier.predict(frame))
    assert accuracy == pytest.approx(classifier.evaluate((X, y)).accuracy)


def test_regression(spark):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)).astype(np.float32)
    Y = np.stack([X @ [1, 2, 3], X @ [0, -1, 1]], axis=1).astype(np.float32)
    conf = MultiLayerConfiguration(
        layers=[OutputLayer(n_out=2, loss="mse", activation="identity")],
        input_type=InputType.feed_forward(3),
        seed=1,
        updater=Adam(0.05),
    )
    net = SparkDl4jMultiLayer(spark, conf, ResidentAveragingTrainingMaster(num_workers=1))
    net.fit((X, Y), epochs=8, progress=False)
    ev = net.evaluate((X, Y))
    assert isinstance(ev, RegressionEvaluation)
    out = net.output(X)
    np.testing.assert_allclose(ev.mean_squared_error, ((out - Y) ** 2).mean(0), rtol=1e-4)
    np.testing.assert_allclose(ev.mean_absolute_error, np.abs(out - Y).mean(0), rtol=1e-4)
    np.testing.assert_allclose(ev.r_squared, metrics.r2_score(Y, out, multioutput="raw_values"), atol=1e-4)
    assert "r squared" in str(ev)
    frame = spark.createDataFrame([(x.tolist(),) for x in X[:3]], ["features"])
    scored = net.predict(frame)
    assert scored.columns == ["features", "prediction"]
    np.testing.assert_allclose([row.prediction for row in scored.collect()], out[:3], atol=1e-6)
    np.testing.assert_array_equal(net.predict(X), out)


def test_one_output_says_yes_or_no(spark):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2)).astype(np.float32)
    y = (X[:, 0] > X[:, 1]).astype(int)
    conf = MultiLayerConfiguration(
        layers=[DenseLayer(n_out=8, activation="tanh"), OutputLayer(n_out=1, loss="xent", activation="sigmoid")],
        input_type=InputType.feed_forward(2),
        seed=1,
        updater=Adam(0.02),
    )
    net = SparkDl4jMultiLayer(spark, conf, ResidentAveragingTrainingMaster(num_workers=1), labels=["no", "yes"])
    net.fit((X, y), epochs=5, progress=False)
    ev = net.evaluate((X, y))
    predicted = net.predict(X)
    assert ev.accuracy == pytest.approx(metrics.accuracy_score(y, predicted))
    assert ev.precision == pytest.approx(metrics.precision_score(y, predicted))
    assert ev.recall == pytest.approx(metrics.recall_score(y, predicted))
    np.testing.assert_array_equal(ev.confusion_matrix, metrics.confusion_matrix(y, predicted))
    assert ev.labels == ("no", "yes")
    roc = net.evaluate_roc((X, y))
    assert len(roc.curves) == 1
    assert roc.auc == pytest.approx(metrics.roc_auc_score(y, net.output(X)[:, 0]), abs=1e-4)
    row = net.predict(spark.createDataFrame([(X[0].tolist(),)], ["features"])).first()
    assert row.probability.toArray() == pytest.approx([1 - net.output(X[:1])[0, 0], net.output(X[:1])[0, 0]])


def test_sequences(spark):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2, 6)).astype(np.float32)
    y = (X.sum(1) > 0).astype(int)
    conf = MultiLayerConfiguration(
        layers=[LSTM(n_out=6, activation="tanh"), RnnOutputLayer(n_out=2)],
        input_type=InputType.recurrent(2),
        seed=1,
        updater=Adam(0.02),
    )
    net = SparkDl4jMultiLayer(spark, conf, ResidentAveragingTrainingMaster(num_workers=1, batch_size_per_worker=8))
    net.fit((X, y), epochs=3, progress=False)
    out = net.output(X)
    assert out.shape == (40, 2, 6)
    predicted = net.predict(X)
    assert predicted.shape == (40, 6)
    ev = net.evaluate((X, y))
    np.testing.assert_array_equal(ev.confusion_matrix, metrics.confusion_matrix(y.ravel(), predicted.ravel()))
    frame = spark.createDataFrame([(x.ravel().tolist(),) for x in X[:4]], ["features"])
    rows = net.predict(frame).collect()
    assert [row.prediction for row in rows] == predicted[:4].tolist()
    # Another length than the one it was trained on.
    assert net.output(X[:2, :, :3]).shape == (2, 2, 3)


def test_sparse_labels(spark, digits):
    X, y = digits
    conf = digits_conf(
        layers=[
            DenseLayer(n_out=16, activation="relu"),
            OutputLayer(n_out=10, loss="sparse_mcxent", activation="softmax"),
        ]
    )
    dense = SparkDl4jMultiLayer(spark, digits_conf(layers=[conf.layers[0], OutputLayer(n_out=10)]))
    sparse = SparkDl4jMultiLayer(spark, conf)
    for net in (dense, sparse):
        net.fit((X[:200], y[:200]), epochs=1, progress=False)
    np.testing.assert_allclose(sparse.network.params(), dense.network.params(), atol=1e-5)
    assert sparse.evaluate((X[:200], y[:200])).accuracy == dense.evaluate((X[:200], y[:200])).accuracy


def test_labels_must_be_as_many_as_classes(spark):
    with pytest.raises(ConfigError, match=r"2 labels .* tells 10 classes apart"):
        SparkDl4jMultiLayer(spark, digits_conf(), labels=["a", "b"])


def test_validation_after_every_epoch(spark, digits):
    X, y = digits
    seen = []
    net = SparkDl4jMultiLayer(spark, digits_conf(), ResidentAveragingTrainingMaster(batch_size_per_worker=32))
    history = net.fit(
        (X[:400], y[:400]),
        epochs=3,
        validation=(X[400:600], y[400:600]),
        callbacks=[lambda h: seen.append(len(h))],
        progress=False,
    )
    assert seen == [1, 2, 3]
    assert len(history.validation) == len(history) == 3
    assert history.validation[-1].rows == 200
    assert history.validation[-1].accuracy == net.evaluate((X[400:600], y[400:600])).accuracy
    assert history.score[-1] < history.score[0]
