"""Two-dimensional convolution."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pydl4j_spark.onnx.activations import activate
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, ParamSpec
from pydl4j_spark.onnx.graph import Array, Value
from pydl4j_spark.onnx.windows import Windows, is_channels_last, objection, to_channels_first, to_layout


def _params(layer: LayerJson) -> list[ParamSpec]:
    """Return bias and weights; the bias comes first in the vector, although DL4J lists W first."""
    n_in, n_out = int(layer["nin"]), int(layer["nout"])
    bias = [ParamSpec("b", (n_out,))] if layer.get("hasBias", True) else []
    return [*bias, ParamSpec("W", (n_out, n_in, *(int(k) for k in layer["kernelSize"])))]


def _convolution(ctx: LayerContext, x: Value, layer: LayerJson, params: Mapping[str, Array]) -> Value:
    channels_last = is_channels_last(layer)
    x = to_channels_first(ctx, x, channels_last)
    windows = Windows.of(ctx, layer, x)
    if ctx.dtype == np.float64:
        y = _as_product(ctx, x, windows, params)
    else:
        operands = [ctx.const(k, params[k]) for k in ("W", "b") if k in params]
        shape = windows.shape(x, int(layer["nout"]))
        y = ctx.op("Conv", x, *operands, shape=shape, dilations=list(windows.dilation), **windows.attributes)
    # A softmax runs over the last axis of DL4J's layout: the width, or the channels where those are last.
    y = activate(ctx, y, layer.get("activationFn"), softmax_axis=1 if channels_last else 3)
    return to_layout(ctx, y, channels_last)


def _as_product(ctx: LayerContext, x: Value, windows: Windows, params: Mapping[str, Array]) -> Value:
    """Write the convolution as one matrix product, for the double precision that onnxruntime's Conv lacks."""
    weights = params["W"]
    n_out, n_in = weights.shape[:2]
    parts = windows.patches(ctx, x)
    taps, pixels = n_in * len(parts), windows.out[0] * windows.out[1]
    columns = ctx.op("Concat", *parts, shape=(x.shape[0], taps, *windows.out), axis=1)
    columns = ctx.reshape(columns, [0, taps, pixels], (x.shape[0], taps, pixels))
    matrix = ctx.const("W", weights.transpose(0, 2, 3, 1).reshape(n_out, taps))
    y = ctx.op("MatMul", matrix, columns, shape=(x.shape[0], n_out, pixels))
    if "b" in params:
        y = ctx.op("Add", y, ctx.const("b", params["b"].reshape(-1, 1)))
    return ctx.reshape(y, [0, n_out, *windows.out], windows.shape(x, n_out))


CONVERTERS = (
    Converter("org.deeplearning4j.nn.conf.layers.ConvolutionLayer", _convolution, _params, objection=objection),
    Converter("org.deeplearning4j.nn.conf.layers.Convolution2D", _convolution, _params, objection=objection),
)
