"""From rows to sequences, steps one by one, and masks made visible."""

from __future__ import annotations

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, Params
from pydl4j_spark.onnx.extents import times
from pydl4j_spark.onnx.graph import Value
from pydl4j_spark.onnx.layers.feedforward import check_rows
from pydl4j_spark.onnx.masks import as_column, masked_rows, masked_steps

_LAYERS = "org.deeplearning4j.nn.conf.layers."


def _repeat(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    check_rows(ctx, x)
    n, axis = int(layer["n"]), 1 if layer.get("dataFormat") == "NWC" else 2
    step = list(x.shape)
    step.insert(axis, 1)
    y = ctx.op("Unsqueeze", x, ctx.ints(axis), shape=tuple(step))
    repeats = [n if i == axis else 1 for i in range(3)]
    return ctx.op("Tile", y, ctx.ints(*repeats), shape=tuple(n if i == axis else d for i, d in enumerate(step)))


def _mask(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    return masked_steps(ctx, x, 2) if x.rank == 3 else masked_rows(ctx, x)


def _step_by_step(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    """Run a layer for rows over every step of a sequence, as rows one behind the other."""
    if x.rank != 3:
        raise ExportError(f"layer {ctx.name!r} takes sequences of rank 3, but rank {x.rank} arrives")
    channels_last = layer.get("rnnDataFormat") == "NWC"
    steps = x if channels_last else ctx.transpose(x, 0, 2, 1)
    batch, time, size = steps.shape
    rows = ctx.reshape(steps, [-1, int(size)], (times(batch, time), size))
    y, _ = _inside(ctx).emit_inside("", rows, layer["underlying"], params)
    if y.rank != 2:
        raise ExportError(f"layer {ctx.name!r}: the layer inside gives {y.shape} for rows, which are no steps")
    size = int(y.shape[1])
    steps = ctx.reshape(y, [ctx.extent(x, 0), -1, size], (batch, time, size))
    return steps if channels_last else ctx.transpose(steps, 0, 2, 1)


def _inside(ctx: LayerContext) -> LayerContext:
    # The rows run through one sequence after the other, but DL4J lays the mask out step after step. So it masks other
    # rows than it should, and what it computes is what is exported.
    return ctx.inside("underlying", [as_column(ctx)])


def _mask_of_steps(ctx: LayerContext, y: Value, layer: LayerJson) -> Value | None:
    inner = layer["underlying"]
    return ctx.mask if ctx.registry[inner["@class"]].mask(_inside(ctx), y, inner) is not None else None


CONVERTERS = (
    Converter(_LAYERS + "misc.RepeatVector", _repeat),
    Converter(_LAYERS + "util.MaskLayer", _mask),
    Converter(
        _LAYERS + "recurrent.TimeDistributed",
        _step_by_step,
        mask=_mask_of_steps,
        inside=lambda layer: {"": layer["underlying"]},
    ),
)
