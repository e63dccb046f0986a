"""Embeddings: rows of the weights, by indices that arrive as floating point numbers."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.activations import activate
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, Params
from pydl4j_spark.onnx.graph import Value
from pydl4j_spark.onnx.layers.feedforward import dense_params
from pydl4j_spark.onnx.masks import masked_rows, masked_steps

_LAYERS = "org.deeplearning4j.nn.conf.layers."


def _looked_up(ctx: LayerContext, x: Value, params: Params) -> Value:
    """Replace every index by its row of the weights; what stands behind the point is cut off."""
    weights = ctx.const("W", params["W"])
    indices = ctx.op("Cast", x, to=TensorProto.INT64)
    # ONNX counts indices below zero from the end. DL4J refuses them, and so does Gather one behind the last.
    below = ctx.op("Less", indices, ctx.const("zero", np.array(0, np.int64)))
    end = ctx.const("end", np.array(weights.shape[0], np.int64))
    indices = ctx.op("Where", below, end, indices, shape=x.shape)
    y = ctx.op("Gather", weights, indices, shape=(*x.shape, weights.shape[1]), axis=0)
    return ctx.op("Add", y, ctx.const("b", params["b"])) if "b" in params else y


def _embedding(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    if x.rank != 2 or x.shape[1] != 1:
        raise ExportError(f"layer {ctx.name!r} takes indices as [N, 1], but {x.shape} arrives")
    y = _looked_up(ctx, ctx.reshape(x, [-1], x.shape[:1]), params)
    return masked_rows(ctx, activate(ctx, y, layer.get("activationFn"), softmax_axis=1))


def _embedding_sequence(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    if x.rank == 3 and x.shape[1] == 1:
        x = ctx.op("Squeeze", x, ctx.ints(1), shape=(x.shape[0], x.shape[2]))
    if x.rank != 2:
        raise ExportError(f"layer {ctx.name!r} takes indices as [N, T] or [N, 1, T], but {x.shape} arrives")
    channels_last = layer.get("outputFormat") == "NWC"
    y = _looked_up(ctx, x, params)
    y = y if channels_last else ctx.transpose(y, 0, 2, 1)
    # A softmax runs over the last axis, which in NCW is the time.
    y = activate(ctx, y, layer.get("activationFn"), softmax_axis=2)
    return masked_steps(ctx, y, 1 if channels_last else 2)


CONVERTERS = (
    Converter(_LAYERS + "EmbeddingLayer", _embedding, dense_params),
    Converter(_LAYERS + "EmbeddingSequenceLayer", _embedding_sequence, dense_params),
)
