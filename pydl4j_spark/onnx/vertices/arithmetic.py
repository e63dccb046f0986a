"""Vertices that compute element by element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson
from pydl4j_spark.onnx.graph import Array, Value

_VERTICES = "org.deeplearning4j.nn.conf.graph."
_OPERATORS = {"Add": "Add", "Subtract": "Sub", "Product": "Mul", "Average": "Add", "Max": "Max"}


def _element_wise(ctx: LayerContext, inputs: Sequence[Value], json: LayerJson, params: Mapping[str, Array]) -> Value:
    operator = _OPERATORS[json["op"]]
    y = reduce(lambda a, b: ctx.op(operator, a, b), inputs)
    return ctx.op("Div", y, float(len(inputs))) if json["op"] == "Average" else y


CONVERTERS = (Converter(_VERTICES + "ElementWiseVertex", _element_wise, many=True),)
