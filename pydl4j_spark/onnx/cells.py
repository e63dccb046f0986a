"""The cells of recurrent layers, run over sequences ``[T, N, C]``.

DL4J keeps the four gates of an LSTM in column blocks ``[I, F, O, G]``. The names mislead: ``I`` is the candidate
(it has the layer's activation), ``G`` is the input gate. A cell whose activations ONNX's operators have becomes that
operator; any other becomes a Scan over the same arithmetic, which also serves double precision and masks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from attrs import frozen

from pydl4j_spark.onnx.activations import activate, in_recurrent_operator
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import LayerJson, Params
from pydl4j_spark.onnx.graph import Array, Value


@frozen
class Way:
    """How a layer goes through its sequence.

    Attributes
    ----------
    reverse : bool, default False
        From the last step to the first.
    mask : Value or None
        ``[N, T]``; padding gives zeros, and the next step begins with a state of zeros.
    pushed : bool, default False
        Whether a wrapper hands the mask in; a layer that ignores the network's mask does not ignore that.
    keeps : bool, default False
        Whether the state comes in and goes out.
    """

    reverse: bool = False
    mask: Value | None = None
    pushed: bool = False
    keeps: bool = False


# --- ONNX's operators -----------------------------------------------------------------------------------------


def _activations_of(ctx: LayerContext, way: Way, layers: Sequence[LayerJson]) -> dict[str, object] | None:
    """Return the attributes of ONNX's operator, or None where it cannot compute this cell."""
    found = [in_recurrent_operator(a) for a in layers]
    # onnxruntime has the operators in single precision only. Their sequence_lens cannot say where padding stands.
    theirs = any(str(a["@class"]) in ctx.registry for a in layers)
    if ctx.dtype == np.float64 or way.mask is not None or theirs or any(f is None for f in found):
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
    weights: Sequence[Value],
    peepholes: Sequence[Value],
    attributes: Mapping[str, object],
    way: Way,
) -> Value:
    time, batch, _ = x.shape
    n = int(weights[1].shape[2])
    before = _states(ctx, x, n, 2 if op == "LSTM" else 1, way)
    # Left out: lengths, and the states where they are zero.
    begin: list[Value | None] = [None]
    begin += [ctx.op("Unsqueeze", h, ctx.ints(0), shape=(1, *h.shape)) for h in before]
    if peepholes:
        begin += [None] * (3 - len(begin))
    shapes = [(time, 1, batch, n), *[(1, batch, n)] * len(before)]
    direction = "reverse" if way.reverse else "forward"
    operands = [x, *weights, *(begin if len(begin) > 1 else []), *peepholes]
    y, *after = ctx.ops(op, *operands, shapes=shapes, hidden_size=n, direction=direction, **attributes)
    for state, final in zip(before, after, strict=True):
        ctx.hand_over(state, ctx.op("Squeeze", final, ctx.ints(0), shape=state.shape))
    return ctx.op("Squeeze", y, ctx.ints(1), shape=(time, batch, n))


def _states(ctx: LayerContext, x: Value, n: int, count: int, way: Way) -> list[Value]:
    return [ctx.state(name, (x.shape[1], n)) for name in ("h", "c")[:count]] if way.keeps else []


# --- the same as a Scan ---------------------------------------------------------------------------------------


def _projected(ctx: LayerContext, x: Value, params: Params) -> Value:
    """Multiply all steps with the input weights at once."""
    weights = ctx.const("W", params["W"])
    y = ctx.op("MatMul", x, weights, shape=(*x.shape[:2], weights.shape[1]))
    return ctx.op("Add", y, ctx.const("b", params["b"]))


def _scan(ctx: LayerContext, z: Value, n: int, count: int, step: Callable[..., tuple[Value, ...]], way: Way) -> Value:
    """Run `step` over time, with so many states, of which the first is the output."""
    time, batch = z.shape[:2]
    own = _states(ctx, z, n, count, way)
    if own:
        begin = own
    else:
        extents = ctx.op("Concat", ctx.extent(z, 1), ctx.ints(n), shape=(2,), axis=0)
        begin = [ctx.op("Expand", 0.0, extents, shape=(batch, n))] * count
    scanned = [z] if way.mask is None else [z, _steps_of(ctx, way.mask)]
    body = ctx.body()
    before = [Value(body.builder.unique(f"{ctx.name}/state{i}"), (batch, n)) for i in range(count)]
    rows = [Value(body.builder.unique(f"{ctx.name}/step"), one.shape[1:]) for one in scanned]
    after = step(body, rows[0], *before)
    if way.mask is not None:
        after = _zero_at_padding(body, after, rows[1])
    # A value may leave a subgraph once only.
    seen = body.op("Identity", after[0])
    graph = body.builder.subgraph(f"{ctx.name}/cell", [*before, *rows], [*after, seen])
    shapes = [(batch, n)] * count + [(time, batch, n)]
    directions = {
        "scan_input_directions": [int(way.reverse)] * len(scanned),
        "scan_output_directions": [int(way.reverse)],
    }
    *final, y = ctx.ops("Scan", *begin, *scanned, shapes=shapes, body=graph, num_scan_inputs=len(scanned), **directions)
    for state, last in zip(own, final, strict=False):
        ctx.hand_over(state, last)
    return y


def _zero_at_padding(body: LayerContext, states: tuple[Value, ...], present: Value) -> tuple[Value, ...]:
    return tuple(body.op("Mul", state, present) for state in states)


def _steps_of(ctx: LayerContext, mask: Value) -> Value:
    steps = ctx.transpose(mask, 1, 0)
    return ctx.op("Unsqueeze", steps, ctx.ints(2), shape=(*steps.shape, 1))


# --- the cells ------------------------------------------------------------------------------------------------


def onnx_gates(array: Array, n: int) -> Array:
    """Reorder column blocks [I, F, O, G] to ONNX's i, o, f, c, which are G, O, F, I."""
    return np.concatenate(
        [array[..., 3 * n : 4 * n], array[..., 2 * n : 3 * n], array[..., n : 2 * n], array[..., :n]], -1
    )


def peepholes(recurrent: Array, n: int) -> tuple[Array, Array, Array]:
    """Return Graves' weights from the cell to the input, output and forget gate."""
    return recurrent[:, 4 * n + 2], recurrent[:, 4 * n + 1], recurrent[:, 4 * n]


def lstm(ctx: LayerContext, x: Value, layer: LayerJson, params: Params, way: Way) -> Value:
    """Run an LSTM; further columns of the recurrent weights are the peepholes of Graves' cell."""
    n, recurrent = int(layer["nout"]), params["RW"]
    attributes = _activations_of(ctx, way, [layer["gateActivationFn"], layer["activationFn"], layer["activationFn"]])
    peeps = peepholes(recurrent, n) if recurrent.shape[1] > 4 * n else None
    if attributes is None:
        return _lstm_scan(ctx, x, layer, params, peeps, way)
    bias = np.concatenate([onnx_gates(params["b"], n), np.zeros(4 * n, params["b"].dtype)])
    weights = [
        ctx.const("W", onnx_gates(params["W"], n).T[None]),
        ctx.const("R", onnx_gates(recurrent, n).T[None]),
        ctx.const("B", bias[None]),
    ]
    return _operator(
        ctx, "LSTM", x, weights, [] if peeps is None else [ctx.const("P", np.concatenate(peeps)[None])], attributes, way
    )


def _lstm_scan(
    ctx: LayerContext, x: Value, layer: LayerJson, params: Params, peeps: Sequence[Array] | None, way: Way
) -> Value:
    n = int(layer["nout"])
    weights = ctx.const("RW", params["RW"][:, : 4 * n])
    peep = None if peeps is None else [ctx.const(f"p{g}", p) for g, p in zip("iof", peeps, strict=True)]

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

    return _scan(ctx, _projected(ctx, x, params), n, 2, step, way)


def simple_rnn(ctx: LayerContext, x: Value, layer: LayerJson, params: Params, way: Way) -> Value:
    """Run a SimpleRnn."""
    n = int(layer["nout"])
    attributes = _activations_of(ctx, way, [layer["activationFn"]])
    if attributes is None:
        recurrent = ctx.const("RW", params["RW"])

        def step(body: LayerContext, z: Value, h: Value) -> tuple[Value]:
            z = body.op("Add", z, body.op("MatMul", h, recurrent, shape=z.shape))
            return (activate(body, z, layer["activationFn"], softmax_axis=1),)

        return _scan(ctx, _projected(ctx, x, params), n, 1, step, way)
    bias = np.concatenate([params["b"], np.zeros(n, params["b"].dtype)])[None]
    weights = [ctx.const("W", params["W"].T[None]), ctx.const("R", params["RW"].T[None]), ctx.const("B", bias)]
    return _operator(ctx, "RNN", x, weights, [], attributes, way)
