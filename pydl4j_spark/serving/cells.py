"""Arrow's columns as arrays of numbers, without a look at any row by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pydl4j_spark.errors import DataError

Refuse = Callable[[int, str], DataError]
"""Makes an error of a row's number and what is wrong with it."""


class Column(NamedTuple):
    """A column of a batch, and what to call it in a message."""

    name: str
    array: Any


class Numbers(NamedTuple):
    """What the cells of a column hold, one after the other.

    Attributes
    ----------
    flat : numpy.ndarray
        All values as float32.
    counts : numpy.ndarray
        How many are each row's.
    """

    flat: NDArray[np.float32]
    counts: NDArray[np.int64]


def input_arrays(
    spec: Mapping[str, Any], columns: Sequence[Column], mask: Column | None, refuse: Refuse
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None, NDArray[np.int64] | None]:
    """Give an input's rows, their mask, and how many time steps each had before it was filled up.

    Parameters
    ----------
    spec : Mapping
        What `pydl4j_spark.row_spec.Input` says of it, as JSON has it.
    columns : list of Column
        What holds the values, side by side.
    mask : Column or None
        What holds the mask.
    refuse : callable
        Says which row is bad.

    Raises
    ------
    DataError
        For nulls, and for more or fewer numbers than the network takes.
    """
    shape = tuple(spec["shape"])
    takes = "the network takes" if spec["name"] is None else f"input '{spec['name']}' takes"
    if spec["ragged"]:
        return _filled_up(columns[0], shape, takes, refuse)
    wanted, alone = prod(shape), len(columns) == 1
    cells = [_even(column, wanted if alone else None, takes, refuse) for column in columns]
    values = cells[0] if alone else np.concatenate(cells, axis=1)
    if values.shape[1] != wanted:
        names = ", ".join(column.name for column in columns)
        raise refuse(0, f"column '{names}' has {_values(values.shape[1])}, {takes} {wanted}")
    steps = None if mask is None else _even(mask, spec["mask"][0], "its mask has", refuse)
    return values.reshape(-1, *shape), steps, None


def _even(column: Column, width: int | None, said: str, refuse: Refuse) -> NDArray[np.float32]:
    """Give the cells of a column as rows of as many numbers as are expected, or else as the first one has."""
    flat, counts = numbers(column, refuse)
    if width is None:
        width, said = int(counts[0]), "the one before has"
    wrong = np.flatnonzero(counts != width)
    if wrong.size:
        found = int(counts[wrong[0]])
        raise refuse(int(wrong[0]), f"column '{column.name}' has {_values(found)}, {said} {width}")
    return flat.reshape(len(counts), width)


def _filled_up(
    column: Column, shape: tuple[int, ...], takes: str, refuse: Refuse
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Bring sequences ``[size, T_i]`` to one length: zeros behind them, which the mask leaves out."""
    flat, counts = numbers(column, refuse)
    size, steps = shape
    held = counts // size
    wrong = np.flatnonzero((counts % size != 0) | (held < 1) | (held > steps))
    if wrong.size:
        found = int(counts[wrong[0]])
        raise refuse(
            int(wrong[0]),
            f"column '{column.name}' has {_values(found)}, {takes} sequences of {_values(size)} at each of 1 to "
            f"{steps} time steps",
        )
    mask = np.arange(steps) < held[:, None]
    values = np.zeros((len(counts), size, steps), np.float32)
    # Both run through rows, then through sizes, then through time.
    values[np.broadcast_to(mask[:, None, :], values.shape)] = flat
    return values, mask.astype(np.float32), held


def numbers(column: Column, refuse: Refuse) -> Numbers:
    """Take a column's numbers out of its cells.

    Raises
    ------
    DataError
        For a cell that is null, or has a null in it.
    """
    array = column.array
    if array.null_count:
        raise refuse(int(np.flatnonzero(array.is_null())[0]), f"column '{column.name}' is null")
    kind = array.type
    if pa.types.is_struct(kind):
        return _of_vectors(*array.flatten())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _of_bytes(column, refuse)
    if not any(is_kind(kind) for is_kind in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)):
        return Numbers(_floats(array), np.ones(len(array), np.int64))
    flat, counts = array.flatten(), np.asarray(pc.list_value_length(array), np.int64)
    if flat.null_count:
        value = np.flatnonzero(flat.is_null())[0]
        row = int(np.searchsorted(np.cumsum(counts), value, side="right"))
        raise refuse(row, f"column '{column.name}' holds an array with a null element")
    return Numbers(_floats(flat), counts)


def _floats(array: Any) -> NDArray[np.float32]:
    floats: NDArray[np.float32] = array.cast(pa.float32(), safe=False).to_numpy()
    return floats


def _of_bytes(column: Column, refuse: Refuse) -> Numbers:
    """Raw little-endian float32."""
    array = column.array
    sizes = np.asarray(pc.binary_length(array), np.int64)
    wrong = np.flatnonzero(sizes % 4)
    if wrong.size:
        raise refuse(
            int(wrong[0]), f"column '{column.name}' has {sizes[wrong[0]]} bytes, which are no numbers of 4 bytes each"
        )
    _, offsets, data = array.buffers()
    width = np.int64 if pa.types.is_large_binary(array.type) else np.int32
    first = int(np.frombuffer(offsets, width)[array.offset]) if len(array) else 0
    return Numbers(np.frombuffer(data or b"", "<f4", int(sizes.sum()) // 4, first), sizes // 4)


def _of_vectors(kind: Any, size: Any, indices: Any, values: Any) -> Numbers:
    """Vectors of spark.ml: the kind (0 sparse, 1 dense), the size, the indices and the values."""
    given, held = _floats(values.flatten()), np.asarray(pc.list_value_length(values), np.int64)
    sparse = np.asarray(kind) == 0
    if not sparse.any():
        return Numbers(given, held)
    counts = np.where(sparse, np.asarray(size.fill_null(0)), held).astype(np.int64)
    places = np.arange(len(given)) - np.repeat(np.cumsum(held) - held, held)
    places[np.repeat(sparse, held)] = np.asarray(indices.flatten())
    flat = np.zeros(int(counts.sum()), np.float32)
    flat[np.repeat(np.cumsum(counts) - counts, held) + places] = given
    return Numbers(flat, counts)


def _values(count: int) -> str:
    return f"{count} value" if count == 1 else f"{count} values"
