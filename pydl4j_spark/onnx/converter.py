"""What a converter is: one class of DL4J, its parameters as data, and how it becomes ONNX."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import evolve, field, frozen
from attrs.validators import in_

from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.graph import Array, Value

LayerJson: TypeAlias = Mapping[str, Any]
Params: TypeAlias = Mapping[str, Array]
"""A layer's parameters, by the names of their specs."""


@frozen
class ParamSpec:
    """One parameter of a layer, as a slice of the flat vector.

    Attributes
    ----------
    name : str
        DL4J's name of it.
    shape : tuple of int
        Its shape.
    order : str, default "c"
        ``"c"`` or ``"f"``: how the slice is laid out.
    """

    name: str
    shape: tuple[int, ...]
    order: str = field(default="c", validator=in_("cf"))

    @property
    def size(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    def cut(self, values: Array) -> Array:
        """Return a slice of the vector in the parameter's shape."""
        return values.reshape(self.shape, order="F" if self.order == "f" else "C")


def _no_params(layer: LayerJson) -> Sequence[ParamSpec]:
    return ()


def _no_objection(layer: LayerJson) -> str | None:
    return None


def _any_opset(layer: LayerJson) -> int:
    return 13


def _nothing_inside(layer: LayerJson) -> Mapping[str, LayerJson]:
    return {}


def same_mask(ctx: LayerContext, y: Value, layer: LayerJson) -> Value | None:
    """Hand the mask of the first input on, as most of DL4J's layers do."""
    return ctx.mask


def no_mask(ctx: LayerContext, y: Value, layer: LayerJson) -> Value | None:
    """End the mask, where the axis that it belongs to ends."""
    return None


@frozen
class Converter:
    """How one DL4J class becomes ONNX: a layer, a vertex, a preprocessor or an activation.

    Parameters
    ----------
    dl4j_class : str
        Full name of the Java class, as in ``"@class"``.
    emit : callable ``(ctx, x, layer_json, params) -> Value``
        Writes the nodes and returns the output. `x` and the result are in DL4J's own layout; `params` maps the
        names of the specs to arrays. With `many`, `x` is the tuple of all inputs.
    params : callable ``(layer_json) -> sequence of ParamSpec``, optional
        The layer's parameters in the order of the flat vector, all of them, also those unused at inference.
        ``(name, shape, order)`` tuples are taken too.
    since_opset : int, default 13
        The lowest opset that `emit` writes for; of an activation, too.
    objection : callable ``(layer_json) -> str or None``, optional
        Says why a particular configuration cannot be exported, before anything is written.
    best_opset : callable ``(layer_json) -> int``, optional
        The opset from which on ONNX has what this configuration needs as one operator; written where the user asks
        for none. `emit` spells it out below.
    mask : callable ``(ctx, y, layer_json) -> Value or None``, optional
        What DL4J hands on as the mask of the output `y`; by default the mask that came in, ``ctx.mask``.
    many : bool, default False
        Whether it takes several inputs, as vertices do.
    in_place : bool, default False
        Whether DL4J gives back the array that came in, changed.
    inside : callable ``(layer_json) -> Mapping from str to layer_json``, optional
        The layers inside a wrapper, by what DL4J puts in front of the names of their parameters. These come behind
        the wrapper's own, and the layers need converters too, which ``ctx.emit_inside`` calls.
    """

    dl4j_class: str
    emit: Callable[[LayerContext, Any, LayerJson, Mapping[str, Array]], Value] = field(repr=False)
    params: Callable[[LayerJson], Sequence[Any]] = field(default=_no_params, repr=False)
    since_opset: int = 13
    objection: Callable[[LayerJson], str | None] = field(default=_no_objection, repr=False)
    best_opset: Callable[[LayerJson], int] = field(default=_any_opset, repr=False)
    mask: Callable[[LayerContext, Value, LayerJson], Value | None] = field(default=same_mask, repr=False)
    many: bool = False
    in_place: bool = False
    inside: Callable[[LayerJson], Mapping[str, LayerJson]] = field(default=_nothing_inside, repr=False)

    def param_specs(self, layer: LayerJson, registry: Registry | None = None) -> list[ParamSpec]:
        """Return the parameters of one layer, in the order of the flat vector.

        Parameters
        ----------
        layer : Mapping
            The layer's JSON.
        registry : Mapping from str to Converter, optional
            The converters of the layers inside it.
        """
        specs = [p if isinstance(p, ParamSpec) else ParamSpec(*p) for p in self.params(layer)]
        for prefix, inner in self.inside(layer).items():
            converter = (registry or {})[str(inner["@class"])]
            specs += [evolve(p, name=prefix + p.name) for p in converter.param_specs(inner, registry)]
        return specs


Registry: TypeAlias = Mapping[str, Converter]
