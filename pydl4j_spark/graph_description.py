"""What DL4J's JSON of a graph says: inputs, outputs, vertices, and the shapes that follow from them.

Where every class in it is one of ours, the typed configuration tells. DL4J has more, and does not record what a graph
takes: then what the first layers behind an input and the layers at the outputs tell of themselves is known, and the
rest only the arrays can tell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from attrs import field, frozen

from pydl4j_spark.conf.graph import ComputationGraphConfiguration
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.layers.convolution import ConvolutionLayer
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.shapes import entrance
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.example_shape import ExampleShape, Shape

_LAYER = "org.deeplearning4j.nn.conf.graph.LayerVertex"
_WITH_PARAMETERS = "AttentionVertex"
_SEQUENCES = ("RnnOutputLayer", "RnnLossLayer")


@frozen
class Vertex:
    """One vertex as the configuration states it.

    Attributes
    ----------
    name : str
        Its name, unique in the graph.
    kind : str
        Java class without its package; for a layer that of the layer.
    inputs : tuple of str
        Names of what goes in.
    layer_json : Mapping or None
        The layer's own JSON object, where there is one.
    layer : Layer or None
        The same as a typed layer, where its class is one of ours.
    preprocessor : Mapping or None
        JSON of what reshapes a layer's input.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    layer_json: Mapping[str, Any] | None = field(default=None, repr=False)
    layer: Layer | None = field(default=None, repr=False)
    preprocessor: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def n_params(self) -> int | None:
        """How many parameters it has; None where that is not known without DL4J."""
        if self.layer_json is None:
            return None if self.kind == _WITH_PARAMETERS else 0
        return None if self.layer is None else self.layer.n_params

    @property
    def input_shape(self) -> Shape | None:
        """What must come in, as far as the layer and its preprocessor tell."""
        if self.layer is None:
            return None
        try:
            before = {} if self.preprocessor is None else {0: Preprocessor.from_dict(self.preprocessor)}
        except ConfigError:
            return None
        given = entrance([self.layer], before)
        if given is not None:
            return given.shape
        if not before and isinstance(self.layer, ConvolutionLayer) and self.layer.n_in is not None:
            channels = self.layer.n_in
            return (None, None, channels) if self.layer.data_format == "NHWC" else (channels, None, None)
        return None


@frozen(eq=False)
class GraphDescription:
    """What the JSON says about a graph.

    Attributes
    ----------
    text : str
        The JSON as it is written.
    configuration : Mapping
        The same, parsed.
    inputs, outputs : tuple of str
        Names, in the order of the arrays.
    vertices : Mapping from str to Vertex
        By name, in an order in which they can be computed.
    typed : ComputationGraphConfiguration or None
        The same as a typed configuration, where every class in it is one of ours.
    """

    text: str = field(repr=False)
    configuration: Mapping[str, Any] = field(repr=False)
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    vertices: Mapping[str, Vertex] = field(repr=False)
    typed: ComputationGraphConfiguration | None = field(repr=False)

    @classmethod
    def of(cls, text: str, input_types: Mapping[str, Any] | None = None) -> GraphDescription:
        """Read a graph's JSON.

        Parameters
        ----------
        text : str
            The JSON.
        input_types : Mapping, optional
            JSON of what goes in by each input, where it is not in the text.

        Raises
        ------
        ConfigError
            When it is no JSON of a graph, or its vertices do not fit together; the message names the vertex.
        """
        try:
            document = json.loads(text)
        except (ValueError, TypeError, RecursionError) as why:
            raise ConfigError(f"ComputationGraph: this is not JSON ({why})") from None
        if isinstance(document, dict) and "confs" in document:
            raise ConfigError("this is the JSON of a MultiLayerNetwork: read it with MultiLayerConfiguration.from_json")
        stated = _part(document, "vertices", dict)
        fed = _part(document, "vertexInputs", dict)
        inputs, outputs = (_names(document, key) for key in ("networkInputs", "networkOutputs"))
        found = {name: _vertex(name, content, fed.get(name)) for name, content in stated.items()}
        for name in set(inputs) & set(found):
            raise ConfigError(f"'{name}' is the name of an input and of a vertex; rename one")
        for vertex in found.values():
            for name in vertex.inputs:
                if name not in found and name not in inputs:
                    raise ConfigError(f"vertex '{vertex.name}' ({vertex.kind}): its input '{name}' is not in the graph")
        for name in outputs:
            if name not in found:
                raise ConfigError(f"the output '{name}' is no vertex; the vertices are {', '.join(map(repr, found))}")
        typed = _typed(document if input_types is None else {**document, "inputTypes": input_types})
        return cls(text, document, inputs, outputs, _in_order(found, inputs), typed)

    @property
    def data_type(self) -> str:
        """``"float"``, ``"double"`` or ``"half"``."""
        return str(self.configuration.get("dataType") or "FLOAT").lower()

    @cached_property
    def input_shapes(self) -> tuple[Shape | None, ...]:
        """What each input takes; None where no vertex behind it tells."""
        return tuple(self._input_shape(name) for name in self.inputs)

    def _input_shape(self, name: str) -> Shape | None:
        given = None if self.typed is None else self.typed.input_types[name]
        if given is not None:
            return given.shape
        for vertex in self.vertices.values():
            shape = vertex.input_shape if name in vertex.inputs else None
            if shape is not None:
                return shape
        return None

    @cached_property
    def output_shapes(self) -> tuple[ExampleShape | None, ...]:
        """What each output gives and means; None for a vertex without a loss, an empty shape where it is not known."""
        return tuple(self._output_shape(self.vertices[name]) for name in self.outputs)

    def _output_shape(self, vertex: Vertex) -> ExampleShape | None:
        if vertex.layer_json is None or "lossFn" not in vertex.layer_json:
            return None
        task, sparse = ExampleShape.meaning(vertex.layer_json)
        labels: Shape = ()
        given = None if self.typed is None else self.typed.output_types[vertex.name]
        size = self._size(vertex)
        if given is not None:
            labels = given.shape
        elif size is not None:
            labels = (size, None) if vertex.kind in _SEQUENCES else (size,)
        if vertex.layer_json["lossFn"].get("@class", "").endswith("LossMixtureDensity"):
            labels = (int(vertex.layer_json["lossFn"]["labelWidth"]), *labels[1:])
        return ExampleShape(features=(), labels=labels, task=task, sparse=sparse)

    def _size(self, vertex: Vertex) -> int | None:
        # Layers of images give more than one number and are left to the arrays.
        if vertex.layer_json is None or "Cnn" in vertex.kind or "Yolo" in vertex.kind:
            return None
        stated = vertex.layer_json.get("nout") or vertex.layer_json.get("nin")
        if isinstance(stated, int) and stated > 0:
            return stated
        before = self.vertices.get(vertex.inputs[0])
        dense = before is not None and before.layer is not None and vertex.preprocessor is None
        return self._size(before) if before is not None and dense else None

    def without_state(self) -> str:
        """Give the JSON of a new network: counters at zero."""
        return json.dumps({**self.configuration, "iterationCount": 0, "epochCount": 0})

    def steps_objection(self) -> str | None:
        """Say why the graph cannot go on step by step from its state, or None."""
        kinds = {vertex.name: _nested_kinds(vertex) for vertex in self.vertices.values()}
        for name, found in kinds.items():
            whole = sorted(found & _WHOLE_SEQUENCES)
            if whole:
                return f"vertex '{name}' ({whole[0]}) looks at whole sequences, so rnn_time_step cannot go on by steps"
        if not any(found & _RECURRENT for found in kinds.values()):
            return "rnn_time_step goes on from a recurrent layer's state, and this graph has none"
        return None


_RECURRENT = {"LSTM", "GravesLSTM", "SimpleRnn"}
_WHOLE_SEQUENCES = {
    "Bidirectional",
    "GravesBidirectionalLSTM",
    "LastTimeStep",
    "GlobalPoolingLayer",
    "LastTimeStepVertex",
    "ReverseTimeSeriesVertex",
}


def _nested_kinds(vertex: Vertex) -> set[str]:
    kinds = {vertex.kind}
    inner: Any = vertex.layer_json
    while isinstance(inner, Mapping):
        inner = inner.get("underlying") or inner.get("layer") or inner.get("fwd")
        if isinstance(inner, Mapping):
            kinds.add(_simple(str(inner.get("@class"))))
    return kinds


def _typed(document: Mapping[str, Any]) -> ComputationGraphConfiguration | None:
    try:
        return ComputationGraphConfiguration.from_dict(document)
    except ConfigError:
        return None  # DL4J has more classes than there are typed ones; it checks them itself


def _part(document: Any, key: str, wanted: type) -> Any:
    found = document.get(key) if isinstance(document, dict) else None
    if not isinstance(found, wanted) or not found:
        raise ConfigError(f"ComputationGraph: {key!r} is missing; this is no JSON of DL4J's ComputationGraph")
    return found


def _names(document: Any, key: str) -> tuple[str, ...]:
    names = tuple(map(str, _part(document, key, list)))
    if len(set(names)) < len(names):
        raise ConfigError(f"ComputationGraph: {key!r} names one twice: {', '.join(names)}")
    return names


def _vertex(name: str, content: Any, fed: Any) -> Vertex:
    java_class = content.get("@class") if isinstance(content, dict) else None
    if not isinstance(java_class, str):
        raise ConfigError(f"vertex '{name}': '@class' is missing")
    inputs = tuple(map(str, fed)) if isinstance(fed, list) else ()
    if not inputs:
        raise ConfigError(f"vertex '{name}' ({_simple(java_class)}): nothing goes in ('vertexInputs')")
    if java_class != _LAYER:
        return Vertex(name, _simple(java_class), inputs)
    conf = content.get("layerConf")
    stated = conf.get("layer") if isinstance(conf, dict) else None
    if not isinstance(stated, dict) or not isinstance(stated.get("@class"), str):
        raise ConfigError(f"vertex '{name}': its layer has no '@class'")
    try:
        layer: Layer | None = Layer.from_dict(stated)
    except ConfigError:
        layer = None  # DL4J has more layers than there are typed ones; it checks them itself
    return Vertex(name, _simple(stated["@class"]), inputs, stated, layer, content.get("preProcessor"))


def _simple(java_class: str) -> str:
    return java_class.rpartition(".")[2].rpartition("$")[2]


def _in_order(found: Mapping[str, Vertex], inputs: tuple[str, ...]) -> dict[str, Vertex]:
    ordered: dict[str, Vertex] = {}
    left = dict(found)
    while left:
        ready = [v for v in left.values() if all(name in ordered or name in inputs for name in v.inputs)]
        if not ready:
            raise ConfigError(f"the graph has a cycle among the vertices {', '.join(map(repr, left))}")
        for vertex in ready:
            ordered[vertex.name] = left.pop(vertex.name)
    return ordered
