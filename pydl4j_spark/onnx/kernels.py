"""Convolution, both ways, and the maximum over windows as operators, spelt out where onnxruntime lacks them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

import numpy as np

from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import LayerJson
from pydl4j_spark.onnx.extents import plus, times
from pydl4j_spark.onnx.graph import Array, Dim, Value, check_extents
from pydl4j_spark.onnx.windows import Windows, pad, reaches, setting, unknown_extents


def convolve(ctx: LayerContext, x: Value, windows: Windows, weights: Array, bias: Array | None) -> Value:
    """Convolve with weights ``[out, in / groups, *kernel]``; how many groups there are follows from their shape."""
    groups = int(x.shape[1]) // weights.shape[1]
    shape = windows.shape(x, weights.shape[0])
    if ctx.dtype != np.float64:
        if windows.pads is None:
            x, windows = windows.padded(ctx, x)
        operands = [ctx.const("W", weights), *_constants(ctx, bias)]
        attributes = {"group": groups, "dilations": windows.dilation, **windows.attributes}
        return ctx.op("Conv", x, *operands, shape=shape, **attributes)
    parts = windows.patches(ctx, x)
    if groups == 1:
        # One matrix product, for which the channels come last.
        taps = ctx.op("Concat", *parts, shape=windows.shape(x, weights.shape[1] * len(parts)), axis=1)
        rows = ctx.transpose(taps, 0, *range(2, x.rank), 1)
        matrix = ctx.const("W", np.moveaxis(weights, (0, 1), (-1, -2)).reshape(-1, weights.shape[0]))
        product = ctx.op("MatMul", rows, matrix, shape=(*rows.shape[:-1], weights.shape[0]))
        y = ctx.transpose(product, 0, x.rank - 1, *range(1, x.rank - 1))
    else:
        # Each channel on its own: as many copies of it as it has filters, weighted.
        sources = ctx.const("sources", np.repeat(np.arange(groups), weights.shape[0] // groups))
        copies = [ctx.op("Gather", part, sources, shape=shape, axis=1) for part in parts]
        factors = np.moveaxis(weights.reshape(weights.shape[0], -1), 1, 0).reshape(len(parts), -1, *[1] * (x.rank - 2))
        weighted = (ctx.op("Mul", copy, ctx.const("W", factor)) for copy, factor in zip(copies, factors, strict=True))
        y = reduce(lambda a, b: ctx.op("Add", a, b), weighted)
    return _biased(ctx, y, bias)


def convolve_transposed(ctx: LayerContext, x: Value, layer: LayerJson, weights: Array, bias: Array | None) -> Value:
    """Convolve the other way round, with weights ``[in, out, *kernel]``."""
    axes = x.rank - 2
    kernel, stride = weights.shape[2:], setting(layer, "stride", axes)
    dilation = setting(layer, "dilation", axes, 1)
    reach = reaches(kernel, dilation)
    if layer.get("convolutionMode") == "Same":
        begins, ends = zip(*(_halves(r - s) for r, s in zip(reach, stride, strict=True)), strict=True)
    else:
        begins = ends = setting(layer, "padding", axes, 0)
    changes = [r - s - b - e for r, s, b, e in zip(reach, stride, begins, ends, strict=True)]
    out = tuple(plus(times(d, s), c) for d, s, c in zip(x.shape[2:], stride, changes, strict=True))
    if ctx.dtype == np.float64:
        # An ordinary convolution with the kernel turned round, over values with zeros between them.
        first = [r - 1 - b for r, b in zip(reach, begins, strict=True)]
        spread = _spread(ctx, x, first, stride, [plus(d, r - 1) for d, r in zip(out, reach, strict=True)])
        windows = Windows(kernel, (1,) * axes, dilation, (0,) * (2 * axes), out)
        return convolve(ctx, spread, windows, np.flip(weights.swapaxes(0, 1), tuple(range(2, x.rank))), bias)
    # A gap before the first value is put there afterwards, and only then the bias comes.
    gaps = [max(-b, 0) for b in begins]
    y = ctx.op(
        "ConvTranspose",
        x,
        ctx.const("W", weights),
        *_constants(ctx, None if any(gaps) else bias),
        shape=(x.shape[0], weights.shape[1], *(plus(d, -g) for d, g in zip(out, gaps, strict=True))),
        kernel_shape=kernel,
        strides=stride,
        dilations=dilation,
        pads=[max(p, 0) for p in (*begins, *ends)],
        output_padding=[max(-e, 0) for e in ends],
    )
    return _biased(ctx, pad(ctx, y, (*gaps, *(0 for _ in gaps))), bias) if any(gaps) else y


def _halves(shared: int) -> tuple[int, int]:
    """Split what neighbours share, or the gap between them where that is negative; an odd part is behind."""
    begin = shared // 2 if shared > 0 else -(-shared // 2)
    return begin, shared - begin


def _biased(ctx: LayerContext, y: Value, bias: Array | None) -> Value:
    return y if bias is None else ctx.op("Add", y, ctx.const("b", bias.reshape(-1, *[1] * (y.rank - 2))))


def _constants(ctx: LayerContext, bias: Array | None) -> list[Value]:
    return [] if bias is None else [ctx.const("b", bias)]


def _spread(ctx: LayerContext, x: Value, first: Sequence[int], stride: Sequence[int], extents: Sequence[Dim]) -> Value:
    """Put zeros before, between and after the values along each axis, of which the first comes to stand at `first`."""
    sizes = [d for d in x.shape[2:] if isinstance(d, int)]
    if len(sizes) < x.rank - 2:
        raise unknown_extents(ctx)
    check_extents(tuple(extents), ctx.name)
    # The zero behind the last value is the one that is repeated.
    x = pad(ctx, x, (*(0 for _ in sizes), *(1 for _ in sizes)))
    for i, (size, extent) in enumerate(zip(sizes, extents, strict=True)):
        sources = np.full(int(extent), size)
        places = first[i] + np.arange(size) * stride[i]
        inside = (places >= 0) & (places < int(extent))
        sources[places[inside]] = np.arange(size)[inside]
        shape = (*x.shape[: 2 + i], extent, *x.shape[3 + i :])
        x = ctx.op("Gather", x, ctx.const("sources", sources), shape=shape, axis=2 + i)
    return x


def maximum(ctx: LayerContext, x: Value, windows: Windows) -> Value:
    """Take the maximum in each window, of which padding never is part."""
    shape = windows.shape(x, x.shape[1])
    if ctx.builder.made_by(x) == "Pad":
        # onnxruntime would make the zeros of the layer before padding of its own.
        x = ctx.op("Max", x, -math.inf)
    if not windows.can_pool:
        x, windows = windows.padded(ctx, x, -math.inf)
    return ctx.op("MaxPool", x, shape=shape, dilations=windows.dilation, **windows.attributes)


def windowed_mask(ctx: LayerContext, y: Value, layer: LayerJson) -> Value | None:
    """Let a step of the result count where any step in its window does, as DL4J hands on the mask of a sequence."""
    mask = ctx.mask
    # DL4J looks back no more than ahead here.
    same = layer.get("convolutionMode") in ("Same", "Causal")
    if mask is None or (same and setting(layer, "stride", 1) == (1,)):
        return mask
    steps = ctx.reshape(mask, [0, 1, -1], (mask.shape[0], 1, mask.shape[1]))
    windows = Windows.of(ctx, {**layer, "convolutionMode": "Same" if same else "Truncate"}, steps)
    return ctx.reshape(maximum(ctx, steps, windows), [0, -1], (mask.shape[0], windows.out[0]))
