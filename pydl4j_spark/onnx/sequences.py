"""The layouts of sequences: DL4J's ``[N, C, T]`` and ``[N, T, C]``, and ONNX's ``[T, N, C]``."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.graph import Value


def to_time_major(ctx: LayerContext, x: Value, layout: str | None) -> Value:
    """Return a sequence in the layout of ONNX's operators; NCW is DL4J's default."""
    if x.rank != 3:
        raise ExportError(
            f"layer {ctx.name!r} takes sequences of rank 3, but rank {x.rank} arrives; is a preprocessor missing?"
        )
    return ctx.transpose(x, 1, 0, 2) if layout == "NWC" else ctx.transpose(x, 2, 0, 1)


def from_time_major(ctx: LayerContext, x: Value, layout: str | None) -> Value:
    """Return a sequence in the layer's own layout again."""
    return ctx.transpose(x, 1, 0, 2) if layout == "NWC" else ctx.transpose(x, 1, 2, 0)


def last_step(ctx: LayerContext, steps: Value, mask: Value | None, reverse: bool = False) -> Value:
    """Return the last of the steps ``[T, N, C]`` that are no padding, or the first of them, as rows.

    Where all is padding, DL4J's layer raises an error and its vertex takes the first step; so does this.
    """
    if mask is None:
        at = ctx.const("step", np.array(0 if reverse else -1, np.int64))
        return ctx.op("Gather", steps, at, shape=steps.shape[1:], axis=0)
    present = ctx.op("Cast", ctx.op("Cast", mask, to=TensorProto.BOOL), to=TensorProto.INT32)
    at = ctx.op("ArgMax", present, shape=(mask.shape[0], 1), axis=1, keepdims=1, select_last_index=int(not reverse))
    some = ctx.op("Cast", ctx.reduce("ReduceMax", present, [1], keepdims=True), to=TensorProto.INT64)
    batch, width = steps.shape[1:]
    rows = ctx.transpose(steps, 1, 0, 2)
    return ctx.op("GatherND", rows, ctx.op("Mul", at, some), shape=(batch, width), batch_dims=1)
