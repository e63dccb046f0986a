"""Pooling over windows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson
from pydl4j_spark.onnx.graph import Value
from pydl4j_spark.onnx.kernels import maximum, windowed_mask
from pydl4j_spark.onnx.windows import Windows, in_channels_first, objection

_LAYERS = "org.deeplearning4j.nn.conf.layers."


def _subsampling(ctx: LayerContext, x: Value, layer: LayerJson) -> Value:
    windows = Windows.of(ctx, layer, x)
    kind, shape = layer["poolingType"], windows.shape(x, x.shape[1])
    if kind == "MAX":
        return maximum(ctx, x, windows)
    if ctx.dtype == np.float64 or ctx.opset < _best_opset(layer) or not windows.can_pool:
        return _summed(ctx, x, windows, layer)
    dilations = {"dilations": windows.dilation} if max(windows.dilation) > 1 else {}
    if kind == "PNORM":
        return ctx.op("LpPool", x, shape=shape, p=int(layer["pnorm"]), **windows.attributes, **dilations)
    counted = int(bool(layer.get("avgPoolIncludePadInDivisor", False)))
    return ctx.op("AveragePool", x, shape=shape, count_include_pad=counted, **windows.attributes, **dilations)


def _best_opset(layer: LayerJson) -> int:
    """Return the opset from which on the operator can dilate; below, the pooling is spelt out as a sum."""
    return _DILATED_POOLS.get(layer["poolingType"], 13) if max(layer.get("dilation") or (1,)) > 1 else 13


_DILATED_POOLS = {"AVG": 19, "PNORM": 18}


def _summed(ctx: LayerContext, x: Value, windows: Windows, layer: LayerJson) -> Value:
    """Write average and p-norm pooling as sums over the positions of the kernel."""
    parts = windows.patches(ctx, x)
    if layer["poolingType"] == "PNORM":
        p = float(layer["pnorm"])
        return ctx.op("Pow", _sum(ctx, [ctx.op("Pow", ctx.op("Abs", part), p) for part in parts]), 1.0 / p)
    if layer.get("avgPoolIncludePadInDivisor", False) or (windows.pads is not None and not any(windows.pads)):
        return ctx.op("Div", _sum(ctx, parts), float(windows.taps))
    # Without the padding, as many values are in a window as ones in a window over ones.
    extents = [ctx.ints(d) if isinstance(d, int) else ctx.extent(x, i) for i, d in enumerate(x.shape[2:], 2)]
    target = ctx.op("Concat", ctx.ints(1, 1), *extents, shape=(x.rank,), axis=0)
    ones = ctx.op("Expand", 1.0, target, shape=(1, 1, *x.shape[2:]))
    return ctx.op("Div", _sum(ctx, parts), _sum(ctx, windows.patches(ctx, ones)))


def _sum(ctx: LayerContext, parts: Sequence[Value]) -> Value:
    return reduce(lambda a, b: ctx.op("Add", a, b), parts)


def _volumes(ctx: LayerContext, x: Value, layer: LayerJson) -> Value:
    # DL4J averages whatever is not the maximum, and never counts padding.
    kind = "MAX" if layer["poolingType"] == "MAX" else "AVG"
    return _subsampling(ctx, x, {**layer, "poolingType": kind, "avgPoolIncludePadInDivisor": False})


def _steps(ctx: LayerContext, x: Value, layer: LayerJson) -> Value:
    # The windows of Causal start where they stand, as those of Truncate do.
    mode = "Same" if layer.get("convolutionMode") == "Same" else "Truncate"
    return _subsampling(ctx, x, {**layer, "convolutionMode": mode})


def _kind_objection(layer: LayerJson) -> str | None:
    if layer.get("poolingType") not in ("MAX", "AVG", "PNORM"):
        return f"DL4J itself cannot run pooling of type {layer.get('poolingType')} here"
    return None


def _image_objection(layer: LayerJson) -> str | None:
    return _kind_objection(layer) or objection(layer)


def _steps_objection(layer: LayerJson) -> str | None:
    if layer.get("convolutionMode") != "Same" and max(layer.get("padding") or (0,)) > 0:
        # It pads an axis that the sequence does not have, too, and fails, or pools nothing but padding.
        return "DL4J itself cannot pool sequences with padding other than that of convolution mode Same"
    return _kind_objection(layer)


_IMAGES = in_channels_first(_subsampling, 4, "cnn2dDataFormat")
_SEQUENCES = in_channels_first(_steps, 3, "cnn2dDataFormat")

CONVERTERS = (
    *(
        Converter(_LAYERS + name, _IMAGES, objection=_image_objection, best_opset=_best_opset)
        for name in ("SubsamplingLayer", "Pooling2D")
    ),
    *(
        Converter(_LAYERS + name, _SEQUENCES, objection=_steps_objection, best_opset=_best_opset, mask=windowed_mask)
        for name in ("Subsampling1DLayer", "Pooling1D")
    ),
    Converter(
        _LAYERS + "Subsampling3DLayer",
        in_channels_first(_volumes, 5, "dataFormat"),
        objection=objection,
        best_opset=_best_opset,
    ),
)
