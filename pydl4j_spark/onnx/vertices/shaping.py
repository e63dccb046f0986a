"""Vertices that change the shape."""

from __future__ import annotations

from collections.abc import Sequence

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, Params
from pydl4j_spark.onnx.extents import divided, plus, times
from pydl4j_spark.onnx.graph import BATCH, Shape, Value
from pydl4j_spark.onnx.windows import TO_THE_END

_VERTICES = "org.deeplearning4j.nn.conf.graph."


def _new_shape(x: Value, target: Sequence[int]) -> Shape:
    """Work out the one extent that is left open."""
    rest = times(*(d for d in target if d != -1))
    return tuple(divided(times(*x.shape), rest) if d == -1 else d for d in target)


def _reshape(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    target = [int(d) for d in json["newShape"]]
    shape = _new_shape(x, target)
    if -1 not in target:
        # With every extent stated, DL4J itself runs with one number of rows only.
        rows = divided(times(*target), divided(times(*x.shape), BATCH))
        ctx.builder.rows = rows if isinstance(rows, int) else ctx.builder.rows
    if json.get("reshapeOrder", "c") != "f":
        return ctx.reshape(x, target, shape)
    # In column order the first axis runs fastest: row order of the axes turned round.
    turned = ctx.transpose(x, *reversed(range(x.rank)))
    y = ctx.reshape(turned, target[::-1], shape[::-1])
    return ctx.transpose(y, *reversed(range(y.rank)))


def _reshaped_mask(ctx: LayerContext, y: Value, json: LayerJson) -> Value | None:
    mask = ctx.mask
    if mask is None:
        return None
    if json.get("maskShape") is not None:
        return _reshape(ctx, mask, {**json, "newShape": json["maskShape"]}, {})
    if mask.shape[1] != 1:
        if y.rank == 3:
            return mask
        raise ExportError(f"vertex {ctx.name!r}: DL4J itself cannot reshape a sequence with a mask to rank {y.rank}")
    # A column stays one, unless rows become steps.
    target = [json["newShape"][0], json["newShape"][-1]]
    return _reshape(ctx, mask, {**json, "newShape": target}, {}) if y.rank == 3 else mask


def _pool_helper(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    if x.rank != 4:
        raise ExportError(f"vertex {ctx.name!r} takes images of rank 4, but rank {x.rank} arrives")
    shape = (*x.shape[:2], *(plus(d, -1) for d in x.shape[2:]))
    return ctx.op("Slice", x, ctx.ints(1, 1), ctx.ints(TO_THE_END, TO_THE_END), ctx.ints(2, 3), shape=shape)


def _preprocessor(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    inner = json["preProcessor"]
    return ctx.registry[inner["@class"]].emit(ctx, x, inner, {})  # type: ignore[no-any-return]


def _preprocessor_mask(ctx: LayerContext, y: Value, json: LayerJson) -> Value | None:
    inner = json["preProcessor"]
    return ctx.registry[inner["@class"]].mask(ctx, y, inner)  # type: ignore[no-any-return]


CONVERTERS = (
    Converter(_VERTICES + "ReshapeVertex", _reshape, mask=_reshaped_mask),
    Converter(_VERTICES + "PoolHelperVertex", _pool_helper),
    Converter(
        _VERTICES + "PreprocessorVertex",
        _preprocessor,
        mask=_preprocessor_mask,
        inside=lambda json: {"": json["preProcessor"]},
    ),
)
