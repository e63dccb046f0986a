"""What convolution and pooling share: layouts, and where a sliding window starts and ends."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import LayerJson
from pydl4j_spark.onnx.graph import Dim, Shape, Value


def is_channels_last(layer: LayerJson, key: str = "cnn2dDataFormat") -> bool:
    """Whether a layer's layout is NHWC; NCHW is DL4J's default."""
    return layer.get(key) == "NHWC"


def to_channels_first(ctx: LayerContext, x: Value, channels_last: bool) -> Value:
    """Return `x` in the layout of ONNX's operators."""
    if x.rank != 4:
        raise ExportError(
            f"layer {ctx.name!r} takes images of rank 4, but rank {x.rank} arrives; is a preprocessor missing?"
        )
    return ctx.transpose(x, 0, 3, 1, 2) if channels_last else x


def to_layout(ctx: LayerContext, x: Value, channels_last: bool) -> Value:
    """Return `x` in the layer's own layout again."""
    return ctx.transpose(x, 0, 2, 3, 1) if channels_last else x


@frozen
class Windows:
    """The windows of one layer over one image.

    Attributes
    ----------
    kernel, stride, dilation : pair of int
        As the layer states them.
    pads : tuple of int
        ONNX's order: both beginnings, then both ends.
    out : pair of int
        Extents of the result.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    pads: tuple[int, int, int, int]
    out: tuple[int, int]

    @classmethod
    def of(cls, ctx: LayerContext, layer: LayerJson, x: Value) -> Windows:
        """Work out the windows over `x`, which is NCHW."""
        kernel, stride = _pair(layer["kernelSize"]), _pair(layer["stride"])
        dilation, padding = _pair(layer.get("dilation") or (1, 1)), _pair(layer.get("padding") or (0, 0))
        same = layer.get("convolutionMode") == "Same"
        spans = [_span(ctx, x.shape[2 + i], kernel[i], stride[i], padding[i], dilation[i], same=same) for i in range(2)]
        (begin_h, end_h, out_h), (begin_w, end_w, out_w) = spans
        return cls(kernel, stride, dilation, (begin_h, begin_w, end_h, end_w), (out_h, out_w))

    @property
    def attributes(self) -> dict[str, list[int]]:
        """Attributes that every windowed operator takes."""
        return {"kernel_shape": list(self.kernel), "strides": list(self.stride), "pads": list(self.pads)}

    def shape(self, x: Value, channels: Dim) -> Shape:
        """Return the shape of the result."""
        return (x.shape[0], channels, *self.out)

    def patches(self, ctx: LayerContext, x: Value) -> list[Value]:
        """Return, for each position in the kernel, what stands there in every window.

        For operators that onnxruntime lacks in double precision, or the opset in this form. Padding is zero.
        """
        top, left, bottom, right = self.pads
        if any(self.pads):
            height, width = (int(n) for n in x.shape[2:])
            shape = (*x.shape[:2], height + top + bottom, width + left + right)
            x = ctx.op("Pad", x, ctx.ints(0, 0, top, left, 0, 0, bottom, right), 0.0, shape=shape, mode="constant")
        found = []
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                first = (i * self.dilation[0], j * self.dilation[1])
                last = [f + (n - 1) * s + 1 for f, n, s in zip(first, self.out, self.stride, strict=True)]
                slices = (ctx.ints(*first), ctx.ints(*last), ctx.ints(2, 3), ctx.ints(*self.stride))
                found.append(ctx.op("Slice", x, *slices, shape=(*x.shape[:2], *self.out)))
        return found


def _pair(values: Sequence[int]) -> tuple[int, int]:
    first, second = values
    return int(first), int(second)


def _span(
    ctx: LayerContext, size: Dim, kernel: int, stride: int, padding: int, dilation: int, *, same: bool
) -> tuple[int, int, int]:
    """Return padding before, padding after and the number of windows along one axis."""
    if not isinstance(size, int):
        raise ExportError(f"layer {ctx.name!r} needs the height and width of its input; give input_shapes")
    reach = kernel + (kernel - 1) * (dilation - 1)
    if same:
        out = -(-size // stride)
        total = max((out - 1) * stride + reach - size, 0)
        # An odd total has its larger part behind.
        return total // 2, total - total // 2, out
    out = (size + 2 * padding - reach) // stride + 1
    if out < 1:
        raise ExportError(f"layer {ctx.name!r}: a kernel reaching {reach} does not fit into an extent of {size}")
    return padding, padding, out


def objection(layer: LayerJson) -> str | None:
    """Refuse what only one-dimensional layers have."""
    return "convolution mode Causal is for sequences only" if layer.get("convolutionMode") == "Causal" else None
