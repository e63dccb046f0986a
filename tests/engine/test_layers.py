"""The layers of `tests/conf/layers.py` are DL4J's: shapes, parameters, values and defaults; and they train."""

import json

import numpy as np
import pytest

from pydl4j_spark import MultiLayerNetwork
from pydl4j_spark.conf import InputType, MultiLayerConfiguration
from pydl4j_spark.layers import (
    LSTM,
    AutoEncoder,
    CapsuleLayer,
    CapsuleStrengthLayer,
    CenterLossOutputLayer,
    DenseLayer,
    ElementWiseMultiplicationLayer,
    EmbeddingSequenceLayer,
    GravesBidirectionalLSTM,
    IdentityLayer,
    LastTimeStep,
    LearnedSelfAttentionLayer,
    LossLayer,
    MaskLayer,
    MaskZeroLayer,
    OCNNOutputLayer,
    OutputLayer,
    PrimaryCapsules,
    RecurrentAttentionLayer,
    RepeatVector,
    RnnLossLayer,
    SelfAttentionLayer,
    SimpleRnn,
    TimeDistributed,
    VariationalAutoencoder,
)
from tests.conf.layers import ALL, ROWS, STEPS, TRAINED, network
from tests.training.test_every_kind import ROWS as EXAMPLES
from tests.training.test_every_kind import data

pytestmark = pytest.mark.jvm

# DL4J infers rows of 0 numbers for these, and the other axis for sequences made by a ReshapePreprocessor.
WITHOUT_ROWS = (LossLayer.java_class, OCNNOutputLayer.java_class)
OTHERWISE_INFERRED = {"preprocessor: reshaped to steps"}


@pytest.fixture(scope="module")
def engine():
    pytest.importorskip("jpype")
    from pydl4j_spark.engine.local import local_engine

    return local_engine()


@pytest.mark.parametrize("name", ALL)
def test_shapes_parameters_and_values_are_dl4js(engine, name):
    conf = ALL[name]
    for theirs, ours in zip(engine.describe(conf.to_json()), conf.layer_types(), strict=True):
        assert theirs["name"] == ours.name
        assert theirs["class"] == ours.layer.java_class
        assert theirs["preprocessor"] == (ours.preprocessor and ours.preprocessor.java_class)
        assert theirs["params"] == ours.n_params
        if theirs["class"] not in WITHOUT_ROWS and name not in OTHERWISE_INFERRED:
            assert InputType.from_dict(theirs["output"]) == ours.output_type

    canonical = engine.resolve(conf.to_json())
    read = MultiLayerConfiguration.from_dict(json.loads(canonical) | {"inputType": conf.to_dict()["inputType"]})
    assert read.to_dict() == conf.to_dict()
    assert engine.resolve(read.to_json()) == canonical


PLAIN = {
    "simple": (STEPS, SimpleRnn(n_out=4)),
    "graves both ways": (STEPS, GravesBidirectionalLSTM(n_out=4)),
    "time distributed": (STEPS, TimeDistributed(DenseLayer(n_out=4))),
    "mask": (STEPS, MaskLayer()),
    "mask zero": (STEPS, MaskZeroLayer(LSTM(n_out=4))),
    "repeat": (ROWS, RepeatVector(4)),
    "embedding": (STEPS, EmbeddingSequenceLayer(n_in=11, n_out=4)),
    "self attention": (STEPS, SelfAttentionLayer()),
    "learned attention": (STEPS, LearnedSelfAttentionLayer(n_queries=2)),
    "recurrent attention": (STEPS, RecurrentAttentionLayer(n_out=4)),
    "primary": (InputType.convolutional(12, 12, 2), PrimaryCapsules(capsule_dimensions=2)),
    "capsules": (STEPS, CapsuleLayer(capsules=2, capsule_dimensions=3)),
    "strength": (STEPS, CapsuleStrengthLayer()),
    "element wise": (ROWS, ElementWiseMultiplicationLayer(n_out=6)),
    "identity": (ROWS, IdentityLayer()),
    "autoencoder": (ROWS, AutoEncoder(n_out=4)),
    "variational": (ROWS, VariationalAutoencoder(n_out=4)),
    "center loss": (ROWS, CenterLossOutputLayer(n_out=4)),
    "one class": (ROWS, OCNNOutputLayer(hidden_size=4)),
    "loss": (STEPS, RnnLossLayer()),
}
# What a builder must be told; the rest is left to its defaults.
TOLD = {
    *("@class", "layerName", "nin", "nout", "n", "nqueries", "hiddenSize"),
    *("capsules", "capsuleDimensions", "underlying"),
}
# The network's defaults do not reach into wrappers.
INSIDE = TOLD | {
    *("activationFn", "weightInitFn", "biasInit", "gainInit", "iupdater", "biasUpdater", "weightNoise"),
    *("gradientNormalization", "gradientNormalizationThreshold", "regularization", "regularizationBias"),
}


def told(layer, keys=TOLD):
    return {key: told(value, INSIDE) if key == "underlying" else value for key, value in layer.items() if key in keys}


@pytest.mark.parametrize("name", PLAIN)
def test_defaults_are_those_of_dl4js_builders(engine, name):
    given, layer = PLAIN[name]
    if name == "embedding":
        given = InputType.feed_forward(1)
    document = network(given, layer, updater="sgd", for_training=False, validate_output_layer=False).to_dict()
    bare = {
        "inputType": document["inputType"],
        "validateOutputLayerConfig": False,
        "confs": [{"seed": 1, "layer": told(conf["layer"])} for conf in document["confs"]],
    }
    assert json.loads(engine.resolve(json.dumps(bare))) == json.loads(engine.resolve(json.dumps(document)))


@pytest.mark.parametrize("name", TRAINED)
def test_a_step(name):
    conf = TRAINED[name]
    net = MultiLayerNetwork(conf).to("local")
    before = net.params().copy()
    examples = data(conf)
    history = net.fit(examples, batch_size=EXAMPLES, progress=False)
    after = net.params()
    assert np.isfinite(history.score).all()
    assert np.isfinite(after).all()
    assert not np.array_equal(before, after)
    assert np.isfinite(net.output(examples[0])).all()


def test_a_one_class_network_is_read_applied_and_evaluated():
    net = MultiLayerNetwork(ALL["read: one class"]).to("local")
    rows = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    assert net.output(rows).shape == (5,)
    assert net.predict(rows).shape == (5,)
    evaluation = net.evaluate((rows, np.zeros((5, 1), np.float32)))
    np.testing.assert_allclose(evaluation.mean_absolute_error, np.abs(net.output(rows)).mean(), rtol=1e-5)


def test_workers_drop_inside_wrappers_each_for_itself():
    layer = LastTimeStep(SimpleRnn(n_out=4, dropout=0.5))
    net = MultiLayerNetwork(network(STEPS, layer, OutputLayer(n_out=3))).to("local")
    rows = np.random.default_rng(0).normal(size=(200, 5, 7)).astype(np.float32)
    history = net.fit((rows, np.zeros(200, np.int64)), batch_size=2, workers=2, epochs=2, progress=False)
    assert np.isfinite(history.score).all()
