"""Arrays for all inputs and outputs of a network: checked one by one, and joined into the rows that a JVM reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from pydl4j_spark.arrays import features_array, labels_array, numeric
from pydl4j_spark.ends import Ends
from pydl4j_spark.engine.protocol import Arrays
from pydl4j_spark.errors import DataError
from pydl4j_spark.example_shape import ExampleShape, Shape, shape_text
from pydl4j_spark.masks import features_mask_array, labels_mask_array
from pydl4j_spark.row_spec import Input, Output, row_spec
from pydl4j_spark.sequences import checked, is_list, padded


class Part(NamedTuple):
    """One input's or output's share of all rows: what an example's is, the values, and their mask."""

    spec: Any
    array: NDArray[Any]
    mask: NDArray[Any] | None


def unlabelled(features: Any, ends: Ends, name: str, features_mask: Any = None) -> Arrays:
    """Check rows to score.

    Parameters
    ----------
    features : array, list or dict of arrays
        What `pydl4j_spark.arrays.features_array` takes; for a graph one for each input, in the order of the inputs or
        by their names. Sequences may be a list of arrays of different lengths.
    ends : Ends
        What takes them.
    name : str
        What to call the data in a message.
    features_mask : array, list or dict of arrays, optional
        ``[N, T]`` for inputs that are sequences, given as features are; None where all steps count.

    Raises
    ------
    DataError
        When arrays are missing or too many, have different numbers of rows, or do not fit their inputs.
    """
    if type(features) is np.ndarray and features.dtype != object and features_mask is None and len(ends.inputs) == 1:
        # One row is scored in microseconds: no time for more than this.
        array, shape = features_array(features, ends.input_shapes[0], name)
        return Arrays(array, None, _alone(ends.inputs[0], shape), name)
    inputs = input_parts(features, features_mask, ends, name)
    return Arrays(joined(inputs), None, row_spec(tuple(part.spec for part in inputs), None), name)


@lru_cache(maxsize=256)
def _alone(name: str | None, shape: tuple[int, ...]) -> dict[str, Any]:
    return row_spec((Input(name, shape),), None)


def labelled(data: Sequence[Any], ends: Ends, name: str) -> Arrays:
    """Check rows to train or evaluate on.

    Parameters
    ----------
    data : sequence of two to four
        Features, labels, the mask of the features, the mask of the labels. Labels are given as features are, one
        array for each output; masks may be None. Where one input alone is masked, so are labels of as many steps.
    ends : Ends
        What takes them.
    name : str
        What to call the data in a message.

    Raises
    ------
    DataError
        As `unlabelled`, and for labels that do not fit their outputs.
    """
    features, labels, features_mask, labels_mask = (*data, None, None)[:4]
    inputs = input_parts(features, features_mask, ends, name)
    outputs = _outputs(labels, labels_mask, inputs, ends, name)
    spec = row_spec(tuple(part.spec for part in inputs), tuple(part.spec for part in outputs))
    return Arrays(joined(inputs), joined(outputs), spec, name)


def joined(parts: list[Part]) -> NDArray[Any]:
    """Lay the parts of each row side by side, then their masks; bytes stay bytes where all are."""
    masks = [part.mask for part in parts if part.mask is not None]
    if len(parts) == 1 and not masks:
        return parts[0].array
    kind = np.result_type(*(part.array for part in parts))
    flat = [part.array.reshape(len(part.array), -1) for part in parts]
    return np.concatenate(flat + masks, axis=1, dtype=kind, casting="unsafe")


# --- features --------------------------------------------------------------------------------------------------------


def input_parts(features: Any, masks: Any, ends: Ends, name: str) -> list[Part]:
    """Check features and their masks, each input by itself; parameters and errors are those of `unlabelled`."""
    each = ends.by_input(features, "features", name)
    if len(each) == 1 and _is_one_sequence(features, each[0], ends.input_shapes[0]):
        each = [features]
    mask_of = ends.by_input(masks, "masks of the features", name, optional=True)
    parts = []
    for index, (wanted, given) in enumerate(zip(ends.inputs, each, strict=True)):
        place = ends.input_place(index, name)
        shape, mask = ends.input_shapes[index], mask_of[index]
        axis = ends.time_axis(shape)
        if axis is not None and shape is not None:
            given, mask = _padded_features(given, mask, shape, axis, place)
        array, settled = features_array(given, shape, place)
        if mask is not None:
            axis = ends.time_axis(settled) if axis is None else axis
            mask = features_mask_array(mask, len(array), None if axis is None else settled[axis], place)
        parts.append(Part(Input(wanted, settled, None if mask is None else mask.shape[1:]), array, mask))
    counts = {wanted: len(part.array) for wanted, part in zip(ends.inputs, parts, strict=True)}
    if len(set(counts.values())) > 1:
        raise DataError(f"{name}: inputs have different numbers of rows, {_listed(counts)}; each row is one example")
    return parts


def _is_one_sequence(given: Any, inner: Any, shape: Shape | None) -> bool:
    """Tell a list of one sequence from one array in a list."""
    if inner is given or shape is None or len(shape) != 2 or inner.ndim != 2:
        return False
    return all(n is None or n == found for n, found in zip(shape, inner.shape, strict=True))


def _padded_features(data: Any, mask: Any, shape: Shape, axis: int, place: str) -> tuple[Any, Any]:
    """Make one array of a list of sequences; give a mask where they are shorter than others, or than the network's."""
    if not is_list(data):
        return data, mask
    size, steps = shape[1 - axis], shape[axis]
    arrays = [numeric(one, f"{place}: features of row {row}") for row, one in enumerate(data)]
    if size == 1:
        arrays = [np.expand_dims(one, 1 - axis) if one.ndim == 1 else one for one in arrays]
    if any(one.ndim != 2 for one in arrays):
        return data, mask
    arrays = checked(arrays, axis, f"{place}: features")
    found = arrays[0].shape[1 - axis]
    if size is not None and found != size:
        given = (found, None) if axis else (None, found)
        raise DataError(
            f"{place}: each sequence has shape [{shape_text(given)}], the network takes [{shape_text(shape)}]"
        )
    longest = max(one.shape[axis] for one in arrays)
    if steps is not None and longest > steps:
        raise DataError(
            f"{place}: the longest sequence has {longest} time steps, the network takes {steps}; cut them, or leave "
            "the number of time steps out of the input type"
        )
    return _together(arrays, mask, steps, axis, place)


def _together(arrays: list[NDArray[Any]], mask: Any, steps: int | None, axis: int, place: str) -> tuple[Any, Any]:
    if {one.shape[axis] for one in arrays} == {steps or arrays[0].shape[axis]}:
        return np.stack(arrays), mask
    if mask is not None:
        raise DataError(f"{place}: sequences of different lengths are masked by their lengths; leave their mask out")
    return padded(arrays, steps, axis, dtype=np.result_type(*{one.dtype for one in arrays}))


# --- labels ----------------------------------------------------------------------------------------------------------


def _outputs(labels: Any, masks: Any, inputs: list[Part], ends: Ends, name: str) -> list[Part]:
    count = len(inputs[0].array)
    each = ends.by_output(labels, "labels", name)
    if count == 1 and each[0] is not labels and np.shape(each[0])[:1] != (1,) and len(each) == 1:
        each = [labels]  # those of one sequence, not one array in a list
    mask_of = ends.by_output(masks, "masks of the labels", name, optional=True)
    parts = []
    for index, (wanted, given) in enumerate(zip(ends.outputs, each, strict=True)):
        place = ends.output_place(index, name)
        shape, mask = ends.output_shapes[index], mask_of[index]
        if shape.features:
            # Of a network of layers, whose sequences are as long at both ends.
            axis = ends.time_axis(ends.input_shapes[0])
            shape = shape.with_timesteps(inputs[0].spec.shape[axis] if axis is not None else 1)
        if len(shape.labels) == 2:
            given, mask = _padded_labels(given, mask, shape, inputs, place)
        if not shape.labels:
            shape = evolve(shape, labels=numeric(given, f"{place}: labels").shape[1:] or (1,))
        shape = _in_time(shape, given, place)
        array, indices = labels_array(given, shape, count, place)
        settled = tuple(int(n or 0) for n in shape.labels)
        mask = _mask_of_features(settled, inputs) if mask is None else labels_mask_array(mask, count, shape, place)
        spec = Output(wanted, settled, indices, shape.sparse, None if mask is None else mask.shape[1:])
        parts.append(Part(spec, array, mask))
    return parts


def _padded_labels(data: Any, mask: Any, shape: ExampleShape, inputs: list[Part], place: str) -> tuple[Any, Any]:
    """Make one array of the labels of a list of sequences; give their mask where they have different lengths."""
    if not is_list(data):
        return data, mask
    arrays = [numeric(one, f"{place}: labels of row {row}") for row, one in enumerate(data)]
    if any(one.ndim not in (1, 2) for one in arrays):
        return data, mask
    arrays = checked(arrays, -1, f"{place}: labels")
    lengths = np.array([one.shape[-1] for one in arrays])
    if shape.features and any(lengths != shape.labels[1]):
        _check_lengths(lengths, inputs[0], place)
    return _together(arrays, mask, shape.labels[1], -1, place)


def _check_lengths(lengths: NDArray[Any], features: Part, place: str) -> None:
    """Refuse labels for more or fewer steps than there are, where a network gives as many as it gets."""
    if len(lengths) != len(features.array):
        return
    steps = np.full(len(lengths), features.spec.shape[-1]) if features.mask is None else features.mask.sum(axis=1)
    wrong = np.flatnonzero(lengths != steps)
    if wrong.size:
        row = wrong[0]
        raise DataError(f"{place}: row {row} has {lengths[row]} labels for {int(steps[row])} time steps")


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
    return shape.with_timesteps(given[-1])


def _mask_of_features(labels: tuple[int, ...], inputs: list[Part]) -> NDArray[Any] | None:
    """Mask labels as their features are: DL4J counts the padding of labels that have no mask."""
    masks = [part.mask for part in inputs if part.mask is not None]
    return masks[0] if len(masks) == 1 and len(labels) == 2 and masks[0].shape[1:] == labels[1:] else None


def _listed(counts: Mapping[str | None, int]) -> str:
    return ", ".join(f"'{name}' {count:,}" for name, count in counts.items())
