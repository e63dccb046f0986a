"""Pooling over windows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import numpy as np

from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson
from pydl4j_spark.onnx.graph import Array, Value
from pydl4j_spark.onnx.windows import Windows, is_channels_last, objection, to_channels_first, to_layout

_LAYERS = "org.deeplearning4j.nn.conf.layers."


def _subsampling(ctx: LayerContext, x: Value, layer: LayerJson, params: Mapping[str, Array]) -> Value:
    channels_last = is_channels_last(layer)
    x = to_channels_first(ctx, x, channels_last)
    windows = Windows.of(ctx, layer, x)
    kind, shape = layer["poolingType"], windows.shape(x, x.shape[1])
    include_padding = bool(layer.get("avgPoolIncludePadInDivisor", False))
    dilated = max(windows.dilation) > 1
    if kind == "MAX":
        y = ctx.op("MaxPool", x, shape=shape, dilations=list(windows.dilation), **windows.attributes)
    elif ctx.dtype == np.float64 or (dilated and ctx.opset < _DILATED_POOLS[kind]):
        y = _summed(ctx, x, windows, layer)
    else:
        attributes = {"dilations": list(windows.dilation)} if dilated else {}
        own = {"count_include_pad": int(include_padding)} if kind == "AVG" else {"p": int(layer["pnorm"])}
        operator = {"AVG": "AveragePool", "PNORM": "LpPool"}[kind]
        y = ctx.op(operator, x, shape=shape, **windows.attributes, **attributes, **own)
    return to_layout(ctx, y, channels_last)


# The opsets in which the operators learned to dilate.
_DILATED_POOLS = {"AVG": 19, "PNORM": 18}


def _summed(ctx: LayerContext, x: Value, windows: Windows, layer: LayerJson) -> Value:
    """Write average and p-norm pooling as sums over the positions of the kernel."""
    parts = windows.patches(ctx, x)
    if layer["poolingType"] == "PNORM":
        p = float(layer["pnorm"])
        powers = [ctx.op("Pow", ctx.op("Abs", part), p) for part in parts]
        return ctx.op("Pow", reduce(lambda a, b: ctx.op("Add", a, b), powers), 1.0 / p)
    total = reduce(lambda a, b: ctx.op("Add", a, b), parts)
    return ctx.op("Div", total, _divisor(windows, layer, x))


def _divisor(windows: Windows, layer: LayerJson, x: Value) -> Array:
    """Count the values in each window, without the padding unless the layer wants it counted."""
    if layer.get("avgPoolIncludePadInDivisor", False):
        return np.full(windows.out, float(np.prod(windows.kernel)))
    counts = []
    for axis in range(2):
        starts = np.arange(windows.out[axis]) * windows.stride[axis] - windows.pads[axis]
        positions = starts[:, None] + np.arange(windows.kernel[axis]) * windows.dilation[axis]
        counts.append(((positions >= 0) & (positions < int(x.shape[2 + axis]))).sum(axis=1))
    divisor: Array = np.outer(*counts).astype(np.float64)
    return divisor


def _pooling_objection(layer: LayerJson) -> str | None:
    if layer.get("poolingType") not in ("MAX", "AVG", "PNORM"):
        return f"DL4J itself cannot run pooling of type {layer.get('poolingType')} here"
    return objection(layer)


CONVERTERS = (
    Converter(_LAYERS + "SubsamplingLayer", _subsampling, objection=_pooling_objection),
    Converter(_LAYERS + "Pooling2D", _subsampling, objection=_pooling_objection),
)
