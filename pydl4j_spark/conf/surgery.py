"""Changes to the layers of a network that is trained already, inside wrappers too."""

from __future__ import annotations

from typing import Any

from pydl4j_spark.conf.base import evolve
from pydl4j_spark.conf.inputs import InputType, InputTypeConvolutional, InputTypeRecurrent
from pydl4j_spark.conf.layers.base import FeedForwardLayer, Layer, ProjectingLayer
from pydl4j_spark.conf.layers.frozen import Frozen
from pydl4j_spark.conf.shapes import LayerType
from pydl4j_spark.conf.weights import WeightInitLike
from pydl4j_spark.errors import ConfigError


def resized(layer: Layer, setting: str, value: int, weight_init: WeightInitLike | None) -> Layer:
    """Give a copy with another `n_out` or `n_in`, and perhaps other first weights."""
    if isinstance(layer, Frozen):
        raise ConfigError("it is frozen, and cannot be initialised anew")
    family = ProjectingLayer if setting == "n_out" else FeedForwardLayer
    if not isinstance(_leaf(layer), family):
        raise ConfigError(f"it has no {setting} to replace")
    return _rebuilt(layer, **{setting: value}, **({} if weight_init is None else {"weight_init": weight_init}))


def opened(layer: Layer, weight_init: WeightInitLike | None) -> Layer:
    """Give a copy that takes whatever comes; `weight_init` is for its new weights, where it settles its own size."""
    leaf = _leaf(layer)
    if not isinstance(leaf, FeedForwardLayer):
        return layer
    if isinstance(layer, Frozen):
        raise ConfigError("it is frozen, and cannot take another number")
    settings: dict[str, Any] = {"n_in": None}
    if isinstance(leaf, ProjectingLayer):
        settings |= {} if weight_init is None else {"weight_init": weight_init}
    elif hasattr(leaf, "n_out"):
        settings["n_out"] = None
    return _rebuilt(layer, **settings)


def projects(layer: Layer) -> bool:
    """Tell whether a layer gives what it states, whatever it takes."""
    return isinstance(_leaf(layer), ProjectingLayer)


def entered(given: InputType, first: LayerType, changed: Layer, n_in: int) -> InputType:
    """Give what a network takes when its first layer takes another number.

    Parameters
    ----------
    given : InputType
        What it took before.
    first : LayerType
        The first layer as it was.
    changed : Layer
        The same with its new `n_in`.
    n_in : int
        How many numbers, or channels.
    """
    if isinstance(first.input_type, InputTypeConvolutional):
        return evolve(given, channels=n_in)
    if isinstance(first.input_type, InputTypeRecurrent):
        return evolve(given, size=n_in)
    # Not of a layer whose number is something else, as the vocabulary of an embedding.
    return InputType.feed_forward(n_in) if changed.input_from_n_in() == InputType.feed_forward(n_in) else given


def is_automatic(here: LayerType, before: InputType | None) -> bool:
    """Tell whether a layer's preprocessor would be put in again by itself, behind what is before; JSON has them all."""
    try:
        return before is not None and here.layer.preprocessor_for(before) == here.preprocessor
    except ConfigError:
        return False


def _leaf(layer: Layer) -> Layer:
    """Give the layer inside all wrappers."""
    for inner in layer.children.values():
        return _leaf(inner)
    return layer


def _rebuilt(layer: Layer, **settings: Any) -> Layer:
    """Give a copy with the settings of the layers inside all wrappers changed."""
    inside = {field: _rebuilt(inner, **settings) for field, inner in layer.children.items()}
    return evolve(layer, **(inside or settings))
