"""DL4J's activation functions, as they behave at inference.

Each is a function of a context and a value, so the same code serves layers and the cells inside a Scan. Some
operators have no double precision kernel in onnxruntime; those are spelt out when the network is in double.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.graph import Value

Settings: TypeAlias = Mapping[str, Any]
Function: TypeAlias = Callable[[LayerContext, Value, Settings], Value]

_IMPL = "org.nd4j.linalg.activations.impl.Activation"
SOFTMAX = _IMPL + "Softmax"

_SELU_ALPHA, _SELU_GAMMA = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def _simple(op: str) -> Function:
    return lambda ctx, x, a: ctx.op(op, x)


def _single(value: float) -> float:
    """Round a constant that DL4J has in single precision, which a network in double precision shows."""
    return float(np.float32(value))


def _double(ctx: LayerContext) -> bool:
    return ctx.dtype == np.float64


def _relu_parts(ctx: LayerContext, x: Value) -> tuple[Value, Value]:
    return ctx.op("Relu", x), ctx.op("Min", x, 0.0)


def _leaky(ctx: LayerContext, x: Value, slope: float) -> Value:
    if not _double(ctx):
        return ctx.op("LeakyRelu", x, alpha=slope)
    above, below = _relu_parts(ctx, x)
    return ctx.op("Add", above, ctx.op("Mul", below, slope))


def _elu(ctx: LayerContext, x: Value, a: Settings) -> Value:
    alpha = float(a.get("alpha", 1.0))
    if not _double(ctx):
        return ctx.op("Elu", x, alpha=alpha)
    above, below = _relu_parts(ctx, x)
    return ctx.op("Add", above, ctx.op("Mul", ctx.op("Sub", ctx.op("Exp", below), 1.0), alpha))


def _selu(ctx: LayerContext, x: Value, a: Settings) -> Value:
    if not _double(ctx):
        return ctx.op("Selu", x, alpha=_SELU_ALPHA, gamma=_SELU_GAMMA)
    return ctx.op("Mul", _elu(ctx, x, {"alpha": _SELU_ALPHA}), _SELU_GAMMA)


def _clip(ctx: LayerContext, x: Value, low: float, high: float) -> Value:
    return ctx.op("Min", ctx.op("Max", x, low), high)


def _hard_sigmoid(ctx: LayerContext, x: Value, a: Settings) -> Value:
    if not _double(ctx):
        return ctx.op("HardSigmoid", x, alpha=0.2, beta=0.5)
    return _clip(ctx, ctx.op("Add", ctx.op("Mul", x, _single(0.2)), 0.5), 0.0, 1.0)


def _softplus(ctx: LayerContext, x: Value, a: Settings) -> Value:
    if not _double(ctx):
        return ctx.op("Softplus", x)
    tail = ctx.op("Log", ctx.op("Add", ctx.op("Exp", ctx.op("Neg", ctx.op("Abs", x))), 1.0))
    return ctx.op("Add", ctx.op("Relu", x), tail)


def _softsign(ctx: LayerContext, x: Value, a: Settings) -> Value:
    if not _double(ctx):
        return ctx.op("Softsign", x)
    return ctx.op("Div", x, ctx.op("Add", ctx.op("Abs", x), 1.0))


def _cut(ctx: LayerContext, x: Value, threshold: float, below: Value | float) -> Value:
    return ctx.op("Where", ctx.op("Less", x, threshold), below, x, shape=x.shape)


def _thresholded_relu(ctx: LayerContext, x: Value, a: Settings) -> Value:
    theta = float(a.get("theta", 1.0))
    if not _double(ctx):
        return ctx.op("ThresholdedRelu", x, alpha=theta)
    return ctx.op("Where", ctx.op("Greater", x, theta), x, 0.0, shape=x.shape)


def _relu(ctx: LayerContext, x: Value, a: Settings) -> Value:
    threshold, slope, top = (float(a.get(k) or 0.0) for k in ("threshold", "negativeSlope", "max"))
    if threshold:
        x = _cut(ctx, x, threshold, ctx.op("Mul", ctx.op("Sub", x, threshold), slope))
    else:
        x = _leaky(ctx, x, slope) if slope else ctx.op("Relu", x)
    return x if a.get("max") is None else ctx.op("Min", x, top)


def _gelu(ctx: LayerContext, x: Value, a: Settings) -> Value:
    if not a.get("precise"):
        return ctx.op("Mul", x, ctx.op("Sigmoid", ctx.op("Mul", x, _single(1.702))))
    # DL4J cubes the constant along with x; what it trains with is what is exported.
    cubed = ctx.op("Pow", ctx.op("Mul", x, 0.044715), 3.0)
    inner = ctx.op("Tanh", ctx.op("Mul", ctx.op("Add", x, cubed), math.sqrt(2 / math.pi)))
    return ctx.op("Mul", ctx.op("Mul", x, 0.5), ctx.op("Add", inner, 1.0))


def _rational_tanh(ctx: LayerContext, x: Value, a: Settings) -> Value:
    y = ctx.op("Mul", x, 2.0 / 3.0)
    size = ctx.op("Abs", y)
    square = ctx.op("Mul", y, y)
    powers = ctx.op("Add", square, ctx.op("Mul", ctx.op("Mul", square, square), _single(1.41645)))
    shrunk = ctx.op("Sub", 1.0, ctx.op("Reciprocal", ctx.op("Add", ctx.op("Add", size, powers), 1.0)), shape=x.shape)
    return ctx.op("Mul", ctx.op("Mul", ctx.op("Sign", y), shrunk), _single(1.7159))


def _mish(ctx: LayerContext, x: Value, a: Settings) -> Value:
    return ctx.op("Mul", x, ctx.op("Tanh", _softplus(ctx, x, a)))


def _cube(ctx: LayerContext, x: Value, a: Settings) -> Value:
    return ctx.op("Mul", ctx.op("Mul", x, x), x)


def _rrelu(ctx: LayerContext, x: Value, a: Settings) -> Value:
    # At inference DL4J hands the mean slope to an operator that takes it for a cutoff.
    return ctx.op("Max", x, (float(a["l"]) + float(a["u"])) / 2)


FUNCTIONS: dict[str, Function] = {
    _IMPL + name: function
    for name, function in {
        "Cube": _cube,
        "ELU": _elu,
        "GELU": _gelu,
        "HardSigmoid": _hard_sigmoid,
        "HardTanH": lambda ctx, x, a: _clip(ctx, x, -1.0, 1.0),
        "Identity": lambda ctx, x, a: x,
        "LReLU": lambda ctx, x, a: _leaky(ctx, x, float(a.get("alpha", 0.01))),
        "Mish": _mish,
        "RReLU": _rrelu,
        "RationalTanh": _rational_tanh,
        "ReLU": _relu,
        "ReLU6": lambda ctx, x, a: _clip(ctx, x, 0.0, 6.0),
        "RectifiedTanh": lambda ctx, x, a: ctx.op("Relu", ctx.op("Tanh", x)),
        "SELU": _selu,
        "Sigmoid": _simple("Sigmoid"),
        "SoftPlus": _softplus,
        "SoftSign": _softsign,
        "Swish": lambda ctx, x, a: ctx.op("Mul", x, ctx.op("Sigmoid", x)),
        "TanH": _simple("Tanh"),
        "ThresholdedReLU": _thresholded_relu,
    }.items()
}


def activate(ctx: LayerContext, x: Value, activation: Settings | None, softmax_axis: int) -> Value:
    """Apply an activation.

    Parameters
    ----------
    ctx : LayerContext
        What to write with.
    x : Value
        The values before it.
    activation : Mapping or None
        DL4J's JSON object; None leaves `x` as it is.
    softmax_axis : int
        The axis that a softmax normalizes. It depends on the layer: DL4J takes the channels in some and the
        last axis of its layout in others.
    """
    if activation is None:
        return x
    name = activation["@class"]
    if name in ctx.registry:
        return ctx.registry[name].emit(ctx, x, activation, {})  # type: ignore[no-any-return]
    if name == SOFTMAX:
        return ctx.op("Softmax", x, axis=softmax_axis)
    return FUNCTIONS[name](ctx, x, activation)


def is_known(activation: Settings, registry: Mapping[str, Any]) -> bool:
    """Whether :func:`activate` can write it."""
    name = activation.get("@class")
    return name == SOFTMAX or name in FUNCTIONS or name in registry


def in_recurrent_operator(activation: Settings) -> tuple[str, list[float], list[float]] | None:
    """Name an activation for the ``activations`` of ONNX's LSTM and RNN.

    Returns
    -------
    tuple of (str, list, list) or None
        Its name, alphas and betas; None where those operators do not have it.
    """
    name = str(activation["@class"]).removeprefix(_IMPL)
    plain = {"Sigmoid": "Sigmoid", "TanH": "Tanh", "SoftSign": "Softsign", "SoftPlus": "Softplus"}
    if name in plain:
        return plain[name], [], []
    if name == "ReLU" and activation.get("max") is None and not activation.get("threshold"):
        slope = float(activation.get("negativeSlope") or 0.0)
        return ("LeakyRelu", [slope], []) if slope else ("Relu", [], [])
    if name in ("ELU", "LReLU", "ThresholdedReLU"):
        operator, key = {"ELU": ("Elu", "alpha"), "LReLU": ("LeakyRelu", "alpha")}.get(
            name, ("ThresholdedRelu", "theta")
        )
        return operator, [float(activation.get(key, 0.01 if name == "LReLU" else 1.0))], []
    return {"HardSigmoid": ("HardSigmoid", [0.2], [0.5]), "Identity": ("Affine", [1.0], [0.0])}.get(name)
