"""From nodes, which calls gave, to inputs, vertices and outputs by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.kinds import shown
from pydl4j_spark.conf.nodes import Node
from pydl4j_spark.conf.topology import Placed
from pydl4j_spark.errors import ConfigError


def Input(name: str | None = None, input_type: InputType | None = None) -> Node:  # noqa: N802 - stands beside classes
    """Begin a graph that is written as calls: an input of the network.

    Parameters
    ----------
    name : str, optional
        Its name; ``input``, ``input_1``, … where not given.
    input_type : InputType, optional
        What one example looks like.

    Raises
    ------
    ConfigError
        When either is of the wrong kind.
    """
    if isinstance(name, InputType) and input_type is None:
        name, input_type = None, name
    if not isinstance(name, str | None) or name == "":
        raise ConfigError(f"Input.name = {shown(name)}: wanted a text that is not empty")
    if not isinstance(input_type, InputType | None):
        raise ConfigError(
            f"Input.input_type = {shown(input_type)}: wanted an InputType, such as InputType.recurrent(5)"
        )
    return Node(content=input_type, name=name, is_input=True)


def traced(inputs: Any, outputs: Any, vertices: Any, preprocessors: Any) -> dict[str, Any]:
    """Give the fields of a configuration that say the same as nodes.

    Raises
    ------
    ConfigError
        When nodes and names are mixed, two nodes have one name, an input is missing, or a layer is used twice.
    """
    if vertices or preprocessors or not all(isinstance(one, Node) for one in (*inputs, *outputs)):
        raise ConfigError(
            "ComputationGraphConfiguration: where inputs and outputs are nodes, all is said by calls: give no names,"
            " vertices or preprocessors"
        )
    nodes = _reached(outputs)
    for one in nodes:
        if one.is_input and one not in inputs:
            raise ConfigError(f"an Input({_quoted(one.name)}) leads to the outputs, but is not in inputs=[...]")
    _check_shared(nodes)
    named = _named([*inputs, *(one for one in nodes if not one.is_input)])
    return {
        "inputs": {named[one]: one.content for one in inputs},
        "outputs": tuple(named[one] for one in outputs),
        "vertices": {
            named[one]: Placed(one.content, tuple(named[before] for before in one.inputs))
            for one in nodes
            if not one.is_input
        },
        "preprocessors": {named[one]: one.preprocessor for one in nodes if one.preprocessor is not None},
    }


def _quoted(name: str | None) -> str:
    return "" if name is None else repr(name)


def _reached(outputs: Iterable[Node]) -> list[Node]:
    """Give all nodes that lead to the outputs, in the order in which they were made."""
    found: set[Node] = set()
    open_nodes = list(outputs)
    while open_nodes:
        one = open_nodes.pop()
        if one not in found:
            found.add(one)
            open_nodes += one.inputs
    return sorted(found, key=lambda one: one.made)


def _check_shared(nodes: Iterable[Node]) -> None:
    by_content: dict[int, Node] = {}
    for one in nodes:
        if one.is_input or one.content.n_params == 0:
            continue
        first = by_content.setdefault(id(one.content), one)
        if first is not one:
            kind = type(one.content).__name__
            raise ConfigError(
                f"the same {kind} is called twice, and DL4J's graphs cannot share weights: make a layer for each, or"
                " put both inputs through one with StackVertex before and UnstackVertex after it"
            )


def _named(nodes: Iterable[Node]) -> Mapping[Node, str]:
    nodes = list(dict.fromkeys(nodes))
    named: dict[Node, str] = {}
    taken: set[str] = set()
    for one in nodes:
        if one.name is not None:
            if one.name in taken:
                raise ConfigError(
                    f"two nodes are called '{one.name}'; every input, layer and vertex needs its own name"
                )
            taken.add(one.name)
            named[one] = one.name
    for one in nodes:
        if one.name is None:
            name, count = one.stem, 0
            while name in taken:
                count += 1
                name = f"{one.stem}_{count}"
            taken.add(name)
            named[one] = name
    return named
