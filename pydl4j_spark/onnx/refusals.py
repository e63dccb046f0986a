"""What cannot be exported, all of it at once, and the lowest opset for what can."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from pydl4j_spark.description import NetworkDescription, NodeDescription
from pydl4j_spark.errors import Dl4jError, ExportError, ModelFormatError, UnsupportedLayer
from pydl4j_spark.onnx.activations import is_known
from pydl4j_spark.onnx.converter import Registry

DEFAULT_OPSET = 15
OPSETS = range(13, 22)

# What a layer's converter is made with, beside its class.
_LAYER = "emit, params"
# What a file cannot be exported with, although it states all of it.
REASONS = {
    "org.deeplearning4j.nn.conf.layers.LearnedSelfAttentionLayer": "DL4J itself cannot run it",
    "org.deeplearning4j.nn.modelimport.keras.layers.TFOpLayer": "it runs an operation of TensorFlow",
}


def preprocessor_place(node: NodeDescription) -> str:
    """Say where a preprocessor is."""
    return f"preprocessor of {node.place.partition(' (')[0]} ({(node.preprocessor or {}).get('@class')})"


@contextlib.contextmanager
def settings_of(what: str) -> Iterator[None]:
    """Name the part of the configuration whose JSON its converter stumbles over, in whatever way."""
    try:
        yield
    except Dl4jError:
        raise
    except Exception as error:
        raise ModelFormatError(
            f"configuration.json: {what}: a setting is missing or not what its converter expects "
            f"({type(error).__name__}: {error})"
        ) from error


@frozen
class _Part:
    """Something that needs a converter.

    Attributes
    ----------
    place : str
        Where it is, for messages.
    json : Mapping
        Its JSON.
    arguments : str
        What a converter of its kind is made with, beside the class.
    """

    place: str
    json: Mapping[str, Any]
    arguments: str

    @property
    def dl4j_class(self) -> str:
        return str(self.json.get("@class"))

    @property
    def hook(self) -> str:
        """How to register a converter."""
        return f"pass converters={{{self.dl4j_class!r}: Converter({self.dl4j_class!r}, {self.arguments})}}"


def _parts(network: NetworkDescription, registry: Registry) -> Iterator[_Part]:
    """Go through everything that needs a converter, also inside wrappers."""
    for node in network.nodes:
        if node.preprocessor is not None:
            yield from _with_inner(_Part(preprocessor_place(node), node.preprocessor, "emit"), registry)
        arguments = _LAYER if node.is_layer else f"{_LAYER}, many=True"
        yield from _with_inner(_Part(node.place, node.json, arguments), registry)


def _with_inner(part: _Part, registry: Registry) -> Iterator[_Part]:
    yield part
    # Those that are built in need no converter.
    for activation in _activations(part.json):
        if activation.get("@class") in registry:
            yield _Part(f"activation {activation['@class']} of {part.place}", activation, "emit")
    converter = registry.get(part.dl4j_class)
    if converter is None:
        return
    with settings_of(part.place):
        # In layers are layers, in vertices and preprocessors only preprocessors.
        arguments = part.arguments if part.arguments == _LAYER else "emit"
        parts = converter.inside(part.json).values()
        inner = [_Part(f"{one['@class']} in {part.place}", one, arguments) for one in parts]
    for each in inner:
        yield from _with_inner(each, registry)


def refuse_unsupported(network: NetworkDescription, registry: Registry) -> None:
    """Raise UnsupportedLayer with everything that has no converter, or none for its settings."""
    problems: dict[str, None] = {}
    for part in _parts(network, registry):
        with settings_of(part.place):
            reasons = [_objection(part, registry), *_unknown_activations(part.json, registry)]
        problems.update(dict.fromkeys(f"{part.place}: {reason}" for reason in reasons if reason))
    if problems:
        raise UnsupportedLayer("this network cannot be exported as ONNX:\n  " + "\n  ".join(problems))


def _objection(part: _Part, registry: Registry) -> str | None:
    converter = registry.get(part.dl4j_class)
    if converter is None:
        if part.dl4j_class in REASONS:
            return f"{REASONS[part.dl4j_class]}; {part.hook}"
        if part.dl4j_class.startswith("org.deeplearning4j.") and "samediff" not in part.dl4j_class.lower():
            return f"has no converter in this version; {part.hook}"
        return f"its behaviour is Java code that is not in the file; {part.hook}"
    reason = converter.objection(part.json)
    return f"{reason}; change the layer, or {part.hook}" if reason else None


def _unknown_activations(part: Mapping[str, Any], registry: Registry) -> Iterator[str]:
    """Find the activations that cannot be written."""
    for activation in _activations(part):
        if not is_known(activation, registry):
            name = activation.get("@class")
            yield f"activation {name} is not known; pass converters={{{name!r}: Converter({name!r}, emit)}}"


def _activations(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Find the activations, whatever the layer calls them."""
    for key, activation in part.items():
        if key.endswith("ctivationFn") and isinstance(activation, Mapping):
            yield activation


def choose_opset(network: NetworkDescription, opset: int | None, registry: Registry) -> int:
    """Return the opset to write: the one asked for, or the lowest that has what the network needs."""
    if opset is not None and (isinstance(opset, bool) or opset not in OPSETS):
        raise ExportError(f"opset={opset!r} is not one of those that are tested, {OPSETS[0]} to {OPSETS[-1]}")
    needed, best = OPSETS[0], DEFAULT_OPSET
    who = []
    for part in _parts(network, registry):
        converter = registry[part.dl4j_class]
        with settings_of(part.place):
            best = max(best, converter.best_opset(part.json))
        if converter.since_opset > needed:
            needed = converter.since_opset
        if opset is not None and converter.since_opset > opset:
            who.append(part.place)
    if who:
        raise ExportError(f"opset {opset} is too low: {', '.join(who)} needs {needed}")
    return max(best, needed) if opset is None else int(opset)
