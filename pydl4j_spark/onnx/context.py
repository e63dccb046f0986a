"""What a converter writes its nodes with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from attrs import field, frozen
from onnx import helper

from pydl4j_spark.onnx.graph import Array, GraphBuilder, Shape, Value
from pydl4j_spark.onnx.transposes import inverse, permuted, slide

Operand: TypeAlias = Value | Array | float | None


@frozen
class Surroundings:
    """What every layer of one export can see.

    Attributes
    ----------
    registry : Mapping from str to Converter
        The converters of this export, for layers inside layers.
    inputs : Mapping from str to Value
        The network's inputs, by DL4J's name.
    masks : Mapping from str to Value
        Their masks, where there are some.
    states : list of (str, Value, Value) or None
        For a network that is run step by step: the name of each state, what comes in and what goes out. None where
        every run starts anew.
    """

    registry: Mapping[str, Any] = field(repr=False)
    inputs: Mapping[str, Value]
    masks: Mapping[str, Value] = field(factory=dict)
    states: list[tuple[str, Value, Value]] | None = None


class LayerContext:
    """What a converter writes its nodes with; every name starts with the layer's name.

    Attributes
    ----------
    name : str
        The layer's name.
    around : Surroundings
        What does not belong to one layer: the network's inputs, the converters.
    masks : tuple of (Value or None)
        The mask of each input, ``[N, T]`` for sequences, 0 where a step is padding; None where there is none.
    """

    def __init__(
        self, builder: GraphBuilder, name: str, around: Surroundings, masks: Sequence[Value | None] = (None,)
    ) -> None:
        self.builder = builder
        self.name = name
        self.around = around
        self.masks = tuple(masks)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The floating point type of the network."""
        return self.builder.dtype

    @property
    def opset(self) -> int:
        """The opset that is written for."""
        return self.builder.opset

    @property
    def registry(self) -> Mapping[str, Any]:
        """The converters of this export, by Java class."""
        return self.around.registry

    @property
    def mask(self) -> Value | None:
        """The mask of the first input."""
        return self.masks[0] if self.masks else None

    @property
    def element_type(self) -> int:
        """The floating point type of the network, as ONNX numbers it."""
        return int(helper.np_dtype_to_tensor_dtype(self.dtype))

    @property
    def stateful(self) -> bool:
        """Whether states come in and go out."""
        return self.around.states is not None

    def state(self, name: str, shape: Shape) -> Value:
        """Declare a state of this layer, which comes in as ``<layer>/<name>``."""
        return Value(self.builder.unique(f"{self.name}/{name}"), shape)

    def hand_over(self, state: Value, after: Value) -> None:
        """Say what becomes of a state; it goes out under its name with ``_next`` behind."""
        if self.around.states is None:
            raise ValueError("this export keeps no states")
        outside = self.builder.unique(f"{state.name}_next")
        self.around.states.append((state.name, state, self.builder.rename(after, outside)))

    def batch(self) -> Value:
        """Return the number of rows at run time, as a vector of one integer."""
        return self.extent(next(iter(self.around.inputs.values())), 0)

    def inside(self, name: str, masks: Sequence[Value | None] | None = None) -> LayerContext:
        """Return the context of a layer inside this one."""
        return LayerContext(self.builder, f"{self.name}/{name}", self.around, self.masks if masks is None else masks)

    def emit_inside(
        self, prefix: str, x: Value, layer: Mapping[str, Any], params: Mapping[str, Array]
    ) -> tuple[Value, Value | None]:
        """Write a layer inside this one: its output, and the mask that it hands on.

        Parameters
        ----------
        prefix : str
            What its parameters have in front of their names, as ``Converter.inside`` says.
        x : Value
            What goes into it.
        layer : Mapping
            Its JSON.
        params : Mapping from str to array
            The parameters of this layer, among which are those of the one inside.
        """
        converter = self.registry[layer["@class"]]
        own = {name[len(prefix) :]: array for name, array in params.items() if name.startswith(prefix)}
        y = converter.emit(self, x, layer, own)
        return y, converter.mask(self, y, layer)

    def body(self) -> LayerContext:
        """Return a context that writes into a new subgraph."""
        inner = GraphBuilder(self.dtype, self.opset, self.builder)
        return LayerContext(inner, self.name, self.around, self.masks)

    def const(self, name: str, array: Array) -> Value:
        """Add a named constant, floating point ones in the network's type."""
        array = np.asarray(array)
        if array.dtype.kind == "f":
            # A network that has diverged keeps its infinities, as DL4J would.
            with np.errstate(over="ignore"):
                array = array.astype(self.dtype, copy=False)
        return self.builder.constant(f"{self.name}/{name}", array)

    def ints(self, *values: int) -> Value:
        """Add a vector of integers, such as axes or a shape."""
        return self.const("ints", np.array(values, np.int64))

    def _operand(self, x: Operand) -> Value:
        if x is None:
            return Value("", ())
        return (
            x
            if isinstance(x, Value)
            else self.const("value", np.asarray(x, None if isinstance(x, np.ndarray) else np.float64))
        )

    def op(self, op: str, *inputs: Operand, shape: Shape | None = None, **attrs: Any) -> Value:
        """Add a node with one output.

        Parameters
        ----------
        op : str
            The ONNX operator.
        *inputs : Value, array, float or None
            Arrays and numbers become constants; None is an input that is left out.
        shape : tuple, optional
            The shape of the output; that of the first input where it is not given.
        **attrs
            The node's attributes.
        """
        operands = [self._operand(x) for x in inputs]
        out = operands[0].shape if shape is None else shape
        slid = slide(self.builder, op, operands, attrs)
        if slid is not None:
            perm, operands, attrs = slid
            y = self._node(op, operands, permuted(out, inverse(perm)), attrs)
            return self.transpose(y, *perm)
        return self._node(op, operands, out, attrs)

    def _node(self, op: str, operands: Sequence[Value], shape: Shape, attrs: Mapping[str, Any]) -> Value:
        return self.builder.node(self.name, op, [v.name for v in operands], [shape], **attrs)[0]

    def ops(self, op: str, *inputs: Operand, shapes: Sequence[Shape], **attrs: Any) -> list[Value]:
        """Add a node with several outputs."""
        return self.builder.node(self.name, op, [self._operand(x).name for x in inputs], shapes, **attrs)

    def transpose(self, x: Value, *perm: int) -> Value:
        """Reorder the axes of `x`."""
        return self.builder.transpose(self.name, x, perm)

    def reshape(self, x: Value, target: Sequence[int | Value], shape: Shape) -> Value:
        """Reshape `x`; a target may name an extent that is known at run time only."""
        if all(isinstance(t, int) for t in target):
            return self.op("Reshape", x, self.ints(*target), shape=shape)  # type: ignore[arg-type]
        parts = [t if isinstance(t, Value) else self.ints(t) for t in target]
        return self.op("Reshape", x, self.op("Concat", *parts, shape=(len(parts),), axis=0), shape=shape)

    def extent(self, x: Value, axis: int) -> Value:
        """Return one extent of `x` at run time, as a vector of one integer."""
        return self.op("Gather", self.op("Shape", x, shape=(x.rank,)), self.ints(axis), shape=(1,), axis=0)

    def reduce(self, op: str, x: Value, axes: Sequence[int], keepdims: bool) -> Value:
        """Add a reduction, whose axes moved from attribute to input over the opsets."""
        origin = self.builder.origin(x)
        if origin is not None:
            # Before the transpose, of which the remaining axes need little or nothing.
            source, perm = origin
            y = self.reduce(op, source, [perm[a] for a in axes], keepdims)
            left = perm if keepdims else [p for i, p in enumerate(perm) if i not in axes]
            return self.transpose(y, *(sorted(left).index(p) for p in left))
        kept = tuple(1 if i in axes else d for i, d in enumerate(x.shape))
        shape = kept if keepdims else tuple(d for i, d in enumerate(x.shape) if i not in axes)
        if op == "ReduceSum" or self.opset >= 18:
            return self.op(op, x, self.ints(*axes), shape=shape, keepdims=int(keepdims))
        return self.op(op, x, shape=shape, axes=list(axes), keepdims=int(keepdims))
