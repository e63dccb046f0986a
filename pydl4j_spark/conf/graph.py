"""A network whose layers form a graph, and its JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import attrs

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import nested
from pydl4j_spark.conf.graph_checks import check_graph, check_graph_trainable
from pydl4j_spark.conf.graph_walk import Passed, VertexType, at_vertex, entrances, walk_graph
from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.kinds import Kind, declare, suggestion
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.memory import Memory, memory
from pydl4j_spark.conf.network_settings import LayerState, NetworkSettings, rows_of_batch
from pydl4j_spark.conf.nodes import Node
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.resolve import resolve, resolve_vertex
from pydl4j_spark.conf.shapes import LayerType
from pydl4j_spark.conf.summary import graph_table
from pydl4j_spark.conf.topology import (
    Placed,
    Vertices,
    check_connections,
    check_order,
    topological_order,
    with_merges,
)
from pydl4j_spark.conf.tracing import traced
from pydl4j_spark.conf.vertices.base import GraphVertex
from pydl4j_spark.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pydl4j_spark.conf.graph_builder import GraphBuilder

_LAYER_VERTEX = "org.deeplearning4j.nn.conf.graph.LayerVertex"

Inputs: TypeAlias = Mapping[str, InputType | None] | Sequence[str | Node] | Node | str
Outputs: TypeAlias = Sequence[str | Node] | Node | str


def _as_inputs(value: Any) -> Any:
    if isinstance(value, Mapping):
        for name, given in value.items():
            if not isinstance(name, str) or not isinstance(given, InputType | None):
                raise TypeError(f"{name!r}: {type(given).__name__}")
        return dict(value)
    listed = _listed(value)
    if all(isinstance(one, str) for one in listed):
        if len(set(listed)) < len(listed):
            raise ValueError("an input is there twice")
        return dict.fromkeys(listed)
    if not all(isinstance(one, Node) and one.is_input for one in listed):
        raise TypeError("an input is made by Input(name, InputType...)")
    return listed


def _as_outputs(value: Any) -> Any:
    listed = _listed(value)
    if not all(isinstance(one, str) for one in listed) and not all(isinstance(one, Node) for one in listed):
        raise TypeError("give names, or what calling layers gave")
    return listed


def _listed(value: Any) -> tuple[Any, ...]:
    return (value,) if isinstance(value, str | Node) else tuple(value)


def _as_vertices(value: Any) -> Vertices:
    made = {}
    for name, given in dict(value or {}).items():
        content: Any
        content, inputs = given if isinstance(given, Placed) else (given[0], tuple(given[1:]))
        if not isinstance(name, str) or not name or not isinstance(content, Layer | GraphVertex):
            raise TypeError(f"{name!r}: {type(content).__name__} is no layer or vertex")
        if not all(isinstance(one, str) for one in inputs):
            raise TypeError(f"{name!r}: inputs are names")
        made[name] = Placed(content, inputs)
    return made


def _by_name(wanted: type) -> Any:
    def convert(value: Any) -> dict[str, Any]:
        made = dict(value or {})
        for name, item in made.items():
            if not isinstance(name, str) or not isinstance(item, wanted):
                raise TypeError(f"{name!r}: {type(item).__name__}")
        return made

    kind = Kind(None, f"a mapping such as {{'dense': a {wanted.__name__}}}", convert)
    return declare(kind, default=attrs.Factory(dict))


@config()
class ComputationGraphConfiguration(NetworkSettings):
    """A network whose layers form a graph (DL4J ComputationGraphConfiguration). Frozen; checked without a JVM.

    There are three ways to build the same: of dicts, as below; step by step, with `builder`; or of calls, where
    ``inputs`` and ``outputs`` are what `Input` and called layers gave::

        a = Input("a", InputType.feed_forward(10))
        h = DenseLayer(n_out=8)(a)
        y = OutputLayer(n_out=3)(MergeVertex()(h, a))
        ComputationGraphConfiguration(inputs=[a], outputs=[y], updater="adam")

    Whatever does not fit together is refused here, with the vertex's name.

    Parameters
    ----------
    inputs : dict, list of str, or list of Node
        Names of the inputs and what one example looks like there; None where that is not known. Where it follows from
        the layer behind an input it is filled in.
    vertices : dict
        By name: a layer or vertex, and the names of what goes into it: ``{"dense": (DenseLayer(n_out=8), "a")}``.
        Their order is that of DL4J's numbers, and decides with the connections in which order parameters lie. Several
        inputs of a layer are merged before it, by a vertex ``<layer>-merge``.
    outputs : list of str, or list of Node
        Names of the outputs; each is an output or loss layer.
    preprocessors : dict, optional
        Preprocessors by layer name, where others are wanted than those put in automatically.
    settings
        As of `NetworkSettings`, by name: `seed`, `updater`, `weight_init`, `l2`, `backprop_type`, `data_type`, ...
    order : list of str, optional
        The order in which inputs and vertices are computed, where a trained network has another than DL4J gives a new
        one.
    """

    inputs: Inputs = declare(
        Kind(None, "names and input types, such as {'a': InputType.feed_forward(10)}, or nodes", _as_inputs),
        kw_only=False,
    )
    vertices: Mapping[str, Any] = declare(
        Kind(None, "a mapping such as {'dense': (DenseLayer(n_out=8), 'a')}", _as_vertices),
        default=attrs.Factory(dict),
        kw_only=False,
    )
    outputs: Outputs = declare(Kind(None, "names, or nodes", _as_outputs))
    preprocessors: Mapping[str, Preprocessor] = _by_name(Preprocessor)
    order: Sequence[str] | None = declare(Kind(None, "names", tuple, optional=True), default=None)
    layer_states: Mapping[str, LayerState] = _by_name(LayerState)
    common_state: LayerState | None = nested(None, LayerState, default=None)

    _passed: Passed = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        listed: tuple[Any, ...] = (*self.inputs, *self.outputs)  # type: ignore[misc]  # nodes are tuples by now
        if any(isinstance(one, Node) for one in listed):
            self._settle(**traced(self.inputs, self.outputs, self.vertices, self.preprocessors))
        vertices = with_merges(self.vertices)
        inputs, outputs = dict(self.input_types), self.output_names
        check_connections(tuple(inputs), vertices, outputs)
        order = topological_order(tuple(inputs), vertices)
        if self.order is not None:
            order = check_order(self.order, tuple(inputs), vertices)
        for name in (*self.preprocessors, *self.layer_states):
            if name not in vertices or not isinstance(vertices[name].content, Layer):
                raise ConfigError(f"ComputationGraphConfiguration.preprocessors: there is no layer '{name}'")
        self._settle_lengths()
        resolved = {
            name: Placed(self._resolved(name, placed.content), placed.inputs) for name, placed in vertices.items()
        }
        given = entrances(inputs, resolved, self.preprocessors)
        passed = walk_graph(given, resolved, order, self.preprocessors)
        check_graph(passed, outputs=self.validate_output_layer and self.for_training, truncated=self.truncated)
        if self.for_training:
            check_graph_trainable(passed, given, outputs, data_type=self.data_type, truncated=self.truncated)
        self._settle(inputs=given, vertices=vertices, order=order, _passed=passed)

    def _settle(self, **settled: Any) -> None:
        for field, value in settled.items():
            object.__setattr__(self, field, value)

    def _resolved(self, name: str, content: Layer | GraphVertex) -> Layer | GraphVertex:
        with at_vertex(name, content):
            return resolve(content, self, name) if isinstance(content, Layer) else resolve_vertex(content, self)

    @staticmethod
    def builder(**settings: Any) -> GraphBuilder:
        """Begin a graph that is built step by step (DL4J: ``graphBuilder()``).

        Parameters
        ----------
        **settings
            Those of the network, as of `ComputationGraphConfiguration`.
        """
        from pydl4j_spark.conf.graph_builder import GraphBuilder

        return GraphBuilder(**settings)

    def __eq__(self, other: object) -> bool:
        """Tell whether both describe the same network, however they were written down."""
        if not isinstance(other, ComputationGraphConfiguration):
            return NotImplemented
        return self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())

    # --- what it is --------------------------------------------------------------------------------------------------

    @property
    def input_types(self) -> dict[str, InputType | None]:
        """What goes in by each input, in their order; None where it is not known."""
        return dict(self.inputs)  # type: ignore[arg-type]

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs, in their order."""
        return tuple(self.outputs)  # type: ignore[arg-type]

    @property
    def output_types(self) -> dict[str, InputType | None]:
        """What comes out of each output, in their order; None where it is not known."""
        return {name: self._passed[name].output_type for name in self.output_names}

    @property
    def n_params(self) -> int:
        """How many parameters the network has."""
        return sum(here.n_params or 0 for here in self._passed.values())

    def vertex_types(self) -> tuple[LayerType | VertexType, ...]:
        """Give each layer and vertex as it stands in the graph: settings filled in, preprocessor, types.

        Returns
        -------
        tuple of LayerType and VertexType
            In the order in which they are computed, and their parameters lie.
        """
        return tuple(self._passed.values())

    def memory(self, batch_size: int = 16) -> Memory:
        """Give how much memory training a minibatch takes, without what operations need while they run.

        Parameters
        ----------
        batch_size : int
            Rows in the minibatch.
        """
        return memory(self.vertex_types(), self.input_types, rows=rows_of_batch(batch_size), data_type=self.data_type)

    def summary(self, batch_size: int = 16) -> str:
        """Give a table of vertices, inputs, shapes and parameters, in plain text unless it goes to a terminal.

        Parameters
        ----------
        batch_size : int
            Rows in the minibatch whose memory stands below the table.
        """
        return graph_table(self.vertex_types(), self.input_types, self.output_names, self.memory(batch_size))

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw the graph, by matplotlib: a box for each vertex with its name, type, shape and parameters.

        Parameters
        ----------
        path : str or path, optional
            Where to save the picture; its ending says in which format.
        """
        from pydl4j_spark.conf.picture import picture

        return picture(self.vertex_types(), self.input_types, self.output_names, path)

    # --- DL4J's JSON -------------------------------------------------------------------------------------------------

    _STRUCTURE: ClassVar[dict[str, type]] = {
        "defaultConfiguration": dict,
        "inputTypes": dict,
        "networkInputs": list,
        "networkOutputs": list,
        "topologicalOrder": list,
        "topologicalOrderStr": list,
        "vertexInputs": dict,
        "vertices": dict,
    }

    def to_dict(self) -> dict[str, Any]:
        """Give what `to_json` writes, as a dict."""
        common = self._common_entry()
        new = LayerState(epoch_count=self.epoch_count)
        vertices: dict[str, Any] = {}
        for name in self.vertices:
            here = self._passed[name]
            if isinstance(here, VertexType):
                vertices[name] = here.vertex.to_dict()
                continue
            vertices[name] = {
                "@class": _LAYER_VERTEX,
                "layerConf": self._layer_entry(common, here.layer, self.layer_states.get(name, new)),
                "preProcessor": None if here.preprocessor is None else here.preprocessor.to_dict(),
            }
        names = [*self.input_types, *self.vertices]
        order = list(self.order or ())
        return self._network_entry() | {
            "defaultConfiguration": common | self._state_entry(self.common_state or new),
            "inputTypes": {
                name: None if given is None else given.to_dict() for name, given in self.input_types.items()
            },
            "networkInputs": list(self.input_types),
            "networkOutputs": list(self.output_names),
            "topologicalOrder": [names.index(name) for name in order],
            "topologicalOrderStr": order,
            "vertexInputs": {name: list(placed.inputs) for name, placed in self.vertices.items()},
            "vertices": vertices,
        }

    def to_json(self) -> str:
        """Give the graph in DL4J's JSON spelling, with ``inputTypes`` of ours that DL4J passes over.

        Returns
        -------
        str
            Every setting that is known; the same text for equal graphs. Vertices stand in their order, which has a
            meaning to DL4J; all else is sorted.
        """
        document = {key: value if key in _IN_ORDER else _sorted(value) for key, value in sorted(self.to_dict().items())}
        document["vertices"] = {name: _sorted(vertex) for name, vertex in document["vertices"].items()}
        return json.dumps(document, indent=2, allow_nan=False)

    @classmethod
    def from_dict(cls, document: Any) -> ComputationGraphConfiguration:
        """Read what `to_dict` gave."""
        settings = cls._read_document(document)
        stated, fed = document.get("vertices") or {}, document.get("vertexInputs") or {}
        order = _names(document, "topologicalOrderStr")
        inputs, outputs = _names(document, "networkInputs"), _names(document, "networkOutputs")
        vertices: dict[str, Placed] = {}
        preprocessors, states = {}, {}
        common = document.get("defaultConfiguration") or {}
        for name in _numbered(document, inputs, order, stated):
            item = stated[name]
            given = fed.get(name)
            if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
                raise ConfigError(f"vertex '{name}': nothing goes in ('vertexInputs')")
            try:
                if isinstance(item, Mapping) and item.get("@class") == _LAYER_VERTEX:
                    layer, states[name] = cls._read_layer(item.get("layerConf"))
                    vertices[name] = Placed(layer, tuple(given))
                    if item.get("preProcessor") is not None:
                        preprocessors[name] = Preprocessor.from_dict(item["preProcessor"])
                    common = common or item["layerConf"]
                else:
                    vertices[name] = Placed(GraphVertex.from_dict(item), tuple(given))
            except ConfigError as why:
                raise ConfigError(f"vertex '{name}': {why}") from None
        types = document.get("inputTypes") or {}
        for name in {*fed, *types} - {*stated, *inputs}:
            raise ConfigError(
                f"ComputationGraphConfiguration: there is no '{name}'; {suggestion(name, [*stated, *inputs])}"
            )
        given_types = {name: types.get(name) for name in inputs}
        settings |= cls._read_common(common)
        return cls(
            common_state=cls._read_state(common),
            inputs={name: None if one is None else InputType.from_dict(one) for name, one in given_types.items()},
            vertices=vertices,
            outputs=outputs,
            preprocessors=preprocessors,
            order=order or None,
            layer_states=states,
            for_training=False,
            **settings,
        )


_IN_ORDER = ("inputTypes", "vertexInputs", "vertices")


def _sorted(value: Any) -> Any:
    """Sort the keys of JSON objects, inside too."""
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in sorted(value.items())}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _names(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names = document.get(key) or []
    if not all(isinstance(name, str) for name in names):
        raise ConfigError(f"ComputationGraphConfiguration: {key!r} must be a list of names")
    return tuple(names)


def _numbered(
    document: Mapping[str, Any], inputs: tuple[str, ...], order: tuple[str, ...], stated: Mapping[str, Any]
) -> list[str]:
    """Give the vertices' names by DL4J's numbers of them, which a trained network records."""
    numbers = document.get("topologicalOrder") or []
    if not order and not numbers:
        return list(stated)
    if sorted(order) != sorted([*inputs, *stated]) or sorted(map(str, numbers)) != sorted(map(str, range(len(order)))):
        raise ConfigError(
            "ComputationGraphConfiguration: 'topologicalOrder' and 'topologicalOrderStr' must number and name every"
            " input and vertex once"
        )
    by_number = dict(zip(numbers, order, strict=True))
    return [by_number[number] for number in range(len(order)) if by_number[number] in stated]
