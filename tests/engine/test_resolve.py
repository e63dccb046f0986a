"""What Python says of a network is what DL4J makes of it: values, shapes, parameters, defaults, and refusals."""

import json

import attrs
import pytest

from pydl4j_spark import activations, losses, updaters
from pydl4j_spark.conf import InputType, MultiLayerConfiguration
from pydl4j_spark.engine.spark import spark_engine
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.layers import (
    LSTM,
    ActivationLayer,
    BatchNormalization,
    Bidirectional,
    ConvolutionLayer,
    DenseLayer,
    DropoutLayer,
    EmbeddingLayer,
    GlobalPoolingLayer,
    GravesLSTM,
    LastTimeStep,
    LossLayer,
    OutputLayer,
    RnnOutputLayer,
    SubsamplingLayer,
)
from tests.conf.networks import ALL, NETWORKS, image, mlp, sequence

pytestmark = pytest.mark.jvm


@pytest.fixture(scope="module")
def engine(spark):
    return spark_engine(spark)


def seeded(conf):
    """Where no seed is given, DL4J takes the clock."""
    return attrs.evolve(conf, seed=1)


def described(conf):
    """What `engine.describe` should answer."""
    return [
        {
            "name": here.name,
            "class": here.layer.java_class,
            "preprocessor": here.preprocessor and here.preprocessor.java_class,
            # DL4J's fault: a loss layer gives rows of 0 numbers.
            "output": None if isinstance(here.layer, LossLayer) else here.output_type,
            "params": here.n_params,
        }
        for here in conf.layer_types()
    ]


def as_described(engine, conf):
    """What it does answer."""
    answered = engine.describe(conf.to_json())
    for layer in answered:
        loss = layer["class"] == LossLayer.java_class
        layer["output"] = None if loss else InputType.from_dict(layer["output"])
    return answered


@pytest.mark.parametrize("name", ALL)
def test_shapes_parameters_and_values_are_dl4js(engine, name):
    conf = seeded(ALL[name])
    assert as_described(engine, conf) == described(conf)

    canonical = engine.resolve(conf.to_json())
    read = MultiLayerConfiguration.from_dict(json.loads(canonical) | {"inputType": conf.to_dict()["inputType"]})
    assert read.to_dict() == conf.to_dict()
    assert engine.resolve(read.to_json()) == canonical


PLAIN = {
    "dense": mlp(DenseLayer(n_out=8)),
    "embedding": mlp(EmbeddingLayer(n_in=11, n_out=8), size=1),
    "convolution": image(ConvolutionLayer(n_out=8)),
    "pooling": image(SubsamplingLayer()),
    "global pooling": image(GlobalPoolingLayer()),
    "batch norm": mlp(BatchNormalization()),
    "batch norm of images": image(BatchNormalization()),
    "activation": mlp(ActivationLayer()),
    "dropout": mlp(DropoutLayer(0.5)),
    "lstm": sequence(LSTM(n_out=8)),
    "graves lstm": sequence(GravesLSTM(n_out=8)),
    "last step": sequence(LastTimeStep(LSTM(n_out=8)), ending=OutputLayer(n_out=3)),
    "both ways": sequence(Bidirectional(LSTM(n_out=8))),
    "loss": MultiLayerConfiguration(
        [LossLayer()], input_type=InputType.feed_forward(3), validate_output_layer=False, for_training=False
    ),
    "sequence output": MultiLayerConfiguration([RnnOutputLayer(n_out=3)], input_type=InputType.recurrent(5, 7)),
}
REQUIRED = {"@class", "layerName", "nout", "idropout"}
WRAPPED = {"fwd", "bwd", "underlying"}
# DL4J's defaults for the network do not reach into wrappers, so that they are written out there.
INHERITED = {
    *("activationFn", "weightInitFn", "biasInit", "gainInit", "iupdater", "biasUpdater", "weightNoise"),
    *("gradientNormalization", "gradientNormalizationThreshold", "regularization", "regularizationBias"),
}


def stripped(layer, also=frozenset()):
    kept = REQUIRED | WRAPPED | also
    if layer["@class"].endswith("EmbeddingLayer"):
        kept = kept | {"nin"}
    return {key: stripped(value, INHERITED) if key in WRAPPED else value for key, value in layer.items() if key in kept}


@pytest.mark.parametrize("name", PLAIN)
def test_defaults_are_those_of_dl4js_builders(engine, name):
    document = seeded(PLAIN[name]).to_dict()
    bare = {
        "inputType": document["inputType"],
        "confs": [{"seed": 1, "layer": stripped(conf["layer"])} for conf in document["confs"]],
    }
    if name == "loss":
        bare["validateOutputLayerConfig"] = False
    assert json.loads(engine.resolve(json.dumps(bare))) == json.loads(engine.resolve(json.dumps(document)))


WITH_DEFAULTS = [
    found
    for module in (activations, losses, updaters)
    for found in (getattr(module, word) for word in module.__all__)
    if getattr(found, "java_class", "") and not found._arguments.required
]


@pytest.mark.parametrize("made", WITH_DEFAULTS, ids=lambda made: made.__name__)
def test_defaults_are_those_of_dl4js_constructors(spark, made):
    jvm = spark.sparkContext._jvm
    theirs = getattr(jvm, made.java_class)()
    written = json.loads(jvm.org.deeplearning4j.nn.conf.NeuralNetConfiguration.mapper().writeValueAsString(theirs))
    assert {key: value for key, value in written.items() if value is not None} == made().to_dict()


def first_layer(**changed):
    document = seeded(mlp(DenseLayer(n_out=8, name="hidden"))).to_dict()
    document["confs"][0]["layer"] |= changed
    return document


def without(key):
    document = first_layer()
    del document["confs"][0]["layer"][key]
    return document


DENSE = "org.deeplearning4j.nn.conf.layers.DenseLayer"
RELU = "org.nd4j.linalg.activations.impl.ActivationReLU"
HERE = r"layer 0 \(hidden\): "


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (first_layer(nuot=8), HERE + ".*DenseLayer has no setting 'nuot'; it knows"),
        (first_layer(activationFn={"@class": RELU, "maks": 1}), HERE + ".*ActivationReLU has no setting 'maks'"),
        (first_layer(activationFn={"@class": RELU + "x"}), HERE + ".*ActivationReLUx"),
        (first_layer(activationFn={"@class": DENSE}), HERE + ".*DenseLayer"),
        (first_layer(activationFn={}), HERE + ".*@class"),
        (first_layer(activationFn="relu"), HERE),
        (first_layer(**{"@class": "com.acme.X"}), "'com.acme.X' is not one of DL4J's own"),
        (first_layer(**{"@class": "java.lang.Runtime"}), "'java.lang.Runtime' is not one of DL4J's own"),
        (first_layer(**{"@class": DENSE + "r"}), HERE + ".*DenseLayerr"),
        (first_layer(**{"@class": RELU}), HERE),
        (first_layer(**{"@class": None}), HERE),
        (without("@class"), HERE + "'@class'"),
        (first_layer(iupdater={"@class": "com.acme.X"}), "'com.acme.X' is not one of DL4J's own"),
        (first_layer(constraints=[{"@class": "com.acme.X"}]), "'com.acme.X' is not one of DL4J's own"),
        (
            first_layer(
                weightInitFn={
                    "@class": "org.deeplearning4j.nn.weights.WeightInitDistribution",
                    "distribution": {"type": "com.acme.X"},
                }
            ),
            "com.acme.X",
        ),
        (first_layer(nout="many"), HERE + ".*many"),
        (first_layer(nout=-8), HERE),
        (first_layer(nout=0), HERE),
        (first_layer(nout=None), HERE),
        (first_layer(nout=2**70), HERE),
        (first_layer(nout=8.5), HERE),
        (first_layer(hasBias="perhaps"), HERE),
        (first_layer(gradientNormalization="Some"), HERE + ".*Some"),
        (first_layer(iupdater={"@class": "org.nd4j.linalg.learning.config.Sgd", "learningRate": []}), HERE),
        (first_layer() | {"backpropType": "Sideways"}, "backpropType.*Sideways"),
        (first_layer() | {"backpropTypo": "Standard"}, "backpropTypo"),
        (first_layer() | {"dataType": "FLOAT8"}, "dataType.*FLOAT8"),
        (first_layer() | {"tbpttFwdLength": "long"}, "tbpttFwdLength"),
        (first_layer() | {"inputType": {"@class": "com.acme.X"}}, "'com.acme.X'"),
        (first_layer() | {"inputType": {"size": 4}}, "@class"),
        (first_layer() | {"inputType": 4}, "inputType|InputType"),
        (first_layer() | {"inputPreProcessors": {"x": {}}}, "inputPreProcessors"),
        (first_layer() | {"inputPreProcessors": {"0": {"@class": "com.acme.X"}}}, "'com.acme.X'"),
        (first_layer() | {"confs": []}, "no layers"),
        (first_layer() | {"confs": {}}, "no layers"),
        (first_layer() | {"confs": [{}]}, "layer 0"),
        (first_layer() | {"confs": [3]}, "layer 0"),
        (first_layer() | {"confs": [{"layer": "x"}]}, "layer 0"),
        ([], "confs"),
        (None, "confs"),
        ({}, "confs"),
    ],
)
def test_the_jvm_itself_refuses(engine, document, message):
    for call in (engine.resolve, engine.describe, engine.new_network):
        with pytest.raises(ConfigError, match=message):
            call(json.dumps(document))


@pytest.mark.parametrize("text", ["", "{", "nothing", "[" * 100_000])
def test_the_jvm_refuses_what_is_no_json(engine, text):
    with pytest.raises(ConfigError):
        engine.resolve(text)


def test_the_gateway_outlives_refusals(engine):
    assert engine.describe(NETWORKS["mlp"].to_json())
