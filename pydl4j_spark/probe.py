"""What DL4J gave for a few rows when a network was saved: an export without DL4J is compared with that.

It stands in the model file's manifest as plain arrays, and is read as what a stranger may have written: every length
is checked against the bytes that are there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from pydl4j_spark.errors import DataError, ModelFormatError

KEY = "probe"
# What all arrays of a probe may take together.
LARGEST_PROBE = 4 << 20

_WHERE = "pydl4j.json: the recorded probe"
_TYPES = ("<f4", "<f8")
_MOST_AXES = 5


@frozen(eq=False)
class Trial:
    """Rows that go through a network together.

    Attributes
    ----------
    inputs : tuple of array
        One for each input, normalized, in the network's own layout; numbers that single precision holds.
    masks : tuple of (array or None)
        The mask ``[N, T]`` of each input, 0 where a step is padding; None where it has none. Empty where none has.
    raw : tuple of array or None
        The rows before the normalizer, for a file that has it built in.
    """

    inputs: tuple[NDArray[Any], ...]
    masks: tuple[NDArray[Any] | None, ...] = ()
    raw: tuple[NDArray[Any], ...] | None = None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.inputs[0])

    @property
    def is_masked(self) -> bool:
        """Whether an input has a mask, be it one that masks nothing."""
        return any(mask is not None for mask in self.masks)

    def pick(self, which: Any, axes: Sequence[int | None] | None = None) -> Trial:
        """Return some rows; or, where each input has an axis, what stands there along it (None: all of it)."""

        def cut(arrays: Sequence[Any], along: Sequence[int | None]) -> tuple[Any, ...]:
            pairs = zip(arrays, along, strict=True)
            return tuple(a if a is None or axis is None else a[(slice(None),) * axis + (which,)] for a, axis in pairs)

        along = [0] * len(self.inputs) if axes is None else axes
        in_time = [0] * len(self.masks) if axes is None else [None if axis is None else 1 for axis in axes]
        return evolve(
            self,
            inputs=cut(self.inputs, along),
            masks=cut(self.masks, in_time) if self.masks else (),
            raw=None if self.raw is None else cut(self.raw, along),
        )


@frozen(eq=False)
class Probe:
    """Rows with DL4J's outputs for them.

    Attributes
    ----------
    trials : tuple of (Trial, tuple of array)
        What went in, and what came out of each output.
    seed : int or None
        What the rows were drawn with; None for rows that a user gave.
    """

    trials: tuple[tuple[Trial, tuple[NDArray[Any], ...]], ...]
    seed: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as the manifest holds it.

        Raises
        ------
        DataError
            When it is larger than a model file should carry, or has arrays that nobody would read again.
        """
        arrays = (one for trial, outputs in self.trials for one in (*trial.inputs, *trial.masks, *outputs))
        shapes = [one.shape for one in arrays if one is not None]
        if wrong := [shape for shape in shapes if not _is_shape(list(shape))]:
            raise DataError(f"a probe cannot hold arrays of the shape {wrong[0]}: one to {_MOST_AXES} axes, none empty")
        trials = [
            {"inputs": _all_said(trial.inputs), "masks": _all_said(trial.masks), "outputs": _all_said(outputs)}
            for trial, outputs in self.trials
        ]
        size = sum(len(one["values"]) * 3 // 4 for trial in trials for part in trial.values() for one in part if one)
        if size > LARGEST_PROBE:
            raise DataError(f"a probe of {size:,} bytes is too large for a model file; {LARGEST_PROBE:,} are the most")
        return {"seed": self.seed, "trials": trials, "sha256": _checksum(trials)}


def probe_of(manifest: Mapping[str, Any]) -> Probe | None:
    """Read the probe of a model file's manifest.

    Raises
    ------
    ModelFormatError
        When it is damaged.
    """
    json_ = manifest.get(KEY)
    if json_ is None:
        return None
    trials = json_.get("trials") if isinstance(json_, dict) else None
    if not isinstance(trials, list) or not trials or json_.get("sha256") != _checksum(trials):
        raise ModelFormatError(f"{_WHERE} is not as it was written; the file was changed or damaged")
    seed = json_.get("seed")
    return Probe(tuple(_trial(one) for one in trials), seed if isinstance(seed, int) else None)


def _trial(json_: Any) -> tuple[Trial, tuple[NDArray[Any], ...]]:
    parts = [json_.get(key) if isinstance(json_, dict) else None for key in ("inputs", "masks", "outputs")]
    inputs, masks, outputs = (part if isinstance(part, list) else [] for part in parts)
    lists = all(isinstance(part, list) for part in parts)
    if not lists or not inputs or not outputs or len(masks) not in (0, len(inputs)):
        raise ModelFormatError(f"{_WHERE} has no rows with outputs; the file is damaged")
    trial = Trial(_arrays(inputs), tuple(None if one is None else _array(one) for one in masks))
    if len({len(one) for one in (*trial.inputs, *trial.masks) if one is not None}) != 1:
        raise ModelFormatError(f"{_WHERE} has inputs of different numbers of rows; the file is damaged")
    return trial, _arrays(outputs)


def _arrays(said: list[Any]) -> tuple[NDArray[Any], ...]:
    return tuple(_array(one) for one in said)


def _all_said(arrays: Sequence[NDArray[Any] | None]) -> list[dict[str, Any] | None]:
    return [None if array is None else _said(array) for array in arrays]


def _said(array: NDArray[Any]) -> dict[str, Any]:
    kind = "<f8" if array.dtype == np.float64 else "<f4"
    values = base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode("ascii")
    return {"dtype": kind, "shape": list(array.shape), "values": values}


def _array(said: Any) -> NDArray[Any]:
    kind, shape, text = (said.get(key) if isinstance(said, dict) else None for key in ("dtype", "shape", "values"))
    if kind not in _TYPES or not isinstance(text, str) or not _is_shape(shape):
        raise ModelFormatError(f"{_WHERE} has an array that is none; the file is damaged")
    try:
        values = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ModelFormatError(f"{_WHERE} cannot be decoded ({error}); the file is damaged") from error
    if len(values) != math.prod(shape) * np.dtype(kind).itemsize:
        raise ModelFormatError(f"{_WHERE}: {len(values)} bytes are no {kind} of shape {shape}; the file is damaged")
    return np.frombuffer(values, kind).reshape(shape)


def _is_shape(shape: Any) -> TypeGuard[list[int]]:
    return (
        isinstance(shape, list)
        and 1 <= len(shape) <= _MOST_AXES
        and all(type(n) is int and 0 < n <= LARGEST_PROBE for n in shape)
    )


def _checksum(trials: list[Any]) -> str:
    text = json.dumps(trials, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
