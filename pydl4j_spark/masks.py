"""Masks beside arrays: 1 where a time step, a row or an output counts, 0 where it does not."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pydl4j_spark.arrays import numeric
from pydl4j_spark.errors import DataError
from pydl4j_spark.example_shape import ExampleShape


def features_mask_array(data: ArrayLike, count: int, steps: int | None, name: str) -> NDArray[Any]:
    """Check the mask of an input.

    Parameters
    ----------
    data : array
        ``[N, T]`` of 0 and 1, or of bool.
    count : int
        Rows of features.
    steps : int or None
        Their time steps; None for what are no sequences.
    name : str
        What to call the data in a message.

    Raises
    ------
    DataError
        When it has another shape or other values, or masks all steps of a row.
    """
    what = f"{name}: the features' mask"
    array = numeric(data, what)
    if steps is None:
        raise DataError(f"{what} is for sequences, and these features are none; leave it out")
    if array.shape != (count, steps):
        raise DataError(f"{what} has shape {array.shape}; {count:,} sequences of {steps} steps need [{count}, {steps}]")
    _check_values(array, what)
    empty = np.flatnonzero(~array.any(axis=1))
    if empty.size:
        raise DataError(
            f"{what} masks every time step of {empty.size:,} rows, the first is row {empty[0]}; leave such rows out"
        )
    return array


def labels_mask_array(data: ArrayLike, count: int, shape: ExampleShape, name: str) -> NDArray[Any]:
    """Check the mask of an output's labels.

    Parameters
    ----------
    data : array
        Where labels are sequences ``[N, T]``; otherwise one number for each row, ``[N]`` or ``[N, 1]``, or for each
        of its values, ``[N, n_out]``.
    count : int
        Rows of labels.
    shape : ExampleShape
        The output, with its number of time steps.
    name : str
        What to call the data in a message.

    Raises
    ------
    DataError
        When it has another shape or other values, masks everything, or masks single classes of one answer.
    """
    what = f"{name}: the labels' mask"
    array = numeric(data, what)
    if array.shape == (count,):
        array = array[:, None]
    wanted = label_mask_shapes(shape)
    if array.shape[1:] not in wanted or len(array) != count:
        shapes = " or ".join(str([count, *one]) for one in wanted)
        raise DataError(f"{what} has shape {array.shape}; it needs {shapes}")
    _check_values(array, what)
    if not array.any():
        raise DataError(f"{what} masks all labels; nothing is left to learn from")
    return array


def label_mask_shapes(shape: ExampleShape) -> list[tuple[int, ...]]:
    """Give the shapes that the mask of one example's labels may have.

    Masks of single outputs are for outputs that stand for themselves: DL4J refuses them for the classes of a softmax.
    """
    labels = tuple(int(n or 0) for n in shape.labels)
    if len(labels) == 2:
        return [(labels[1],)]
    if len(labels) == 1 and shape.task != "CLASSIFICATION" and prod(labels) > 1:
        return [(1,), labels]
    return [(1,)]


def _check_values(array: NDArray[Any], what: str) -> None:
    wrong = np.argwhere((array != 0) & (array != 1))
    if len(wrong):
        place = tuple(int(n) for n in wrong[0])
        raise DataError(
            f"{what} holds {len(wrong):,} values other than 0 and 1, the first is {array[place]} at {list(place)}; "
            "1 stands for a step that counts, 0 for one that does not"
        )
