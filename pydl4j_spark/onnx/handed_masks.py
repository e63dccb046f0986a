"""How a mask follows what it belongs to, where that changes its shape.

Beside a sequence a mask is ``[N, T]``. Beside steps that became rows it is a column, and beside steps that became
images ``[rows, 1, 1, 1]``; both in the order of the rows, step after step.
"""

from __future__ import annotations

from functools import reduce

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import LayerJson
from pydl4j_spark.onnx.extents import divided
from pydl4j_spark.onnx.graph import BATCH, Value
from pydl4j_spark.onnx.masks import as_column


def as_rows(ctx: LayerContext, y: Value, json: LayerJson) -> Value | None:
    """Lay the mask of a sequence beside its steps as rows."""
    return as_column(ctx)


def as_images(ctx: LayerContext, y: Value, json: LayerJson) -> Value | None:
    """Lay the mask of a sequence beside its steps as images."""
    column = as_column(ctx)
    return None if column is None else ctx.reshape(column, [-1, 1, 1, 1], (column.shape[0], 1, 1, 1))


def as_sequence(ctx: LayerContext, y: Value, json: LayerJson) -> Value | None:
    """Put the mask of rows or images together again, as theirs become a sequence."""
    if ctx.mask is None:
        return None
    steps = ctx.op("Concat", ctx.ints(-1), ctx.batch(), shape=(2,), axis=0)
    time = divided(ctx.mask.shape[0], BATCH)
    return ctx.transpose(ctx.op("Reshape", ctx.mask, steps, shape=(time, BATCH)), 1, 0)


def flattened(ctx: LayerContext, y: Value, json: LayerJson) -> Value | None:
    """Keep the mask of images as a column beside what they become."""
    if ctx.mask is None or ctx.mask.rank == 2:
        return ctx.mask
    if ctx.mask.shape[1:] != (1, 1, 1):
        raise ExportError(
            f"{ctx.name!r}: DL4J itself cannot flatten images that have a mask of shape {ctx.mask.shape}, which says "
            "more than which images are there; export without masks"
        )
    return ctx.reshape(ctx.mask, [-1, 1], (ctx.mask.shape[0], 1))


def any_of_all(ctx: LayerContext, y: Value, json: LayerJson) -> Value | None:
    """Let a step count where it does in any of the inputs; an input without a mask counts everywhere."""
    masks = [mask for mask in ctx.masks if mask is not None]
    if not masks or len(masks) < len(ctx.masks):
        return None
    return reduce(lambda a, b: ctx.op("Max", a, b), masks)
