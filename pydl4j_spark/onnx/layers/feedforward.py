"""Dense, output, loss, activation, dropout and embedding layers."""

from __future__ import annotations

from collections.abc import Mapping

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.activations import activate
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, ParamSpec
from pydl4j_spark.onnx.graph import Array, Value

_LAYERS = "org.deeplearning4j.nn.conf.layers."

Params = Mapping[str, Array]


def dense_params(layer: LayerJson) -> list[ParamSpec]:
    """W in column order, then bias, then the gain of layer normalization."""
    n_in, n_out = int(layer["nin"]), int(layer["nout"])
    specs = [ParamSpec("W", (n_in, n_out), "f")]
    if layer.get("hasBias", True):
        specs.append(ParamSpec("b", (n_out,)))
    if layer.get("hasLayerNorm", False):
        specs.append(ParamSpec("g", (n_out,)))
    return specs


def _layer_norm(ctx: LayerContext, x: Value, gain: Array) -> Value:
    # Without an epsilon, and a row without spread becomes zero; so ONNX's LayerNormalization would differ.
    centred = ctx.op("Sub", x, ctx.reduce("ReduceMean", x, [1], keepdims=True))
    spread = ctx.op("Sqrt", ctx.reduce("ReduceMean", ctx.op("Mul", centred, centred), [1], keepdims=True))
    spread = ctx.op("Where", ctx.op("Equal", spread, 0.0), 1.0, spread, shape=spread.shape)
    return ctx.op("Mul", ctx.op("Div", centred, spread), ctx.const("g", gain))


def _dense(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    if x.rank != 2:
        raise ExportError(
            f"layer {ctx.name!r} takes rows of rank 2, but rank {x.rank} arrives; is a preprocessor missing?"
        )
    weights = ctx.const("W", params["W"])
    shape = (x.shape[0], weights.shape[1])
    bias = ctx.const("b", params["b"]) if "b" in params else None
    if "g" in params:
        y = _layer_norm(ctx, ctx.op("MatMul", x, weights, shape=shape), params["g"])
        y = y if bias is None else ctx.op("Add", y, bias)
    else:
        operands = [x, weights] if bias is None else [x, weights, bias]
        y = ctx.op("Gemm", *operands, shape=shape, alpha=1.0, beta=1.0, transA=0, transB=0)
    return activate(ctx, y, layer.get("activationFn"), softmax_axis=1)


def _activation_only(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    return activate(ctx, x, layer.get("activationFn"), softmax_axis=x.rank - 1)


def _identity(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    return x


def _embedding(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    weights = ctx.const("W", params["W"])
    indices = ctx.op("Cast", ctx.reshape(x, [-1], x.shape[:1]), to=_INT64)
    y = ctx.op("Gather", weights, indices, shape=(x.shape[0], weights.shape[1]), axis=0)
    if "b" in params:
        y = ctx.op("Add", y, ctx.const("b", params["b"]))
    return activate(ctx, y, layer.get("activationFn"), softmax_axis=1)


_INT64 = 7

CONVERTERS = (
    Converter(_LAYERS + "DenseLayer", _dense, dense_params),
    Converter(_LAYERS + "OutputLayer", _dense, dense_params),
    Converter(_LAYERS + "LossLayer", _activation_only),
    Converter(_LAYERS + "ActivationLayer", _activation_only),
    Converter(_LAYERS + "DropoutLayer", _identity),
    Converter(_LAYERS + "EmbeddingLayer", _embedding, dense_params),
)
