"""Numpy arrays as a network takes them: checked against its shapes, and in the types that a JVM reads."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pydl4j_spark.errors import DataError
from pydl4j_spark.example_shape import ExampleShape, Shape, shape_text

_FLOATS, _BYTES = np.dtype(np.float32), np.dtype(np.uint8)
_TYPES: dict[str, type[np.floating[Any]]] = {"float": np.float32, "double": np.float64, "half": np.float16}


def features_array(data: ArrayLike, shape: Shape | None, name: str) -> tuple[NDArray[Any], tuple[int, ...]]:
    """Check one input's features against the network, and bring them into C order as float32 (bytes stay bytes).

    Parameters
    ----------
    data : array
        ``[N, …]``, of any type of numbers, or what numpy makes such an array of: lists, pandas' frames. float32 keeps
        some seven digits, and whole numbers to 2**24.
    shape : Shape or None
        Of one example; None where anything goes.
    name : str
        What to call the data in a message.

    Returns
    -------
    array, tuple of int
        The array itself where it fits already; the shape with what only the data could tell.

    Raises
    ------
    DataError
        When the array is not numeric, is empty, has masked values or numbers beyond float32's range, or when its shape
        is not the network's.
    """
    if (
        type(data) is np.ndarray
        and data.shape[1:] == shape
        and data.size
        and data.flags.c_contiguous
        and (data.dtype == _FLOATS or data.dtype == _BYTES)
    ):
        return data, data.shape[1:]  # one row is scored in microseconds: no time for more than this
    array = numeric(data, f"{name}: features")
    wanted_text = "an array" if shape is None else f"[{shape_text(shape)}]"
    if array.ndim < 2:
        raise DataError(
            f"{name}: features have shape {array.shape}; they need one axis for the rows and then {wanted_text} for "
            "each row"
        )
    if len(array) == 0:
        raise DataError(f"{name} has no rows")
    if array.size == 0:
        raise DataError(f"{name}: features have shape {array.shape}, rows without a number in them")
    given = array.shape[1:]
    wanted = given if shape is None else _settled(shape, given)
    if wanted is None or not _alike(given, wanted):
        wanted_text = wanted_text if wanted is None or shape is None else f"[{shape_text(shape)}]"
        raise DataError(
            f"{name}: each row has shape [{shape_text(given)}], the network takes {wanted_text} "
            f"(features {array.shape}){_axes(shape)}"
        )
    if array.dtype == np.bool_:
        array = array.view(np.uint8)
    if array.dtype == _BYTES:
        return np.ascontiguousarray(array), wanted
    return _as_float32(array, f"{name}: features"), wanted


def _axes(shape: Shape | None) -> str:
    """Say what the axes are, of a sequence or of an image that has its channels first."""
    if shape is not None and len(shape) == 2:
        return f"; sequences are [rows, {'time steps, size' if shape[0] is None else 'size, time steps'}]"
    channels_first = shape is not None and len(shape) == 3 and (shape[0] or 0) <= (shape[2] or 0)
    return "; images are [rows, channels, height, width]" if channels_first else ""


def _settled(shape: Shape, given: tuple[int, ...]) -> tuple[int, ...] | None:
    """Fill in what only the data can tell of a shape; None where they cannot."""
    known = tuple(n for n in shape if n is not None)
    if len(known) == len(shape):
        return known
    if len(given) == len(shape):
        return tuple(found if n is None else n for n, found in zip(shape, given, strict=True))
    # Laid out flat, steps of one number each are as long as they are; with more, it could be any length.
    return tuple(given[0] if n is None else n for n in shape) if len(given) == 1 and known == (1,) else None


def labels_array(data: ArrayLike, shape: ExampleShape, count: int, name: str) -> tuple[NDArray[Any], bool]:
    """Check labels; tell whether they are class indices.

    Parameters
    ----------
    data : array
        One output's: class indices ``[N]`` (sequences: ``[N, T]``), or one-hot rows or targets ``[N, n_out]``.
    shape : ExampleShape
        What the network gives, with its number of time steps.
    count : int
        Rows of features.
    name : str
        What to call the data in a message.

    Returns
    -------
    array, bool
        float32 in C order; whether they are class indices.

    Raises
    ------
    DataError
        When the array is not numeric, has another number of rows, or its shape is not the network's.
    """
    array = numeric(data, f"{name}: labels")
    if array.ndim == 0 or len(array) != count:
        raise DataError(f"{name}: {count:,} rows of features, but labels of shape {array.shape}")
    wanted = tuple(int(n) for n in shape.labels if n is not None)
    given = array.shape[1:]
    if given == wanted and not (shape.sparse and wanted[0] == 1):
        if shape.sparse:
            raise DataError(f"{name}: the loss sparse_mcxent takes class indices, got labels of shape {array.shape}")
        return _as_float32(array, f"{name}: labels"), False
    if given in (wanted[1:], (1, *wanted[1:])):
        # One number per position: the class, or with a single output the target itself.
        return _as_float32(array, f"{name}: labels"), wanted[0] > 1
    raise DataError(
        f"{name}: labels have shape {array.shape}; the network's {shape.classes} outputs need class indices of shape "
        f"[{shape_text((count, *wanted[1:]))}] or values of shape [{shape_text((count, *wanted))}]"
    )


def parameters_array(data: ArrayLike, count: int, data_type: str) -> NDArray[Any]:
    """Check a network's parameters.

    Parameters
    ----------
    data : array
        ``[count]``, or DL4J's ``[1, count]``.
    count : int
        How many there must be.
    data_type : str
        The network's: ``"float"``, ``"double"`` or ``"half"``.

    Returns
    -------
    numpy.ndarray
        ``[count]`` of float64 for a network of doubles, of float32 for others.

    Raises
    ------
    DataError
        When there are more or fewer, or one of them is no finite number in the network's type.
    """
    array = numeric(data, "parameters")
    if array.shape not in ((count,), (1, count)):
        raise DataError(f"the network has {count:,} parameters, got an array of shape {array.shape}")
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(array.reshape(-1), dtype=_TYPES[data_type])
    wrong = np.flatnonzero(~np.isfinite(array))
    if wrong.size:
        raise DataError(
            f"{wrong.size:,} of {count:,} parameters are no finite numbers as {array.dtype}, the first at {wrong[0]}"
        )
    return array if data_type == "double" else array.astype(np.float32, copy=False)


def numeric(data: ArrayLike, name: str) -> NDArray[Any]:
    """Give an array of numbers, of whatever shape and type it has.

    Raises
    ------
    DataError
        When it holds something else, or has masked values.
    """
    if isinstance(data, np.ma.MaskedArray) and np.ma.is_masked(data):
        # As an array they would be whatever lies under the mask.
        raise DataError(
            f"{name} have {int(np.ma.getmaskarray(data).sum()):,} masked values; fill them, or leave their rows out"
        )
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise DataError(f"{name} cannot be made into an array: {error}") from error
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name} must be numbers, got an array of {array.dtype}; convert them: .astype('float32')")
    return array


def _as_float32(array: NDArray[Any], name: str) -> NDArray[Any]:
    try:
        with np.errstate(over="raise"):
            return np.ascontiguousarray(array, dtype=np.float32)
    except FloatingPointError:
        largest = np.abs(array[np.isfinite(array)]).max()
        raise DataError(
            f"{name} hold values up to {largest:.3g}, and float32 ends at {np.finfo(np.float32).max:.3g}; scale them"
        ) from None


def _alike(given: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Tell whether rows mean the same: laid out flat they do, and images without their channel axis of 1."""
    if prod(given) != prod(wanted):
        return False
    return 1 in (len(given), len(wanted)) or _squeezed(given) == _squeezed(wanted)


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)
