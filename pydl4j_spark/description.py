"""The parts of DL4J's ``configuration.json``, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from pydl4j_spark.errors import ModelFormatError
from pydl4j_spark.java_order import java_order

CONFIGURATION = "configuration.json"


@frozen
class NodeDescription:
    """One layer or vertex as the configuration states it.

    Attributes
    ----------
    index : int
        Position in the order in which DL4J computes, which is that of the parameters.
    name : str
        The user's name; in a network of layers ``layer<index>`` where none was given.
    dl4j_class : str
        Full name of the Java class of the layer or vertex.
    json : Mapping
        Its own JSON object.
    inputs : tuple of str
        Names of the nodes and network inputs that go in.
    preprocessor : Mapping or None
        The JSON of the preprocessor in front of a layer.
    is_layer : bool
        Whether it is a layer, not a vertex.
    """

    index: int
    name: str
    dl4j_class: str
    json: Mapping[str, Any] = field(repr=False)
    inputs: tuple[str, ...] = ()
    preprocessor: Mapping[str, Any] | None = field(default=None, repr=False)
    is_layer: bool = True

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"{'layer' if self.is_layer else 'vertex'} {self.index} ({self.name!r}, {self.dl4j_class})"


@frozen
class NetworkDescription:
    """What the JSON says about a network, in DL4J's terms.

    Attributes
    ----------
    kind : str
        ``"MultiLayerNetwork"`` or ``"ComputationGraph"``.
    data_type : str
        ``"FLOAT"``, ``"DOUBLE"``, ``"HALF"`` or ``"BFLOAT16"``.
    inputs, outputs : tuple of str
        Names of what goes in, and of the nodes whose results come out. A network of layers has one input,
        ``"input"``, and its last layer comes out.
    nodes : tuple of NodeDescription
        Layers and vertices, in the order of the parameters.
    workspaces : bool
        Whether inference copies what goes from node to node into memory of its own, as it does by default.
    """

    kind: str
    data_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[NodeDescription, ...] = field(repr=False)
    workspaces: bool = True

    @property
    def layers(self) -> tuple[NodeDescription, ...]:
        """The nodes that are layers."""
        return tuple(node for node in self.nodes if node.is_layer)


_INPUT = "input"

# Around a layer or vertex that is not trained; the key of what is inside. It computes as that would alone.
_FROZEN = {
    "org.deeplearning4j.nn.conf.layers.misc.FrozenLayer": "layer",
    "org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop": "underlying",
    "org.deeplearning4j.nn.conf.graph.FrozenVertex": "underlying",
}
# In the JSON of what is inside, how many were left out: only a run step by step can tell.
FROZEN = "@frozen"
# What other wrappers call the layers inside them.
_WRAPPED = ("underlying", "fwd", "bwd")
_DEEPEST = 20
_BATCH_NORMALIZATION = "org.deeplearning4j.nn.conf.layers.BatchNormalization"
_LAYER_VERTEX = "org.deeplearning4j.nn.conf.graph.LayerVertex"


def parse_configuration(configuration: Mapping[str, Any]) -> NetworkDescription:
    """Name the parts of a ``configuration.json``.

    Parameters
    ----------
    configuration : Mapping
        The parsed JSON.

    Returns
    -------
    NetworkDescription
        Kind of network, data type, ends and nodes.

    Raises
    ------
    ModelFormatError
        When it is neither a MultiLayerConfiguration nor a ComputationGraphConfiguration, or does not hang together.
    """
    data_type = str(configuration.get("dataType") or "FLOAT")
    workspaces = configuration.get("inferenceWorkspaceMode") != "NONE"
    if isinstance(configuration.get("vertices"), dict):
        inputs, outputs, nodes = _graph(configuration)
        return NetworkDescription("ComputationGraph", data_type, inputs, outputs, nodes, workspaces)
    confs = configuration.get("confs")
    if not isinstance(confs, list) or not confs:
        raise ModelFormatError(f"{CONFIGURATION}: neither 'confs' nor 'vertices'; this is no network of DL4J")
    nodes = _chain(confs, configuration.get("inputPreProcessors") or {})
    return NetworkDescription("MultiLayerNetwork", data_type, (_INPUT,), (nodes[-1].name,), nodes, workspaces)


def _unwrapped(json: Any, where: str) -> Mapping[str, Any]:
    json = _thawed(json, where)
    if not isinstance(json, dict) or not isinstance(json.get("@class"), str):
        raise ModelFormatError(f"{CONFIGURATION}: {where} has no '@class'; the file is damaged or foreign")
    return json


def _thawed(json: Any, where: str, depth: int = 0) -> Any:
    """Leave out the frozen wrappers, also those inside other wrappers."""
    if depth > _DEEPEST:
        raise ModelFormatError(f"{CONFIGURATION}: {where} has layers inside layers without end; the file is damaged")
    left_out = 0
    while isinstance(json, dict) and (key := _FROZEN.get(str(json.get("@class")))):
        json, left_out = json.get(key), left_out + 1
    if not isinstance(json, dict):
        return json
    inner = {key: _thawed(json[key], where, depth + 1) for key in _WRAPPED if key in json}
    return {**json, **inner, **({FROZEN: left_out} if left_out else {})}


def _layer_json(conf: Any, where: str) -> Mapping[str, Any]:
    layer = _unwrapped(conf.get("layer") if isinstance(conf, dict) else None, where)
    if layer["@class"] == _BATCH_NORMALIZATION:
        # DL4J's own reader ignores the written property and looks at the parameter names instead.
        variables = conf.get("variables")
        return {**layer, "useLogStd": not (isinstance(variables, list) and "var" in variables)}
    return layer


def _chain(confs: list[Any], listed: Any) -> tuple[NodeDescription, ...]:
    """Read the layers of a MultiLayerNetwork, one behind the other."""
    if not isinstance(listed, dict):
        raise ModelFormatError(f"{CONFIGURATION}: 'inputPreProcessors' is no object; the file is damaged")
    places = {str(i): i for i in range(len(confs))}
    preprocessors: dict[int, Mapping[str, Any]] = {}
    for key, value in listed.items():
        if key not in places or not isinstance(value, dict):
            raise ModelFormatError(f"{CONFIGURATION}: preprocessor {key!r} belongs to no layer; the file is damaged")
        preprocessors[places[key]] = value
    nodes: list[NodeDescription] = []
    before, taken = _INPUT, {_INPUT}
    for i, conf in enumerate(confs):
        layer = _layer_json(conf, f"layer {i}")
        name = str(layer.get("layerName") or f"layer{i}")
        # DL4J lets layers share a name; here each needs its own.
        while name in taken:
            name = f"{name}_{i}"
        nodes.append(NodeDescription(i, name, layer["@class"], layer, (before,), preprocessors.get(i)))
        taken.add(name)
        before = name
    return tuple(nodes)


def _graph(configuration: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[NodeDescription, ...]]:
    """Read the vertices of a ComputationGraph, in the order of the parameters."""
    inputs, outputs = _names(configuration, "networkInputs"), _names(configuration, "networkOutputs")
    vertices, fed = configuration["vertices"], configuration.get("vertexInputs")
    if not isinstance(fed, dict):
        raise ModelFormatError(f"{CONFIGURATION}: 'vertexInputs' is no object; the file is damaged")
    if len({*inputs, *vertices}) < len(inputs) + len(vertices):
        raise ModelFormatError(f"{CONFIGURATION}: inputs or vertices share a name; the file is damaged")
    sources = {name: _names(fed, name) for name in vertices}
    for name in (*outputs, *(one for source in sources.values() for one in source)):
        if name not in vertices and (name in outputs or name not in inputs):
            raise ModelFormatError(f"{CONFIGURATION}: {name!r} is used and not described; the file is damaged")
    nodes = []
    done = set(inputs)
    for i, name in enumerate(_order(configuration, inputs, sources)):
        if not done.issuperset(sources[name]):
            raise ModelFormatError(f"{CONFIGURATION}: vertex {name!r} is computed before what goes into it")
        done.add(name)
        vertex = _unwrapped(vertices[name], f"vertex {name!r}")
        if vertex["@class"] == _LAYER_VERTEX:
            layer = _layer_json(vertex.get("layerConf"), f"layer {name!r}")
            preprocessor = vertex.get("preProcessor")
            if preprocessor is not None and not isinstance(preprocessor, dict):
                raise ModelFormatError(f"{CONFIGURATION}: the preprocessor of layer {name!r} is no object")
            nodes.append(NodeDescription(i, name, layer["@class"], layer, sources[name], preprocessor))
        else:
            nodes.append(NodeDescription(i, name, vertex["@class"], vertex, sources[name], is_layer=False))
    return inputs, outputs, tuple(nodes)


def _names(json: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names = json.get(key)
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ModelFormatError(f"{CONFIGURATION}: {key!r} is no list of names; the file is damaged")
    return tuple(names)


def _order(
    configuration: Mapping[str, Any], inputs: tuple[str, ...], sources: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Return the vertices in DL4J's order: the file's own, which a network that ran always has."""
    stated = configuration.get("topologicalOrderStr")
    if stated is not None:
        if not isinstance(stated, list) or sorted(map(str, stated)) != sorted([*inputs, *sources]):
            raise ModelFormatError(f"{CONFIGURATION}: 'topologicalOrderStr' does not list every input and vertex once")
        return [name for name in stated if name in sources]
    ready = java_order(inputs, sources)
    if len(ready) < len(inputs) + len(sources):
        raise ModelFormatError(f"{CONFIGURATION}: the vertices form a cycle; the file is damaged")
    return ready[len(inputs) :]
