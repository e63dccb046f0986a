"""What is built in around the network: layouts, normalizers, classes and their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import field, frozen

from pydl4j_spark.description import NetworkDescription
from pydl4j_spark.errors import ExportError
from pydl4j_spark.normalizers import ImagePreProcessingScaler, Normalizer, NormalizerMinMaxScaler
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.graph import Dim, Value
from pydl4j_spark.onnx.inputs import NetworkInput
from pydl4j_spark.onnx.layouts import chosen, order, output_layout

_INT64 = np.dtype(np.int64)


@frozen
class Ends:
    """What the user wants around the network.

    Attributes
    ----------
    normalizer : Normalizer or None
        What to put in front.
    label_normalizer : Normalizer or None
        What scales the outputs back as the labels were.
    input_layout, output_layout : str, or Mapping from name to str, or None
        The order of axes that the file has; DL4J's where it is not given.
    argmax : bool
        Whether there is a further output with the class, ``<output>_class``.
    labels : Mapping from output to sequence of str
        The names of the classes, for a further output ``<output>_label``.
    """

    normalizer: Normalizer | None = None
    label_normalizer: Normalizer | None = None
    input_layout: str | Mapping[str, str] | None = None
    output_layout: str | Mapping[str, str] | None = None
    argmax: bool = False
    labels: Mapping[str, Sequence[str]] = field(factory=dict)


@frozen
class Entrance:
    """An input of the file, and the same as DL4J's network sees it."""

    outside: Value
    inside: Value
    order: tuple[int, ...] | None


def enter(ctx: LayerContext, entry: NetworkInput, ends: Ends, names: Sequence[str]) -> Entrance:
    """Declare an input, in the layout that is wanted."""
    wanted = chosen(ends.input_layout, names, "input_layout").get(entry.name, entry.layout)
    if len(entry.layout) == 2:
        wanted = entry.layout
    to_file = order(entry.layout, wanted, f"input_layout of {entry.name!r}")
    name = ctx.builder.unique(entry.name)
    if to_file is None:
        x = Value(name, entry.shape)
        return Entrance(x, x, None)
    outside = Value(name, tuple(entry.shape[axis] for axis in to_file))
    return Entrance(outside, ctx.transpose(outside, *(to_file.index(axis) for axis in range(outside.rank))), to_file)


@frozen
class Exit:
    """An output of the file, what further outputs tell of it, and how its axes are ordered."""

    value: Value
    also: tuple[tuple[str, Value], ...]
    order: tuple[int, ...] | None


def leave(ctx: LayerContext, y: Value, name: str, network: NetworkDescription, ends: Ends) -> Exit:
    """Write what stands behind one output of the network; `name` is the node's."""
    layout = output_layout(network, name, y.rank)
    if ends.label_normalizer is not None:
        y = _reverted(ctx, y, ends.label_normalizer)
    also = _classes(ctx, y, layout, ends, name) if ends.argmax or name in ends.labels else ()
    wanted = chosen(ends.output_layout, network.outputs, "output_layout").get(name, layout)
    # One word for all is for those that have these axes.
    wanted = layout if isinstance(ends.output_layout, str) and len(wanted) != len(layout) else wanted
    to_file = order(layout, wanted, f"output_layout of {name!r}")
    return Exit(y if to_file is None else ctx.transpose(y, *to_file), also, to_file)


def _classes(ctx: LayerContext, y: Value, layout: str, ends: Ends, name: str) -> tuple[tuple[str, Value], ...]:
    axis = layout.find("C")
    if axis < 0:
        raise ExportError(f"argmax or labels: output {name!r} of shape {y.shape} has no axis of classes")
    shape = (*y.shape[:axis], *y.shape[axis + 1 :])
    if y.shape[axis] == 1:
        # A single column is the probability of the second class.
        squeezed = ctx.op("Squeeze", y, ctx.ints(axis), shape=shape)
        above = ctx.op("Not", ctx.op("Less", squeezed, 0.5))
        classes = ctx.op("Cast", above, shape=shape, to=7)
    else:
        classes = ctx.op("ArgMax", y, shape=shape, axis=axis, keepdims=0)
    found = [("class", Value(classes.name, shape, _INT64))] if ends.argmax else []
    if name in ends.labels:
        labels = np.asarray(ends.labels[name], dtype=np.str_)
        _check_labels(labels.size, y.shape[axis], name)
        named = ctx.op("Gather", ctx.const("labels", labels), classes, shape=shape, axis=0)
        found.append(("label", Value(named.name, shape, "str")))
    return tuple(found)


def _check_labels(count: int, classes: Dim, name: str) -> None:
    expected = 2 if classes == 1 else classes
    if count != expected:
        raise ExportError(f"labels: output {name!r} has {expected} classes, {count} labels are given")


def _reverted(ctx: LayerContext, y: Value, normalizer: Any) -> Value:
    """Scale outputs back as the labels were when the network was trained."""
    offset, divisor = normalizer.affine(labels=True)
    if isinstance(normalizer, NormalizerMinMaxScaler):
        y = y if normalizer.min_range == 0 else ctx.op("Sub", y, normalizer.min_range)
        span = normalizer.max_range - normalizer.min_range
        y = y if span == 1 else ctx.op("Div", y, span)
    shape = (1, -1) + (1,) * (y.rank - 2)
    y = ctx.op("Mul", y, ctx.const("label_divisor", divisor.reshape(shape)))
    return ctx.op("Add", y, ctx.const("label_offset", offset.reshape(shape)))


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
