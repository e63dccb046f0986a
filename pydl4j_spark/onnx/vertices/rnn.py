"""Vertices of sequences, which DL4J takes as ``[N, C, T]`` only."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from pydl4j_spark.errors import ModelFormatError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, Params, no_mask
from pydl4j_spark.onnx.graph import Value
from pydl4j_spark.onnx.sequences import last_step, to_time_major

_VERTICES = "org.deeplearning4j.nn.conf.graph.rnn."


def _last_time_step(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    # The mask of an input of the network, whatever became of it on the way here.
    mask = ctx.around.masks.get(json["maskArrayInputName"])
    return last_step(ctx, to_time_major(ctx, x, "NCW"), mask)


def _duplicate(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    name = json["inputName"]
    if name not in ctx.around.inputs:
        raise ModelFormatError(
            f"configuration.json: vertex {ctx.name!r} repeats as long as {name!r}, which is no input"
        )
    timed = ctx.around.inputs[name]
    shape = (*x.shape, timed.shape[2])
    column = ctx.op("Unsqueeze", x, ctx.ints(2), shape=(*x.shape, 1))
    return ctx.op(
        "Expand", column, ctx.op("Concat", ctx.ints(1, 1), ctx.extent(timed, 2), shape=(3,), axis=0), shape=shape
    )


def _duplicate_mask(ctx: LayerContext, y: Value, json: LayerJson) -> Value | None:
    return ctx.around.masks.get(json["inputName"])


def _reverse(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    mask = ctx.around.masks.get(json.get("maskArrayInputName") or "")
    if mask is not None:
        return _reverse_present(ctx, x, mask)
    return ctx.op("Slice", x, ctx.ints(-1), ctx.ints(_BEFORE_ALL), ctx.ints(2), ctx.ints(-1))


def _reverse_present(ctx: LayerContext, x: Value, mask: Value) -> Value:
    """Turn the order of the steps that are no padding round; padding stays where it is and becomes zero."""
    present = ctx.op("Cast", ctx.op("Cast", mask, to=TensorProto.BOOL), to=TensorProto.INT64)
    axis = ctx.const("axis", np.array(1, np.int64))
    number = ctx.op("CumSum", ctx.op("Add", ctx.op("Mul", present, ctx.ints(0)), ctx.ints(1)), axis)
    before = ctx.op("CumSum", present, axis, exclusive=1)
    # The numbers of the steps that are there, the last one first.
    numbers = ctx.op("Mul", present, number)
    backward, _ = ctx.ops("TopK", numbers, ctx.extent(numbers, 1), shapes=[mask.shape] * 2, axis=1)
    source = ctx.op("GatherElements", backward, before, shape=mask.shape, axis=1)
    source = ctx.op("Max", ctx.op("Sub", source, ctx.ints(1)), ctx.ints(0))
    column = (*mask.shape, 1)
    rows = ctx.transpose(x, 0, 2, 1)
    y = ctx.op("GatherND", rows, ctx.op("Unsqueeze", source, ctx.ints(2), shape=column), shape=rows.shape, batch_dims=1)
    kept = ctx.op("Mul", y, ctx.op("Unsqueeze", mask, ctx.ints(2), shape=column))
    return ctx.transpose(kept, 0, 2, 1)


_BEFORE_ALL = -(2**63)

CONVERTERS = (
    Converter(_VERTICES + "LastTimeStepVertex", _last_time_step, mask=no_mask),
    Converter(_VERTICES + "DuplicateToTimeSeriesVertex", _duplicate, mask=_duplicate_mask),
    Converter(_VERTICES + "ReverseTimeSeriesVertex", _reverse),
)
