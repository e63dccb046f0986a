"""Attention layers, over sequences ``[N, C, T]``."""

from __future__ import annotations

import numpy as np

from pydl4j_spark.onnx.attention import Attention, projections
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, Params, ParamSpec
from pydl4j_spark.onnx.graph import Value
from pydl4j_spark.onnx.samediff import activate_by_name, activation_objection
from pydl4j_spark.onnx.sequences import from_time_major, to_time_major

_LAYERS = "org.deeplearning4j.nn.conf.layers."


def _self_params(layer: LayerJson) -> list[ParamSpec]:
    n_in = int(layer["nin"])
    return projections(layer, n_in, n_in, n_in)


def _self(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    rows = ctx.transpose(x, 0, 2, 1)
    y = Attention(ctx, rows, rows, params, ctx.mask).to(ctx, rows)
    return ctx.transpose(y, 0, 2, 1)


def _recurrent_params(layer: LayerJson) -> list[ParamSpec]:
    """Return weights, then the bias, although DL4J names it before the projections."""
    n_in, n_out = int(layer["nin"]), int(layer["nout"])
    bias = [ParamSpec("b", (n_out,))] if layer["hasBias"] else []
    own = [ParamSpec("W", (n_in, n_out)), ParamSpec("RW", (n_out, n_out))]
    return [*own, *projections(layer, n_out, n_in, n_in), *bias]


def _recurrent(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    rows = ctx.transpose(x, 0, 2, 1)
    attention = Attention(ctx, rows, rows, params, ctx.mask)
    steps, n = to_time_major(ctx, x, "NCW"), int(layer["nout"])
    time, batch, _ = steps.shape
    z = ctx.op("MatMul", steps, ctx.const("W", params["W"]), shape=(time, batch, n))
    if "b" in params:
        z = ctx.op("Add", z, ctx.const("b", params["b"]))
    weights = ctx.const("RW", params["RW"])

    body = ctx.body()
    before, own = (Value(body.builder.unique(f"{ctx.name}/{part}"), (batch, n)) for part in ("before", "step"))
    started = Value(body.builder.unique(f"{ctx.name}/started"), ())
    # Every step attends to the whole sequence with the output before it; the first has none, and does without.
    found = attention.to(body, body.op("Unsqueeze", before, body.ints(1), shape=(batch, 1, n)))
    found = body.op("Squeeze", found, body.ints(1), shape=(batch, found.shape[2]))
    found = body.op("Mul", body.op("MatMul", found, weights, shape=(batch, n)), started)
    y = activate_by_name(body, body.op("Add", own, found), layer["activation"])
    after = [y, body.op("Add", body.op("Mul", started, 0.0), 1.0), body.op("Identity", y)]
    cell = body.builder.subgraph(f"{ctx.name}/cell", [before, started, own], after)

    extents = ctx.op("Concat", ctx.extent(z, 1), ctx.ints(n), shape=(2,), axis=0)
    states = [ctx.op("Expand", 0.0, extents, shape=(batch, n)), ctx.const("not_started", np.zeros(()))]
    shapes = [(batch, n), (), (time, batch, n)]
    y = ctx.ops("Scan", *states, z, shapes=shapes, body=cell, num_scan_inputs=1)[-1]
    return from_time_major(ctx, y, "NCW")


def _recurrent_objection(layer: LayerJson) -> str | None:
    return activation_objection(layer["activation"])


CONVERTERS = (
    Converter(_LAYERS + "SelfAttentionLayer", _self, _self_params),
    Converter(_LAYERS + "RecurrentAttentionLayer", _recurrent, _recurrent_params, objection=_recurrent_objection),
)
