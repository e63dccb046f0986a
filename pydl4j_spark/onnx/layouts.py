"""DL4J's words for the order of axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydl4j_spark.description import NetworkDescription, NodeDescription
from pydl4j_spark.errors import ExportError

# By rank; DL4J's default first.
LAYOUTS = {1: ("N",), 2: ("NC",), 3: ("NCW", "NWC"), 4: ("NCHW", "NHWC"), 5: ("NCDHW", "NDHWC")}
_KEYS = ("format", "rnnDataFormat", "rnndataFormat", "cnn2dDataFormat", "cnn2DFormat", "dataFormat", "outputFormat")
_INNER = ("underlying", "fwd")


def stated_layout(rank: int, *parts: Mapping[str, Any]) -> str | None:
    """Return the layout that one of several JSON objects states for this rank, or None."""
    for part in parts:
        for key in _KEYS:
            if part.get(key) in LAYOUTS[rank]:
                return str(part[key])
        for key in _INNER:
            inner = part.get(key)
            if isinstance(inner, Mapping) and (found := stated_layout(rank, inner)):
                return found
    return None


def output_layout(network: NetworkDescription, name: str, rank: int) -> str:
    """Return the layout of what comes out of a node: what it or the nearest before it states."""
    nodes: dict[str, NodeDescription] = {node.name: node for node in network.nodes}
    waiting, seen = [name], {name}
    for place in waiting:
        node = nodes.get(place)
        if node is None:
            continue
        if rank in LAYOUTS and (found := stated_layout(rank, node.json, node.preprocessor or {})):
            return found
        fresh = [one for one in dict.fromkeys(node.inputs) if one not in seen]
        waiting += fresh
        seen.update(fresh)
    return LAYOUTS[rank][0] if rank in LAYOUTS else "N" + "?" * (rank - 1)


def order(before: str, after: str, what: str) -> tuple[int, ...] | None:
    """Return the permutation of axes from one layout to another, or None where they are the same.

    Raises
    ------
    ExportError
        When `after` does not name the same axes.
    """
    if before == after:
        return None
    if sorted(before) != sorted(after) or after[:1] != "N":
        raise ExportError(f"{what}: {after!r} is no layout of what DL4J has as {before}")
    return tuple(before.index(axis) for axis in after)


def chosen(layouts: str | Mapping[str, str] | None, there: Mapping[str, str], what: str) -> Mapping[str, str]:
    """Say what layout each input or output is to have.

    Parameters
    ----------
    layouts : str, Mapping from name to str, or None
        What the user wants; a single word is for all that have as many axes.
    there : Mapping from name to str
        What DL4J has.
    what : str
        The name of the argument, for messages.

    Raises
    ------
    ExportError
        When there is no such input or output, or none of so many axes.
    """
    if layouts is None:
        return there
    if isinstance(layouts, str):
        if all(len(own) != len(layouts) for own in there.values()):
            raise ExportError(f"{what}: {layouts!r} is no layout of what DL4J has as {', '.join(there.values())}")
        return {name: layouts if len(own) == len(layouts) else own for name, own in there.items()}
    if not isinstance(layouts, Mapping) or not all(isinstance(layout, str) for layout in layouts.values()):
        raise ExportError(f"{what}={layouts!r}: a layout such as 'NHWC' is expected, or a mapping from names to them")
    unknown = sorted(str(name) for name in layouts if name not in there)
    if unknown:
        raise ExportError(f"{what} names {unknown}; there are {list(there)}")
    return {**there, **layouts}
