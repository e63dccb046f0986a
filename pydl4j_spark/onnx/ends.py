"""What is built in around the network: a normalizer in front."""

from __future__ import annotations

from pydl4j_spark.errors import ExportError
from pydl4j_spark.normalizers import ImagePreProcessingScaler, Normalizer, NormalizerMinMaxScaler
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.graph import Value


def normalized(ctx: LayerContext, x: Value, normalizer: Normalizer) -> Value:
    """Normalize an input as DL4J's normalizer does."""
    if isinstance(normalizer, ImagePreProcessingScaler):
        x = ctx.op("Div", x, normalizer.max_pixel_val)
    else:
        offset, divisor = normalizer.affine()  # type: ignore[attr-defined]
        if x.shape[1] != offset.size:
            raise ExportError(
                f"the normalizer has {offset.size} columns, but axis 1 of the input {x.shape} is not that"
            )
        shape = (1, -1) + (1,) * (x.rank - 2)
        x = ctx.op("Sub", x, ctx.const("offset", offset.reshape(shape)))
        x = ctx.op("Div", x, ctx.const("divisor", divisor.reshape(shape)))
    if isinstance(normalizer, ImagePreProcessingScaler | NormalizerMinMaxScaler):
        span = normalizer.max_range - normalizer.min_range
        x = x if span == 1 else ctx.op("Mul", x, span)
        x = x if normalizer.min_range == 0 else ctx.op("Add", x, normalizer.min_range)
    return x
