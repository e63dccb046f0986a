"""Vertices of sequences, which DL4J takes as ``[N, C, T]`` only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from pydl4j_spark.errors import ModelFormatError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, no_mask
from pydl4j_spark.onnx.graph import Array, Value
from pydl4j_spark.onnx.sequences import to_time_major

_VERTICES = "org.deeplearning4j.nn.conf.graph.rnn."

Params: TypeAlias = Mapping[str, Array]


def _last_time_step(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    steps = to_time_major(ctx, x, "NCW")
    return ctx.op("Gather", steps, ctx.const("last", np.array(-1, np.int64)), shape=steps.shape[1:], axis=0)


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
    return ctx.op("Slice", x, ctx.ints(-1), ctx.ints(_BEFORE_ALL), ctx.ints(2), ctx.ints(-1))


_BEFORE_ALL = -(2**63)

CONVERTERS = (
    Converter(_VERTICES + "LastTimeStepVertex", _last_time_step, mask=no_mask),
    Converter(_VERTICES + "DuplicateToTimeSeriesVertex", _duplicate, mask=_duplicate_mask),
    Converter(_VERTICES + "ReverseTimeSeriesVertex", _reverse),
)
