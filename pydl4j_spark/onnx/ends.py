"""What is built in around the network: layouts, normalizers, classes and their labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from attrs import field, frozen

from pydl4j_spark.errors import ExportError
from pydl4j_spark.normalizers import Normalizer, Step, undone
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.graph import Dim, Value
from pydl4j_spark.onnx.inputs import NetworkInput
from pydl4j_spark.onnx.layouts import order

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


def enter(ctx: LayerContext, entry: NetworkInput, wanted: str) -> Entrance:
    """Declare an input, in the layout that is wanted."""
    to_file = order(entry.layout, wanted, f"input_layout of {entry.name!r}")
    name = ctx.builder.unique(entry.name or "input")
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


def leave(ctx: LayerContext, y: Value, name: str, index: int, layout: str, wanted: str, ends: Ends) -> Exit:
    """Write what stands behind one output of the network.

    Parameters
    ----------
    ctx : LayerContext
        What to write with.
    y : Value
        What comes out of the network.
    name : str
        The node's name.
    index : int
        Which of the outputs it is.
    layout, wanted : str
        The order of axes that DL4J has, and that of the file.
    ends : Ends
        What else is wanted.
    """
    if ends.label_normalizer is not None:
        y = normalized(ctx, y, undone(ends.label_normalizer.output_steps(index)))
    also = _classes(ctx, y, layout, ends, name) if ends.argmax or name in ends.labels else ()
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


def normalized(ctx: LayerContext, x: Value, steps: Iterable[Step]) -> Value:
    """Take a normalizer's steps, or those back, in the network's own layout."""
    for operator, operand in steps:
        if isinstance(operand, float):
            x = ctx.op(operator, x, operand)
            continue
        if x.rank < 2 or x.shape[1] != operand.size:
            raise ExportError(
                f"the normalizer has {operand.size} columns, but axis 1 of the shape {x.shape} is not that"
            )
        x = ctx.op(operator, x, ctx.const(operator.lower(), operand.reshape((1, -1) + (1,) * (x.rank - 2))))
    return x
