"""A small builder of ONNX graphs that knows the shape of every value.

Layers need ranks and extents while they are written (padding, reshapes), so values carry them; batch and time
are symbols. Transposes are folded as they are added: layouts change at layer boundaries, and most of those
changes undo each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from attrs import evolve, frozen
from onnx import GraphProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

Array: TypeAlias = npt.NDArray[Any]
Dim: TypeAlias = int | str
Shape: TypeAlias = tuple[Dim, ...]

BATCH = "N"
TIME = "T"


@frozen
class Value:
    """A tensor in the graph.

    Attributes
    ----------
    name : str
        Its name in the graph.
    shape : tuple of int or str
        Extents; a string is the name of one that varies.
    """

    name: str
    shape: Shape

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)


Operand: TypeAlias = Value | Array | float | None


def _info(value: Value, dtype: np.dtype[Any]) -> ValueInfoProto:
    return helper.make_tensor_value_info(value.name, helper.np_dtype_to_tensor_dtype(dtype), value.shape)


class GraphBuilder:
    """Nodes and initializers of one graph, or of a subgraph that shares its parent's names and initializers.

    Parameters
    ----------
    dtype : numpy.dtype
        The floating point type of the network.
    opset : int
        The opset to write for.
    parent : GraphBuilder, optional
        The graph that a subgraph stands in.
    """

    def __init__(self, dtype: np.dtype[Any], opset: int, parent: GraphBuilder | None = None) -> None:
        self.dtype = dtype
        self.opset = opset
        self.nodes: list[NodeProto] = []
        self._initializers: dict[str, TensorProto] = {} if parent is None else parent._initializers
        self._used: dict[str, int] = {} if parent is None else parent._used
        self._transposed: dict[str, tuple[Value, tuple[int, ...]]] = {}

    def unique(self, name: str) -> str:
        """Return `name`, numbered where it is taken."""
        count = self._used.get(name, 0)
        self._used[name] = count + 1
        return self.unique(f"{name}_{count}") if count else name

    def constant(self, name: str, array: Array) -> Value:
        """Add an initializer."""
        name = self.unique(name)
        self._initializers[name] = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        return Value(name, array.shape)

    def node(self, prefix: str, op: str, inputs: Sequence[str], shapes: Sequence[Shape], **attrs: Any) -> list[Value]:
        """Add a node with one output per shape."""
        name = self.unique(f"{prefix}/{op}")
        outputs = [name if i == 0 else f"{name}:{i}" for i in range(len(shapes))]
        self.nodes.append(helper.make_node(op, list(inputs), outputs, name=name, **attrs))
        return [Value(o, s) for o, s in zip(outputs, shapes, strict=True)]

    def transpose(self, prefix: str, x: Value, perm: Sequence[int]) -> Value:
        """Add a transpose, or undo the one that `x` came from."""
        source, before = self._transposed.get(x.name, (x, tuple(range(x.rank))))
        both = tuple(before[p] for p in perm)
        if both == tuple(range(x.rank)):
            return source
        shape = tuple(source.shape[p] for p in both)
        (result,) = self.node(prefix, "Transpose", [source.name], [shape], perm=list(both))
        self._transposed[result.name] = (source, both)
        return result

    def finish(
        self, name: str, inputs: Sequence[Value], outputs: Sequence[Value], *, subgraph: bool = False
    ) -> GraphProto:
        """Return the graph, without the nodes and initializers that nothing uses."""
        needed = {v.name for v in outputs}
        kept: list[NodeProto] = []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                kept.append(node)
                needed.update(_reads(node))
        own = () if subgraph else [t for t in self._initializers.values() if t.name in needed]
        return helper.make_graph(
            kept[::-1], name, [_info(v, self.dtype) for v in inputs], [_info(v, self.dtype) for v in outputs], own
        )

    def rename(self, old: Value, new: str) -> Value:
        """Give a value the name that the outside sees."""
        for node in self.nodes:
            for names in (node.input, node.output):
                for i, name in enumerate(names):
                    if name == old.name:
                        names[i] = new
        return evolve(old, name=new)


def _reads(node: NodeProto) -> Iterable[str]:
    """Yield what a node reads, also from inside its subgraphs."""
    yield from node.input
    for attribute in node.attribute:
        if attribute.HasField("g"):
            for inner in attribute.g.node:
                yield from _reads(inner)


class LayerContext:
    """What a converter writes its nodes with; every name starts with the layer's name.

    Attributes
    ----------
    name : str
        The layer's name.
    dtype : numpy.dtype
        The floating point type of the network.
    opset : int
        The opset that is written for.
    batch_of : Value
        The graph's input, whose first extent is the batch at run time.
    registry : Mapping from str to Converter
        The converters of this export, for layers inside layers.
    """

    def __init__(self, builder: GraphBuilder, name: str, batch_of: Value, registry: Any) -> None:
        self.builder = builder
        self.name = name
        self.batch_of = batch_of
        self.registry = registry

    @property
    def dtype(self) -> np.dtype[Any]:
        """The floating point type of the network."""
        return self.builder.dtype

    @property
    def opset(self) -> int:
        """The opset that is written for."""
        return self.builder.opset

    def body(self) -> LayerContext:
        """Return a context that writes into a new subgraph."""
        inner = GraphBuilder(self.dtype, self.opset, self.builder)
        return LayerContext(inner, self.name, self.batch_of, self.registry)

    def const(self, name: str, array: Array) -> Value:
        """Add a named constant, floating point ones in the network's type."""
        array = np.asarray(array)
        if array.dtype.kind == "f":
            # A network that has diverged keeps its infinities, as DL4J would.
            with np.errstate(over="ignore"):
                array = array.astype(self.dtype)
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
        return self.builder.node(self.name, op, [v.name for v in operands], [out], **attrs)[0]

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
        kept = tuple(1 if i in axes else d for i, d in enumerate(x.shape))
        shape = kept if keepdims else tuple(d for i, d in enumerate(x.shape) if i not in axes)
        if op == "ReduceSum" or self.opset >= 18:
            return self.op(op, x, self.ints(*axes), shape=shape, keepdims=int(keepdims))
        return self.op(op, x, shape=shape, axes=list(axes), keepdims=int(keepdims))
