"""The parts of DL4J's ``configuration.json``, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from pydl4j_spark.errors import ModelFormatError

CONFIGURATION = "configuration.json"


@frozen
class LayerDescription:
    """One layer as the configuration states it.

    Attributes
    ----------
    index : int
        Position in the network.
    name : str
        The user's name, or ``layer<index>`` where none was given.
    dl4j_class : str
        Full name of the Java class.
    json : Mapping
        The layer's own JSON object.
    """

    index: int
    name: str
    dl4j_class: str
    json: Mapping[str, Any] = field(repr=False)


@frozen
class NetworkDescription:
    """What the JSON says about a network, in DL4J's terms.

    Attributes
    ----------
    kind : str
        ``"MultiLayerNetwork"`` or ``"ComputationGraph"``.
    data_type : str
        ``"FLOAT"``, ``"DOUBLE"``, ``"HALF"`` or ``"BFLOAT16"``.
    layers : tuple of LayerDescription
        In network order; empty for a graph.
    preprocessors : Mapping from int to dict
        Layer index to the JSON of the preprocessor in front of it.
    """

    kind: str
    data_type: str
    layers: tuple[LayerDescription, ...]
    preprocessors: Mapping[int, Mapping[str, Any]] = field(repr=False)


# Around a layer that is not trained; the key of the layer inside. It computes as it would alone.
_FROZEN = {
    "org.deeplearning4j.nn.conf.layers.misc.FrozenLayer": "layer",
    "org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop": "underlying",
}
_BATCH_NORMALIZATION = "org.deeplearning4j.nn.conf.layers.BatchNormalization"


def _describe_layer(index: int, conf: Any) -> LayerDescription:
    layer = conf.get("layer") if isinstance(conf, dict) else None
    while isinstance(layer, dict) and (key := _FROZEN.get(str(layer.get("@class")))):
        layer = layer.get(key)
    if not isinstance(layer, dict) or not isinstance(layer.get("@class"), str):
        raise ModelFormatError(f"{CONFIGURATION}: layer {index} has no '@class'; the file is damaged or foreign")
    if layer["@class"] == _BATCH_NORMALIZATION:
        # DL4J's own reader ignores the written property and looks at the parameter names instead.
        variables = conf.get("variables")
        layer = {**layer, "useLogStd": not (isinstance(variables, list) and "var" in variables)}
    return LayerDescription(index, str(layer.get("layerName") or f"layer{index}"), layer["@class"], layer)


def parse_configuration(configuration: Mapping[str, Any]) -> NetworkDescription:
    """Name the parts of a ``configuration.json``.

    Parameters
    ----------
    configuration : Mapping
        The parsed JSON.

    Returns
    -------
    NetworkDescription
        Kind of network, data type, layers and preprocessors.

    Raises
    ------
    ModelFormatError
        When it is neither a MultiLayerConfiguration nor a ComputationGraphConfiguration.
    """
    data_type = str(configuration.get("dataType") or "FLOAT")
    if isinstance(configuration.get("vertices"), dict):
        return NetworkDescription("ComputationGraph", data_type, (), {})
    confs = configuration.get("confs")
    if not isinstance(confs, list) or not confs:
        raise ModelFormatError(f"{CONFIGURATION}: neither 'confs' nor 'vertices'; this is no network of DL4J")
    preprocessors: dict[int, Mapping[str, Any]] = {}
    listed = configuration.get("inputPreProcessors") or {}
    if not isinstance(listed, dict):
        raise ModelFormatError(f"{CONFIGURATION}: 'inputPreProcessors' is no object; the file is damaged")
    places = {str(i): i for i in range(len(confs))}
    for key, value in listed.items():
        if key not in places or not isinstance(value, dict):
            raise ModelFormatError(f"{CONFIGURATION}: preprocessor {key!r} belongs to no layer; the file is damaged")
        preprocessors[places[key]] = value
    layers = tuple(_describe_layer(i, conf) for i, conf in enumerate(confs))
    return NetworkDescription("MultiLayerNetwork", data_type, layers, preprocessors)
