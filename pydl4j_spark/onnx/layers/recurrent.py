"""LSTM, GravesLSTM, SimpleRnn, what wraps them, and the output layer over time.

A wrapper may stand in a wrapper. So all of them run over ``[T, N, C]`` in the order of time; which way a cell goes,
and which mask it sees, is handed down to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

import numpy as np
from attrs import evolve
from onnx import TensorProto

from pydl4j_spark.description import FROZEN
from pydl4j_spark.errors import ExportError, UnsupportedLayer
from pydl4j_spark.onnx.activations import activate
from pydl4j_spark.onnx.cells import Way, lstm, simple_rnn
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, Params, ParamSpec, no_mask, same_mask
from pydl4j_spark.onnx.graph import Value
from pydl4j_spark.onnx.sequences import from_time_major, last_step, to_time_major

_LAYERS = "org.deeplearning4j.nn.conf.layers."
LSTM, GRAVES, SIMPLE_RNN = _LAYERS + "LSTM", _LAYERS + "GravesLSTM", _LAYERS + "recurrent.SimpleRnn"
GRAVES_BIDIRECTIONAL = _LAYERS + "GravesBidirectionalLSTM"
BIDIRECTIONAL, LAST_TIME_STEP = _LAYERS + "recurrent.Bidirectional", _LAYERS + "recurrent.LastTimeStep"
MASK_ZERO = _LAYERS + "util.MaskZeroLayer"

# What comes out, and the mask that the cells saw.
Run: TypeAlias = Callable[[LayerContext, Value, LayerJson, Params, Way], tuple[Value, Value | None]]

_CELLS = {LSTM: lstm, GRAVES: lstm, SIMPLE_RNN: simple_rnn}


# --- parameters -----------------------------------------------------------------------------------------------


def _lstm_params(layer: LayerJson) -> list[ParamSpec]:
    n_in, n = int(layer["nin"]), int(layer["nout"])
    # The three peepholes of Graves' cell are further columns of the recurrent weights.
    columns = 4 * n + (0 if layer["@class"] == LSTM else 3)
    return [ParamSpec("W", (n_in, 4 * n), "f"), ParamSpec("RW", (n, columns), "f"), ParamSpec("b", (4 * n,))]


def _graves_bidirectional_params(layer: LayerJson) -> list[ParamSpec]:
    return [evolve(spec, name=spec.name + way) for way in "FB" for spec in _lstm_params(layer)]


def _simple_params(layer: LayerJson) -> list[ParamSpec]:
    n_in, n = int(layer["nin"]), int(layer["nout"])
    return [ParamSpec("W", (n_in, n), "f"), ParamSpec("RW", (n, n), "f"), ParamSpec("b", (n,))]


def _rnn_output_params(layer: LayerJson) -> list[ParamSpec]:
    n_in, n_out = int(layer["nin"]), int(layer["nout"])
    bias = [ParamSpec("b", (n_out,))] if layer.get("hasBias", True) else []
    return [ParamSpec("W", (n_in, n_out), "f"), *bias]


# --- over [T, N, C] -------------------------------------------------------------------------------------------


def _cell(ctx: LayerContext, x: Value, layer: LayerJson, params: Params, way: Way) -> tuple[Value, Value | None]:
    # The two LSTMs ignore the mask of the network.
    seen = way.mask if way.pushed or layer["@class"] == SIMPLE_RNN else None
    return _CELLS[layer["@class"]](ctx, x, layer, params, evolve(way, mask=seen)), seen


def _graves_bidirectional(
    ctx: LayerContext, x: Value, layer: LayerJson, params: Params, way: Way
) -> tuple[Value, Value | None]:
    halves = []
    for suffix, turned in (("F", False), ("B", True)):
        own = {name[:-1]: array for name, array in params.items() if name.endswith(suffix)}
        halves.append(lstm(ctx, x, layer, own, evolve(way, reverse=way.reverse != turned)))
    return ctx.op("Add", *halves), way.mask


def _bidirectional(
    ctx: LayerContext, x: Value, layer: LayerJson, params: Params, way: Way
) -> tuple[Value, Value | None]:
    backward_way = evolve(way, reverse=not way.reverse)
    forward, seen = _inside(ctx, x, layer["fwd"], _named(params, "f"), way)
    backward, _ = _inside(ctx, x, layer["bwd"], _named(params, "b"), backward_way)
    return _combine(ctx, forward, backward, layer["mode"]), seen


def _named(params: Params, prefix: str) -> Params:
    return {name[1:]: array for name, array in params.items() if name[0] == prefix}


def _combine(ctx: LayerContext, a: Value, b: Value, mode: str) -> Value:
    if mode == "CONCAT":
        return ctx.op("Concat", a, b, shape=(*a.shape[:-1], int(a.shape[-1]) + int(b.shape[-1])), axis=a.rank - 1)
    y = ctx.op("Mul" if mode == "MUL" else "Add", a, b)
    return ctx.op("Mul", y, 0.5) if mode == "AVERAGE" else y


def _last(ctx: LayerContext, x: Value, layer: LayerJson, params: Params, way: Way) -> tuple[Value, Value | None]:
    y, seen = _inside(ctx, x, layer["underlying"], params, evolve(way, pushed=True))
    if y.rank != 3:
        raise ExportError(f"layer {ctx.name!r}: DL4J itself cannot take the last step of rank {y.rank}")
    # Of both directions the last step in time, where the backward half has seen one step only: as DL4J has it.
    y = last_step(ctx, y, seen, way.reverse)
    if seen is not None and ctx.dtype == np.float64:
        # With a mask, DL4J takes the steps out in single precision.
        y = ctx.op("Cast", ctx.op("Cast", y, to=TensorProto.FLOAT), to=TensorProto.DOUBLE)
    return y, None


def _mask_zero(ctx: LayerContext, x: Value, layer: LayerJson, params: Params, way: Way) -> tuple[Value, Value | None]:
    """Run what is inside with a mask that the data tell: steps of which every number is the same certain one."""
    same = ctx.op("Cast", ctx.op("Equal", x, float(layer["maskingValue"])), to=ctx.element_type)
    padding = ctx.reduce("ReduceMin", same, [2], keepdims=False)
    mask = ctx.transpose(ctx.op("Sub", 1.0, padding, shape=padding.shape), 1, 0)
    return _inside(ctx, x, layer["underlying"], params, evolve(way, mask=mask, pushed=True))


_RUNS: dict[str, Run] = {
    **dict.fromkeys(_CELLS, _cell),
    GRAVES_BIDIRECTIONAL: _graves_bidirectional,
    BIDIRECTIONAL: _bidirectional,
    LAST_TIME_STEP: _last,
    MASK_ZERO: _mask_zero,
}


def _inside(ctx: LayerContext, x: Value, layer: LayerJson, params: Params, way: Way) -> tuple[Value, Value | None]:
    """Run a layer inside a wrapper; one that has a converter of its own by that."""
    kind, way = str(layer["@class"]), evolve(way, keeps=False)
    if ctx.registry[kind].emit is _recurrent:
        return _RUNS[kind](ctx, x, layer, params, way)
    if way.reverse:
        raise ExportError(f"layer {ctx.name!r}: no converter runs {kind} backward, as Bidirectional needs it")
    layout = layout_of(layer)
    inner = ctx.inside("underlying", [way.mask])
    y, seen = inner.emit_inside("", from_time_major(ctx, x, layout), layer, params)
    return to_time_major(ctx, y, layout) if y.rank == 3 else y, seen


# --- layers ---------------------------------------------------------------------------------------------------


def layout_of(layer: LayerJson) -> str | None:
    """Return ``"NCW"`` or ``"NWC"`` of a recurrent layer or wrapper."""
    inner = layer.get("underlying") or layer.get("fwd")
    return layer.get("rnnDataFormat") or (layout_of(inner) if inner else None)


def _recurrent(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    layout, way = layout_of(layer), Way(mask=ctx.mask)
    if ctx.stateful:
        layer, way = _stepping(ctx, layer)
    y, _ = _RUNS[layer["@class"]](ctx, to_time_major(ctx, x, layout), layer, params, way)
    return from_time_major(ctx, y, layout) if y.rank == 3 else y


def _stepping(ctx: LayerContext, layer: LayerJson) -> tuple[LayerJson, Way]:
    """Return what DL4J's rnnTimeStep runs: without the wrapper, what is inside; a layer in two keeps no state."""
    inner, wrappers = layer, layer.get(FROZEN, 0)
    if "underlying" in layer:
        inner = layer["underlying"]
        wrappers += 1 + inner.get(FROZEN, 0)
    if wrappers > 1:
        return layer, Way()
    kind = inner["@class"]
    if kind in (BIDIRECTIONAL, GRAVES_BIDIRECTIONAL):
        raise UnsupportedLayer(f"layer {ctx.name!r} ({kind}): DL4J cannot run both directions step by step")
    if kind == SIMPLE_RNN and layout_of(inner) == "NWC":
        raise UnsupportedLayer(f"layer {ctx.name!r} ({kind}): DL4J cannot run it step by step in the layout NWC")
    return (inner, Way(keeps=True)) if kind in _CELLS else (layer, Way())


def _rnn_output(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    layout = layer.get("rnnDataFormat")
    weights = ctx.const("W", params["W"])
    steps = to_time_major(ctx, x, layout)
    y = ctx.op("MatMul", steps, weights, shape=(*steps.shape[:2], weights.shape[1]))
    if "b" in params:
        y = ctx.op("Add", y, ctx.const("b", params["b"]))
    return from_time_major(ctx, activate(ctx, y, layer.get("activationFn"), softmax_axis=2), layout)


# --- what DL4J cannot run -------------------------------------------------------------------------------------


def _simple_objection(layer: LayerJson) -> str | None:
    return "DL4J itself cannot run a SimpleRnn with layer normalization" if layer.get("hasLayerNorm") else None


def _bidirectional_objection(layer: LayerJson) -> str | None:
    halves = (layer["fwd"], layer["bwd"])
    return next((reason for half in halves if (reason := _cannot_hold(layer, half, _LAST_OF))), None)


def _last_objection(layer: LayerJson) -> str | None:
    return _cannot_hold(layer, layer["underlying"], _STEPS)


_RECURRENT = {*_CELLS, GRAVES_BIDIRECTIONAL}
_LAST_OF, _STEPS = {*_RECURRENT, LAST_TIME_STEP}, {*_RECURRENT, BIDIRECTIONAL, MASK_ZERO}


def _cannot_hold(layer: LayerJson, inner: LayerJson, allowed: Collection[str]) -> str | None:
    """Refuse what DL4J has but cannot run inside; of a user's own layers nothing is known."""
    outer_name, name = (str(one["@class"]).rpartition(".")[2] for one in (layer, inner))
    known = str(inner["@class"]).startswith("org.deeplearning4j.") and inner["@class"] not in allowed
    return f"DL4J itself cannot run {outer_name} of {name}" if known else None


def _mask_zero_objection(layer: LayerJson) -> str | None:
    inner = layer["underlying"]
    if layout_of(inner) == "NWC" and inner["@class"] not in _RECURRENT:
        return "DL4J itself looks for padding along the wrong axis of NWC, unless a recurrent layer is right inside"
    return None


def _one_inside(layer: LayerJson) -> Mapping[str, LayerJson]:
    return {"": layer["underlying"]}


def _both_inside(layer: LayerJson) -> Mapping[str, LayerJson]:
    return {"f": layer["fwd"], "b": layer["bwd"]}


def _mask_of_both(ctx: LayerContext, y: Value, layer: LayerJson) -> Value | None:
    return (same_mask if y.rank == 3 else no_mask)(ctx, y, layer)


CONVERTERS = (
    Converter(LSTM, _recurrent, _lstm_params),
    Converter(GRAVES, _recurrent, _lstm_params),
    Converter(SIMPLE_RNN, _recurrent, _simple_params, objection=_simple_objection),
    Converter(GRAVES_BIDIRECTIONAL, _recurrent, _graves_bidirectional_params),
    Converter(BIDIRECTIONAL, _recurrent, inside=_both_inside, objection=_bidirectional_objection, mask=_mask_of_both),
    Converter(LAST_TIME_STEP, _recurrent, inside=_one_inside, objection=_last_objection, mask=no_mask),
    Converter(MASK_ZERO, _recurrent, inside=_one_inside, objection=_mask_zero_objection, mask=no_mask),
    Converter(_LAYERS + "RnnOutputLayer", _rnn_output, _rnn_output_params, mask=no_mask),
)
