"""Wrong readings of DL4J's format that keep every shape: the comparison must notice each of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from attrs import evolve

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx import activations, cells, windows
from pydl4j_spark.onnx.activations import activate
from pydl4j_spark.onnx.layers import feedforward, normalization
from pydl4j_spark.onnx.verify import verify_onnx

from .cases import assert_parity, built, load
from .mutations import ACTIVATION, LAYERS, PREPROCESSORS, assert_noticed, in_row_order, with_emit, with_params


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("DenseLayer", "dense"),
        ("OutputLayer", "output_sigmoid_nobias"),
        ("EmbeddingLayer", "embedding"),
        ("RnnOutputLayer", "rnnoutput_sigmoid_NCW"),
        ("LSTM", "lstm_NCW"),
        ("GravesLSTM", "graves_NCW"),
        ("recurrent.SimpleRnn", "simplernn_NCW"),
        ("LSTM", "bidirectional_lstm_ADD_NCW"),
    ],
)
def test_weights_in_row_order(name, case):
    assert_noticed(case, with_params(LAYERS + name, in_row_order))


@pytest.mark.parametrize("case", ["lstm_NCW", "graves_NWC", "bidirectional_lstm_CONCAT_NCW"])
def test_gate_blocks_taken_by_their_names(noticed, case):

    def naive(array, n):
        i, f, o, g = (array[..., k * n : (k + 1) * n] for k in range(4))
        return np.concatenate([i, o, f, g], -1)

    noticed(case, cells, "onnx_gates", naive)


@pytest.mark.parametrize("case", ["graves_NCW", "gate_graves_swish"])
def test_peepholes_in_file_order(noticed, case):
    noticed(case, cells, "peepholes", lambda rw, n: (rw[:, 4 * n], rw[:, 4 * n + 1], rw[:, 4 * n + 2]))


@pytest.mark.parametrize("case", ["bn_dense", "bn_cnn_NCHW", "bn_cnn_NHWC", "bn_rnn_NWC"])
def test_log_deviation_taken_for_variance(case):
    name = LAYERS + "BatchNormalization"
    registry = with_params(name, lambda old, layer: old.param_specs({**layer, "useLogStd": False}))
    # A negative "variance" may give no number at all, which differs too.
    assert_noticed(case, registry)


def test_epsilon_of_the_layer_ignored():
    name = LAYERS + "BatchNormalization"
    assert_noticed("bn_dense", with_emit(name, lambda old, ctx, x, la, p: old.emit(ctx, x, {**la, "eps": 1e-5}, p)))


@pytest.mark.parametrize("case", ["bn_locked_2_0", "bn_locked_1_3"])
def test_locked_constants_always_applied(noticed, case):

    def always(layer, params):
        n = params["mean"].size
        return np.full(n, layer["gamma"]), np.full(n, layer["beta"])

    noticed(case, normalization, "_scale_and_shift", always)


def test_activation_of_batch_normalization_applied():
    def emit(old, ctx, x, layer, params):
        return activate(ctx, old.emit(ctx, x, layer, params), layer["activationFn"], 1)

    assert_noticed("bn_activation", with_emit(LAYERS + "BatchNormalization", emit))


@pytest.mark.parametrize("case", ["conv_even_Strict_NCHW", "conv_even_Same_NHWC"])
def test_convolution_weights_before_bias(case):
    assert_noticed(case, with_params(LAYERS + "ConvolutionLayer", lambda old, la: old.param_specs(la)[::-1]))


@pytest.mark.parametrize(
    "case",
    [
        "conv_even_Same_NCHW",
        "conv_stride_Same_NHWC",
        "pool_MAX_Same_NCHW",
        "pool_AVG_Same_NHWC",
        "pool_PNORM_Same_NCHW",
    ],
)
def test_odd_padding_in_front(noticed, case):
    upper = windows._span

    def lower(*args, **kwargs):
        begin, end, out = upper(*args, **kwargs)
        return end, begin, out

    noticed(case, windows, "_span", lower)


@pytest.mark.parametrize("case", ["pool_AVG_Same_NCHW", "pool_padding_AVG_NHWC", "pool_dilation_AVG_Same_NCHW"])
def test_padding_counted_in_averages(case):
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, x, {**layer, "avgPoolIncludePadInDivisor": True}, params)

    assert_noticed(case, with_emit(LAYERS + "SubsamplingLayer", emit))


def test_padding_not_counted_in_averages():
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, x, {**layer, "avgPoolIncludePadInDivisor": False}, params)

    assert_noticed("pool_include_padding_NCHW", with_emit(LAYERS + "SubsamplingLayer", emit))


@pytest.mark.parametrize("kind", ["AVG", "MAX", "SUM", "PNORM"])
def test_global_pooling_over_time_of_nwc(kind):
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, x, {**layer, "poolingDimensions": [1]}, params)

    registry = with_emit(LAYERS + "GlobalPoolingLayer", emit)
    with pytest.raises(ExportError, match="shape"):
        assert_parity(load(f"gpool_{kind}_NWC"), registry=registry)


def tanh_gelu(ctx, x, constant):
    inner = ctx.op("Add", x, ctx.op("Mul", ctx.op("Pow", x, 3.0), constant))
    return ctx.op(
        "Mul", ctx.op("Mul", x, 0.5), ctx.op("Add", ctx.op("Tanh", ctx.op("Mul", inner, math.sqrt(2 / math.pi))), 1.0)
    )


def erf_gelu(ctx, x):
    return ctx.op("Mul", ctx.op("Mul", x, 0.5), ctx.op("Add", ctx.op("Erf", ctx.op("Mul", x, math.sqrt(0.5))), 1.0))


@pytest.mark.parametrize(
    ("name", "case", "wrong"),
    [
        ("GELU", "gelu", lambda ctx, x, a: tanh_gelu(ctx, x, 0.044715)),
        ("GELU", "gelu", lambda ctx, x, a: erf_gelu(ctx, x)),
        ("GELU", "gelu_precise", lambda ctx, x, a: tanh_gelu(ctx, x, 0.044715)),
        ("RReLU", "rrelu", lambda ctx, x, a: ctx.op("LeakyRelu", x, alpha=(a["l"] + a["u"]) / 2)),
        ("RationalTanh", "rationaltanh", lambda ctx, x, a: ctx.op("Tanh", x)),
        ("ReLU", "relu_threshold", lambda ctx, x, a: ctx.op("Relu", x)),
        ("ReLU", "relu_max", lambda ctx, x, a: ctx.op("Relu", x)),
        ("LReLU", "leakyrelu_alpha", lambda ctx, x, a: ctx.op("LeakyRelu", x, alpha=0.01)),
        ("HardSigmoid", "hardsigmoid", lambda ctx, x, a: ctx.op("HardSigmoid", x, alpha=1 / 6, beta=0.5)),
    ],
)
def test_activations(noticed, name, case, wrong):
    noticed(f"act_dense_{case}", activations.FUNCTIONS, ACTIVATION + name, wrong)


@pytest.mark.parametrize("case", ["softmax_activation_rnn_NCW", "softmax_activation_cnn_NCHW"])
def test_softmax_of_activation_layer_over_channels(noticed, case):
    noticed(case, feedforward, "activate", lambda ctx, x, a, softmax_axis: activate(ctx, x, a, 1))


@pytest.mark.parametrize(("case", "axis"), [("softmax_conv_NCHW", 1), ("softmax_conv_NHWC", 2)])
def test_softmax_of_convolution_over_another_axis(noticed, case, axis):
    from pydl4j_spark.onnx.layers import convolution

    noticed(case, convolution, "activate", lambda ctx, x, a, softmax_axis: activate(ctx, x, a, axis))


@pytest.mark.parametrize("case", ["rnn_dense_NCW", "rnn_dense_NWC"])
def test_flattened_time_batch_major(case):
    def emit(old, ctx, x, layer, params):
        steps = x if layer["rnnDataFormat"] == "NWC" else ctx.transpose(x, 0, 2, 1)
        return ctx.reshape(steps, [-1, steps.shape[2]], ("N*T", steps.shape[2]))

    assert_noticed(case, with_emit(PREPROCESSORS + "RnnToFeedForwardPreProcessor", emit))


def test_images_flattened_channels_first():
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, ctx.transpose(x, 0, 3, 1, 2), layer, params)

    assert_noticed("lenet_NHWC", with_emit(PREPROCESSORS + "CnnToFeedForwardPreProcessor", emit))


@pytest.mark.parametrize("case", ["dense_layernorm", "dense_layernorm_nobias"])
def test_layer_normalization_with_a_sample_deviation(noticed, case):
    right = feedforward._layer_norm
    n = load(case).y.shape[1]
    noticed(case, feedforward, "_layer_norm", lambda ctx, x, g: right(ctx, x, g * math.sqrt((n - 1) / n)))


def test_bias_before_layer_normalization():
    def emit(old, ctx, x, layer, params):
        y = ctx.op("Add", ctx.op("MatMul", x, params["W"], shape=("N", 6)), params["b"])
        return activate(ctx, feedforward._layer_norm(ctx, y, params["g"]), layer["activationFn"], 1)

    assert_noticed("dense_layernorm", with_emit(LAYERS + "DenseLayer", emit))


@pytest.mark.parametrize("case", ["dense", "conv_nobias_NCHW", "lstm_NCW"])
def test_parameters_with_bytes_swapped(case):
    model = load(case).model
    swapped = np.nan_to_num(model.params.byteswap(), nan=1.0)
    assert_noticed(case, model=evolve(model, params=np.clip(swapped, -9, 9)))


@pytest.mark.parametrize("case", ["norm_standardize", "norm_minmax", "norm_image"])
def test_normalizer_forgotten(case):
    content = built(load(case)).model.SerializeToString()
    with pytest.raises(ExportError, match="differs"):
        verify_onnx(content, load(case).x, load(case).y)
