"""Whole networks: JSON both ways, inheritance, checks, names and the table."""

import json
import pickle
import sys

import attrs
import pytest

from pydl4j_spark.conf import InputType, MultiLayerConfiguration
from pydl4j_spark.conf.updaters import Adam, Sgd
from pydl4j_spark.constraints import L2Regularization, MaxNormConstraint, WeightDecay
from pydl4j_spark.dropout import DropConnect, Dropout, SpatialDropout
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.layers import (
    LSTM,
    ActivationLayer,
    BatchNormalization,
    Bidirectional,
    ConvolutionLayer,
    DenseLayer,
    EmbeddingLayer,
    FrozenLayer,
    GlobalPoolingLayer,
    GravesLSTM,
    LastTimeStep,
    LossLayer,
    OutputLayer,
    RnnOutputLayer,
    SubsamplingLayer,
)
from pydl4j_spark.losses import LossMCXENT, LossMixtureDensity
from pydl4j_spark.preprocessors import FeedForwardToCnnPreProcessor

from .networks import NETWORKS, image, mlp, sequence, time_first


def nhwc(*layers):
    return MultiLayerConfiguration(
        [*layers, OutputLayer(n_out=3)], input_type=InputType.convolutional(9, 7, 2, data_format="NHWC")
    )


@pytest.mark.parametrize("conf", NETWORKS.values(), ids=NETWORKS)
class TestRoundTrip:
    def test_json(self, conf):
        again = MultiLayerConfiguration.from_json(conf.to_json())
        assert again.to_json() == conf.to_json()
        assert again == conf
        assert hash(again) == hash(conf)
        assert again.layer_types() == conf.layer_types()
        assert (again.n_params, again.output_type) == (conf.n_params, conf.output_type)

    def test_without_our_input_type(self, conf):
        document = conf.to_dict()
        del document["inputType"]
        again = MultiLayerConfiguration.from_dict(document)
        assert again.n_params == conf.n_params
        assert again.to_dict()["confs"] == document["confs"]
        assert again.to_dict()["inputPreProcessors"] == document["inputPreProcessors"]

    def test_pickle(self, conf):
        assert pickle.loads(pickle.dumps(conf)) == conf

    def test_summary(self, conf):
        table = conf.summary()
        assert "\x1b" not in table
        assert all(here.name in table and here.kind in table for here in conf.layer_types())
        assert f"{conf.n_params:,}" in table


def test_dl4j_spelling():
    document = json.loads(NETWORKS["mlp"].to_json())
    assert document["backpropType"] == "Standard"
    assert document["dataType"] == "FLOAT"
    assert document["inputType"] == {
        "@class": "org.deeplearning4j.nn.conf.inputs.InputType$InputTypeFeedForward",
        "size": 4,
    }
    first = document["confs"][0]
    assert (first["seed"], first["miniBatch"], first["optimizationAlgo"]) == (123, True, "STOCHASTIC_GRADIENT_DESCENT")
    layer = first["layer"]
    assert (layer["@class"], layer["layerName"]) == ("org.deeplearning4j.nn.conf.layers.DenseLayer", "layer0")
    assert (layer["nin"], layer["nout"], layer["hasLayerNorm"]) == (4, 8, True)
    assert layer["idropout"]["p"] == 0.5
    assert layer["iupdater"]["learningRate"] == 1e-3
    assert [entry["l2"]["value"] for entry in layer["regularization"]] == [1e-4]
    assert "constraints" not in layer


def test_dl4j_defaults():
    layer = mlp(DenseLayer(n_out=8)).to_dict()["confs"][0]["layer"]
    assert layer["activationFn"]["@class"].endswith("ActivationSigmoid")
    assert layer["weightInitFn"]["@class"].endswith("WeightInitXavier")
    assert layer["iupdater"] == Sgd(1e-3).to_dict()
    assert (layer["biasInit"], layer["gainInit"]) == (0.0, 1.0)
    assert (layer["gradientNormalization"], layer["gradientNormalizationThreshold"]) == ("None", 1.0)
    assert (layer["regularization"], layer["regularizationBias"]) == ([], [])
    assert "seed" not in mlp().to_dict()["confs"][0]


class TestInheritance:
    def test_a_layer_wins(self):
        conf = mlp(DenseLayer(n_out=8, activation="relu", updater=Sgd(0.5)), activation="tanh", updater="adam")
        first, last = (here.layer for here in conf.layer_types())
        assert type(first.activation).__name__ == "ReLU"
        assert (first.updater, last.updater) == (Sgd(0.5), Adam())

    def test_an_output_layer_keeps_its_softmax(self):
        assert type(mlp(activation="tanh").layer_types()[-1].layer.activation).__name__ == "Softmax"

    @pytest.mark.parametrize("wrap", [LastTimeStep, Bidirectional, lambda inner: Bidirectional(LastTimeStep(inner))])
    def test_defaults_reach_into_wrappers(self, wrap):
        ending = RnnOutputLayer(n_out=3) if wrap is Bidirectional else OutputLayer(n_out=3)
        defaults = {"activation": "tanh", "updater": "adam", "l2": 0.1, "dropout": 0.8}
        conf = sequence(wrap(LSTM(n_out=6)), ending=ending, for_training=False, **defaults)

        def leaves(layer):
            return [leaf for inner in layer.children.values() for leaf in leaves(inner)] or [layer]

        for leaf in leaves(conf.layer_types()[0].layer):
            assert type(leaf.activation).__name__ == "Tanh"
            assert leaf.updater == Adam()
            assert leaf.regularization == (L2Regularization(0.1),)
            assert leaf.dropout == Dropout(0.8)
            assert (leaf.n_in, leaf.name) == (5, "layer0")

    def test_a_wrappers_dropout_is_that_of_the_layer_inside(self):
        wrapped = sequence(LastTimeStep(LSTM(n_out=6), dropout=0.7), ending=OutputLayer(n_out=3), dropout=0.8)
        assert wrapped.layer_types()[0].layer.underlying.dropout == Dropout(0.7)

    def test_it_goes_through_wrappers_in_wrappers(self):
        inner = Bidirectional(LSTM(n_out=6))
        once = sequence(LastTimeStep(inner, dropout=0.7, constraints=MaxNormConstraint(2)), ending=OutputLayer(n_out=3))
        both = once.layer_types()[0].layer.underlying
        for leaf in (both, both.fwd, both.bwd):
            assert leaf.dropout == Dropout(0.7)
            assert leaf.constraints == (MaxNormConstraint(2),)
        assert MultiLayerConfiguration.from_json(once.to_json()) == once

    def test_a_wrappers_constraints_are_those_of_the_layer_inside(self):
        wrapped = sequence(Bidirectional(LSTM(n_out=6), constraints=MaxNormConstraint(2))).layer_types()[0].layer
        assert wrapped.fwd.constraints == wrapped.bwd.constraints == (MaxNormConstraint(2),)

    @pytest.mark.parametrize(
        ("own", "network", "resolved"),
        [
            ({}, {"l2": 0.1}, (L2Regularization(0.1),)),
            ({"l2": 0.0}, {"l2": 0.1}, ()),
            ({"l2": 0.3}, {"l2": 0.1}, (L2Regularization(0.3),)),
            ({"l2": 0.3}, {"weight_decay": 0.1}, (L2Regularization(0.3),)),
            ({"weight_decay": 0.3}, {"l2": 0.1}, (WeightDecay(0.3),)),
            ({"regularization": WeightDecay(0.3, apply_lr=False)}, {"l2": 0.1}, (WeightDecay(0.3, apply_lr=False),)),
        ],
    )
    def test_regularization(self, own, network, resolved):
        assert mlp(DenseLayer(n_out=8, **own), **network).layer_types()[0].layer.regularization == resolved

    def test_evolve_applies_a_new_default(self):
        assert attrs.evolve(mlp(l2=0.1), l2=0.2) == mlp(l2=0.2)


def both_ways_last():
    return sequence(Bidirectional(LastTimeStep(LSTM(n_out=4))), ending=OutputLayer(n_out=3))


def constrained(constraint):
    return DenseLayer(n_out=5, constraints=constraint)


def lstm_of_images():
    return MultiLayerConfiguration(
        [LSTM(n_out=4), RnnOutputLayer(n_out=3)], input_type=InputType.convolutional(4, 5, 2)
    )


def ended(layer):
    return MultiLayerConfiguration([layer], input_type=InputType.feed_forward(3))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: MultiLayerConfiguration([]), "at least"),
        (lambda: MultiLayerConfiguration(), "layers must be given"),
        (lambda: MultiLayerConfiguration([3]), "MultiLayerConfiguration.layers"),
        (lambda: mlp(sede=1), "did you mean 'seed'"),
        (lambda: mlp(seed=1.5), "seed = 1.5"),
        (lambda: mlp(DenseLayer(n_out=8, n_in=5)), r"layer 0 \(layer0, DenseLayer\): n_in is given as 5.*has 4"),
        (lambda: mlp(DenseLayer(n_out=8, name="a"), DenseLayer(n_out=8, name="a")), "name is that of layer 0"),
        (lambda: mlp(DenseLayer(n_out=8, name="layer1")), "name is that of layer 0"),
        (lambda: mlp(DenseLayer(n_out=8, l2=0.1, weight_decay=0.1)), "exclude each other"),
        (lambda: mlp(DenseLayer(n_out=8, l2=0.1, regularization=[])), "one or the other"),
        (lambda: mlp(l2=0.1, weight_decay=0.1), "exclude each other"),
        (lambda: mlp(LSTM(n_out=8), GlobalPoolingLayer(), LSTM(n_out=3), OutputLayer(n_out=2)), "gives rows"),
        (lambda: mlp(OutputLayer(n_out=3)), "can only be the last"),
        (lambda: MultiLayerConfiguration([DenseLayer(n_in=4, n_out=8)]), "last layer must be an output or loss layer"),
        (lambda: MultiLayerConfiguration([DenseLayer(n_out=8), OutputLayer(n_out=3)]), "input_type"),
        (lambda: MultiLayerConfiguration([ConvolutionLayer(n_out=8), OutputLayer(n_out=3)]), "input_type"),
        (lambda: mlp(ConvolutionLayer(n_out=8)), r"takes images, but rows \(4,\) come in; use InputType.convolutional"),
        (lambda: mlp(SubsamplingLayer()), "takes images"),
        (lambda: mlp(GlobalPoolingLayer()), "nothing to pool"),
        (lambda: mlp(EmbeddingLayer(n_in=4, n_out=8)), "one index in each row"),
        (
            lambda: MultiLayerConfiguration([RnnOutputLayer(n_out=3)], input_type=InputType.feed_forward(4)),
            "use OutputLayer",
        ),
        (lambda: sequence(LastTimeStep(LSTM(n_out=4))), "use OutputLayer"),
        (lambda: sequence(BatchNormalization()), "wrong axis"),
        (lambda: RnnOutputLayer(n_out=3, has_bias=False), "without a bias"),
        (lambda: LastTimeStep(DenseLayer(n_out=3)), "wanted a recurrent layer"),
        (lambda: Bidirectional(DenseLayer(n_out=3)), "wanted a recurrent layer"),
        (lambda: Bidirectional(LSTM(n_out=3), "sum"), "one of 'concat'"),
        (lambda: Bidirectional(LSTM(n_out=3), bwd=LSTM(n_out=4)), "leave it out"),
        (lambda: sequence(Bidirectional(LSTM(n_out=4)), backprop_type="truncated_bptt"), "whole sequences"),
        (
            lambda: sequence(LastTimeStep(LSTM(n_out=4)), ending=OutputLayer(n_out=3), backprop_type="truncated_bptt"),
            "whole sequences",
        ),
        (
            lambda: mlp(preprocessors={5: FeedForwardToCnnPreProcessor(input_height=1, input_width=1, num_channels=1)}),
            "no layer 5",
        ),
        (lambda: mlp(preprocessors={0: 3}), "preprocessors"),
        (lambda: mlp(updater="adabelief"), "fails at the first step"),
        (lambda: sequence(Bidirectional(LSTM(n_out=3)), bias_updater="adabelief"), "layer 0 .*fails at the first step"),
        (lambda: mlp(dropout=SpatialDropout(0.5)), "rows have none"),
        *(
            (
                lambda pooling=pooling: MultiLayerConfiguration(
                    [pooling, OutputLayer(n_out=3)], input_type=InputType.recurrent(5, data_format="NWC")
                ),
                "wrong axis of NWC",
            )
            for pooling in (GlobalPoolingLayer(), FrozenLayer(GlobalPoolingLayer()))
        ),
        (lambda: sequence(dropout=SpatialDropout(0.5)), "put a DropoutLayer before"),
        (lambda: time_first(GravesLSTM(n_out=4, dropout=0.5)), "GravesLSTM fails in DL4J on NWC"),
        (lambda: time_first(Bidirectional(GravesLSTM(n_out=4, dropout=0.5))), "GravesLSTM fails in DL4J on NWC"),
        (lambda: nhwc(ConvolutionLayer(n_out=4, dropout=0.5)), "ConvolutionLayer fails in DL4J on NHWC"),
        (lambda: time_first(BatchNormalization(data_format="NHWC")), "cannot train BatchNormalization of sequences"),
        (lambda: mlp(backprop_type="truncated_bptt"), "trains nothing"),
        (lambda: time_first(LSTM(n_out=4), backprop_type="truncated_bptt"), "wrong axis"),
        (lambda: both_ways_last(), "neither train nor save"),
        (
            lambda: sequence(LSTM(n_out=4), ending=OutputLayer(n_out=3)),
            "use RnnOutputLayer for one answer at each step",
        ),
        (lambda: mlp(DenseLayer(n_out=5, weight_init="identity")), "as many outputs as inputs, not 4 and 5"),
        (lambda: image(ConvolutionLayer(n_out=2, kernel_size=(3, 2), weight_init="identity")), "odd lengths"),
        (lambda: sequence(LSTM(n_out=5, weight_init_recurrent="identity")), "never are"),
        (lambda: mlp(constrained(MaxNormConstraint(1, dimensions=(1, 2, 3)))), "axis 2, but .*'W'"),
        (lambda: mlp(constrained(MaxNormConstraint(1, params=["W", "b"]))), "axis 1, but .*'b'"),
        (lambda: mlp(constrained(MaxNormConstraint(1, params="RW"))), "its parameters are W, b"),
        (lambda: mlp(ActivationLayer("relu", constraints=MaxNormConstraint(1))), "it has no parameters"),
        (lambda: sequence(Bidirectional(LSTM(n_out=4), constraints=MaxNormConstraint(1, dimensions=2))), "axis 2"),
        (lambda: ended(LossLayer(loss="mse")), "nothing to train"),
        (lambda: ended(RnnOutputLayer(n_out=3)), "use OutputLayer"),
        (lambda: sequence(LastTimeStep(LSTM(n_out=4)), LSTM(n_out=4)), "LastTimeStep left one only"),
        (
            lambda: sequence(GlobalPoolingLayer(), GlobalPoolingLayer(), ending=OutputLayer(n_out=3)),
            "before it gives rows",
        ),
        (lambda: sequence(GlobalPoolingLayer(), ActivationLayer("relu"), LSTM(n_out=4)), "before it gives rows"),
        (lambda: ended(OutputLayer(n_out=3, loss=LossMCXENT(weights=[1, 2]))), "2 weights, but the layer has n_out=3"),
        (
            lambda: mlp(DenseLayer(n_out=5, has_bias=False, weight_noise=DropConnect(0.5, apply_to_biases=True))),
            "has none",
        ),
        (lambda: nhwc(BatchNormalization(lock_gamma_beta=True)), "lock_gamma_beta on NHWC"),
        (lambda: lstm_of_images(), "answers at every time step, but .* goes into the network"),
        (lambda: ended(OutputLayer(n_out=3, loss="fmeasure", activation="sigmoid")), "must be 1 or 2"),
        (
            lambda: ended(
                OutputLayer(n_out=3, activation="identity", loss=LossMixtureDensity(mixtures=3, label_width=2))
            ),
            "= 12",
        ),
    ],
)
def test_refusals_name_the_layer_and_the_cure(made, message):
    with pytest.raises(ConfigError, match=message):
        made()


@pytest.mark.parametrize(
    ("n_out", "loss", "activation", "message"),
    [
        (1, "mcxent", "softmax", "always 1"),
        (3, "mcxent", "sigmoid", "sigmoid does not go with"),
        (3, "negativeloglikelihood", "sigmoid", "sigmoid does not go with"),
        (3, "xent", "softmax", "softmax does not go with"),
        (3, "xent", "relu", "outside 0 to 1"),
        (3, "mcxent", "identity", "outside 0 to 1"),
        (3, LossMCXENT(weights=[1, 2]), "softmax", "2 weights"),
        (3, "mcxent", "softmax", None),
        (1, "xent", "sigmoid", None),
        (1, "mse", "identity", None),
        (3, "kl_divergence", "sigmoid", None),
    ],
)
@pytest.mark.parametrize("ending", [OutputLayer, RnnOutputLayer])
def test_pairs_of_loss_and_activation(ending, n_out, loss, activation, message):
    layer = ending(n_in=4, n_out=n_out, loss=loss, activation=activation)
    if message is None:
        MultiLayerConfiguration([layer])
        return
    with pytest.raises(ConfigError, match=message):
        MultiLayerConfiguration([layer])
    MultiLayerConfiguration([layer], validate_output_layer=False, for_training=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "3",
        '"x"',
        "{}",
        '{"confs": 3}',
        '{"confs": [3]}',
        '{"confs": [{}]}',
        '{"confs": [{"layer": null}]}',
        '{"confs": [{"layer": {"@class": "org.deeplearning4j.nn.conf.layers.DenseLayer"}}]}',
        '{"confs": [], "inputPreProcessors": []}',
        '{"konfs": []}',
        "[" * 100_000,
        b"\xff\xfe\x00",
        None,
        3,
    ],
)
def test_damaged_json_is_a_config_error(text):
    with pytest.raises(ConfigError):
        MultiLayerConfiguration.from_json(text)


def test_any_single_damage_is_a_config_error_or_harmless():
    def places(node):
        if isinstance(node, dict | list):
            for key in node if isinstance(node, dict) else range(len(node)):
                yield node, key
                yield from places(node[key])

    for damage in (None, "x", -7, {}):
        for index in range(len(list(places(NETWORKS["everything"].to_dict())))):
            document = NETWORKS["everything"].to_dict()
            parent, key = list(places(document))[index]
            parent[key] = damage
            try:
                MultiLayerConfiguration.from_json(json.dumps(document))
            except ConfigError as error:
                assert str(error)


def test_an_input_type_as_dl4j_writes_it():
    document = {
        **InputType.convolutional(4, 5, 2).to_dict(),
        "depth": 2,
        "shape": [2, 4, 5],
    }
    assert InputType.from_dict(document) == InputType.convolutional(4, 5, 2)


def test_a_dense_layer_in_time_says_so():
    layer = NETWORKS["dense in time"].to_dict()["confs"][1]["layer"]
    assert layer["timeDistributedFormat"] == "NCW"


def test_half_a_character_is_no_text():
    text = NETWORKS["mlp"].to_json()
    assert '"layer0"' in text
    with pytest.raises(ConfigError, match="not JSON"):
        MultiLayerConfiguration.from_json(text.replace('"layer0"', r'"\ud800"'))
    with pytest.raises(ConfigError, match=r"DenseLayer\.name"):
        DenseLayer(n_out=3, name="\ud800")


def test_a_class_that_dl4j_does_not_have_is_named():
    document = NETWORKS["mlp"].to_dict()
    document["confs"][0]["layer"]["@class"] = "org.deeplearning4j.nn.conf.layers.DenserLayer"
    with pytest.raises(ConfigError, match=r"layer 0: .*DenserLayer' is not supported; did you mean 'DenseLayer'"):
        MultiLayerConfiguration.from_dict(document)


def test_a_file_is_read(tmp_path):
    path = tmp_path / "net.json"
    path.write_text(NETWORKS["mlp"].to_json())
    assert MultiLayerConfiguration.from_json(path) == NETWORKS["mlp"]


def test_variance_as_it_is_survives_dl4js_reader():
    conf = NETWORKS["everything"].to_dict()["confs"][3]
    assert conf["layer"]["useLogStd"] is False
    assert conf["variables"] == ["gamma", "beta", "mean", "var"]


def test_what_training_counted_is_kept():
    document = NETWORKS["mlp"].to_dict()
    document |= {"iterationCount": 70, "epochCount": 2}
    document["confs"][0] |= {"variables": ["W", "b", "g"], "epochCount": 2, "iterationCount": 5}
    assert MultiLayerConfiguration.from_dict(document).to_dict() == document


def test_tbptt_length_stands_for_both():
    conf = NETWORKS["lstm"]
    assert (conf.tbptt_fwd_length, conf.tbptt_back_length) == (8, 8)
    assert attrs.evolve(conf, tbptt_fwd_length=4).tbptt_fwd_length == 4


def test_summary_lists_shapes_and_preprocessors():
    table = NETWORKS["conv flat"].summary()
    for word in ("FeedForwardToCnn", "CnnToFeedForward", "(2, 9, 7) → (6, 5, 3)", "(126,) → (3,)", "779"):
        assert word in table


def test_a_hundred_layers_are_built_with_few_calls():
    """Seconds depend on the machine; calls of functions do not (44,000 are some 35 ms)."""
    layers = [DenseLayer(n_out=10) for _ in range(99)]
    mlp(*layers)
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        mlp(*layers)
    finally:
        sys.setprofile(None)
    assert calls < 55_000
