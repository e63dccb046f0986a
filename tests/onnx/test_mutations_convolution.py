"""Wrong readings of convolutional and spatial layers: the comparison must notice each of them."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx import kernels, windows
from pydl4j_spark.onnx.converter import Converter
from pydl4j_spark.onnx.layers import convolution, detection, locally_connected, resizing, subsampling
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.onnx.windows import in_channels_first

from .cases import assert_parity, load
from .mutations import LAYERS, assert_noticed, with_emit, with_params

CONVOLUTIONS = {**convolution._CLASSES, **convolution._SEQUENCES}


def as_layer(name, function, rank, key):
    """Replace a converter without parameters."""
    return {**default_registry(), LAYERS + name: Converter(LAYERS + name, in_channels_first(function, rank, key))}


def as_convolution(name, **changes):
    changed = evolve(CONVOLUTIONS[name], **changes)
    return {**default_registry(), LAYERS + name: Converter(LAYERS + name, changed.emit, changed.params)}


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("Convolution1DLayer", "conv1d_even_Same_NCW"),
        ("Convolution3D", "conv3d_stride_Same_NDHWC"),
        ("Deconvolution2D", "deconv_stride_Same_NCHW"),
        ("Deconvolution3D", "deconv3d_stride_Truncate_NDHWC"),
        ("DepthwiseConvolution2D", "depthwise_stride_Same_NHWC"),
        ("SeparableConvolution2D", "separable_stride_Same_NCHW"),
        ("LocallyConnected1D", "local1d_Same"),
        ("LocallyConnected2D", "local2d_Truncate_NHWC"),
    ],
)
def test_bias_on_the_other_side_of_the_weights(name, case):
    assert_noticed(case, with_params(LAYERS + name, lambda old, la: old.param_specs(la)[::-1]))


def test_pointwise_weights_before_those_of_each_channel():
    def params(old, layer):
        bias, by_channel, pointwise = old.param_specs(layer)
        return [bias, pointwise, by_channel]

    assert_noticed("separable_stride_Same_NHWC", with_params(LAYERS + "SeparableConvolution2D", params))


@pytest.mark.parametrize(
    ("name", "case", "stored"),
    [
        ("Convolution1DLayer", "conv1d_even_Same_NCW", "oik"),
        ("Convolution1DLayer", "conv1d_stride_Causal_NWC", "oik"),
        ("Convolution1DLayer", "conv1d_nobias_NWC", "iko"),
        ("ConvolutionLayer", "conv_nobias_NHWC", "koi"),
        ("Convolution3D", "conv3d_stride_Truncate_NCDHW", "iok"),
        ("Convolution3D", "conv3d_dilation_Same_NDHWC", "kio"),
        ("Deconvolution2D", "deconv_stride_Same_NCHW", "oik"),
        ("Deconvolution3D", "deconv3d_stride_Same_NDHWC", "iok"),
        ("Deconvolution3D", "deconv3d_padding_NCDHW", "kio"),
        ("DepthwiseConvolution2D", "depthwise_stride_Same_NCHW", "imk"),
        ("DepthwiseConvolution2D", "depthwise_padding_NHWC", "kmi"),
        ("SeparableConvolution2D", "separable_stride_Same_NCHW", "imk"),
    ],
)
def test_weights_with_their_axes_in_another_order(name, case, stored):
    assert_noticed(case, as_convolution(name, stored=stored))


@pytest.mark.parametrize(("case", "order"), [("depthwise_stride_Same_NCHW", "mik"), ("separable_padding_NHWC", "mik")])
def test_filters_of_a_channel_not_side_by_side(noticed, case, order):
    # Each set of filters over all channels, instead of each channel with all of its filters.
    right = convolution.Convolution.weights

    def weights(self, stored):
        found = right(self, stored)
        if "m" not in self.order:
            return found
        return found.reshape(-1, 3, *found.shape[1:]).swapaxes(0, 1).reshape(found.shape)

    noticed(case, convolution.Convolution, "weights", weights)


@pytest.mark.parametrize(
    "case",
    [
        "conv1d_even_Same_NCW",
        "conv1d_stride_Causal_NWC",
        "conv1d_DOUBLE",
        "conv3d_stride_Same_NDHWC",
        "conv3d_DOUBLE",
        "depthwise_stride_Same_NHWC",
        "separable_stride_Same_NCHW",
        "pool1d_even_NWC",
        "pool3d_AVG_Same_NCDHW",
        "pool3d_MAX_Same_NDHWC",
    ],
)
def test_odd_padding_in_front(noticed, case):
    upper = windows._span

    def lower(ctx, *args):
        begin, end, out = upper(ctx, *args)
        return end, begin, out

    noticed(case, windows, "_span", lower)


@pytest.mark.parametrize("case", ["conv1d_even_Causal_NCW", "conv1d_dilation_Causal_NWC"])
def test_causal_padding_at_both_ends(case):
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, x, {**layer, "convolutionMode": "Same"}, params)

    assert_noticed(case, with_emit(LAYERS + "Convolution1DLayer", emit))


def test_pooling_of_sequences_that_looks_back():
    registry = as_layer("Subsampling1DLayer", subsampling._subsampling, 3, "cnn2dDataFormat")
    with pytest.raises(ExportError, match="shape"):
        assert_parity(load("pool1d_AVG_Causal_NCW"), registry=registry)


@pytest.mark.parametrize("case", ["deconv_gap_NCHW", "deconv_gap_NHWC", "deconv3d_DOUBLE"])
def test_gaps_of_a_transposed_convolution_behind_each_value(noticed, case):
    right = kernels._halves

    def behind(shared):
        return right(shared) if shared > 0 else (0, shared)

    noticed(case, kernels, "_halves", behind)


@pytest.mark.parametrize("case", ["deconv_stride_Same_NCHW", "deconv3d_stride_Same_NDHWC", "deconv_DOUBLE"])
def test_transposed_convolution_with_its_kernel_turned_round(noticed, case):
    right = convolution.convolve_transposed

    def turned(ctx, x, layer, weights, bias):
        return right(ctx, x, layer, np.flip(weights, tuple(range(2, x.rank))), bias)

    noticed(case, convolution, "convolve_transposed", turned)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("Subsampling1DLayer", "pool1d_AVG_Same_NCW"),
        ("Subsampling1DLayer", "pool1d_even_NWC"),
        ("SubsamplingLayer", "pool_dilation_AVG_Same_NHWC"),
    ],
)
def test_padding_counted_in_averages(name, case):
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, x, {**layer, "avgPoolIncludePadInDivisor": True}, params)

    assert_noticed(case, with_emit(LAYERS + name, emit))


@pytest.mark.parametrize("case", ["pool3d_AVG_Same_NCDHW", "pool3d_padding_AVG_NDHWC", "conv3d_DOUBLE"])
def test_padding_counted_in_averages_of_volumes(case):
    def counted(ctx, x, layer):
        return subsampling._subsampling(ctx, x, {**layer, "avgPoolIncludePadInDivisor": True})

    assert_noticed(case, registry=as_layer("Subsampling3DLayer", counted, 5, "dataFormat"))


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("SubsamplingLayer", "pool_padding_MAX_NCHW"),
        ("Subsampling1DLayer", "pool1d_MAX_Same_NWC"),
        ("Subsampling3DLayer", "pool3d_padding_MAX_NDHWC"),
    ],
)
def test_padding_taken_for_zeros_in_a_maximum(name, case):
    def emit(old, ctx, x, layer, params):
        right = ctx.op

        def op(kind, first, *others, **attributes):
            if kind == "MaxPool":
                pads = attributes["pads"]
                first, attributes["pads"] = windows.pad(ctx, first, tuple(pads)), [0] * len(pads)
                first = right("Max", first, -np.inf)
            return right(kind, first, *others, **attributes)

        ctx.op = op
        return old.emit(ctx, x, layer, params)

    assert_noticed(case, with_emit(LAYERS + name, emit))


@pytest.mark.parametrize(
    ("name", "case", "key"),
    [
        ("ZeroPadding1DLayer", "padding1d_NCW", None),
        ("ZeroPaddingLayer", "padding2d_NHWC", "dataFormat"),
        ("ZeroPadding3DLayer", "padding3d", None),
        ("convolutional.Cropping1D", "cropping1d_NCW", None),
        ("convolutional.Cropping2D", "cropping2d_NCHW", "dataFormat"),
        ("convolutional.Cropping3D", "cropping3d", None),
    ],
)
def test_beginnings_and_ends_swapped(name, case, key):
    function = resizing._cropping if "Cropping" in name else resizing._zero_padding
    setting = "cropping" if "Cropping" in name else "padding"

    def swapped(ctx, x, layer):
        pairs = np.reshape(layer[setting], (-1, 2))[:, ::-1]
        return function(ctx, x, {**layer, setting: pairs.ravel().tolist()})

    assert_noticed(case, registry=as_layer(name, swapped, load(case).x.ndim, key))


@pytest.mark.parametrize(
    ("name", "function", "case"),
    [
        ("Upsampling1D", resizing._upsampling, "upsampling1d_NWC"),
        ("ZeroPadding1DLayer", resizing._zero_padding, "padding1d_NWC"),
        ("convolutional.Cropping1D", resizing._cropping, "cropping1d_NWC"),
    ],
)
def test_steps_found_in_sequences_with_channels_last(name, function, case):
    # DL4J takes the last axis, which the channels are.
    def emit(old, ctx, x, layer, params):
        return ctx.transpose(function(ctx, ctx.transpose(x, 0, 2, 1), layer), 0, 2, 1)

    with pytest.raises(ExportError, match="shape"):
        assert_parity(load(case), registry=with_emit(LAYERS + name, emit))


@pytest.mark.parametrize("case", ["upsampling2d_NCHW", "upsampling2d_NHWC"])
def test_nearest_value_from_the_middle(case):
    def emit(old, ctx, x, layer, params):
        right = ctx.op
        halves = {"nearest_mode": "ceil"}
        ctx.op = lambda op, *inputs, **named: right(op, *inputs, **{**named, **(halves if op == "Resize" else {})})
        return old.emit(ctx, x, layer, params)

    assert_noticed(case, with_emit(LAYERS + "Upsampling2D", emit))


@pytest.mark.parametrize("case", ["depth_NCHW", "depth_NHWC"])
def test_channels_slower_than_the_place_in_the_block(case):
    def other(ctx, x, layer):
        n, c, h, w = x.shape
        size = layer["blockSize"]
        split = ctx.reshape(x, [0, c, h // size, size, w // size, size], (n, c, h // size, size, w // size, size))
        shape = (n, c * size * size, h // size, w // size)
        return ctx.reshape(ctx.transpose(split, 0, 1, 3, 5, 2, 4), [0, *shape[1:]], shape)

    assert_noticed(case, registry=as_layer("SpaceToDepthLayer", other, 4, "dataFormat"))


@pytest.mark.parametrize("case", ["batch_NCHW", "batch_NHWC"])
def test_row_slower_than_the_place_in_the_block(case):
    def other(ctx, x, layer):
        y = resizing._space_to_batch(ctx, x, layer)
        blocks = ctx.reshape(y, [6, -1, *y.shape[1:]], (6, "N", *y.shape[1:]))
        return ctx.reshape(ctx.transpose(blocks, 1, 0, 2, 3, 4), [-1, *y.shape[1:]], y.shape)

    assert_noticed(case, registry=as_layer("SpaceToBatchLayer", other, 4, "format"))


@pytest.mark.parametrize(
    "case", ["local2d_Same_NCHW", "local2d_Truncate_NHWC", "local2d_dilation_NCHW", "local2d_DOUBLE"]
)
def test_windows_of_locally_connected_images_row_by_row(case):
    right = locally_connected._emit

    def emit(ctx, x, layer, params):
        height, width = layer["outputSize"]
        weights = params["W"]
        by_row = weights.reshape(width, height, *weights.shape[1:]).swapaxes(0, 1).reshape(weights.shape)
        return right(ctx, x, layer, {**params, "W": by_row})

    name = LAYERS + "LocallyConnected2D"
    assert_noticed(case, {**default_registry(), name: evolve(default_registry()[name], emit=emit)})


@pytest.mark.parametrize(
    ("name", "case"), [("LocallyConnected1D", "local1d_Strict"), ("LocallyConnected2D", "local2d_padding_NHWC")]
)
def test_channels_of_local_weights_faster_than_the_kernel(name, case):
    def emit(old, ctx, x, layer, params):
        w, channels = params["W"], layer["nin"]
        swapped = w.reshape(w.shape[0], -1, channels, w.shape[2]).swapaxes(1, 2).reshape(w.shape)
        return old.emit(ctx, x, layer, {**params, "W": swapped})

    assert_noticed(case, with_emit(LAYERS + name, emit))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("_PLACE", range(2, 4)),
        ("_SIZE", range(2)),
        ("_CLASSES", 4),
    ],
)
def test_numbers_of_a_box_in_another_order(monkeypatch, name, wrong):
    assert_parity(load("yolo_NHWC"))
    monkeypatch.setattr(detection, name, wrong)
    with pytest.raises((ExportError, ValueError)):
        assert_parity(load("yolo_NHWC"))


def test_priors_taken_column_by_column():
    def emit(old, ctx, x, layer, params):
        boxes = layer["boundingBoxes"]
        turned = np.reshape(boxes["data"], boxes["shape"]).T.ravel().tolist()
        return old.emit(ctx, x, {**layer, "boundingBoxes": {**boxes, "data": turned}}, params)

    assert_noticed("yolo_NCHW", with_emit(LAYERS + "objdetect.Yolo2OutputLayer", emit))
