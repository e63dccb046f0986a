"""Where an exported network begins to differ from DL4J's: the first layer or vertex in the order of computation."""

from __future__ import annotations

from typing import Any

import numpy as np

from pydl4j_spark.description import NodeDescription
from pydl4j_spark.errors import Dl4jError, ExportError
from pydl4j_spark.onnx.built import Built
from pydl4j_spark.onnx.graph import Array
from pydl4j_spark.onnx.storage import LARGEST_FILE
from pydl4j_spark.onnx.verify import OnnxSession, compare
from pydl4j_spark.onnx.wiring import Wiring
from pydl4j_spark.onnx.witness import Witness
from pydl4j_spark.probe import Trial

# All activations of more rows than these may be too much for the memory.
_MOST_ROWS = 32


def first_difference(
    built: Built, wiring: Wiring, witness: Witness, trial: Trial, atol: float | None, rtol: float | None
) -> str:
    """Name the first layer whose activations differ from DL4J's; nothing where nobody knows them, or they are too much.

    Parameters
    ----------
    built : Built
        The graph that gave other outputs than DL4J.
    wiring : Wiring
        Its ends.
    witness : Witness
        Who knows DL4J's activations.
    trial : Trial
        The rows that it did so for.
    atol, rtol : float or None
        What is allowed.
    """
    try:
        return _found(built, wiring, witness, trial, atol, rtol)
    except Dl4jError:
        return ""  # what is told is the difference itself, not why its cause is not known


def _found(built: Built, wiring: Wiring, witness: Witness, trial: Trial, atol: float | None, rtol: float | None) -> str:
    trial = trial if trial.rows <= _MOST_ROWS else trial.pick(slice(_MOST_ROWS))
    known = witness.activations(trial)
    if known is None or sum(array.nbytes for array in built.builder.arrays.values()) > LARGEST_FILE:
        return ""
    outside = {value.name for value in built.graph_inputs}
    values = {value.name: value for value in built.activations.values() if value.name not in outside}
    session = OnnxSession(built.to_bytes(list(values.values())))
    feeds = {**wiring.feeds(trial), **wiring.begin(trial.rows)}
    got = dict(zip(values, session.run({n: feeds[n] for n in session.inputs}, list(values)), strict=True))
    theirs = _by_node(built, known)
    hidden: set[str] = set()
    for node in built.network.nodes:
        found = got.get(built.activations[node.name].name)
        problem = node.name in theirs and found is not None and _difference(found, theirs[node.name], atol, rtol)
        if problem and _is_overwritten(node, built, theirs):
            hidden.add(node.name)
        elif problem:
            before = [
                f" (or {name!r} before it, whose result DL4J does not keep)" for name in node.inputs if name in hidden
            ]
            return f"The first that differs is {node.place}{''.join(before)}: {problem}"
    why = "its states are not handed on as DL4J does" if wiring.states else "small differences add up"
    return f"No layer alone differs by more than is allowed: {why}"


def _by_node(built: Built, known: dict[str, Array]) -> dict[str, Array]:
    """Give DL4J's activations by our names: layers may share one in DL4J."""
    nodes = built.network.nodes
    if built.network.kind == "MultiLayerNetwork" and len(known) == len(nodes):
        return {node.name: array for node, array in zip(nodes, known.values(), strict=True)}
    return known


def _is_overwritten(node: NodeDescription, built: Built, theirs: dict[str, Array]) -> bool:
    """Tell whether the next layer wrote its own result over this one's, as DL4J's ActivationLayer does."""
    after = (one.name for one in built.network.nodes if node.name in one.inputs and one.name in theirs)
    return any(np.array_equal(theirs[node.name], theirs[name]) for name in after)


def _difference(got: Array, wanted: Any, atol: float | None, rtol: float | None) -> str:
    try:
        compare(got, np.asarray(wanted), atol, rtol, "it")
    except ExportError as difference:
        return str(difference)
    return ""
