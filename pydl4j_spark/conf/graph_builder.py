"""A graph built step by step, as with DL4J's GraphBuilder."""

from __future__ import annotations

from typing import Any, Self

from pydl4j_spark.conf.graph import ComputationGraphConfiguration
from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.kinds import shown, suggestion
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.topology import Placed, Vertices
from pydl4j_spark.conf.vertices.base import GraphVertex
from pydl4j_spark.errors import ConfigError


class GraphBuilder:
    """Collects inputs, layers, vertices and outputs (DL4J: ``ComputationGraphConfiguration.GraphBuilder``).

    ::

        conf = (
            GraphBuilder(seed=1, updater="adam")
            .add_inputs("a")
            .set_input_types(a=InputType.feed_forward(4))
            .add_layer("dense", DenseLayer(n_out=8), "a")
            .add_layer("out", OutputLayer(n_out=3), "dense")
            .set_outputs("out")
            .build()
        )

    Parameters
    ----------
    **settings
        Those of the network, as of `ComputationGraphConfiguration`.
    """

    def __init__(self, **settings: Any) -> None:
        self._settings = settings
        self._inputs: dict[str, InputType | None] = {}
        self._vertices: Vertices = {}
        self._outputs: tuple[str, ...] = ()
        self._preprocessors: dict[str, Preprocessor] = {}
        self._last: str | None = None

    def add_inputs(self, *names: str) -> Self:
        """Name inputs of the network, in the order of their arrays."""
        for name in names:
            self._check_new(name)
            self._inputs[name] = None
            self._last = name
        return self

    def set_input_types(self, *types: InputType, **by_name: InputType) -> Self:
        """Say what one example looks like: for each input in order, or by the inputs' names."""
        if types and (by_name or len(types) != len(self._inputs)):
            raise ConfigError(
                f"set_input_types: {len(types)} types for {len(self._inputs)} inputs; give one for each of"
                f" {', '.join(self._inputs) or 'them, after add_inputs'}, or name=type"
            )
        for name, given in (by_name or dict(zip(self._inputs, types, strict=True))).items():
            if name not in self._inputs:
                raise ConfigError(f"set_input_types: there is no input '{name}'; {suggestion(name, self._inputs)}")
            self._inputs[name] = given
        return self

    def add_layer(self, name: str, layer: Layer, *inputs: str, preprocessor: Preprocessor | None = None) -> Self:
        """Add a layer; several inputs are merged before it.

        Parameters
        ----------
        name : str
            Its name.
        layer : Layer
            The layer.
        *inputs : str
            Names of what goes in.
        preprocessor : Preprocessor, optional
            What reshapes its input, where another is wanted than the one put in automatically.
        """
        if not isinstance(layer, Layer):
            raise ConfigError(f"add_layer('{name}'): {shown(layer)} is no layer; a vertex is added with add_vertex")
        if preprocessor is not None:
            self._preprocessors[name] = preprocessor
        return self._add(name, layer, inputs)

    def append_layer(self, name: str, layer: Layer, *, preprocessor: Preprocessor | None = None) -> Self:
        """Add a layer after what was added last."""
        return self.add_layer(name, layer, self._before(name), preprocessor=preprocessor)

    def add_vertex(self, name: str, vertex: GraphVertex, *inputs: str) -> Self:
        """Add a vertex that is no layer.

        Parameters
        ----------
        name : str
            Its name.
        vertex : GraphVertex
            The vertex.
        *inputs : str
            Names of what goes in.
        """
        if not isinstance(vertex, GraphVertex):
            raise ConfigError(f"add_vertex('{name}'): {shown(vertex)} is no vertex; a layer is added with add_layer")
        return self._add(name, vertex, inputs)

    def append_vertex(self, name: str, vertex: GraphVertex) -> Self:
        """Add a vertex after what was added last."""
        return self.add_vertex(name, vertex, self._before(name))

    def set_outputs(self, *names: str) -> Self:
        """Name the outputs, in the order of their arrays."""
        self._outputs = names
        return self

    def build(self) -> ComputationGraphConfiguration:
        """Make the configuration.

        Raises
        ------
        ConfigError
            When something does not fit together, with its name.
        """
        return ComputationGraphConfiguration(
            inputs=self._inputs,
            vertices=self._vertices,
            outputs=self._outputs,
            preprocessors=self._preprocessors,
            **self._settings,
        )

    def _add(self, name: str, content: Layer | GraphVertex, inputs: tuple[str, ...]) -> Self:
        self._check_new(name)
        self._vertices[name] = Placed(content, inputs)
        self._last = name
        return self

    def _check_new(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise ConfigError(f"{shown(name)} is no name; wanted a text that is not empty")
        if name in self._inputs or name in self._vertices:
            raise ConfigError(
                f"there is a '{name}' in the graph already; every input, layer and vertex needs its own name"
            )

    def _before(self, name: str) -> str:
        if self._last is None:
            raise ConfigError(f"'{name}' is appended, but nothing was added before it")
        return self._last
