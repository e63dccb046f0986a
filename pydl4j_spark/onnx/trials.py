"""Rows to try an exported network with: drawn ones, or those that a user gives."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from pydl4j_spark.array_files import ENDINGS, FEATURE_KEYS, is_array_file, pick, read_arrays
from pydl4j_spark.errors import DataError, ExportError
from pydl4j_spark.normalizers import Normalizer, done, undone
from pydl4j_spark.onnx.graph import Array
from pydl4j_spark.onnx.inputs import NetworkInput, mask_name
from pydl4j_spark.probe import Trial

SEED = 20210608
# Of rows that are given, so many are compared.
MOST_ROWS = 1024

_ROWS = 3
# Two lengths of sequences, unlike other extents that are likely.
_STEPS, _MORE_STEPS = 7, 11


def drawn(inputs: Sequence[NetworkInput], masked: Collection[str]) -> list[Trial]:
    """Draw one row and three, of two lengths where time is free; for masks, with whole ones, padding and gaps.

    Parameters
    ----------
    inputs : sequence of NetworkInput
        What goes in.
    masked : collection of str
        The inputs that have masks.
    """
    rng = np.random.default_rng(SEED)

    def one(rows: int, steps: int, mask: Any = _whole) -> Trial:
        arrays = tuple(entry.draw(rows, steps, rng) for entry in inputs)
        masks = (
            mask(rng, len(array), array.shape[entry.time_axis or 1]) if entry.name in masked else None
            for entry, array in zip(inputs, arrays, strict=True)
        )
        return Trial(arrays, tuple(masks) if masked else ())

    trials = [one(1, _MORE_STEPS), one(_ROWS, _STEPS)]
    if masked:
        trials += [one(_ROWS, _MORE_STEPS, _padding), one(1, _STEPS, _padding), one(_ROWS, _STEPS, _gaps)]
    return trials


def _whole(rng: np.random.Generator, rows: int, steps: int) -> Array:
    """Mask nothing; DL4J gets such masks as well: to some of its layers they are not the same as none."""
    return np.ones((rows, steps), np.float32)


def _padding(rng: np.random.Generator, rows: int, steps: int) -> Array:
    """Mask the ends of sequences."""
    lengths = rng.integers(1, max(steps, 2), rows)
    mask: Array = (np.arange(steps) < lengths[:, None]).astype(np.float32)
    return mask


def _gaps(rng: np.random.Generator, rows: int, steps: int) -> Array:
    """Mask any steps, the first of a row too, but not the last: DL4J's ReverseTimeSeriesVertex reads beyond the row."""
    mask = (rng.random((rows, steps)) < 0.6).astype(np.float32)
    mask[0, 0] = 0
    mask[:, -1] = 1
    return mask


# --- rows that are given ---------------------------------------------------------------------------------------------


def given(inputs: Sequence[NetworkInput], masked: Collection[str], data: Any) -> list[Trial]:
    """Take a user's rows: the first alone, and all, as far as they are not very many.

    Parameters
    ----------
    inputs : sequence of NetworkInput
        What goes in.
    masked : collection of str
        The inputs that have masks.
    data : array, sequence of arrays, mapping or path
        Rows as the file takes them, but in DL4J's layouts: an array per input; or arrays by name, with masks
        ``<input>_mask``; or an ``.npz`` or ``.npy`` file of them.

    Raises
    ------
    ExportError
        When they do not fit the inputs.
    DataError
        When a file has no such arrays.
    """
    if isinstance(data, str | os.PathLike):
        data = read(data, [entry.name for entry in inputs])
    arrays, masks = _by_input(inputs, masked, data)
    counts = {len(one) for one in (*arrays, *masks) if one is not None}
    if len(counts) != 1 or 0 in counts:
        raise ExportError(f"data have {sorted(counts)} rows; each input and mask needs as many as the others, and one")
    whole = Trial(tuple(arrays), tuple(masks), tuple(arrays)).pick(slice(MOST_ROWS))
    fixed = next((entry.shape[0] for entry in inputs if isinstance(entry.shape[0], int)), None)
    if fixed is not None and whole.rows >= fixed:
        return [whole.pick(slice(fixed))]
    # One row is compared in a batch of two, too.
    return [whole.pick(slice(1)), whole if whole.rows > 1 else whole.pick([0, 0])]


def _by_input(inputs: Sequence[NetworkInput], masked: Collection[str], data: Any) -> tuple[list[Array], list[Any]]:
    names = [entry.name for entry in inputs]
    masks: Mapping[str, Any] = {}
    if isinstance(data, Mapping):
        known = {*names, *map(mask_name, masked)}
        strange, missing = [str(key) for key in data if key not in known], [name for name in names if name not in data]
        if strange or missing:
            wrong = f"there is none called {strange[0]!r}" if strange else f"{missing[0]!r} is missing"
            raise ExportError(f"data by name: {wrong}; the network takes {', '.join(map(repr, sorted(known)))}")
        masks, data = data, [data[name] for name in names]
    elif len(inputs) == 1 and not isinstance(data, list | tuple):
        data = [data]
    if len(data) != len(inputs):
        raise ExportError(f"data are {len(data)} arrays; the network has the inputs {', '.join(map(repr, names))}")
    arrays = [_rows(one, entry) for one, entry in zip(data, inputs, strict=True)]
    if not masked:
        return arrays, []
    return arrays, [
        _mask(masks.get(mask_name(entry.name)), array, entry) if entry.name in masked else None
        for entry, array in zip(inputs, arrays, strict=True)
    ]


def _rows(data: Any, entry: NetworkInput) -> Array:
    rows = np.asarray(data)
    if rows.dtype.kind not in "fiub" or not entry.holds(rows):
        raise ExportError(f"data of shape {rows.shape} ({rows.dtype}) are no rows for an input of {entry.shape}")
    with np.errstate(over="ignore"):
        single = rows.astype(np.float32)
    wrong = np.argwhere(~np.isfinite(single))
    if len(wrong):
        # Whatever comes out of it is no number on either side, and proves nothing.
        at = tuple(map(int, wrong[0]))
        raise ExportError(
            f"data of input {entry.name!r} hold {rows[at]} at {at}, which is no number in single precision"
        )
    return single


def _mask(data: Any, rows: Array, entry: NetworkInput) -> Array:
    wanted = (len(rows), rows.shape[entry.time_axis or 1])
    mask = np.ones(wanted) if data is None else np.asarray(data)
    if mask.shape != wanted or mask.dtype.kind not in "fiub":
        raise ExportError(f"data: the mask of {entry.name!r} has shape {mask.shape} ({mask.dtype}); {wanted} is needed")
    return mask.astype(np.float32)


def read(path: str | os.PathLike[str], names: Sequence[str]) -> dict[str, Array]:
    """Read the arrays of a file by the names of a network's inputs; whatever else is in it is left alone.

    Raises
    ------
    DataError
        When it is no such file, or has no array for the only input.
    """
    if not is_array_file(path):
        raise DataError(f"{os.fspath(path)}: rows to compare on come as {' or '.join(ENDINGS)}")
    found = read_arrays(path)
    if len(names) == 1:
        found[names[0]] = pick(found, (names[0], *FEATURE_KEYS), path)
    wanted = {*names, *map(mask_name, names)}
    return {key: array for key, array in found.items() if key in wanted}


# --- in front of the network -----------------------------------------------------------------------------------------


def normalized(trial: Trial, normalizer: Normalizer | None, embedded: bool, dtype: np.dtype[Any]) -> Trial:
    """Give rows their two forms: what the network itself takes, and what a file with the normalizer inside takes.

    Both must be numbers that each side holds: DL4J gets single precision, the file its own type.

    Parameters
    ----------
    trial : Trial
        With its raw rows, or without where they are drawn or recorded as the network takes them.
    normalizer : Normalizer or None
        The model file's.
    embedded : bool
        Whether it is in the file.
    dtype : numpy.dtype
        The file's.
    """
    if normalizer is None or not embedded:
        return Trial(trial.inputs, trial.masks)
    steps = [normalizer.input_steps(index) for index in range(len(trial.inputs))]

    def through(arrays: Sequence[Array], *, back: bool) -> tuple[Array, ...]:
        pairs = zip(arrays, steps, strict=True)
        return tuple(done(one.astype(np.float64), undone(own) if back else own) for one, own in pairs)

    raw = trial.raw
    if raw is None:
        raw = through(trial.inputs, back=True)
        if dtype == np.float64:
            return Trial(trial.inputs, trial.masks, raw)
    if dtype != np.float64:
        raw = tuple(one.astype(dtype).astype(np.float32) for one in raw)
    inputs = tuple(one.astype(np.float32) for one in through(raw, back=False))
    if dtype == np.float64:
        raw = through(inputs, back=True)
    return Trial(inputs, trial.masks, raw)


def as_recorded(trial: Trial, settled: Trial) -> Trial:
    """Keep the rows of a probe to the bit, with their raw form.

    Raises
    ------
    DataError
        When no raw rows in single precision lead to them.
    """
    if settled.raw is not None:
        for one, other in zip(trial.inputs, settled.inputs, strict=True):
            if not np.allclose(one, other, rtol=1e-6, atol=1e-6):
                raise DataError("the recorded probe's rows cannot be had through the normalizer in single precision")
    return Trial(trial.inputs, trial.masks, settled.raw)
