"""One step of training for each kind of thing a configuration may name: a finite score, and parameters that move."""

import attrs
import numpy as np
import pytest

from pydl4j_spark import ResidentAveragingTrainingMaster, SparkDl4jMultiLayer
from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.layers import DenseLayer, EmbeddingLayer, EmbeddingSequenceLayer
from pydl4j_spark.updaters import AdaBelief, Sgd
from tests.conf import catalogue
from tests.conf.networks import ALL, mlp

pytestmark = [pytest.mark.jvm, pytest.mark.slow]

ROWS = 8


def data(conf):
    """Rows that fit the network, and labels that fit its loss."""
    rng = np.random.default_rng(0)
    shape = ExampleShape.of(conf)
    features = rng.uniform(0.1, 0.9, (ROWS, *(7 if n is None else n for n in shape.features))).astype(np.float32)
    first = conf.layer_types()[0].layer
    if isinstance(first, EmbeddingLayer | EmbeddingSequenceLayer):
        features = rng.integers(0, first.n_in, features.shape).astype(np.float32)
    shape = shape.with_timesteps(features[0].size)
    labels = shape.labels
    loss = type(conf.layer_types()[-1].layer.loss).__name__
    classes = rng.integers(0, shape.classes, (ROWS, *labels[1:]))
    if shape.task == "CLASSIFICATION":
        return features, classes
    values = rng.uniform(0.1, 0.9, (ROWS, *labels)).astype(np.float32)
    if loss in ("LossBinaryXENT", "LossFMeasure", "LossMultiLabel"):
        values = np.eye(shape.classes, dtype=np.float32)[classes]
    elif "Hinge" in loss:
        values = 2 * np.eye(shape.classes, dtype=np.float32)[classes] - 1
    return features, values


def trained(spark, conf):
    master = ResidentAveragingTrainingMaster(num_workers=1, batch_size_per_worker=ROWS)
    net = SparkDl4jMultiLayer(spark, attrs.evolve(conf, seed=1), master)
    before = net.network.params().copy()
    history = net.fit(data(conf), progress=False)
    after = net.network.params()
    assert np.isfinite(history.score).all()
    assert np.isfinite(after).all()
    return before, after


# One network for each updater, as all of a network's updaters share its learning.
UPDATERS = {
    f"updater {index}: {type(made).__name__}": mlp(DenseLayer(n_out=4), updater=made)
    for index, made in enumerate(catalogue.UPDATERS)
    if not isinstance(made, AdaBelief)
}
# Labels have their classes before time; a network that ends the other way round is refused, see tests/test_data.py.
EVERY = {
    name: conf
    for name, conf in {**ALL, **UPDATERS}.items()
    if conf.for_training and getattr(conf.output_type, "data_format", None) != "NWC"
}


@pytest.mark.parametrize("name", EVERY)
def test_a_step(spark, name):
    before, after = trained(spark, EVERY[name])
    assert not np.array_equal(before, after)


def test_a_loss_that_is_no_number_any_more_is_told_as_such(spark):
    conf = mlp(DenseLayer(n_out=4, activation="identity"), updater=Sgd(1e30), seed=1)
    net = SparkDl4jMultiLayer(spark, conf, ResidentAveragingTrainingMaster(num_workers=1, batch_size_per_worker=2))
    history = net.fit(data(conf), epochs=2, progress=True)
    assert not np.isfinite(history.score[-1])
