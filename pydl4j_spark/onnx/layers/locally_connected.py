"""Locally connected layers: windows as in a convolution, but each with weights of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, ParamSpec
from pydl4j_spark.onnx.graph import Array, Value
from pydl4j_spark.onnx.samediff import activate_by_name, activation_objection
from pydl4j_spark.onnx.windows import Windows, extents, is_channels_last, to_channels_first, unknown_extents

_LAYERS = "org.deeplearning4j.nn.conf.layers."


def _each(layer: LayerJson, key: str) -> tuple[int, ...]:
    """Return a setting for each axis; sequences have it as a number of its own."""
    value = layer[key]
    return extents(key, value if isinstance(value, Sequence) else [value])


def _params(layer: LayerJson) -> list[ParamSpec]:
    n_out = int(layer["nout"])
    bias = [ParamSpec("b", (n_out,))] if layer.get("hasBias", True) else []
    return [ParamSpec("W", (math.prod(_each(layer, "outputSize")), int(layer["featureDim"]), n_out)), *bias]


def _emit(ctx: LayerContext, x: Value, layer: LayerJson, params: Mapping[str, Array]) -> Value:
    kernel, stride, out, begins = (_each(layer, key) for key in ("kernel", "stride", "outputSize", "padding"))
    axes = len(kernel)
    channels_last = is_channels_last(layer, "format")
    x = to_channels_first(ctx, x, channels_last, axes + 2)
    if not all(isinstance(d, int) for d in x.shape[1:]):
        raise unknown_extents(ctx)
    # Dilation has changed how many windows there are, but they have no gaps; what lies behind the last is left out.
    ends = [
        (n - 1) * s + k - b - int(d) for n, s, k, b, d in zip(out, stride, kernel, begins, x.shape[2:], strict=True)
    ]
    windows = Windows(kernel, stride, (1,) * axes, (*begins, *ends), out)
    parts = windows.patches(ctx, x)

    count, features, n_out = params["W"].shape
    taps = ctx.op("Concat", *parts, shape=windows.shape(x, features), axis=1)
    # DL4J numbers the windows column by column, but takes the results for rows.
    by_window = ctx.transpose(taps, *range(axes + 1, 1, -1), 0, 1)
    rows = ctx.reshape(by_window, [count, -1, features], (count, x.shape[0], features))
    # In the file the channels are slower than the kernel, in the taps faster.
    weights = params["W"].reshape(count, -1, len(parts), n_out).swapaxes(1, 2).reshape(count, features, n_out)
    product = ctx.op("MatMul", rows, ctx.const("W", weights), shape=(count, x.shape[0], n_out))
    spread = ctx.reshape(product, [*out, -1, n_out], (*out, x.shape[0], n_out))
    y = ctx.transpose(spread, axes, *range(axes), axes + 1)
    if "b" in params:
        y = ctx.op("Add", y, ctx.const("b", params["b"]))
    # What it computes with channels last goes the other way round.
    y = to_channels_first(ctx, y, not channels_last, axes + 2)
    return activate_by_name(ctx, y, layer["activation"])


def _objection(layer: LayerJson) -> str | None:
    if layer.get("cm") == "Causal":
        return "DL4J itself cannot run it in convolution mode Causal"
    return activation_objection(str(layer["activation"]))


CONVERTERS = tuple(
    Converter(_LAYERS + name, _emit, _params, objection=_objection)
    for name in ("LocallyConnected1D", "LocallyConnected2D")
)
