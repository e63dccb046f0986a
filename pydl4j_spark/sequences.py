"""Sequences of different lengths: padded to one length, with a mask that tells steps from padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from pydl4j_spark.arrays import numeric
from pydl4j_spark.errors import ConfigError, DataError

_SIDES = ("post", "pre")


def pad_sequences(
    sequences: Sequence[ArrayLike],
    maxlen: int | None = None,
    *,
    dtype: DTypeLike = np.float32,
    padding: str = "post",
    truncating: str = "post",
    value: float = 0.0,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Bring sequences to one length, and tell which steps are theirs.

    Networks take lists of sequences as they are and pad them so; this is for whoever wants the arrays.

    Parameters
    ----------
    sequences : list of arrays
        Each ``[size, T_i]``, or ``[T_i]`` for tokens and class indices: time is the last axis, as DL4J has it.
    maxlen : int, optional
        Time steps of the result; the longest sequence's where not given.
    dtype : numpy type
        Of the result. Default float32.
    padding : str
        ``"post"`` pads the end, which is the default and what recurrent layers of DL4J go by; ``"pre"`` the beginning.
    truncating : str
        ``"post"`` cuts the end off a sequence that is longer than ``maxlen``; ``"pre"`` the beginning.
    value : float
        What stands in the padding. Default 0.

    Returns
    -------
    array, mask
        ``[N, size, maxlen]`` or ``[N, maxlen]``; ``[N, maxlen]`` of bool, True where a step is a sequence's own.

    Raises
    ------
    ConfigError
        For a setting that is none of these.
    DataError
        When there are no sequences, one has no steps, or they have different sizes.

    Examples
    --------
    >>> array, mask = pad_sequences([[5, 6, 7], [8]], dtype=int)
    >>> array.tolist(), mask.tolist()
    ([[5, 6, 7], [8, 0, 0]], [[True, True, True], [True, False, False]])
    """
    for setting, side in (("padding", padding), ("truncating", truncating)):
        if side not in _SIDES:
            raise ConfigError(f"{setting} must be 'post' or 'pre', got {side!r}")
    if maxlen is not None and (isinstance(maxlen, bool) or not isinstance(maxlen, (int, np.integer)) or maxlen < 1):
        raise ConfigError(f"maxlen must be a whole number of at least 1, got {maxlen!r}")
    arrays = checked(sequences, -1, "the sequences")
    if maxlen is not None:
        arrays = [one[..., :maxlen] if truncating == "post" else one[..., -maxlen:] for one in arrays]
    return padded(arrays, maxlen, -1, dtype=dtype, at_end=padding == "post", value=value)


def checked(sequences: Sequence[ArrayLike], axis: int, name: str) -> list[NDArray[Any]]:
    """Give sequences as arrays that differ in nothing but their length.

    Parameters
    ----------
    sequences : list of arrays
        Each with its time along ``axis``.
    axis : int
        Of one sequence.
    name : str
        What to call them in a message.

    Raises
    ------
    DataError
        As `pad_sequences`.
    """
    arrays = [numeric(one, f"{name}: sequence {index}") for index, one in enumerate(sequences)]
    if not arrays:
        raise DataError(f"{name} has no rows")
    for index, one in enumerate(arrays):
        if one.ndim not in (1, 2) or one.size == 0:
            raise DataError(f"{name}: sequence {index} has shape {one.shape}; a sequence has one time step at least")
        if _without(one, axis) != _without(arrays[0], axis):
            raise DataError(
                f"{name}: sequence {index} has shape {one.shape} and the first {arrays[0].shape}; nothing but their "
                "number of time steps may differ"
            )
    return arrays


def padded(
    arrays: list[NDArray[Any]],
    steps: int | None,
    axis: int,
    *,
    dtype: DTypeLike = np.float32,
    at_end: bool = True,
    value: float = 0.0,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Pad `checked` sequences, none of them longer than ``steps``; parameters are those of `pad_sequences`."""
    lengths = np.array([one.shape[axis] for one in arrays])
    steps = int(lengths.max()) if steps is None else int(steps)
    shape = list(arrays[0].shape)
    shape[axis] = steps
    # Time last while it is filled; where it is first, the view is turned.
    result = np.full((len(arrays), *shape), value, dtype)
    along = np.moveaxis(result, axis if axis < 0 else axis + 1, -1)
    for row, one in enumerate(arrays):
        length = lengths[row]
        into = slice(0, length) if at_end else slice(steps - length, steps)
        along[row][..., into] = np.moveaxis(one, axis, -1)
    times = np.arange(steps)
    mask = times < lengths[:, None] if at_end else times >= steps - lengths[:, None]
    return result, mask


def is_list(data: Any) -> bool:
    """Tell a list of sequences, or an array of them as objects, from an array of numbers."""
    if isinstance(data, (list, tuple)):
        return len(data) > 0
    return isinstance(data, np.ndarray) and data.dtype == object and data.ndim == 1 and len(data) > 0


def _without(array: NDArray[Any], axis: int) -> tuple[int, ...]:
    shape = list(array.shape)
    del shape[axis]
    return tuple(shape)
