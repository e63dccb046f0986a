"""Layers that repeat, pad, crop or rearrange what they are given."""

from __future__ import annotations

import numpy as np

from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson
from pydl4j_spark.onnx.extents import plus, times
from pydl4j_spark.onnx.graph import Value, check_extents
from pydl4j_spark.onnx.windows import TO_THE_END, extents, in_channels_first, pad, part, setting, unknown_extents

_LAYERS = "org.deeplearning4j.nn.conf.layers."


def _upsampling(ctx: LayerContext, x: Value, layer: LayerJson) -> Value:
    size = setting(layer, "size", x.rank - 2)
    out = tuple(times(d, s) for d, s in zip(x.shape[2:], size, strict=True))
    check_extents(out, ctx.name)
    if ctx.dtype != np.float64:
        scales = np.array([1, 1, *size], np.float32)
        shape = (*x.shape[:2], *out)
        nearest = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor", "mode": "nearest"}
        return ctx.op("Resize", x, None, ctx.builder.constant(f"{ctx.name}/scales", scales), shape=shape, **nearest)
    # onnxruntime resizes in single precision only.
    for axis, (before, count) in enumerate(zip(x.shape[2:], size, strict=True), 2):
        shape = (*x.shape[:axis], times(before, count), *x.shape[axis + 1 :])
        x = ctx.op("Gather", x, _repeated(ctx, x, axis, count), shape=shape, axis=axis)
    return x


def _repeated(ctx: LayerContext, x: Value, axis: int, count: int) -> Value:
    """Return the positions along an axis, each of them so many times, at run time."""
    zero, one = ctx.const("zero", np.array(0)), ctx.const("one", np.array(1))
    end = ctx.reduce("ReduceSum", ctx.op("Mul", ctx.extent(x, axis), ctx.ints(count)), [0], keepdims=False)
    return ctx.op("Div", ctx.op("Range", zero, end, one, shape=(times(x.shape[axis], count),)), ctx.ints(count))


def _zero_padding(ctx: LayerContext, x: Value, layer: LayerJson) -> Value:
    # Beginning and end of each axis follow each other.
    sizes = setting(layer, "padding", 2 * (x.rank - 2))
    return pad(ctx, x, (*sizes[::2], *sizes[1::2]))


def _cropping(ctx: LayerContext, x: Value, layer: LayerJson) -> Value:
    sizes = setting(layer, "cropping", 2 * (x.rank - 2))
    first, behind = sizes[::2], sizes[1::2]
    last = [-b if b else TO_THE_END for b in behind]
    left = (plus(d, -f - b) for d, f, b in zip(x.shape[2:], first, behind, strict=True))
    axes = ctx.ints(*range(2, x.rank))
    return ctx.op("Slice", x, ctx.ints(*first), ctx.ints(*last), axes, shape=(*x.shape[:2], *left))


def _space_to_depth(ctx: LayerContext, x: Value, layer: LayerJson) -> Value:
    (size,) = extents("blockSize", [layer["blockSize"]])
    shape = (x.shape[0], times(x.shape[1], size * size), *(part(d, size) for d in x.shape[2:]))
    return ctx.op("SpaceToDepth", x, shape=shape, blocksize=size)


def _space_to_batch(ctx: LayerContext, x: Value, layer: LayerJson) -> Value:
    (top, bottom), (left, right) = (extents("padding", each) for each in layer["padding"])
    x = pad(ctx, x, (top, left, bottom, right))
    down, across = setting(layer, "blocks", 2)
    batch, channels = x.shape[0], int(x.shape[1])
    height, width = part(x.shape[2], down), part(x.shape[3], across)
    if not isinstance(height, int) or not isinstance(width, int):
        raise unknown_extents(ctx)
    split = (channels, height, down, width, across)
    # The position in the block becomes the slower part of the row.
    rows = ctx.transpose(ctx.reshape(x, [0, *split], (batch, *split)), 3, 5, 0, 1, 2, 4)
    return ctx.reshape(rows, [-1, channels, height, width], (times(batch, down * across), channels, height, width))


CONVERTERS = tuple(
    Converter(_LAYERS + name, in_channels_first(function, rank, key))
    for name, function, rank, key in (
        ("Upsampling1D", _upsampling, 3, None),
        ("Upsampling2D", _upsampling, 4, "format"),
        ("Upsampling3D", _upsampling, 5, "dataFormat"),
        ("ZeroPadding1DLayer", _zero_padding, 3, None),
        ("ZeroPaddingLayer", _zero_padding, 4, "dataFormat"),
        ("ZeroPadding3DLayer", _zero_padding, 5, None),
        ("convolutional.Cropping1D", _cropping, 3, None),
        ("convolutional.Cropping2D", _cropping, 4, "dataFormat"),
        ("convolutional.Cropping3D", _cropping, 5, None),
        ("SpaceToDepthLayer", _space_to_depth, 4, "dataFormat"),
        ("SpaceToBatchLayer", _space_to_batch, 4, "format"),
    )
)
