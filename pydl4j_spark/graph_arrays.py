"""Arrays for a graph's inputs and outputs: checked one by one, and joined into the rows that a JVM reads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from pydl4j_spark.arrays import features_array, labels_array, numeric
from pydl4j_spark.engine.protocol import Arrays
from pydl4j_spark.errors import ConfigError, DataError
from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.graph_description import GraphDescription, Shape

_Spans = tuple[tuple[int, ...], ...]
_Labels = tuple[tuple[str, tuple[int, ...], bool, bool], ...]


def graph_unlabelled(features: Any, graph: GraphDescription, name: str) -> Arrays:
    """Check rows to score.

    Parameters
    ----------
    features : array, list or dict of arrays
        One array for each input: in the order of the inputs, or by their names. A single input's may stand alone.
    graph : GraphDescription
        What takes them.
    name : str
        What to call the data in a message.

    Raises
    ------
    DataError
        When arrays are missing or too many, have different numbers of rows, or do not fit their inputs.
    """
    arrays = _inputs(features, graph, name)
    return Arrays(_joined(arrays), None, _spec(_shapes(arrays), graph.inputs, None), name)


def graph_labelled(features: Any, labels: Any, graph: GraphDescription, name: str) -> Arrays:
    """Check rows to train or evaluate on; ``labels`` are given as features are, one array for each output.

    Raises
    ------
    ConfigError
        When the graph cannot be trained or evaluated, for an output has no loss.
    DataError
        As `graph_unlabelled`, and for labels that do not fit their outputs.
    """
    arrays = _inputs(features, graph, name)
    count = len(arrays[0])
    found, spans = [], []
    given = _by_name(labels, graph.outputs, "output", "labels", name)
    for output, shape, one in zip(graph.outputs, labelled_shapes(graph), given, strict=True):
        place = _place(name, "output", output, graph.outputs)
        if not shape.labels:
            shape = evolve(shape, labels=numeric(one, f"{place}: labels").shape[1:] or (1,))
        shape = _in_time(shape, one, place)
        array, indices = labels_array(one, shape, count, place)
        found.append(array.reshape(count, -1))
        spans.append((output, tuple(int(n or 0) for n in shape.labels), indices, shape.sparse))
    joined = found[0] if len(found) == 1 else np.concatenate(found, axis=1)
    return Arrays(_joined(arrays), joined, _spec(_shapes(arrays), graph.inputs, tuple(spans)), name)


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


def _inputs(features: Any, graph: GraphDescription, name: str) -> list[NDArray[Any]]:
    given = inputs_by_name(features, graph, name)
    arrays = []
    for wanted, shape, one in zip(graph.inputs, graph.input_shapes, given, strict=True):
        place = _place(name, "input", wanted, graph.inputs)
        settled = ExampleShape(features=_settled(shape, one, place), labels=(), task="", sparse=False)
        array, _ = features_array(one, settled, place)
        arrays.append(array.reshape(len(array), *(n or 0 for n in settled.features)))
    counts = {wanted: len(array) for wanted, array in zip(graph.inputs, arrays, strict=True)}
    if len(set(counts.values())) > 1:
        raise DataError(f"{name}: inputs have different numbers of rows, {_listed(counts)}; each row is one example")
    return arrays


def inputs_by_name(features: Any, graph: GraphDescription, name: str) -> list[Any]:
    """Give what a user gave for each input, in their order.

    Raises
    ------
    DataError
        When something is missing, or too much.
    """
    return _by_name(features, graph.inputs, "input", "features", name)


def _by_name(given: Any, names: tuple[str, ...], what: str, role: str, name: str) -> list[Any]:
    """Give one array for each name."""
    wanted = f"{len(names)} {what}s, {', '.join(map(repr, names))}" if len(names) > 1 else f"one {what}, '{names[0]}'"
    if isinstance(given, Mapping):
        strange = [key for key in given if key not in names]
        missing = [key for key in names if key not in given]
        if strange or missing:
            problem = f"there is none called {strange[0]!r}" if strange else f"'{missing[0]}' is missing"
            raise DataError(f"{name}: {role} by name: {problem}; the graph has {wanted}")
        return [given[key] for key in names]
    listed = isinstance(given, (list, tuple))
    if len(names) == 1:
        return list(given) if listed and len(given) == 1 and isinstance(given[0], np.ndarray) else [given]
    if not listed or len(given) != len(names):
        found = f"a {type(given).__name__} of {len(given)}" if listed else f"one {type(given).__name__}"
        raise DataError(
            f"{name}: the graph has {wanted}: give {role} as a list of {len(names)} arrays in this order, or as a dict "
            f"by name; got {found}"
        )
    return list(given)


def _place(name: str, what: str, one: str, names: tuple[str, ...]) -> str:
    return name if len(names) == 1 else f"{name}, {what} '{one}'"


def _settled(shape: Shape | None, data: Any, place: str) -> Shape:
    """Fill in what only the data can tell of a shape."""
    if shape is not None and None not in shape:
        return shape
    given = numeric(data, f"{place}: features").shape[1:]
    if shape is None and given:
        return given
    if shape is None or len(given) != len(shape):
        wanted = "[" + ", ".join("T" if n is None else str(n) for n in shape) + "]" if shape else "an array"
        raise DataError(f"{place}: each row has shape {list(given)}, the graph takes {wanted}")
    return tuple(found if n is None else n for n, found in zip(shape, given, strict=True))


def _in_time(shape: ExampleShape, data: Any, place: str) -> ExampleShape:
    """Take the number of time steps from the labels: their last axis, whether they are indices or not."""
    if None not in shape.labels:
        return shape
    given = numeric(data, f"{place}: labels").shape
    if len(given) < 2:
        raise DataError(
            f"{place}: labels have shape {given}; the output gives sequences, so they are class indices [N, T] or "
            f"values [N, {shape.labels[0]}, T]"
        )
    return evolve(shape, labels=tuple(given[-1] if n is None else n for n in shape.labels))


def _shapes(arrays: list[NDArray[Any]]) -> _Spans:
    return tuple(array.shape[1:] for array in arrays)


def _joined(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """Lay the inputs of each row side by side; bytes stay bytes where all are."""
    if len(arrays) == 1:
        return arrays[0]
    return np.concatenate([array.reshape(len(array), -1) for array in arrays], axis=1)


@lru_cache(maxsize=256)
def _spec(shapes: _Spans, inputs: tuple[str, ...], labels: _Labels | None) -> dict[str, Any]:
    """Say it in JSON for the JVM; the same shapes always give the same object, not to be changed."""
    outputs = None
    if labels is not None:
        outputs = {
            "outputs": [
                {"name": name, "shape": list(shape), "indices": indices, "sparse": sparse}
                for name, shape, indices, sparse in labels
            ]
        }
    return {"features": {"shapes": [list(shape) for shape in shapes], "names": list(inputs)}, "labels": outputs}


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"'{name}' {count:,}" for name, count in counts.items())
