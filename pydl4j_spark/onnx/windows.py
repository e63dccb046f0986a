"""What convolution and pooling share: layouts, and where a sliding window starts and ends."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import LayerJson
from pydl4j_spark.onnx.extents import plus
from pydl4j_spark.onnx.graph import MOST_NODES, Array, Dim, Shape, Value

_CHANNELS_LAST = ("NWC", "NHWC", "NDHWC")
_WHAT = {3: "sequences", 4: "images", 5: "volumes"}
TO_THE_END = 2**62


def is_channels_last(layer: LayerJson, key: str | None = "cnn2dDataFormat") -> bool:
    """Whether a layer's layout has the channels last; DL4J's defaults have them second."""
    return key is not None and layer.get(key) in _CHANNELS_LAST


def to_channels_first(ctx: LayerContext, x: Value, channels_last: bool, rank: int = 4) -> Value:
    """Return `x` in the layout of ONNX's operators."""
    if x.rank != rank:
        raise ExportError(
            f"layer {ctx.name!r} takes {_WHAT[rank]} of rank {rank}, but rank {x.rank} arrives; "
            "is a preprocessor missing?"
        )
    return ctx.transpose(x, 0, rank - 1, *range(1, rank - 1)) if channels_last else x


def to_layout(ctx: LayerContext, x: Value, channels_last: bool) -> Value:
    """Return `x` in the layer's own layout again."""
    return ctx.transpose(x, 0, *range(2, x.rank), 1) if channels_last else x


def in_channels_first(
    function: Callable[[LayerContext, Value, LayerJson], Value], rank: int, key: str | None
) -> Callable[[LayerContext, Value, LayerJson, Mapping[str, Array]], Value]:
    """Let a converter without parameters see channels first.

    Parameters
    ----------
    function : callable ``(ctx, x, layer_json) -> Value``
        Writes the nodes.
    rank : int
        The rank of its input.
    key : str or None
        Where the layer's JSON has its layout; None where DL4J takes the channels to be second, come what may.
    """

    def emit(ctx: LayerContext, x: Value, layer: LayerJson, params: Mapping[str, Array]) -> Value:
        channels_last = is_channels_last(layer, key)
        return to_layout(ctx, function(ctx, to_channels_first(ctx, x, channels_last, rank), layer), channels_last)

    return emit


def part(size: Dim, count: int) -> Dim:
    """Divide an extent, rounding down, by name where it varies."""
    return size // count if isinstance(size, int) else size if count == 1 else f"({size})//{count}"


@frozen
class Windows:
    """The windows of one layer over one sequence, image or volume.

    Attributes
    ----------
    kernel, stride, dilation : tuple of int
        As the layer states them, for each axis.
    pads : tuple of int, or None
        ONNX's order: all beginnings, then all ends. None where an extent that varies decides on them.
    out : tuple of int or str
        Extents of the result.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    pads: tuple[int, ...] | None
    out: tuple[Dim, ...]

    @classmethod
    def of(cls, ctx: LayerContext, layer: LayerJson, x: Value) -> Windows:
        """Work out the windows over `x`, whose channels come second."""
        kernel, stride, dilation, padding = (
            setting(layer, key, x.rank - 2, default)
            for key, default in (("kernelSize", None), ("stride", None), ("dilation", 1), ("padding", 0))
        )
        reach = reaches(kernel, dilation)
        mode = str(layer.get("convolutionMode"))
        spans = [_span(ctx, *each, mode) for each in zip(x.shape[2:], reach, stride, padding, strict=True)]
        begins, ends, out = zip(*spans, strict=True)
        pads = None if None in begins else (*begins, *ends)
        return cls(kernel, stride, dilation, pads, out)

    @classmethod
    def points(cls, x: Value) -> Windows:
        """Return windows of one point each."""
        once, out = (1,) * (x.rank - 2), x.shape[2:]
        return cls(once, once, once, (0,) * (2 * len(out)), out)

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes that every windowed operator takes."""
        return {"kernel_shape": self.kernel, "strides": self.stride, "pads": self.pads}

    @property
    def can_pool(self) -> bool:
        """Whether onnxruntime pools so: padding is known, and narrower than the kernel."""
        return self.pads is not None and all(p < k for p, k in zip(self.pads, 2 * self.kernel, strict=True))

    def padded(self, ctx: LayerContext, x: Value, value: float = 0.0) -> tuple[Value, Windows]:
        """Put the padding around `x` itself; return the windows without it, too."""
        without = evolve(self, pads=(0,) * (2 * len(self.kernel)))
        if self.pads is not None:
            return pad(ctx, x, self.pads, value), without
        # Convolution mode Same, computed at run time, over all axes at once.
        shape = ctx.op("Shape", x, shape=(x.rank,))
        axes = (len(self.kernel),)
        size = ctx.op("Slice", shape, ctx.ints(2), ctx.ints(x.rank), shape=axes)
        stride, reach = ctx.ints(*self.stride), ctx.ints(*reaches(self.kernel, self.dilation))
        before_last = ctx.op("Mul", ctx.op("Div", ctx.op("Sub", size, ctx.ints(1)), stride), stride)
        total = ctx.op("Max", ctx.op("Sub", ctx.op("Add", before_last, reach), size), ctx.ints(0))
        begins = ctx.op("Div", total, ctx.ints(2))
        none = ctx.ints(0, 0)
        pads = ctx.op("Concat", none, begins, none, ctx.op("Sub", total, begins), shape=(2 * x.rank,), axis=0)
        wide = (*x.shape[:2], *(f"padded({d})" for d in x.shape[2:]))
        return ctx.op("Pad", x, pads, value, shape=wide, mode="constant"), without

    @property
    def taps(self) -> int:
        """The number of positions in the kernel."""
        return math.prod(self.kernel)

    def shape(self, x: Value, channels: Dim) -> Shape:
        """Return the shape of the result."""
        return (x.shape[0], channels, *self.out)

    def patches(self, ctx: LayerContext, x: Value) -> list[Value]:
        """Return, for each position in the kernel, what stands there in every window.

        For operators that onnxruntime lacks in double precision, or the opset in this form. Padding is zero.
        """
        if self.taps > MOST_NODES:
            raise ExportError(
                f"{ctx.name}: a kernel of {self.kernel} would need more than {MOST_NODES} nodes; is it meant?"
            )
        x, _ = self.padded(ctx, x)
        axes = ctx.ints(*range(2, x.rank))
        reach = reaches(self.kernel, self.dilation)
        found = []
        for position in itertools.product(*map(range, self.kernel)):
            first = [p * d for p, d in zip(position, self.dilation, strict=True)]
            behind = [r - 1 - f for r, f in zip(reach, first, strict=True)]
            last = [-b if b else TO_THE_END for b in behind]
            slices = (ctx.ints(*first), ctx.ints(*last), axes, ctx.ints(*self.stride))
            found.append(ctx.op("Slice", x, *slices, shape=(*x.shape[:2], *self.out)))
        return found


def setting(layer: LayerJson, key: str, axes: int, default: int | None = None) -> tuple[int, ...]:
    """Return one setting for each axis; layers of one axis have two numbers in the file, of which the first counts."""
    values = layer[key] if default is None else layer.get(key) or (default,) * axes
    found = extents(key, list(values)[:axes])
    if len(found) < axes:
        raise ValueError(f"{key} {values}")
    return found


def extents(key: str, values: Sequence[Any]) -> tuple[int, ...]:
    """Return settings as numbers, of which only padding and cropping may be 0."""
    found = tuple(int(v) for v in values)
    if any(v < (key not in ("padding", "cropping")) for v in found):
        raise ValueError(f"{key} {values}")
    return found


def reaches(kernel: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[int, ...]:
    """Return the extents of a kernel, with the gaps in it."""
    return tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))


def pad(ctx: LayerContext, x: Value, pads: tuple[int, ...], value: float = 0.0) -> Value:
    """Put a value around the axes behind the channels; a negative number takes away."""
    if not any(pads):
        return x
    n = len(pads) // 2
    shape = (*x.shape[:2], *(plus(x.shape[2 + i], pads[i] + pads[n + i]) for i in range(n)))
    return ctx.op("Pad", x, ctx.ints(0, 0, *pads[:n], 0, 0, *pads[n:]), value, shape=shape, mode="constant")


def _span(
    ctx: LayerContext, size: Dim, reach: int, stride: int, padding: int, mode: str
) -> tuple[int | None, int | None, Dim]:
    """Return padding before, padding after and the number of windows along one axis."""
    if mode == "Same":
        return _same(size, reach, stride)
    begin, end = (reach - 1, 0) if mode == "Causal" else (padding, padding)
    room = plus(size, begin + end - reach)
    if isinstance(room, int) and room < 0:
        raise ExportError(f"layer {ctx.name!r}: a kernel reaching {reach} does not fit into an extent of {size}")
    return begin, end, plus(part(room, stride), 1)


def _same(size: Dim, reach: int, stride: int) -> tuple[int | None, int | None, Dim]:
    if isinstance(size, int):
        out: Dim = -(-size // stride)
        total = max((int(out) - 1) * stride + reach - size, 0)
    elif stride == 1:
        out, total = size, reach - 1
    else:
        return None, None, f"ceil({size}/{stride})"
    # An odd total has its larger part behind.
    return total // 2, total - total // 2, out


def unknown_extents(ctx: LayerContext) -> ExportError:
    """Say that a layer cannot be written for extents that vary."""
    return ExportError(
        f"layer {ctx.name!r} works by the extents of its input, of which some are not known here; give input_shapes= "
        "with a number for each"
    )


def objection(layer: LayerJson) -> str | None:
    """Refuse what only one-dimensional layers have."""
    return "convolution mode Causal is for sequences only" if layer.get("convolutionMode") == "Causal" else None
