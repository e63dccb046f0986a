"""Vertices that put inputs together, and take them apart."""

from __future__ import annotations

from collections.abc import Sequence

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, Params
from pydl4j_spark.onnx.extents import divided, plus
from pydl4j_spark.onnx.graph import Dim, Value
from pydl4j_spark.onnx.handed_masks import any_of_all

_VERTICES = "org.deeplearning4j.nn.conf.graph."


def _concat(ctx: LayerContext, inputs: Sequence[Value], axis: int) -> Value:
    if len(inputs) == 1:
        return inputs[0]
    first = inputs[0].shape
    size = plus(*(x.shape[axis] for x in inputs))
    return ctx.op("Concat", *inputs, shape=(*first[:axis], size, *first[axis + 1 :]), axis=axis)


def _merge(ctx: LayerContext, inputs: Sequence[Value], json: LayerJson, params: Params) -> Value:
    # In channels-last layouts the file itself says which axis that is.
    return _concat(ctx, inputs, int(json.get("mergeAxis", 1)) % inputs[0].rank)


def _stack(ctx: LayerContext, inputs: Sequence[Value], json: LayerJson, params: Params) -> Value:
    if inputs[0].rank == 3 and len({x.shape[2] for x in inputs}) > 1:
        inputs = _equally_long(ctx, inputs)
    return _concat(ctx, inputs, 0)


def _equally_long(ctx: LayerContext, inputs: Sequence[Value]) -> list[Value]:
    """Fill sequences ``[N, C, T]`` up with zeros, to the length of the longest."""
    lengths = [ctx.extent(x, 2) for x in inputs]
    longest = ctx.op("Max", *lengths)
    known = [x.shape[2] for x in inputs]
    numbers = [t for t in known if isinstance(t, int)]
    time: Dim = max(numbers) if len(numbers) == len(known) else f"max({','.join(map(str, known))})"
    padded = []
    for x, length in zip(inputs, lengths, strict=True):
        missing = ctx.op("Sub", longest, length)
        pads = ctx.op("Concat", ctx.ints(0, 0, 0, 0, 0), missing, shape=(6,), axis=0)
        padded.append(ctx.op("Pad", x, pads, 0.0, shape=(*x.shape[:2], time), mode="constant"))
    return padded


def _stacked_mask(ctx: LayerContext, y: Value, json: LayerJson) -> Value | None:
    masks = [mask for mask in ctx.masks if mask is not None]
    if not masks:
        return None
    if len(masks) < len(ctx.masks):
        raise ExportError(f"vertex {ctx.name!r}: DL4J itself cannot stack inputs of which only some have a mask")
    if len({mask.shape[1] for mask in masks}) == 1:
        return _concat(ctx, masks, 0)
    one_channel = [ctx.op("Unsqueeze", m, ctx.ints(1), shape=(m.shape[0], 1, m.shape[1])) for m in masks]
    stacked = _concat(ctx, _equally_long(ctx, one_channel), 0)
    return ctx.op("Squeeze", stacked, ctx.ints(1), shape=(stacked.shape[0], stacked.shape[2]))


def _unstack(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    part, parts = int(json["from"]), int(json["stackSize"])
    step = ctx.op("Div", ctx.extent(x, 0), ctx.ints(parts))
    start, end = (ctx.op("Mul", step, ctx.ints(i)) for i in (part, part + 1))
    return ctx.op("Slice", x, start, end, ctx.ints(0), shape=(divided(x.shape[0], parts), *x.shape[1:]))


def _unstacked_mask(ctx: LayerContext, y: Value, json: LayerJson) -> Value | None:
    return None if ctx.mask is None else _unstack(ctx, ctx.mask, json, {})


def _subset(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    # Of axis 1 in every layout; the last one is taken too.
    first, last = int(json["from"]), int(json["to"])
    width = x.shape[1]
    if isinstance(width, int) and last >= width:
        raise ExportError(f"vertex {ctx.name!r} takes {first} to {last} of {width} numbers; the first is 0")
    shape = (x.shape[0], last + 1 - first, *x.shape[2:])
    return ctx.op("Slice", x, ctx.ints(first), ctx.ints(last + 1), ctx.ints(1), shape=shape)


CONVERTERS = (
    Converter(_VERTICES + "MergeVertex", _merge, many=True, mask=any_of_all),
    Converter(_VERTICES + "StackVertex", _stack, many=True, mask=_stacked_mask),
    Converter(_VERTICES + "UnstackVertex", _unstack, mask=_unstacked_mask),
    Converter(_VERTICES + "SubsetVertex", _subset),
)
