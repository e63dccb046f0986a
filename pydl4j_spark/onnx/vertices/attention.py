"""Attention between three inputs ``[N, C, T]``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydl4j_spark.onnx.attention import Attention, projections
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, ParamSpec
from pydl4j_spark.onnx.graph import Array, Value


def _params(json: LayerJson) -> list[ParamSpec]:
    return projections(json, *(int(json[key]) for key in ("ninQueries", "ninKeys", "ninValues")))


def _attention(ctx: LayerContext, inputs: Sequence[Value], json: LayerJson, params: Mapping[str, Array]) -> Value:
    queries, keys, values = (ctx.transpose(x, 0, 2, 1) for x in inputs)
    masked_queries, *others = ctx.masks
    masks = [mask for mask in others if mask is not None]
    mask = ctx.op("Min", *masks) if len(masks) == 2 else next(iter(masks), None)
    y = ctx.transpose(Attention(ctx, keys, values, params, mask).to(ctx, queries), 0, 2, 1)
    if masked_queries is None:
        return y
    time, batch = masked_queries.shape[::-1]
    return ctx.op("Mul", y, ctx.op("Unsqueeze", masked_queries, ctx.ints(1), shape=(batch, 1, time)))


CONVERTERS = (Converter("org.deeplearning4j.nn.conf.graph.AttentionVertex", _attention, _params, many=True),)
