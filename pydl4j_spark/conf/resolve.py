"""The network's defaults, filled into every layer, also into those inside wrappers, where DL4J does not reach."""

from __future__ import annotations

from typing import Any

from pydl4j_spark.conf.base import evolve
from pydl4j_spark.conf.constraints import L1Regularization, L2Regularization, Regularization, WeightDecay
from pydl4j_spark.conf.layers.base import Layer, LearningLayer
from pydl4j_spark.conf.layers.frozen import Frozen
from pydl4j_spark.conf.vertices.base import GraphVertex
from pydl4j_spark.conf.vertices.frozen import FrozenVertex
from pydl4j_spark.errors import ConfigError

_WEIGHTS = ("l1", "l2", "weight_decay")
_BIASES = ("l1_bias", "l2_bias", "weight_decay_bias")
# What has a meaning in training only.
_TRAINING = frozenset((*_WEIGHTS, *_BIASES, "dropout", "weight_noise"))


class _AtRest:
    """The network's defaults as a frozen layer sees them."""

    def __init__(self, defaults: Any) -> None:
        self._defaults = defaults

    def __getattr__(self, name: str) -> Any:
        return None if name in _TRAINING else getattr(self._defaults, name)


def resolve(layer: Layer, defaults: Any, name: str) -> Layer:
    """Fill a layer's unset settings.

    Parameters
    ----------
    layer : Layer
        As the user gave it.
    defaults : object
        What has the network's settings as attributes.
    name : str
        The layer's name, which the layers inside it bear too.
    """
    settled: dict[str, Any] = {"name": name} | _unset(layer, defaults)
    if isinstance(layer, LearningLayer):
        settled |= dict.fromkeys(_WEIGHTS + _BIASES)
        settled["regularization"] = _regularization(layer, defaults, "regularization", _WEIGHTS)
        settled["regularization_bias"] = _regularization(layer, defaults, "regularization_bias", _BIASES)
    if layer.children:
        # The network's dropout is for the layer inside, which may be one that drops nothing.
        settled.pop("dropout", None)
    inside = _AtRest(defaults) if isinstance(layer, Frozen) else defaults
    for field, inner in layer.children.items():
        # DL4J ignores the dropout and the constraints of a wrapper, so they are handed to the layer inside, before it
        # hands them on itself.
        handed: dict[str, Any] = {}
        if layer.dropout is not None and inner.dropout is None:
            handed["dropout"] = layer.dropout
        if layer.constraints and not inner.constraints:
            handed["constraints"] = layer.constraints
        settled[field] = resolve(evolve(inner, **handed), inside, name)
    return evolve(layer, **settled)


def resolve_vertex(vertex: GraphVertex, defaults: Any) -> GraphVertex:
    """Fill a vertex's unset settings; only those with parameters have any."""
    if isinstance(vertex, FrozenVertex):
        return evolve(vertex, underlying=resolve_vertex(vertex.underlying, _AtRest(defaults)))
    if not vertex.inherited:
        return vertex
    settled = _unset(vertex, defaults)
    settled["regularization"] = _regularization(vertex, defaults, "regularization", _WEIGHTS)
    settled["regularization_bias"] = _regularization(vertex, defaults, "regularization_bias", _BIASES)
    return evolve(vertex, **settled)


def _unset(made: Layer | GraphVertex, defaults: Any) -> dict[str, Any]:
    return {field: getattr(defaults, field) for field in made.inherited if getattr(made, field) is None}


def _regularization(
    layer: LearningLayer | GraphVertex, defaults: Any, listed: str, shorthands: tuple[str, str, str]
) -> tuple[Regularization, ...]:
    given = getattr(layer, listed)
    own = [getattr(layer, shorthand, None) for shorthand in shorthands]
    if given is not None:
        if any(value is not None for value in own):
            raise ConfigError(f"{listed} excludes {', '.join(shorthands)}; give one or the other")
        return tuple(given)
    common = [getattr(defaults, shorthand) for shorthand in shorthands]
    for one, other in ((1, 2), (2, 1)):
        # L2 and weight decay exclude each other in DL4J; a layer's own choice puts out the network's other one.
        if own[one] and own[other] is None:
            common[other] = None
    l1, l2, decay = (mine if mine is not None else theirs for mine, theirs in zip(own, common, strict=True))
    if l2 and decay:
        raise ConfigError(f"{shorthands[1]} and {shorthands[2]} exclude each other in DL4J; give one of them")
    return (
        *((L1Regularization(l1),) if l1 else ()),
        *((L2Regularization(l2),) if l2 else ()),
        *((WeightDecay(decay),) if decay else ()),
    )
