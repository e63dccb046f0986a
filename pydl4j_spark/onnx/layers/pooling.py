"""Pooling over all of a sequence, an image or a volume."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, no_mask
from pydl4j_spark.onnx.graph import Array, Value
from pydl4j_spark.onnx.masks import mask_of_steps


def _pooled(ctx: LayerContext, x: Value, layer: LayerJson, axes: list[int]) -> Value:
    kind = layer["poolingType"]
    if kind != "PNORM":
        return ctx.reduce({"MAX": "ReduceMax", "AVG": "ReduceMean", "SUM": "ReduceSum"}[kind], x, axes, keepdims=False)
    p = float(layer["pnorm"])
    return ctx.op("Pow", ctx.reduce("ReduceSum", ctx.op("Pow", ctx.op("Abs", x), p), axes, keepdims=False), 1.0 / p)


def _pooled_present(ctx: LayerContext, x: Value, mask: Value, layer: LayerJson) -> Value:
    """Pool without the padding; with a mask DL4J always takes what is behind the channels.

    The mean divides by the numbers that the mask has. Of an image that has only one for all of it, it is the sum.
    """
    kind, axes = layer["poolingType"], list(range(2, x.rank))
    if kind == "MAX":
        padding = ctx.op("Equal", mask, 0.0, shape=mask.shape)
        return _pooled(ctx, ctx.op("Where", padding, -math.inf, x, shape=x.shape), layer, axes)
    kept = ctx.op("Mul", x, mask)
    if kind != "AVG":
        return _pooled(ctx, kept, layer, axes)
    count = ctx.reduce("ReduceSum", mask, axes, keepdims=False)
    return ctx.op("Div", ctx.reduce("ReduceSum", kept, axes, keepdims=False), count)


def _global_pooling(ctx: LayerContext, x: Value, layer: LayerJson, params: Mapping[str, Array]) -> Value:
    if x.rank < 3:
        raise ExportError(f"layer {ctx.name!r} pools sequences or images, but rank {x.rank} arrives")
    mask = ctx.mask if x.rank == 4 and ctx.mask is not None and ctx.mask.rank == 4 else mask_of_steps(ctx, x, 2)
    if mask is not None:
        y = _pooled_present(ctx, x, mask, layer)
    else:
        # DL4J sets the axes for images; for sequences and volumes it takes the last ones, whatever the layout.
        y = _pooled(ctx, x, layer, [int(a) for a in layer.get("poolingDimensions") or range(2, x.rank)])
    if layer.get("collapseDimensions", True):
        return y
    if y.shape != x.shape[:2]:
        raise ExportError(
            f"layer {ctx.name!r}: DL4J itself cannot keep the axes (collapseDimensions=false) of {x.shape}; "
            "collapse them, or put the channels first"
        )
    ones = [1] * (x.rank - 2)
    return ctx.reshape(y, [0, 0, *ones], (*y.shape, *ones))


CONVERTERS = (Converter("org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer", _global_pooling, mask=no_mask),)
