"""What cannot be exported, all of it at once, and the lowest opset for what can."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from pydl4j_spark.description import NetworkDescription, NodeDescription
from pydl4j_spark.errors import Dl4jError, ExportError, ModelFormatError, UnsupportedLayer
from pydl4j_spark.onnx.activations import is_known
from pydl4j_spark.onnx.converter import Registry

DEFAULT_OPSET = 15
OPSETS = range(13, 22)


# What a file cannot be exported with, although it states all of it.
_REASONS = {
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


def _parts(network: NetworkDescription) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Go through everything that needs a converter: its place and its JSON."""
    for node in network.nodes:
        if node.preprocessor is not None:
            yield from _with_inner(preprocessor_place(node), node.preprocessor)
        yield from _with_inner(node.place, node.json)


def _with_inner(what: str, part: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give a vertex or preprocessor, and the preprocessors in it."""
    yield what, part
    own = part.get("preProcessor")
    for inner in [own] if isinstance(own, Mapping) else part.get("inputPreProcessors") or ():
        yield from _with_inner(f"preprocessor in {what} ({inner.get('@class')})", inner)


def refuse_unsupported(network: NetworkDescription, registry: Registry) -> None:
    """Raise UnsupportedLayer with everything that has no converter, or none for its settings."""
    problems = []
    for what, part in _parts(network):
        with settings_of(what):
            reason = _objection(part, registry) or _unknown_activation(part, registry)
        if reason:
            problems.append(f"{what}: {reason}")
    if problems:
        raise UnsupportedLayer("this network cannot be exported as ONNX:\n  " + "\n  ".join(problems))


def _objection(part: Mapping[str, Any], registry: Registry) -> str | None:
    name = str(part.get("@class"))
    converter = registry.get(name)
    hook = f"pass converters={{{name!r}: Converter({name!r}, emit, params)}}"
    if converter is None:
        if name in _REASONS:
            return f"{_REASONS[name]}; {hook}"
        if name.startswith("org.deeplearning4j.") and "samediff" not in name.lower():
            return f"has no converter in this version; {hook}"
        return f"its behaviour is Java code that is not in the file; {hook}"
    reason = converter.objection(part)
    return f"{reason}; change the layer, or {hook}" if reason else None


def _unknown_activation(part: Any, registry: Registry) -> str | None:
    """Find an activation that cannot be written, also in layers inside layers."""
    if not isinstance(part, Mapping):
        return None
    for key in ("activationFn", "gateActivationFn"):
        activation = part.get(key)
        if isinstance(activation, Mapping) and not is_known(activation, registry):
            name = activation.get("@class")
            return f"activation {name} is not known; pass converters={{{name!r}: Converter({name!r}, emit)}}"
    inner = (part.get(key) for key in ("underlying", "fwd", "bwd"))
    return next((found for found in (_unknown_activation(i, registry) for i in inner) if found), None)


def choose_opset(network: NetworkDescription, opset: int | None, registry: Registry) -> int:
    """Return the opset to write: the one asked for, or the lowest that has what the network needs."""
    if opset is not None and (isinstance(opset, bool) or opset not in OPSETS):
        raise ExportError(f"opset {opset} is not one of those that are tested, {OPSETS[0]} to {OPSETS[-1]}")
    needed, best = OPSETS[0], DEFAULT_OPSET
    who = []
    for what, part in _parts(network):
        converter = registry[str(part["@class"])]
        with settings_of(what):
            best = max(best, converter.best_opset(part))
        if converter.since_opset > needed:
            needed = converter.since_opset
        if opset is not None and converter.since_opset > opset:
            who.append(what)
    if who:
        raise ExportError(f"opset {opset} is too low: {', '.join(who)} needs {needed}")
    return max(best, needed) if opset is None else int(opset)
