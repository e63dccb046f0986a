"""Dense layers and what else works on rows, feature by feature."""

from __future__ import annotations

import numpy as np

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.activations import activate
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, Params, ParamSpec
from pydl4j_spark.onnx.graph import Array, Value
from pydl4j_spark.onnx.masks import masked_rows

_LAYERS = "org.deeplearning4j.nn.conf.layers."


def dense_params(layer: LayerJson) -> list[ParamSpec]:
    """W in column order, then bias, then the gain of layer normalization."""
    n_in, n_out = int(layer["nin"]), int(layer["nout"])
    specs = [ParamSpec("W", (n_in, n_out), "f")]
    if layer.get("hasBias", True):
        specs.append(ParamSpec("b", (n_out,)))
    if layer.get("hasLayerNorm", False):
        specs.append(ParamSpec("g", (n_out,)))
    return specs


def check_rows(ctx: LayerContext, x: Value) -> None:
    """Refuse anything but rows, as DL4J does."""
    if x.rank != 2:
        raise ExportError(
            f"layer {ctx.name!r} takes rows of rank 2, but rank {x.rank} arrives; is a preprocessor missing?"
        )


def affine(ctx: LayerContext, x: Value, weights: Array, bias: Array | None = None, name: str = "") -> Value:
    """Multiply rows with weights and add a bias; `name` goes in front of what the constants are called."""
    check_rows(ctx, x)
    if isinstance(x.shape[1], int) and x.shape[1] != weights.shape[0]:
        raise ExportError(
            f"layer {ctx.name!r} takes rows of {weights.shape[0]}, but {x.shape[1]} arrive; "
            "are input_shapes, and masks, as DL4J takes them?"
        )
    operands = [x, ctx.const(f"{name}W", weights)]
    if bias is not None:
        operands.append(ctx.const(f"{name}b", bias))
    shape = (x.shape[0], weights.shape[1])
    return ctx.op("Gemm", *operands, shape=shape, alpha=1.0, beta=1.0, transA=0, transB=0)


def _layer_norm(ctx: LayerContext, x: Value, gain: Array) -> Value:
    # Without an epsilon, and a row without spread becomes zero; so ONNX's LayerNormalization would differ.
    centred = ctx.op("Sub", x, ctx.reduce("ReduceMean", x, [1], keepdims=True))
    spread = ctx.op("Sqrt", ctx.reduce("ReduceMean", ctx.op("Mul", centred, centred), [1], keepdims=True))
    spread = ctx.op("Where", ctx.op("Equal", spread, 0.0), 1.0, spread, shape=spread.shape)
    return ctx.op("Mul", ctx.op("Div", centred, spread), ctx.const("g", gain))


def dense(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    """Write a dense layer, with its activation and its mask."""
    if "g" in params:
        check_rows(ctx, x)
        weights = ctx.const("W", params["W"])
        y = ctx.op("MatMul", x, weights, shape=(x.shape[0], weights.shape[1]))
        y = _layer_norm(ctx, y, params["g"])
        y = ctx.op("Add", y, ctx.const("b", params["b"])) if "b" in params else y
    else:
        y = affine(ctx, x, params["W"], params.get("b"))
    return _finished(ctx, y, layer)


def _finished(ctx: LayerContext, y: Value, layer: LayerJson) -> Value:
    """Apply mask, activation, and the mask again: a softmax sees the zeros, and what is no zero at zero goes."""
    return masked_rows(ctx, activate(ctx, masked_rows(ctx, y), layer.get("activationFn"), softmax_axis=1))


def _element_wise_params(layer: LayerJson) -> list[ParamSpec]:
    n = int(layer["nin"])
    return [ParamSpec("W", (1, n)), ParamSpec("b", (n,))]


def _element_wise(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    check_rows(ctx, x)
    scaled = ctx.op("Mul", x, ctx.const("W", params["W"]))
    return _finished(ctx, ctx.op("Add", scaled, ctx.const("b", params["b"])), layer)


def _prelu_params(layer: LayerJson) -> list[ParamSpec]:
    shape = [int(n) for n in layer["inputShape"]]
    for axis in layer.get("sharedAxes") or ():
        shape[int(axis) - 1] = 1
    return [ParamSpec("W", tuple(shape), "f")]


def _prelu(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    slopes = ctx.const("W", params["W"])
    if x.rank != slopes.rank + 1:
        raise ExportError(f"layer {ctx.name!r} takes {slopes.rank} axes beside the rows, but {x.shape} arrives")
    if ctx.dtype == np.float64:
        # onnxruntime has no PRelu in double precision.
        return ctx.op("Add", ctx.op("Relu", x), ctx.op("Mul", ctx.op("Min", x, 0.0), slopes))
    return ctx.op("PRelu", x, slopes)


def _activation(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    return activate(ctx, x, layer.get("activationFn"), softmax_axis=x.rank - 1)


def _dropout(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    return masked_rows(ctx, x)


CONVERTERS = (
    Converter(_LAYERS + "DenseLayer", dense, dense_params),
    Converter(_LAYERS + "misc.ElementWiseMultiplicationLayer", _element_wise, _element_wise_params),
    Converter(_LAYERS + "PReLULayer", _prelu, _prelu_params, in_place=True),
    Converter(_LAYERS + "ActivationLayer", _activation, in_place=True),
    Converter(_LAYERS + "DropoutLayer", _dropout, in_place=True),
)
