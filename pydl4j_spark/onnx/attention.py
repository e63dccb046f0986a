"""Dot product attention, as DL4J's layers and its vertex compute it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import LayerJson, ParamSpec
from pydl4j_spark.onnx.graph import Array, Value

# What DL4J adds to the scores of masked steps: finite, so that a row without any step still has numbers.
_MASKED = 1e9


def projections(layer: LayerJson, queries: int, keys: int, values: int) -> list[ParamSpec]:
    """Return the weights of an attention over inputs of such sizes; none where it does not project."""
    if not layer["projectInput"]:
        return []
    heads, size = int(layer["nheads"]), int(layer["headSize"])
    sizes = {"Wq": queries, "Wk": keys, "Wv": values}
    return [
        *(ParamSpec(name, (heads, size, given)) for name, given in sizes.items()),
        ParamSpec("Wo", (heads * size, int(layer["nout"]))),
    ]


class Attention:
    """Attention to keys and values ``[N, S, C]``, which are projected once.

    Parameters
    ----------
    ctx : LayerContext
        What to write with.
    keys, values : Value
        What is attended to.
    params : Mapping from str to array
        The projections, of which there are all or none.
    mask : Value or None
        ``[N, S]``, 0 where there is nothing to attend to.
    """

    def __init__(
        self, ctx: LayerContext, keys: Value, values: Value, params: Mapping[str, Array], mask: Value | None
    ) -> None:
        if ctx.dtype == np.float16:
            raise ExportError(f"{ctx.name!r}: DL4J itself computes no numbers for attention in HALF; train it in FLOAT")
        self.weights = {name: ctx.const(name, _matrix(params[name])) for name in params if name in _PROJECTIONS}
        self.heads, self.size = params["Wq"].shape[:2] if self.weights else (1, int(keys.shape[2]))
        self.keys = ctx.transpose(self._heads(ctx, keys, "Wk"), 0, 1, 3, 2)
        self.values = self._heads(ctx, values, "Wv")
        self.bias = None if mask is None else _bias(ctx, mask)

    def _heads(self, ctx: LayerContext, x: Value, name: str) -> Value:
        """Project ``[N, T, C]`` to ``[N, heads, T, size]``."""
        batch, time, width = x.shape
        if not self.weights:
            return ctx.op("Unsqueeze", x, ctx.ints(1), shape=(batch, 1, time, width))
        y = ctx.op("MatMul", x, self.weights[name], shape=(batch, time, self.heads * self.size))
        split = (batch, time, self.heads, self.size)
        return ctx.transpose(ctx.reshape(y, [0, 0, self.heads, self.size], split), 0, 2, 1, 3)

    def to(self, ctx: LayerContext, queries: Value) -> Value:
        """Return what each of the queries ``[N, T, C]`` gets."""
        # By a vector: onnxruntime would fuse a single number into the product, rounded to single precision.
        scale = ctx.const("scale", np.full(self.size, _scale(self.size)))
        own = ctx.op("Mul", self._heads(ctx, queries, "Wq"), scale)
        scores = ctx.op("MatMul", own, self.keys, shape=(*own.shape[:3], self.keys.shape[3]))
        if self.bias is not None:
            scores = ctx.op("Add", scores, self.bias)
        shares = ctx.op("Softmax", scores, axis=3)
        y = ctx.op("MatMul", shares, self.values, shape=(*own.shape[:3], self.values.shape[3]))
        batch, heads, time, size = y.shape
        if not self.weights:
            return ctx.op("Squeeze", y, ctx.ints(1), shape=(batch, time, size))
        width = int(heads) * int(size)
        joined = ctx.reshape(ctx.transpose(y, 0, 2, 1, 3), [0, 0, width], (batch, time, width))
        return ctx.op("MatMul", joined, self.weights["Wo"], shape=(batch, time, self.weights["Wo"].shape[1]))


_PROJECTIONS = ("Wq", "Wk", "Wv", "Wo")


def _scale(size: int) -> float:
    return float(size**-0.5)


def _matrix(weights: Array) -> Array:
    """Lay the heads side by side: ``[heads, size, C]`` to ``[C, heads * size]``."""
    return weights if weights.ndim == 2 else weights.reshape(-1, weights.shape[2]).T


def _bias(ctx: LayerContext, mask: Value) -> Value:
    raised = ctx.op("Mul", ctx.op("Sub", mask, 1.0), _MASKED)
    return ctx.op("Unsqueeze", raised, ctx.ints(1, 2), shape=(mask.shape[0], 1, 1, mask.shape[1]))
