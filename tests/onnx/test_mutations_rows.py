"""Wrong readings of layers for rows, of losses, embeddings and pooling, that keep every shape: each must be noticed."""

from __future__ import annotations

import pytest
from attrs import evolve

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx import activations, build
from pydl4j_spark.onnx.activations import activate
from pydl4j_spark.onnx.layers import embedding, feedforward, normalization, output
from pydl4j_spark.onnx.overwriting import SharedArrays
from pydl4j_spark.onnx.registry import default_registry

from .cases import assert_parity, load
from .mutations import LAYERS, assert_noticed, in_row_order, with_emit, with_params

ONE_CLASS = "org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer"
VARIATIONAL = LAYERS + "variational.VariationalAutoencoder"


@pytest.mark.parametrize(
    ("name", "case"),
    [
        (LAYERS + "CenterLossOutputLayer", "center_loss"),
        (LAYERS + "AutoEncoder", "autoencoder"),
        (VARIATIONAL, "variational_gaussian"),
        (LAYERS + "EmbeddingSequenceLayer", "embedding_sequence_NWC"),
        (LAYERS + "PReLULayer", "prelu_cnn_FLOAT"),
        (ONE_CLASS, "ocnn_sigmoid"),
        (LAYERS + "DenseLayer", "distributed_dense_NCW"),
    ],
)
def test_weights_in_row_order(name, case):
    assert_noticed(case, with_params(name, in_row_order))


def reordered(*names):
    """The parameters in another order, which keeps their number."""

    def change(old, layer):
        specs = {spec.name: spec for spec in old.param_specs(layer)}
        return [specs[name] for name in names]

    return change


@pytest.mark.parametrize(
    ("name", "case", "names"),
    [
        (LAYERS + "CenterLossOutputLayer", "center_loss", ("cL", "W", "b")),
        (LAYERS + "AutoEncoder", "autoencoder", ("vb", "W", "b")),
        (LAYERS + "AutoEncoder", "autoencoder", ("W", "vb", "b")),
        (ONE_CLASS, "ocnn_sigmoid", ("v", "w", "r")),
        (ONE_CLASS, "ocnn_sigmoid", ("r", "w", "v")),
        (LAYERS + "misc.ElementWiseMultiplicationLayer", "element_wise", ("b", "W")),
    ],
)
def test_parameters_in_another_order(name, case, names):
    assert_noticed(case, with_params(name, reordered(*names)))


@pytest.mark.parametrize(
    "case", ["variational_gaussian", "variational_bernoulli", "variational_exponential", "variational_composite"]
)
def test_deviation_taken_for_the_mean(case):
    def change(old, layer):
        swapped = {"pZXMeanW": "pZXLogStd2W", "pZXMeanb": "pZXLogStd2b"}
        back = {value: key for key, value in swapped.items()}
        return [evolve(s, name=(swapped | back).get(s.name, s.name)) for s in old.param_specs(layer)]

    assert_noticed(case, with_params(VARIATIONAL, change))


@pytest.mark.parametrize("setting", ["activationFn", "pzxActivationFn"])
def test_one_activation_for_all_of_the_encoder(setting):
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, x, {**layer, "activationFn": layer[setting], "pzxActivationFn": layer[setting]}, params)

    assert_noticed("variational_gaussian", with_emit(VARIATIONAL, emit))


def test_unused_bias_of_center_loss_added():
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, x, {**layer, "hasBias": True}, params)

    assert_noticed("center_loss_nobias", with_emit(LAYERS + "CenterLossOutputLayer", emit))


@pytest.mark.parametrize(
    ("case", "axis"),
    [
        ("rnn_loss_softmax_NCW", 2),
        ("rnn_loss_softmax_NWC", 1),
        ("cnn_loss_softmax_NCHW", 3),
        ("cnn_loss_softmax_NHWC", 1),
        ("cnn3d_loss_softmax_NCDHW", 4),
        ("cnn3d_loss_softmax_NDHWC", 1),
        ("loss_rnn_softmax_NCW", 1),
        ("loss_cnn_softmax_NCHW", 1),
        ("loss_cnn3d_softmax_NCDHW", 1),
    ],
)
def test_softmax_of_losses_over_another_axis(noticed, case, axis):
    noticed(case, output, "activate", lambda ctx, x, a, softmax_axis: activate(ctx, x, a, axis))


def test_softmax_of_embedded_sequences_over_the_channels(noticed):
    def wrong(ctx, x, a, softmax_axis):
        return activate(ctx, x, a, 1)

    noticed("embedding_sequence_softmax_NCW", embedding, "activate", wrong)


def test_softmax_of_three_dimensional_activation_over_the_channels(noticed):
    def wrong(ctx, x, a, softmax_axis):
        return activate(ctx, x, a, 1)

    noticed("softmax_activation_cnn3d_NCDHW", feedforward, "activate", wrong)


@pytest.mark.parametrize("case", ["embedding_sequence_fractions_NCW", "embedding_sequence_fractions_NWC"])
def test_indices_rounded(case):
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, ctx.op("Min", ctx.op("Round", x), 10.0), layer, params)

    assert_noticed(case, with_emit(LAYERS + "EmbeddingSequenceLayer", emit))


@pytest.mark.parametrize("case", ["prelu_dense", "prelu_cnn_FLOAT", "prelu_cnn_DOUBLE", "prelu_cnn3d"])
def test_slopes_that_are_ignored(case):
    assert_noticed(case, with_emit(LAYERS + "PReLULayer", lambda old, ctx, x, la, p: ctx.op("Relu", x)))


def test_activation_of_prelu_applied():
    def emit(old, ctx, x, layer, params):
        tanh = {"@class": "org.nd4j.linalg.activations.impl.ActivationTanH"}
        return activate(ctx, old.emit(ctx, x, layer, params), tanh, 1)

    assert_noticed("prelu_dense", with_emit(LAYERS + "PReLULayer", emit))


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("case", ["lrn_3", "lrn_4", "lrn_DOUBLE"])
def test_alpha_of_local_response_divided_by_its_reach(case, layout):
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, x, {**layer, "alpha": layer["alpha"] / layer["n"]}, params)

    assert_noticed(f"{case}_{layout}", with_emit(LAYERS + "LocalResponseNormalization", emit))


@pytest.mark.parametrize("case", ["lrn_4_NCHW", "lrn_4_NHWC", "lrn_DOUBLE_NCHW"])
@pytest.mark.parametrize("change", [-1, 2])
def test_even_reach_of_local_response(case, change):
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, x, {**layer, "n": layer["n"] + change}, params)

    assert_noticed(case, with_emit(LAYERS + "LocalResponseNormalization", emit))


def test_local_response_over_the_height_of_nhwc(noticed):
    noticed("lrn_3_NHWC", normalization, "is_channels_last", lambda layer, key=None: False)


@pytest.mark.parametrize("kind", ["AVG", "MAX", "SUM", "PNORM"])
def test_global_pooling_of_channels_last_volumes_over_the_volume(kind):
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, x, {**layer, "poolingDimensions": [1, 2, 3]}, params)

    with pytest.raises(ExportError, match="shape"):
        assert_parity(load(f"gpool_{kind}_NDHWC"), registry=with_emit(LAYERS + "GlobalPoolingLayer", emit))


@pytest.mark.parametrize(("kind", "wrong"), [("AVG", "SUM"), ("SUM", "AVG"), ("MAX", "AVG"), ("PNORM", "SUM")])
@pytest.mark.parametrize("layout", ["NCW", "NCDHW"])
def test_another_kind_of_global_pooling(kind, wrong, layout):
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, x, {**layer, "poolingType": wrong}, params)

    assert_noticed(f"gpool_keep_{kind}_{layout}", with_emit(LAYERS + "GlobalPoolingLayer", emit))


def test_signs_kept_in_pnorm():
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, ctx.op("Relu", x), layer, params)

    assert_noticed("gpool_PNORM_NCDHW", with_emit(LAYERS + "GlobalPoolingLayer", emit))


@pytest.mark.parametrize("layout", ["NCW", "NWC"])
def test_repeated_rows_in_another_layout(layout):
    def emit(old, ctx, x, layer, params):
        other = "NWC" if layout == "NCW" else "NCW"
        return old.emit(ctx, x, {**layer, "dataFormat": other}, params)

    with pytest.raises(ExportError):
        assert_parity(load(f"repeat_first_{layout}"), registry=with_emit(LAYERS + "misc.RepeatVector", emit))


def test_steps_cut_from_channels_first_as_they_lie():
    """The numbers of a sequence in the order in which they lie, which is not step by step."""

    def emit(old, ctx, x, layer, params):
        steps = ctx.reshape(x, [0, 5, 4], (x.shape[0], 5, 4))
        return ctx.transpose(old.emit(ctx, steps, {**layer, "rnnDataFormat": "NWC"}, params), 0, 2, 1)

    assert_noticed("distributed_dense_NCW", with_emit(LAYERS + "recurrent.TimeDistributed", emit))


@pytest.mark.parametrize("case", ["overwriting_input", "overwriting_output", "overwriting_without_workspaces"])
def test_activations_that_leave_their_input_as_it_was(case):
    registry = default_registry()
    name = LAYERS + "ActivationLayer"
    registry[name] = evolve(registry[name], in_place=False)
    assert_noticed(case, registry)


@pytest.mark.parametrize("name", ["DropoutLayer", "PReLULayer"])
def test_slopes_and_dropout_that_leave_their_input_as_it_was(name):
    registry = default_registry()
    registry[LAYERS + name] = evolve(registry[LAYERS + name], in_place=False)
    assert_noticed("overwriting_through_dropout", registry)


@pytest.mark.parametrize(
    ("case", "workspaces"), [("overwriting_nothing", False), ("overwriting_without_workspaces", True)]
)
def test_workspaces_ignored(noticed, case, workspaces):
    def wrong(network):
        return SharedArrays(evolve(network, workspaces=workspaces))

    noticed(case, build, "SharedArrays", wrong)


@pytest.mark.parametrize("case", ["act_loss_DOUBLE", "act_rnn_loss_DOUBLE", "act_cnn_loss_DOUBLE", "act_output_DOUBLE"])
def test_constants_of_activations_in_double_precision(noticed, case):
    noticed(case, activations, "_single", lambda value: value)
