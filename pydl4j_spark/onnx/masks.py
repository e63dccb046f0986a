"""Where DL4J applies the mask of its input to what a layer gives.

A mask is ``[N, T]`` beside a sequence. Where a preprocessor has flattened time it is a column beside the rows, in the
same order as they are.
"""

from __future__ import annotations

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.extents import times
from pydl4j_spark.onnx.graph import Value


def masked_rows(ctx: LayerContext, y: Value) -> Value:
    """Make the rows zero that are padding, where there is a mask."""
    if ctx.mask is None:
        return y
    if y.rank != 2 or ctx.mask.shape[1] != 1:
        raise ExportError(
            f"layer {ctx.name!r}: DL4J itself cannot apply a mask of shape {ctx.mask.shape} to what it gives, "
            f"{y.shape}; export without masks"
        )
    return ctx.op("Mul", y, ctx.mask)


def mask_of_steps(ctx: LayerContext, x: Value, time_axis: int) -> Value | None:
    """Return the mask of a sequence with an axis for its channels, or None where there is no mask."""
    mask = ctx.mask
    if mask is None:
        return None
    if x.rank != 3 or x.shape[time_axis] != mask.shape[1]:
        raise ExportError(
            f"layer {ctx.name!r}: DL4J itself cannot apply a mask of shape {mask.shape} to {x.shape}, because it takes "
            f"axis {time_axis} for the time; export without masks, or change the network"
        )
    axis = 3 - time_axis
    shape = (mask.shape[0], 1, mask.shape[1]) if axis == 1 else (*mask.shape, 1)
    return ctx.op("Unsqueeze", mask, ctx.ints(axis), shape=shape)


def masked_steps(ctx: LayerContext, y: Value, time_axis: int) -> Value:
    """Make the steps of a sequence zero that are padding, where there is a mask."""
    mask = mask_of_steps(ctx, y, time_axis)
    return y if mask is None else ctx.op("Mul", y, mask)


def as_column(ctx: LayerContext) -> Value | None:
    """Return the mask of a sequence as a column, step after step, or None where there is no mask."""
    mask = ctx.mask
    if mask is None:
        return None
    batch, time = mask.shape
    return ctx.reshape(ctx.transpose(mask, 1, 0), [-1, 1], (times(time, batch), 1))
