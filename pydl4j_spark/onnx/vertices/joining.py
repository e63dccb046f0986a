"""Vertices that put several inputs together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson
from pydl4j_spark.onnx.graph import Array, Value

_VERTICES = "org.deeplearning4j.nn.conf.graph."


def _merge(ctx: LayerContext, inputs: Sequence[Value], json: LayerJson, params: Mapping[str, Array]) -> Value:
    if len(inputs) == 1:
        return inputs[0]
    first = inputs[0]
    # In channels-last layouts the file itself says which axis that is.
    axis = int(json.get("mergeAxis", 1)) % first.rank
    size = sum(int(x.shape[axis]) for x in inputs)
    shape = (*first.shape[:axis], size, *first.shape[axis + 1 :])
    return ctx.op("Concat", *inputs, shape=shape, axis=axis)


CONVERTERS = (Converter(_VERTICES + "MergeVertex", _merge, many=True),)
