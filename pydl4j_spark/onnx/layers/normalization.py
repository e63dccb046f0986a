"""Batch normalization."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, ParamSpec
from pydl4j_spark.onnx.graph import Array, Value


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


CONVERTERS = (Converter("org.deeplearning4j.nn.conf.layers.BatchNormalization", _batch_normalization, _params),)
