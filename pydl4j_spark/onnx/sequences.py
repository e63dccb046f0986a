"""The layouts of sequences: DL4J's ``[N, C, T]`` and ``[N, T, C]``, and ONNX's ``[T, N, C]``."""

from __future__ import annotations

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.graph import Value


def to_time_major(ctx: LayerContext, x: Value, layout: str | None) -> Value:
    """Return a sequence in the layout of ONNX's operators; NCW is DL4J's default."""
    if x.rank != 3:
        raise ExportError(
            f"layer {ctx.name!r} takes sequences of rank 3, but rank {x.rank} arrives; is a preprocessor missing?"
        )
    return ctx.transpose(x, 1, 0, 2) if layout == "NWC" else ctx.transpose(x, 2, 0, 1)


def from_time_major(ctx: LayerContext, x: Value, layout: str | None) -> Value:
    """Return a sequence in the layer's own layout again."""
    return ctx.transpose(x, 1, 0, 2) if layout == "NWC" else ctx.transpose(x, 1, 2, 0)
