"""A small builder of ONNX graphs that knows the shape of every value.

Layers need ranks and extents while they are written (padding, reshapes), so values carry them; batch and time
are symbols. Transposes are folded as they are added: layouts change at layer boundaries, and most of those
changes undo each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from attrs import evolve, frozen
from onnx import GraphProto, NodeProto, TensorProto, ValueInfoProto, helper

from pydl4j_spark.errors import ExportError

Array: TypeAlias = npt.NDArray[Any]
Dim: TypeAlias = int | str
Shape: TypeAlias = tuple[Dim, ...]

# More than any network has, and less than would exhaust a machine while a graph is written: nodes, one extent, and the
# values of one row. A file may state anything.
MOST_NODES, MOST_ALONG, MOST_VALUES = 30_000, 1 << 26, 1 << 31

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
    dtype : numpy.dtype or "str", optional
        Its type, where that is not the network's. Only the ends of a graph are declared, so only they need it.
    """

    name: str
    shape: Shape
    dtype: Any = None

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)


def check_extents(shape: Shape, what: str) -> None:
    """Refuse a shape that nothing can have."""
    extents = [d for d in shape if not isinstance(d, str)]
    if any(not 1 <= d <= MOST_ALONG for d in extents) or math.prod(extents) > MOST_VALUES:
        raise ExportError(f"{what}: a shape of {shape} cannot be computed; are its sizes meant?")


def _info(value: Value, dtype: np.dtype[Any]) -> ValueInfoProto:
    """Describe a value, which is of the network's type where it has none of its own."""
    kind = TensorProto.STRING if value.dtype == "str" else helper.np_dtype_to_tensor_dtype(value.dtype or dtype)
    return helper.make_tensor_value_info(value.name, kind, value.shape)


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

    Attributes
    ----------
    rows : int or None
        The number of rows that DL4J runs the network with, where it takes no other.
    """

    def __init__(self, dtype: np.dtype[Any], opset: int, parent: GraphBuilder | None = None) -> None:
        self.dtype = dtype
        self.opset = opset
        self.rows: int | None = None
        self.nodes: list[NodeProto] = []
        self.arrays: dict[str, Array] = {} if parent is None else parent.arrays
        self._used: dict[str, int] = {} if parent is None else parent._used
        self._origins: dict[str, tuple[Value, tuple[int, ...]]] = {}
        self._transposed: dict[tuple[str, tuple[int, ...]], Value] = {}

    def unique(self, name: str) -> str:
        """Return `name`, numbered where it is taken."""
        count = self._used.get(name, 0)
        self._used[name] = count + 1
        return self.unique(f"{name}_{count}") if count else name

    def constant(self, name: str, array: Array) -> Value:
        """Add an initializer. The array is copied as late as the file is written, so it must not change."""
        name = self.unique(name)
        self.arrays[name] = array
        return Value(name, array.shape)

    def node(self, prefix: str, op: str, inputs: Sequence[str], shapes: Sequence[Shape], **attrs: Any) -> list[Value]:
        """Add a node with one output per shape."""
        if len(self.nodes) >= MOST_NODES:
            raise ExportError(f"{prefix}: more than {MOST_NODES} nodes would be needed; are its sizes meant?")
        for shape in shapes:
            check_extents(shape, prefix)
        name = self.unique(f"{prefix}/{op}")
        outputs = [name, *(self.unique(f"{name}:{i}") for i in range(1, len(shapes)))]
        self.nodes.append(helper.make_node(op, list(inputs), outputs, name=name, **attrs))
        return [Value(o, s) for o, s in zip(outputs, shapes, strict=True)]

    def transpose(self, prefix: str, x: Value, perm: Sequence[int]) -> Value:
        """Add a transpose, or undo the one that `x` came from."""
        source, before = self.origin(x) or (x, tuple(range(x.rank)))
        both = tuple(before[p] for p in perm)
        if both == tuple(range(x.rank)):
            return source
        known = self.transposed(source, both)
        if known is not None:
            return known
        shape = tuple(source.shape[p] for p in both)
        (result,) = self.node(prefix, "Transpose", [source.name], [shape], perm=list(both))
        self._origins[result.name] = (source, both)
        self._transposed[source.name, both] = result
        return result

    def origin(self, x: Value) -> tuple[Value, tuple[int, ...]] | None:
        """Return what `x` was transposed from, and how."""
        return self._origins.get(x.name)

    def made_by(self, x: Value) -> str | None:
        """Return the operator that gives `x`; None for inputs and constants."""
        return next((node.op_type for node in reversed(self.nodes) if x.name in node.output), None)

    def transposed(self, x: Value, perm: tuple[int, ...]) -> Value | None:
        """Return `x` transposed, if it has been."""
        return self._transposed.get((x.name, perm))

    def subgraph(self, name: str, inputs: Sequence[Value], outputs: Sequence[Value]) -> GraphProto:
        """Return what was added as the body of a node; its initializers stay with the parent."""
        return self.graph(self.used(outputs)[0], name, inputs, outputs)

    def graph(
        self, nodes: Sequence[NodeProto], name: str, inputs: Sequence[Value], outputs: Sequence[Value]
    ) -> GraphProto:
        """Put a graph together, without its initializers."""
        return helper.make_graph(
            nodes, name, [_info(v, self.dtype) for v in inputs], [_info(v, self.dtype) for v in outputs]
        )

    def used(self, outputs: Sequence[Value]) -> tuple[list[NodeProto], dict[str, Array]]:
        """Return the nodes and initializers that outputs depend on."""
        needed = {v.name for v in outputs}
        kept: list[NodeProto] = []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                kept.append(node)
                needed.update(_reads(node))
        return kept[::-1], {name: array for name, array in self.arrays.items() if name in needed}

    def rename(self, old: Value, new: str) -> Value:
        """Give a value the name that the outside sees."""

        def own(name: str) -> str:
            return new if name == old.name else name

        _rename(self.nodes, old.name, new)
        # What is transposed again later must find it, too.
        origins, known = self._origins.items(), self._transposed.items()
        self._origins = {own(name): (evolve(x, name=own(x.name)), perm) for name, (x, perm) in origins}
        self._transposed = {(own(name), perm): evolve(y, name=own(y.name)) for (name, perm), y in known}
        return evolve(old, name=new)


def _rename(nodes: Iterable[NodeProto], old: str, new: str) -> None:
    for node in nodes:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == old:
                    names[i] = new
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename(attribute.g.node, old, new)


def _reads(node: NodeProto) -> Iterable[str]:
    """Yield what a node reads, also from inside its subgraphs."""
    yield from node.input
    for attribute in node.attribute:
        if attribute.HasField("g"):
            for inner in attribute.g.node:
                yield from _reads(inner)
