"""Vertices that compute with numbers, and have no parameters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, Params
from pydl4j_spark.onnx.extents import broadcast
from pydl4j_spark.onnx.graph import Value
from pydl4j_spark.onnx.handed_masks import any_of_all

_VERTICES = "org.deeplearning4j.nn.conf.graph."
_OPERATORS = {"Add": "Add", "Subtract": "Sub", "Product": "Mul", "Average": "Add", "Max": "Max"}


def _element_wise(ctx: LayerContext, inputs: Sequence[Value], json: LayerJson, params: Params) -> Value:
    def both(a: Value, b: Value) -> Value:
        return ctx.op(_OPERATORS[json["op"]], a, b, shape=broadcast(ctx.name, (a.shape, b.shape)))

    if json["op"] == "Subtract" and len(inputs) > 2:
        raise ExportError(f"vertex {ctx.name!r} subtracts, of which DL4J takes two inputs, not {len(inputs)}")
    y = reduce(both, inputs)
    return ctx.op("Div", y, float(len(inputs))) if json["op"] == "Average" else y


def _scale(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    return ctx.op("Mul", x, float(json["scaleFactor"]))


def _shift(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    return ctx.op("Add", x, float(json["shiftFactor"]))


def _length(ctx: LayerContext, x: Value) -> Value:
    """Return the Euclidean length of each row, with all its axes."""
    squares = ctx.reduce("ReduceSum", ctx.op("Mul", x, x), range(1, x.rank), keepdims=True)
    return ctx.op("Sqrt", squares)


def _l2_normalize(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    axes = sorted(json.get("dimension") or range(1, x.rank))
    if axes != list(range(1, x.rank)) or x.rank > 4:
        raise ExportError(
            f"vertex {ctx.name!r}: DL4J itself cannot normalize an input of rank {x.rank} over the axes {axes}"
        )
    return ctx.op("Div", x, ctx.op("Max", _length(ctx, x), float(json["eps"])))


def _l2(ctx: LayerContext, inputs: Sequence[Value], json: LayerJson, params: Params) -> Value:
    # Without an epsilon: DL4J's counts in training only.
    a, b = inputs
    distance = _length(ctx, ctx.op("Sub", a, b))
    return ctx.reshape(distance, [-1, 1], (a.shape[0], 1))


CONVERTERS = (
    Converter(_VERTICES + "ElementWiseVertex", _element_wise, many=True, mask=any_of_all),
    Converter(_VERTICES + "ScaleVertex", _scale),
    Converter(_VERTICES + "ShiftVertex", _shift),
    Converter(_VERTICES + "L2NormalizeVertex", _l2_normalize),
    Converter(_VERTICES + "L2Vertex", _l2, many=True),
)
