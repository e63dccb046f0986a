"""How a graph hangs together: names, connections, and the order in which DL4J computes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from pydl4j_spark.conf.kinds import suggestion
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.vertices.base import GraphVertex
from pydl4j_spark.conf.vertices.joining import MergeVertex
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.java_order import java_order


class Placed(NamedTuple):
    """A layer or vertex at its place.

    Parameters
    ----------
    content : Layer or GraphVertex
        What stands there.
    inputs : tuple of str
        Names of what goes in.
    """

    content: Layer | GraphVertex
    inputs: tuple[str, ...]


Vertices: TypeAlias = dict[str, Placed]


def at(name: str, content: Layer | GraphVertex) -> str:
    """Give a vertex's place in words."""
    return f"vertex '{name}' ({content.label})"


def with_merges(vertices: Mapping[str, Placed]) -> Vertices:
    """Put a MergeVertex before what takes one input and has several, as DL4J does."""
    made: Vertices = {}
    for name, (content, inputs) in vertices.items():
        if (isinstance(content, Layer) or content.max_inputs == 1) and len(inputs) > 1:
            merge = f"{name}-merge"
            if merge in vertices:
                raise ConfigError(
                    f"{at(name, content)} has several inputs, which a vertex '{merge}' would merge, but there is one of"
                    " this name already; rename it"
                )
            # In DL4J's order, which is that of their numbers: the vertex first.
            made[name], made[merge] = Placed(content, (merge,)), Placed(MergeVertex(), inputs)
        else:
            made[name] = Placed(content, inputs)
    return made


def check_connections(inputs: Sequence[str], vertices: Vertices, outputs: Sequence[str]) -> None:
    """Refuse what does not hang together, by name."""
    if not inputs or not outputs or not vertices:
        missing = "inputs" if not inputs else "outputs" if not outputs else "vertices"
        raise ConfigError(f"ComputationGraphConfiguration.{missing}: a graph needs one at least")
    _check_unique("inputs", inputs)
    _check_unique("outputs", outputs)
    known = [*inputs, *vertices]
    for name in inputs:
        if name in vertices:
            raise ConfigError(f"'{name}' is the name of an input and of a vertex; rename one")
    for name, (content, given) in vertices.items():
        _check_number(name, content, len(given))
        for one in given:
            if one not in known:
                raise ConfigError(
                    f"{at(name, content)}: its input '{one}' is not in the graph; {suggestion(one, known)}"
                )
        for one in () if isinstance(content, Layer) else content.network_inputs:
            if one not in inputs:
                raise ConfigError(f"{at(name, content)}: '{one}' is no input of the network; {suggestion(one, inputs)}")
    for name in outputs:
        if name not in vertices:
            raise ConfigError(f"the output '{name}' is no vertex; {suggestion(name, vertices)}")
    used = {*outputs, *(one for placed in vertices.values() for one in placed.inputs)}
    for name in known:
        if name not in used:
            what = f"the input '{name}'" if name in inputs else at(name, vertices[name].content)
            raise ConfigError(f"{what} leads nowhere: connect it to a vertex, make it an output, or leave it out")


def _check_unique(what: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"ComputationGraphConfiguration.{what}: '{name}' is there twice")


def _check_number(name: str, content: Layer | GraphVertex, count: int) -> None:
    least, most = (1, 1) if isinstance(content, Layer) else (content.min_inputs, content.max_inputs)
    if count < least or (most is not None and count > most):
        wanted = f"{least} at least" if most is None else f"{least}" if least == most else f"{least} to {most}"
        raise ConfigError(f"{at(name, content)} takes inputs: {wanted}; it has {count}")


def topological_order(inputs: Sequence[str], vertices: Vertices) -> tuple[str, ...]:
    """Give the order in which DL4J computes a graph, inputs first; parameters lie in this order too.

    Raises
    ------
    ConfigError
        When there is a cycle; the message goes round it.
    """
    ready = java_order(inputs, {name: placed.inputs for name, placed in vertices.items()})
    if len(ready) < len(inputs) + len(vertices):
        raise ConfigError(f"the graph has a cycle: {' → '.join(_cycle(vertices, set(ready)))}")
    return tuple(ready)


def check_order(order: Sequence[str], inputs: Sequence[str], vertices: Vertices) -> tuple[str, ...]:
    """Refuse an order that leaves something out, or computes a vertex before what goes into it."""
    if sorted(order) != sorted([*inputs, *vertices]):
        raise ConfigError("ComputationGraphConfiguration.order: every input and vertex must be there once")
    places = {name: place for place, name in enumerate(order)}
    for name, placed in vertices.items():
        for one in placed.inputs:
            if places[one] > places[name]:
                raise ConfigError(
                    f"ComputationGraphConfiguration.order: '{one}' must come before '{name}', which it feeds"
                )
    return tuple(order)


def _cycle(vertices: Vertices, done: set[str]) -> list[str]:
    """Go back from what cannot be computed until a name comes again."""
    path = [next(name for name in vertices if name not in done)]
    while True:
        before = next(one for one in vertices[path[-1]].inputs if one not in done)
        path.append(before)
        if path.index(before) < len(path) - 1:
            return path[path.index(before) :][::-1]
