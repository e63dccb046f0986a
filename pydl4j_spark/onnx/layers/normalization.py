"""Batch normalization, and normalization by the channels beside each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, ParamSpec
from pydl4j_spark.onnx.graph import Array, Value, check_extents
from pydl4j_spark.onnx.windows import is_channels_last, to_channels_first, to_layout

_LAYERS = "org.deeplearning4j.nn.conf.layers."


def _params(layer: LayerJson) -> list[ParamSpec]:
    n = (int(layer["nout"]),)
    learned = [] if layer.get("lockGammaBeta") else [ParamSpec("gamma", n), ParamSpec("beta", n)]
    return [*learned, ParamSpec("mean", n), ParamSpec("log10stdev" if layer.get("useLogStd", True) else "var", n)]


def _scale_and_shift(layer: LayerJson, params: Mapping[str, Array]) -> tuple[Array, Array]:
    if "gamma" in params:
        return params["gamma"], params["beta"]
    gamma, beta = float(layer.get("gamma", 1.0)), float(layer.get("beta", 0.0))
    if gamma == 1 or beta == 0:
        # DL4J applies locked values only where both of them do something.
        gamma, beta = 1.0, 0.0
    n = params["mean"].size
    return np.full(n, gamma), np.full(n, beta)


def _batch_normalization(ctx: LayerContext, x: Value, layer: LayerJson, params: Mapping[str, Array]) -> Value:
    channels_last = x.rank > 2 and layer.get("cnn2DFormat") == "NHWC"
    if x.rank not in (2, 3, 4) or (x.rank == 3 and not channels_last):
        raise ExportError(
            f"layer {ctx.name!r}: DL4J's BatchNormalization cannot normalize channels of rank {x.rank} in this layout "
            "(a sequence must be NWC); change the network"
        )
    gamma, beta = _scale_and_shift(layer, params)
    if "var" in params:
        variance = params["var"].astype(np.float64)
    else:
        with np.errstate(over="ignore"):
            variance = np.power(10.0, 2 * params["log10stdev"].astype(np.float64))
    eps = float(layer.get("eps", 1e-5))
    # The layer's activation is stored in the file, but DL4J never applies it.
    if channels_last or ctx.dtype == np.float64:
        # ONNX's operator wants the channels second, and keeps epsilon in single precision.
        with np.errstate(invalid="ignore"):
            factor = gamma / np.sqrt(variance + eps)
        shape = (-1,) if channels_last else (-1,) + (1,) * (x.rank - 2)
        offset = (beta - params["mean"] * factor).reshape(shape)
        scaled = ctx.op("Mul", x, ctx.const("factor", factor.reshape(shape)))
        return ctx.op("Add", scaled, ctx.const("offset", offset))
    parts = {"gamma": gamma, "beta": beta, "mean": params["mean"], "var": variance}
    return ctx.op("BatchNormalization", x, *(ctx.const(k, v) for k, v in parts.items()), epsilon=eps)


def _local_response(ctx: LayerContext, x: Value, layer: LayerJson, params: Mapping[str, Array]) -> Value:
    """Divide every value by what it and as many channels on either side are together."""
    # DL4J takes half of n on either side, so that an even one reaches as far as the next odd one.
    reach = int(layer["n"]) // 2
    channels_last = is_channels_last(layer, "dataFormat")
    x = to_channels_first(ctx, x, channels_last)
    alpha, beta, k = (float(layer[key]) for key in ("alpha", "beta", "k"))
    if ctx.dtype == np.float64:
        y = _spelt_out(ctx, x, reach, alpha, beta, k)
    else:
        size = 2 * reach + 1
        # ONNX divides alpha by the number of channels.
        y = ctx.op("LRN", x, size=size, alpha=alpha * size, beta=beta, bias=k)
    return to_layout(ctx, y, channels_last)


def _spelt_out(ctx: LayerContext, x: Value, reach: int, alpha: float, beta: float, k: float) -> Value:
    """Write LRN for the double precision that onnxruntime's lacks: a matrix of ones adds up the channels."""
    n = int(x.shape[1])
    check_extents((n * n,), ctx.name)
    near = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) <= reach
    channels = ctx.transpose(ctx.op("Mul", x, x), 0, 2, 3, 1)
    sums = ctx.transpose(ctx.op("MatMul", channels, ctx.const("near", alpha * near)), 0, 3, 1, 2)
    return ctx.op("Div", x, ctx.op("Pow", ctx.op("Add", sums, k), beta))


CONVERTERS = (
    Converter(_LAYERS + "BatchNormalization", _batch_normalization, _params),
    Converter(_LAYERS + "LocalResponseNormalization", _local_response),
)
