"""The ends of a network: what goes in and what comes out, whether it is made of layers or a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen

from pydl4j_spark.errors import ConfigError, DataError
from pydl4j_spark.example_shape import ExampleShape, Shape
from pydl4j_spark.graph_description import GraphDescription


@frozen(kw_only=True)
class Ends:
    """Inputs and outputs in their order; a network of layers has one each, without names.

    Attributes
    ----------
    inputs, outputs : tuple of str or None
        Names. No outputs where labels are not wanted.
    input_shapes : tuple of Shape or None
        Of one example; None where only the arrays can tell.
    output_shapes : tuple of ExampleShape
        What outputs give and mean.
    time_first : bool
        Sequences are ``[T, size]`` where nothing in their shape tells.
    """

    inputs: tuple[str | None, ...]
    input_shapes: tuple[Shape | None, ...]
    outputs: tuple[str | None, ...] = ()
    output_shapes: tuple[ExampleShape, ...] = ()
    time_first: bool = False

    @classmethod
    def of_layers(cls, shape: ExampleShape, *, time_first: bool = False) -> Ends:
        """Give those of a network of layers."""
        return cls(
            inputs=(None,),
            input_shapes=(shape.features,),
            outputs=(None,),
            output_shapes=(shape,),
            time_first=time_first,
        )

    @classmethod
    def to_score(cls, graph: GraphDescription) -> Ends:
        """Give a graph's inputs alone."""
        return cls(inputs=graph.inputs, input_shapes=graph.input_shapes)

    @classmethod
    def of_graph(cls, graph: GraphDescription) -> Ends:
        """Give a graph's, where labels and predictions are wanted too.

        Raises
        ------
        ConfigError
            When an output has no loss, or gives sequences with time before size.
        """
        return cls(
            inputs=graph.inputs,
            input_shapes=graph.input_shapes,
            outputs=graph.outputs,
            output_shapes=tuple(labelled_shapes(graph)),
        )

    def time_axis(self, shape: Shape | None) -> int | None:
        """Tell along which axis of an example time runs; None for what are no sequences."""
        if shape is None or len(shape) != 2:
            return None
        return 0 if self.time_first or (shape[0] is None and shape[1] is not None) else 1

    def input_place(self, index: int, name: str) -> str:
        """Say in a message which input of the data that is called ``name``."""
        return name if len(self.inputs) == 1 else f"{name}, input '{self.inputs[index]}'"

    def output_place(self, index: int, name: str) -> str:
        """Say in a message which output."""
        return name if len(self.outputs) == 1 else f"{name}, output '{self.outputs[index]}'"

    def by_input(self, given: Any, role: str, name: str, *, optional: bool = False) -> list[Any]:
        """Give what a user gave for each input, in their order; see `by_name`."""
        return by_name(given, self.inputs, "input", role, name, optional=optional)

    def by_output(self, given: Any, role: str, name: str, *, optional: bool = False) -> list[Any]:
        """Give what a user gave for each output, in their order; see `by_name`."""
        return by_name(given, self.outputs, "output", role, name, optional=optional)


def by_name(
    given: Any, names: tuple[str | None, ...], what: str, role: str, name: str, *, optional: bool = False
) -> list[Any]:
    """Give one thing for each input or output.

    Parameters
    ----------
    given : object, list or mapping
        One thing by itself where there is one name; otherwise in the order of the names, or by them.
    names : tuple of str or None
        Inputs or outputs.
    what : str
        ``"input"`` or ``"output"``.
    role : str
        What the things are called in a message.
    name : str
        What the data are called in it.
    optional : bool
        Some may be missing, and are None then.

    Raises
    ------
    DataError
        When something is missing, or too much.
    """
    if names == (None,):
        return [given]
    if optional and given is None:
        return [None] * len(names)
    wanted = f"{len(names)} {what}s, {', '.join(map(repr, names))}" if len(names) > 1 else f"one {what}, {names[0]!r}"
    if isinstance(given, Mapping):
        strange = [key for key in given if key not in names]
        missing = [key for key in names if key not in given and not optional]
        if strange or missing:
            problem = f"there is none called {strange[0]!r}" if strange else f"'{missing[0]}' is missing"
            raise DataError(f"{name}: {role} by name: {problem}; the graph has {wanted}")
        return [given.get(key) for key in names]
    listed = isinstance(given, (list, tuple))
    if len(names) == 1:
        return list(given) if listed and len(given) == 1 and isinstance(given[0], np.ndarray) else [given]
    if not listed or len(given) != len(names):
        found = f"a {type(given).__name__} of {len(given)}" if listed else f"one {type(given).__name__}"
        raise DataError(
            f"{name}: the graph has {wanted}: give {role} as a list of {len(names)} in this order, or as a dict "
            f"by name; got {found}"
        )
    return list(given)


def labelled_shapes(graph: GraphDescription) -> list[ExampleShape]:
    """Give what each output gives and means.

    Raises
    ------
    ConfigError
        When one has no loss, or gives sequences with time before size.
    """
    found = []
    for name, shape in zip(graph.outputs, graph.output_shapes, strict=True):
        vertex = graph.vertices[name]
        if shape is None:
            raise ConfigError(
                f"output '{name}' is a {vertex.kind}, which has no loss: the graph gives outputs, but cannot be "
                "trained or evaluated"
            )
        if (vertex.layer_json or {}).get("rnnDataFormat") == "NWC":
            raise ConfigError(
                f"output '{name}' gives sequences [N, T, size] (NWC); labels and predictions are [N, size, T] here"
            )
        found.append(shape)
    return found
