"""LSTM, GravesLSTM, SimpleRnn, their wrappers, and the output layer over time.

DL4J keeps the four gates of an LSTM in column blocks ``[I, F, O, G]``. The names mislead: ``I`` is the candidate
(it has the layer's activation), ``G`` is the input gate. A cell whose activations ONNX's LSTM has becomes that
operator; any other becomes a Scan over the same arithmetic, which also serves double precision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from pydl4j_spark.onnx.activations import activate, in_recurrent_operator
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, ParamSpec
from pydl4j_spark.onnx.graph import Array, Value
from pydl4j_spark.onnx.sequences import from_time_major, to_time_major

_LAYERS = "org.deeplearning4j.nn.conf.layers."
LSTM, GRAVES = _LAYERS + "LSTM", _LAYERS + "GravesLSTM"
SIMPLE_RNN = _LAYERS + "recurrent.SimpleRnn"
BIDIRECTIONAL, LAST_TIME_STEP = _LAYERS + "recurrent.Bidirectional", _LAYERS + "recurrent.LastTimeStep"

Params: TypeAlias = Mapping[str, Array]
Cell: TypeAlias = Callable[[LayerContext, Value, LayerJson, Params, bool], Value]


# --- parameters -----------------------------------------------------------------------------------------------


def _lstm_params(layer: LayerJson) -> list[ParamSpec]:
    n_in, n = int(layer["nin"]), int(layer["nout"])
    # The three peepholes of Graves' cell are further columns of the recurrent weights.
    columns = 4 * n + (3 if layer["@class"] == GRAVES else 0)
    return [ParamSpec("W", (n_in, 4 * n), "f"), ParamSpec("RW", (n, columns), "f"), ParamSpec("b", (4 * n,))]


def _simple_params(layer: LayerJson) -> list[ParamSpec]:
    n_in, n = int(layer["nin"]), int(layer["nout"])
    return [ParamSpec("W", (n_in, n), "f"), ParamSpec("RW", (n, n), "f"), ParamSpec("b", (n,))]


def _both_inside(layer: LayerJson) -> Mapping[str, LayerJson]:
    return {"f": layer["fwd"], "b": layer["bwd"]}


def _one_inside(layer: LayerJson) -> Mapping[str, LayerJson]:
    return {"": layer["underlying"]}


def _rnn_output_params(layer: LayerJson) -> list[ParamSpec]:
    n_in, n_out = int(layer["nin"]), int(layer["nout"])
    bias = [ParamSpec("b", (n_out,))] if layer.get("hasBias", True) else []
    return [ParamSpec("W", (n_in, n_out), "f"), *bias]


# --- cells over [T, N, C] -------------------------------------------------------------------------------------


def _activations_of(layers: list[LayerJson]) -> dict[str, object] | None:
    """Return the attributes of ONNX's operator, or None where it lacks one of the functions."""
    found = [in_recurrent_operator(a) for a in layers]
    if any(f is None for f in found):
        return None
    known = [f for f in found if f is not None]
    attributes: dict[str, object] = {"activations": [name for name, _, _ in known]}
    for key, values in (
        ("activation_alpha", [v for _, alpha, _ in known for v in alpha]),
        ("activation_beta", [v for _, _, beta in known for v in beta]),
    ):
        if values:
            attributes[key] = values
    return attributes


def _operator(
    ctx: LayerContext,
    op: str,
    x: Value,
    n: int,
    operands: list[Value | None],
    attributes: dict[str, object],
    reverse: bool,
) -> Value:
    time, batch, _ = x.shape
    direction = "reverse" if reverse else "forward"
    y = ctx.op(op, x, *operands, shape=(time, 1, batch, n), hidden_size=n, direction=direction, **attributes)
    return ctx.op("Squeeze", y, ctx.ints(1), shape=(time, batch, n))


def _onnx_gates(array: Array, n: int) -> Array:
    """Reorder column blocks [I, F, O, G] to ONNX's i, o, f, c, which are G, O, F, I."""
    return np.concatenate(
        [array[..., 3 * n : 4 * n], array[..., 2 * n : 3 * n], array[..., n : 2 * n], array[..., :n]], -1
    )


def _peepholes(recurrent: Array, n: int) -> tuple[Array, Array, Array]:
    """Return Graves' weights from the cell to the input, output and forget gate."""
    return recurrent[:, 4 * n + 2], recurrent[:, 4 * n + 1], recurrent[:, 4 * n]


def _lstm(ctx: LayerContext, x: Value, layer: LayerJson, params: Params, reverse: bool) -> Value:
    n = int(layer["nout"])
    gate, own = layer["gateActivationFn"], layer["activationFn"]
    attributes = _activations_of([gate, own, own])
    # onnxruntime has the operator in single precision only.
    if attributes is None or ctx.dtype == np.float64:
        return _lstm_scan(ctx, x, layer, params, reverse)
    recurrent = params["RW"]
    bias = np.concatenate([_onnx_gates(params["b"], n), np.zeros(4 * n, params["b"].dtype)])
    operands: list[Value | None] = [
        ctx.const("W", _onnx_gates(params["W"], n).T[None]),
        ctx.const("R", _onnx_gates(recurrent, n).T[None]),
        ctx.const("B", bias[None]),
    ]
    if layer["@class"] == GRAVES:
        operands += [None, None, None, ctx.const("P", np.concatenate(_peepholes(recurrent, n))[None])]
    return _operator(ctx, "LSTM", x, n, operands, attributes, reverse)


def _lstm_scan(ctx: LayerContext, x: Value, layer: LayerJson, params: Params, reverse: bool) -> Value:
    n, recurrent = int(layer["nout"]), params["RW"]
    peep = (
        [ctx.const(f"p{g}", p) for g, p in zip("iof", _peepholes(recurrent, n), strict=True)]
        if layer["@class"] == GRAVES
        else None
    )
    weights = ctx.const("RW", recurrent[:, : 4 * n])

    def step(body: LayerContext, z: Value, h: Value, c: Value) -> tuple[Value, Value]:
        def gate(block: Value, cell: Value, which: int) -> Value:
            if peep is not None:
                block = body.op("Add", block, body.op("Mul", cell, peep[which]))
            return activate(body, block, layer["gateActivationFn"], softmax_axis=1)

        z = body.op("Add", z, body.op("MatMul", h, weights, shape=z.shape))
        i, f, o, g = body.ops("Split", z, body.ints(n, n, n, n), shapes=[h.shape] * 4, axis=1)
        candidate = activate(body, i, layer["activationFn"], softmax_axis=1)
        admitted = body.op("Mul", gate(g, c, 0), candidate)
        cell = body.op("Add", body.op("Mul", gate(f, c, 2), c), admitted)
        # The output gate looks at the new cell, the other two at the old one.
        out = gate(o, cell, 1)
        return body.op("Mul", out, activate(body, cell, layer["activationFn"], softmax_axis=1)), cell

    return _scan(ctx, _projected(ctx, x, params), n, 2, step, reverse)


def _projected(ctx: LayerContext, x: Value, params: Params) -> Value:
    """Multiply all steps with the input weights at once."""
    weights = ctx.const("W", params["W"])
    y = ctx.op("MatMul", x, weights, shape=(*x.shape[:2], weights.shape[1]))
    return ctx.op("Add", y, ctx.const("b", params["b"]))


def _scan(
    ctx: LayerContext, z: Value, n: int, states: int, step: Callable[..., tuple[Value, ...]], reverse: bool
) -> Value:
    """Run `step` over time; the states start at zero and the first of them is the output."""
    time, batch, width = z.shape
    extents = ctx.op("Concat", ctx.extent(z, 1), ctx.ints(n), shape=(2,), axis=0)
    zero = ctx.op("Expand", 0.0, extents, shape=(batch, n))
    body = ctx.body()
    before = [Value(body.builder.unique(f"{ctx.name}/state{i}"), (batch, n)) for i in range(states)]
    row = Value(body.builder.unique(f"{ctx.name}/step"), (batch, width))
    after = step(body, row, *before)
    # A value may leave a subgraph once only.
    seen = body.op("Identity", after[0])
    graph = body.builder.subgraph(f"{ctx.name}/cell", [*before, row], [*after, seen])
    shapes = [(batch, n)] * states + [(time, batch, n)]
    attributes = {"scan_input_directions": [int(reverse)], "scan_output_directions": [int(reverse)]}
    return ctx.ops("Scan", *[zero] * states, z, shapes=shapes, body=graph, num_scan_inputs=1, **attributes)[-1]


def _simple_rnn(ctx: LayerContext, x: Value, layer: LayerJson, params: Params, reverse: bool) -> Value:
    n = int(layer["nout"])
    attributes = _activations_of([layer["activationFn"]])
    if attributes is None or ctx.dtype == np.float64:
        weights = ctx.const("RW", params["RW"])

        def step(body: LayerContext, z: Value, h: Value) -> tuple[Value]:
            z = body.op("Add", z, body.op("MatMul", h, weights, shape=z.shape))
            return (activate(body, z, layer["activationFn"], softmax_axis=1),)

        return _scan(ctx, _projected(ctx, x, params), n, 1, step, reverse)
    bias = np.concatenate([params["b"], np.zeros(n, params["b"].dtype)])[None]
    operands: list[Value | None] = [ctx.const("W", params["W"].T[None]), ctx.const("R", params["RW"].T[None])]
    return _operator(ctx, "RNN", x, n, [*operands, ctx.const("B", bias)], attributes, reverse)


_CELLS: dict[str, Cell] = {LSTM: _lstm, GRAVES: _lstm, SIMPLE_RNN: _simple_rnn}


# --- layers ---------------------------------------------------------------------------------------------------


def layout_of(layer: LayerJson) -> str | None:
    """Return ``"NCW"`` or ``"NWC"`` of a recurrent layer or wrapper."""
    if "underlying" in layer:
        return layout_of(layer["underlying"])
    return layer.get("rnnDataFormat") or layer.get("rnndataFormat")


def _steps(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    """Run a layer over ``[T, N, C]``."""
    if layer["@class"] != BIDIRECTIONAL:
        return _CELLS[layer["@class"]](ctx, x, layer, params, False)
    forward, backward = _both(ctx, x, layer, params)
    return _combine(ctx, forward, backward, layer["mode"])


def _both(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> tuple[Value, Value]:
    results = []
    for prefix, inner, reverse in (("f", layer["fwd"], False), ("b", layer["bwd"], True)):
        cell = inner.get("underlying", inner)
        own = {k[1:]: v for k, v in params.items() if k[0] == prefix}
        results.append(_CELLS[cell["@class"]](ctx, x, cell, own, reverse))
    return results[0], results[1]


def _combine(ctx: LayerContext, a: Value, b: Value, mode: str) -> Value:
    if mode == "CONCAT":
        return ctx.op("Concat", a, b, shape=(*a.shape[:-1], int(a.shape[-1]) + int(b.shape[-1])), axis=a.rank - 1)
    y = ctx.op("Mul" if mode == "MUL" else "Add", a, b)
    return ctx.op("Mul", y, 0.5) if mode == "AVERAGE" else y


def _at(ctx: LayerContext, steps: Value, step: int) -> Value:
    return ctx.op("Gather", steps, ctx.const("step", np.array(step, np.int64)), shape=steps.shape[1:], axis=0)


def _recurrent(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    layout = layout_of(layer)
    if layer["@class"] == BIDIRECTIONAL and layer["fwd"]["@class"] == LAST_TIME_STEP:
        forward, backward = _both(ctx, to_time_major(ctx, x, layout_of(layer["fwd"])), layer, params)
        # The backward half ends at the first step.
        return _combine(ctx, _at(ctx, forward, -1), _at(ctx, backward, 0), layer["mode"])
    return from_time_major(ctx, _steps(ctx, to_time_major(ctx, x, layout), layer, params), layout)


def _last_time_step(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    inner = layer["underlying"]
    # Of both directions the last step in time, where the backward half has seen one step only: as DL4J has it.
    return _at(ctx, _steps(ctx, to_time_major(ctx, x, layout_of(inner)), inner, params), -1)


def _rnn_output(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    layout = layout_of(layer)
    weights = ctx.const("W", params["W"])
    steps = to_time_major(ctx, x, layout)
    y = ctx.op("MatMul", steps, weights, shape=(*steps.shape[:2], weights.shape[1]))
    if "b" in params:
        y = ctx.op("Add", y, ctx.const("b", params["b"]))
    return from_time_major(ctx, activate(ctx, y, layer.get("activationFn"), softmax_axis=2), layout)


def _cell_objection(layer: LayerJson) -> str | None:
    if layer.get("hasLayerNorm"):
        return "DL4J itself cannot run a SimpleRnn with layer normalization"
    return None


def _is_cell(layer: LayerJson) -> bool:
    return layer.get("@class") in _CELLS and _cell_objection(layer) is None


def _bidirectional_objection(layer: LayerJson) -> str | None:
    halves = [layer["fwd"], layer["bwd"]]
    last = [h["@class"] == LAST_TIME_STEP for h in halves]
    if all(last) or not any(last):
        halves = [h.get("underlying", h) for h in halves]
    if not all(_is_cell(h) for h in halves):
        return f"Bidirectional of {_names(halves)} has no converter"
    return None


def _last_objection(layer: LayerJson) -> str | None:
    inner = layer["underlying"]
    if inner["@class"] == BIDIRECTIONAL and inner["fwd"]["@class"] != LAST_TIME_STEP:
        return _bidirectional_objection(inner)
    return None if _is_cell(inner) else f"LastTimeStep of {_names([inner])} has no converter"


def _names(layers: list[LayerJson]) -> str:
    return " and ".join(sorted({str(h.get("@class")).rpartition(".")[2] for h in layers}))


CONVERTERS = (
    Converter(LSTM, _recurrent, _lstm_params),
    Converter(GRAVES, _recurrent, _lstm_params),
    Converter(SIMPLE_RNN, _recurrent, _simple_params, objection=_cell_objection),
    Converter(BIDIRECTIONAL, _recurrent, objection=_bidirectional_objection, inside=_both_inside),
    Converter(LAST_TIME_STEP, _last_time_step, objection=_last_objection, inside=_one_inside),
    Converter(_LAYERS + "RnnOutputLayer", _rnn_output, _rnn_output_params),
)
