"""The layers of `tests/conf/layers.py`: shapes, parameters, JSON, and what is refused, with the reason."""

import json

import pytest

from pydl4j_spark.conf import InputType, MultiLayerConfiguration
from pydl4j_spark.dropout import DropConnect
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.layers import (
    LSTM,
    ActivationLayer,
    AutoEncoder,
    Bidirectional,
    CapsuleLayer,
    CapsuleStrengthLayer,
    CenterLossOutputLayer,
    DenseLayer,
    DropoutLayer,
    ElementWiseMultiplicationLayer,
    EmbeddingLayer,
    EmbeddingSequenceLayer,
    GlobalPoolingLayer,
    GravesBidirectionalLSTM,
    IdentityLayer,
    LastTimeStep,
    LearnedSelfAttentionLayer,
    MaskLayer,
    MaskZeroLayer,
    OCNNOutputLayer,
    OutputLayer,
    PrimaryCapsules,
    RecurrentAttentionLayer,
    RepeatVector,
    RnnLossLayer,
    RnnOutputLayer,
    SelfAttentionLayer,
    SimpleRnn,
    TimeDistributed,
    VariationalAutoencoder,
)
from pydl4j_spark.preprocessors import KerasFlattenRnnPreprocessor, PermutePreprocessor, ReshapePreprocessor
from pydl4j_spark.reconstruction import CompositeReconstructionDistribution
from pydl4j_spark.weights import NormalDistribution

from .layers import ALL, IMAGES, ROWS, STEPS, TIME_FIRST, answered, answered_once, network


@pytest.mark.parametrize("name", ALL)
def test_json_comes_back_as_it_was(name):
    conf = ALL[name]
    read = MultiLayerConfiguration.from_json(conf.to_json())
    assert read == conf
    assert read.to_json() == conf.to_json()


# What goes in, the layer, what comes out, and how many parameters it has.
SHAPES = [
    (STEPS, SimpleRnn(n_out=4), (4, 7), 5 * 4 + 4 * 4 + 4),
    (STEPS, GravesBidirectionalLSTM(n_out=4), (4, 7), 2 * (5 * 16 + 4 * 19 + 16)),
    (TIME_FIRST, SimpleRnn(n_out=4), (7, 4), 40),
    (STEPS, TimeDistributed(DenseLayer(n_out=4)), (4, 7), 24),
    (TIME_FIRST, TimeDistributed(DenseLayer(n_out=4)), (7, 4), 24),
    (STEPS, MaskZeroLayer(LSTM(n_out=4)), (4, 7), 160),
    (STEPS, MaskZeroLayer(LastTimeStep(LSTM(n_out=4))), (4,), 160),
    (STEPS, MaskLayer(), (5, 7), 0),
    (ROWS, RepeatVector(3), (6, 3), 0),
    (ROWS, RepeatVector(3, data_format="nwc"), (3, 6), 0),
    (InputType.feed_forward(7), EmbeddingSequenceLayer(n_in=11, n_out=4), (4, 7), 44),
    (InputType.recurrent(1, 7), EmbeddingSequenceLayer(n_in=11, n_out=4, has_bias=True), (4, 7), 48),
    (InputType.recurrent(1), EmbeddingSequenceLayer(n_in=11, n_out=4), (4, None), 44),
    (InputType.feed_forward(7), EmbeddingSequenceLayer(n_in=11, n_out=4, data_format="NWC"), (7, 4), 44),
    (STEPS, SelfAttentionLayer(), (5, 7), 0),
    (STEPS, SelfAttentionLayer(n_out=6, n_heads=2, project_input=True), (6, 7), 3 * 2 * 3 * 5 + 6 * 6),
    (STEPS, SelfAttentionLayer(n_out=6, n_heads=2, head_size=4, project_input=True), (6, 7), 3 * 2 * 4 * 5 + 8 * 6),
    (STEPS, LearnedSelfAttentionLayer(n_queries=3), (5, 3), 15),
    (STEPS, LearnedSelfAttentionLayer(n_queries=3, n_out=4, project_input=True), (4, 3), 15 + 3 * 4 * 5 + 16),
    (STEPS, RecurrentAttentionLayer(n_out=4), (4, 7), 20 + 16 + 16 + 2 * 20 + 16 + 4),
    (STEPS, RecurrentAttentionLayer(n_out=5, project_input=False, has_bias=False), (5, 7), 50),
    (IMAGES, PrimaryCapsules(capsule_dimensions=4, channels=3, kernel_size=3), (4 * 3 * 3, 4), 9 * 2 * 12 + 12),
    (IMAGES, PrimaryCapsules(capsule_dimensions=4, kernel_size=3, convolution_mode="same"), (5 * 4 * 32, 4), 2432),
    (STEPS, CapsuleLayer(capsules=3, capsule_dimensions=4), (3, 4), 5 * 12 * 7),
    (STEPS, CapsuleLayer(capsules=3, capsule_dimensions=4, has_bias=True), (3, 4), 5 * 12 * 7 + 12),
    (STEPS, CapsuleStrengthLayer(), (5,), 0),
    (STEPS, IdentityLayer(), (5, 7), 0),
    (ROWS, ElementWiseMultiplicationLayer(), (6,), 12),
    (ROWS, AutoEncoder(n_out=4), (4,), 24 + 4 + 6),
    (ROWS, VariationalAutoencoder(n_out=2), (2,), 700 + 2 * 202 + 300 + 1212),
    (
        ROWS,
        VariationalAutoencoder(n_out=2, encoder_layer_sizes=(5, 4), decoder_layer_sizes=3, reconstruction="bernoulli"),
        (2,),
        35 + 24 + 2 * 10 + 9 + 24,
    ),
    (ROWS, CenterLossOutputLayer(n_out=3), (3,), 21 + 18),
    (ROWS, OCNNOutputLayer(hidden_size=3), (1,), 3 + 18 + 1),
    (STEPS, RnnLossLayer(activation="softmax"), (5, 7), 0),
    (TIME_FIRST, RnnLossLayer(activation="softmax"), (7, 5), 0),
]


@pytest.mark.parametrize(("given", "layer", "shape", "params"), SHAPES, ids=lambda value: type(value).__name__)
def test_shapes_and_parameters(given, layer, shape, params):
    conf = network(given, layer, for_training=False)
    assert conf.output_type.shape == shape
    assert conf.n_params == params
    assert set(conf.layer_types()[0].layer.parameter_ranks) == set(conf.layer_types()[0].layer.parameter_shapes)


PREPROCESSORS = [
    (STEPS, KerasFlattenRnnPreprocessor(depth=5, timesteps=7), (35,)),
    (STEPS, PermutePreprocessor([2, 1]), (7, 5)),
    (STEPS, PermutePreprocessor([0, 2, 1]), (7, 5)),
    (IMAGES, PermutePreprocessor([1, 3, 2]), (2, 7, 9)),
    (ROWS, PermutePreprocessor([1]), (6,)),
    (STEPS, ReshapePreprocessor(input_shape=[5, 7], target_shape=[35]), (35,)),
    (ROWS, ReshapePreprocessor(input_shape=[6], target_shape=[2, 3]), (2, 3)),
    (ROWS, ReshapePreprocessor(input_shape=[6], target_shape=[2, 3], data_format="NCW"), (2, 3)),
    (ROWS, ReshapePreprocessor(input_shape=[6], target_shape=[1, 2, 3]), (1, 2, 3)),
    (ROWS, ReshapePreprocessor(input_shape=[-1 + 9, 6], target_shape=[8, 3, 2], has_mini_batch_dimension=True), (3, 2)),
    (IMAGES, ReshapePreprocessor(input_shape=[2, 9, 7], target_shape=[2, 7, 9]), (2, 7, 9)),
]


@pytest.mark.parametrize(("given", "preprocessor", "shape"), PREPROCESSORS)
def test_what_preprocessors_give(given, preprocessor, shape):
    assert preprocessor.output_type(given).shape == shape


def once(*layers, **settings):
    return lambda: answered_once(STEPS, *layers, **settings)


def steps(*layers, **settings):
    return lambda: answered(STEPS, *layers, **settings)


def rows(*layers, **settings):
    return lambda: answered_once(ROWS, *layers, **settings)


def of(given, *layers, **settings):
    return lambda: network(given, *layers, **settings)


VAE = CompositeReconstructionDistribution(sizes=[4, 3], distributions=["gaussian", "bernoulli"])
TRUNCATED = {"backprop_type": "truncated_bptt", "tbptt_length": 3}
REFUSED = [
    # At construction.
    (lambda: SimpleRnn(n_out=4, has_layer_norm=True), "layer normalisation"),
    (lambda: SelfAttentionLayer(n_heads=2), "n_heads=2 needs project_input"),
    (lambda: SelfAttentionLayer(project_input=True), "needs n_out"),
    (lambda: SelfAttentionLayer(n_out=5, n_heads=2, project_input=True), "n_out=5 is not a multiple of n_heads=2"),
    (lambda: RecurrentAttentionLayer(n_out=4, activation="selu"), "activation = 'selu'.*one of"),
    (lambda: RecurrentAttentionLayer(n_out=4, weight_init="identity"), "weight_init = 'identity'"),
    (lambda: RecurrentAttentionLayer(n_out=4, weight_init=NormalDistribution(0, 1)), "weight_init"),
    (lambda: LearnedSelfAttentionLayer(n_out=4), "n_queries must be given"),
    (lambda: CapsuleLayer(capsules=0, capsule_dimensions=2), "capsules = 0"),
    (lambda: TimeDistributed(OutputLayer(n_out=3)), "OutputLayer has a loss; use RnnOutputLayer"),
    (lambda: MaskZeroLayer(DenseLayer(n_out=3)), "wanted a recurrent layer"),
    (lambda: EmbeddingSequenceLayer(n_out=3), "n_in must be given"),
    (lambda: VariationalAutoencoder(n_out=2, encoder_layer_sizes=[]), "one layer at least"),
    (lambda: CompositeReconstructionDistribution(sizes=[2], distributions=[]), "1 sizes and 0 distributions"),
    (lambda: CompositeReconstructionDistribution(sizes=[2], distributions=["gaussian"], size=3), "add up to 2, not 3"),
    (lambda: OCNNOutputLayer(hidden_size=3, nu=0), "nu = 0"),
    (lambda: PermutePreprocessor([1, 1]), "each of 1, 2, … once"),
    (lambda: PermutePreprocessor([]), "each of 1, 2, … once"),
    (lambda: ReshapePreprocessor(input_shape=[4], target_shape=[5]), "has 4 numbers, and one of .* has 5"),
    (lambda: ReshapePreprocessor(input_shape=[4], target_shape=[1, 1, 2, 2]), "more than three axes"),
    # Where it stands.
    (of(TIME_FIRST, SelfAttentionLayer(), for_training=False), r"\[N, size, T\] only"),
    (of(ROWS, PrimaryCapsules(capsule_dimensions=2)), "it takes images"),
    (of(InputType.convolutional_flat(9, 9, 1), PrimaryCapsules(capsule_dimensions=2)), "it takes images"),
    (of(InputType.convolutional(9, 9, 1, data_format="NHWC"), PrimaryCapsules(capsule_dimensions=2)), "NCHW images"),
    (of(InputType.convolutional(5, 5, 1), PrimaryCapsules(capsule_dimensions=2)), "kernel .* does not fit"),
    (of(InputType.recurrent(5), CapsuleLayer(capsules=2, capsule_dimensions=2)), "capsules of a known length"),
    (of(ROWS, CapsuleStrengthLayer()), "it takes capsules"),
    (rows(TimeDistributed(DenseLayer(n_out=3))), "it takes sequences"),
    (steps(TimeDistributed(LSTM(n_out=3))), "it takes sequences"),
    (steps(EmbeddingSequenceLayer(n_in=11, n_out=3)), "one index at each step.*class indices instead of one-hot"),
    (
        of(
            ROWS,
            EmbeddingSequenceLayer(n_in=9, n_out=3, infer_input_length=False, input_length=5),
            RnnOutputLayer(n_out=3),
        ),
        "input_length is given as 5, but its input has 6",
    ),
    (rows(ElementWiseMultiplicationLayer(n_out=4)), "n_out is given as 4, but its input has 6"),
    (rows(VariationalAutoencoder(n_out=2, reconstruction=VAE)), "sizes add up to 7, but rows of 6"),
    (of(ROWS, RnnLossLayer(activation="softmax")), "use OutputLayer"),
    (of(STEPS, LSTM(n_out=3), RnnLossLayer()), "sigmoid does not go with multi-class"),
    (once(LSTM(n_out=3), GlobalPoolingLayer(), SelfAttentionLayer()), "GlobalPoolingLayer before it gives rows"),
    (once(LSTM(n_out=3), GlobalPoolingLayer(), TimeDistributed(DenseLayer(n_out=2))), "GlobalPoolingLayer before"),
    (
        of(ROWS, DenseLayer(n_out=4), preprocessors={0: ReshapePreprocessor(input_shape=[5], target_shape=[5])}),
        "takes examples of",
    ),
    # In training.
    (steps(LearnedSelfAttentionLayer(n_queries=2)), "fails to compute it.*SelfAttentionLayer"),
    (steps(SelfAttentionLayer(dropout=0.5)), "no dropout to this layer; put a DropoutLayer before"),
    (
        of(InputType.feed_forward(7), EmbeddingSequenceLayer(n_in=9, n_out=3, dropout=0.5), RnnOutputLayer(n_out=3)),
        "no dropout to this layer; put a DropoutLayer after",
    ),
    (of(InputType.recurrent(5), RecurrentAttentionLayer(n_out=4), RnnOutputLayer(n_out=3)), "one known length"),
    (steps(Bidirectional(LSTM(n_out=3)), RecurrentAttentionLayer(n_out=4)), "a mode other than 'concat'"),
    (steps(RecurrentAttentionLayer(n_out=4, activation="leakyrelu")), "no slope below 0"),
    (steps(GravesBidirectionalLSTM(n_out=3), **TRUNCATED), "whole sequences"),
    (steps(LSTM(n_out=3), SelfAttentionLayer(), **TRUNCATED), "whole sequences"),
    (steps(MaskZeroLayer(LSTM(n_out=3)), **TRUNCATED), "whole sequences"),
    (steps(MaskLayer(), LSTM(n_out=3)), "as the first layer.*ActivationLayer"),
    (rows(IdentityLayer()), "as the first layer.*ActivationLayer"),
    (steps(TimeDistributed(AutoEncoder(n_out=3))), "parameters of a AutoEncoder wrongly"),
    (
        of(InputType.recurrent(1, 7), TimeDistributed(EmbeddingLayer(n_in=4, n_out=3)), RnnOutputLayer(n_out=3)),
        "use EmbeddingSequenceLayer",
    ),
    (
        of(ROWS, ActivationLayer("relu"), EmbeddingSequenceLayer(n_in=9, n_out=3), RnnOutputLayer(n_out=3)),
        "make it the first layer",
    ),
    (
        of(InputType.feed_forward(1), DropoutLayer(0.5), EmbeddingLayer(n_in=9, n_out=3), OutputLayer(n_out=3)),
        "make it the first layer",
    ),
    (
        of(TIME_FIRST, MaskZeroLayer(LastTimeStep(LSTM(n_out=3))), OutputLayer(n_out=3)),
        "wrong axis of NWC sequences around a wrapper",
    ),
    (steps(LSTM(n_out=3), RepeatVector(7), LSTM(n_out=3)), "put a LastTimeStep or GlobalPoolingLayer before"),
    (steps(LastTimeStep(LSTM(n_out=3)), LSTM(n_out=3)), "LastTimeStep left one only"),
    (of(ROWS, LSTM(n_out=3), RnnOutputLayer(n_out=3)), r"\(6,\) goes into the network: use OutputLayer"),
    (of(ROWS, OCNNOutputLayer(hidden_size=3)), "one worker's memory"),
    (of(ROWS, CenterLossOutputLayer(n_out=3, loss="sparse_mcxent")), "use loss='mcxent'"),
    (steps(SimpleRnn(n_out=4, weight_init="identity")), "as many outputs as inputs, not 5 and 4"),
    (rows(VariationalAutoencoder(n_out=6, weight_init="identity")), r"'e0W' has the shape \(6, 100\)"),
    (rows(ElementWiseMultiplicationLayer(weight_init="identity")), r"'W' has the shape \(1, 6\)"),
    (rows(ElementWiseMultiplicationLayer(weight_noise=DropConnect(0.5))), "applies no weight_noise"),
    (steps(GravesBidirectionalLSTM(n_out=3, weight_noise=DropConnect(0.5))), "applies no weight_noise"),
    (steps(GravesBidirectionalLSTM(n_out=3, dropout=0.5)), "put a DropoutLayer before it"),
    (once(LastTimeStep(GravesBidirectionalLSTM(n_out=3), dropout=0.5)), "put a DropoutLayer before it"),
    (of(STEPS, LSTM(n_out=3), RnnLossLayer(activation="softmax", dropout=0.5)), "put a DropoutLayer before it"),
    (steps(LSTM(n_out=3), MaskLayer(dropout=0.5)), "put a DropoutLayer before it"),
    (
        of(TIME_FIRST, LastTimeStep(SimpleRnn(n_out=3, dropout=0.5)), OutputLayer(n_out=3)),
        "dropout of a SimpleRnn fails in DL4J on NWC data",
    ),
    (
        of(
            IMAGES,
            DropoutLayer(0.5),
            ActivationLayer("relu"),
            OutputLayer(n_out=3),
            preprocessors={1: PermutePreprocessor([2, 3, 1])},
        ),
        "way back is another order",
    ),
]


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_refused_with_the_reason(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_the_networks_dropout_and_noise_reach_no_layer_that_dl4j_leaves_out():
    conf = answered(
        InputType.feed_forward(7),
        EmbeddingSequenceLayer(n_in=9, n_out=3),
        SelfAttentionLayer(),
        GravesBidirectionalLSTM(n_out=3),
        dropout=0.5,
        weight_noise=DropConnect(0.5),
    )
    layers = [here.layer for here in conf.layer_types()]
    assert [layer.dropout is not None for layer in layers] == [False, False, False, True]
    assert [getattr(layer, "weight_noise", None) is not None for layer in layers] == [False, False, False, True]


def test_samediff_layers_spell_their_updater_in_their_own_way():
    conf = answered(STEPS, RecurrentAttentionLayer(n_out=4), updater="adam", l2=0.1)
    written = conf.to_dict()["confs"][0]["layer"]
    assert written["updater"]["@class"].endswith(".Adam")
    assert "iupdater" not in written
    assert written["regularization"][0]["@class"].endswith(".L2Regularization")
    assert written["activation"] == "TANH"
    assert written["weightInit"] == "XAVIER"


def test_what_dl4j_computes_itself_is_passed_over():
    document = json.loads(answered(STEPS, RecurrentAttentionLayer(n_out=4)).to_json())
    document["confs"][0]["layer"] |= {
        "layerParams": {"weightParams": {"W": [5, 4]}},
        "timeSteps": 7,
        "paramWeightInit": {},
    }
    assert MultiLayerConfiguration.from_dict(document) == answered(STEPS, RecurrentAttentionLayer(n_out=4))


def test_a_wrappers_dropout_does_not_reach_a_layer_that_drops_nothing():
    layers = [LSTM(n_out=3), TimeDistributed(MaskLayer()), RnnOutputLayer(n_out=2)]
    conf = MultiLayerConfiguration(layers, input_type=InputType.recurrent(4, 5), seed=1, dropout=0.5)
    assert MultiLayerConfiguration.from_json(conf.to_json()) == conf
