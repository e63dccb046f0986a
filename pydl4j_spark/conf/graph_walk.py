"""The walk through a graph: which preprocessors go in, what each vertex takes and gives, as DL4J infers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import attrs

from pydl4j_spark.conf.base import Unknown
from pydl4j_spark.conf.inputs import InputType, InputTypeRecurrent
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.shapes import LayerType, entrance, pass_layer
from pydl4j_spark.conf.topology import Vertices, at
from pydl4j_spark.conf.vertices.base import GraphVertex
from pydl4j_spark.errors import ConfigError


@attrs.frozen(kw_only=True)
class VertexType:
    """One vertex without a layer as it stands in the graph.

    Parameters
    ----------
    name : str
        Its name.
    vertex : GraphVertex
        With every setting filled in.
    inputs : tuple of str
        Names of what goes in.
    input_types : tuple of InputType or None
        What goes in, by each; None where it is not known.
    output_type : InputType or None
        What comes out.
    """

    name: str
    vertex: GraphVertex
    inputs: tuple[str, ...]
    input_types: tuple[InputType | None, ...]
    output_type: InputType | None

    @property
    def content(self) -> GraphVertex:
        """The vertex."""
        return self.vertex

    @property
    def preprocessor(self) -> None:
        """Only layers have one."""
        return

    @property
    def kind(self) -> str:
        """The vertex's class, without its package."""
        return self.vertex.label

    @property
    def frozen(self) -> bool:
        """Whether training leaves the vertex as it is."""
        return self.vertex.at_work is not self.vertex

    @property
    def n_params(self) -> int | None:
        """How many parameters it has."""
        return self.vertex.n_params


Passed: TypeAlias = dict[str, "LayerType | VertexType"]


@contextmanager
def at_vertex(name: str, content: Layer | GraphVertex) -> Iterator[None]:
    """Put a vertex's name and class before what is wrong with it."""
    try:
        yield
    except ConfigError as why:
        raise ConfigError(f"{at(name, content)}: {why}") from None


def entrances(
    given: Mapping[str, InputType | None], vertices: Vertices, preprocessors: Mapping[str, Preprocessor]
) -> dict[str, InputType | None]:
    """Infer the types of inputs that are not given from the layers behind them, where that is possible."""
    found = dict(given)
    for name, (content, inputs) in vertices.items():
        (first, *more) = inputs
        if isinstance(content, Layer) and not more and first in found and found[first] is None:
            before = {0: preprocessors[name]} if name in preprocessors else {}
            found[first] = entrance([content], before)
    return found


def walk_graph(
    given: Mapping[str, InputType | None],
    vertices: Vertices,
    order: Sequence[str],
    preprocessors: Mapping[str, Preprocessor],
) -> Passed:
    """Go through the vertices in order.

    Parameters
    ----------
    given : dict
        What goes in by each input. Where it is not known, the layers behind must state their own `n_in`.
    vertices : dict of str to Placed
        Layers and vertices with their settings filled in.
    order : list of str
        Names of inputs and vertices, each after what goes into it.
    preprocessors : dict
        Those of layers the user gave; the others are put in here.
    """
    known: dict[str, InputType | None] = dict(given)
    passed: Passed = {}
    for name in order:
        if name in given:
            continue
        content, inputs = vertices[name]
        entering = tuple(known[one] for one in inputs)
        with at_vertex(name, content):
            if isinstance(content, Layer):
                here: LayerType | VertexType = pass_layer(None, content, entering[0], preprocessors.get(name), inputs)
                if here.n_params is None and not isinstance(content, Unknown):
                    raise ConfigError(
                        "its input is not known; give the graph the types of its inputs, or this layer n_in"
                    )
            else:
                _check_times(content, given)
                here = _pass_vertex(name, content, inputs, entering)
        passed[name], known[name] = here, here.output_type
    return passed


def _check_times(vertex: GraphVertex, given: Mapping[str, InputType | None]) -> None:
    for name in vertex.network_inputs:
        if not isinstance(given[name], InputTypeRecurrent | None):
            raise ConfigError(f"the input '{name}' takes no sequences, but {given[name]}")


def _pass_vertex(
    name: str, vertex: GraphVertex, inputs: tuple[str, ...], entering: tuple[InputType | None, ...]
) -> VertexType:
    types = [one for one in entering if one is not None]
    leaving = None
    if len(types) == len(entering):
        vertex = vertex.accept(types)
        leaving = vertex.output_type(types)
    if vertex.n_params is None and not isinstance(vertex, Unknown):
        raise ConfigError("its inputs are not known; give the graph the types of its inputs, or this vertex its sizes")
    return VertexType(name=name, vertex=vertex, inputs=inputs, input_types=entering, output_type=leaving)
