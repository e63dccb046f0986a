"""Whether an ONNX file computes what DL4J computes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from attrs import frozen

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.graph import Array

# Absolute and relative; one to two orders of magnitude above what equal networks show.
TOLERANCES = {
    np.dtype(np.float64): (1e-9, 1e-9),
    np.dtype(np.float32): (1e-5, 1e-4),
    np.dtype(np.float16): (5e-3, 5e-3),
}


@frozen
class Verification:
    """The largest differences that a comparison found.

    Attributes
    ----------
    max_abs_error, max_rel_error : float
        Relative to the expected values, where those are larger than the absolute tolerance.
    rows : int
        How many rows were compared at once.
    batches : tuple of int
        Sizes of all batches that were compared, where there were several.
    atol, rtol : float or None
        What was allowed, where one number says it.
    seed : int or None
        What the rows were drawn with; None for rows that were given.
    by : str or None
        Who knew DL4J's outputs: ``"engine"``, a JVM; ``"probe"``, recorded when the network was saved; or
        ``"reference"``, a callable.
    """

    max_abs_error: float
    max_rel_error: float
    rows: int
    batches: tuple[int, ...] = ()
    atol: float | None = None
    rtol: float | None = None
    seed: int | None = None
    by: str | None = None

    def __str__(self) -> str:
        sizes = sorted(set(self.batches or (self.rows,)))
        said = f"largest difference {self.max_abs_error:.3g} absolute, {self.max_rel_error:.3g} relative"
        if self.atol is not None:
            said += f" (allowed: {self.atol:g} and {self.rtol:g})"
        said += f", batches of {' and '.join(f'{size:,}' for size in sizes)}"
        return said if self.seed is None else f"{said}, seed {self.seed}"


class OnnxSession:
    """A model in onnxruntime, on the CPU."""

    def __init__(self, model: str | os.PathLike[str] | bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        source = model if isinstance(model, bytes) else os.fspath(model)
        with _refusals():
            self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        self.inputs = tuple(one.name for one in self._session.get_inputs())

    def run(self, feeds: Mapping[str, Array], outputs: Sequence[str] | None = None) -> list[Array]:
        """Run it: an array by the name of each input, an array per output."""
        with _refusals():
            return [np.asarray(one) for one in self._session.run(outputs, dict(feeds))]


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # onnxruntime's own exceptions share no base class below this one.
        raise ExportError(f"onnxruntime cannot run the exported network: {error}") from error


def run_onnx(model: str | os.PathLike[str] | bytes, *inputs: Array) -> list[Array]:
    """Run an ONNX model on onnxruntime's CPU provider: an array per input, an array per output."""
    session = OnnxSession(model)
    if len(inputs) != len(session.inputs):
        raise ExportError(f"onnxruntime cannot run the exported network: it takes {', '.join(session.inputs)}")
    return session.run(dict(zip(session.inputs, inputs, strict=True)))


def verify_onnx(
    onnx_path: str | os.PathLike[str] | bytes,
    inputs: Any,
    expected: Any,
    *,
    atol: float | None = None,
    rtol: float | None = None,
) -> Verification:
    """Run an ONNX file and compare its outputs with what is expected.

    Parameters
    ----------
    onnx_path : path or bytes
        The model.
    inputs : array, or list of arrays
        Rows, in the layout and type of the model's input; of several inputs a list.
    expected : array, or list of arrays
        What DL4J gives for them; of several outputs a list.
    atol, rtol : float, optional
        By default 1e-5 and 1e-4 in single, 1e-9 in double and 5e-3 in half precision.

    Returns
    -------
    Verification
        The largest differences.

    Raises
    ------
    ExportError
        When the outputs differ in number or shape, or by more than ``atol + rtol * |expected|``.
    """
    given = [np.asarray(one) for one in inputs] if isinstance(inputs, list | tuple) else [np.asarray(inputs)]
    wanted = [np.asarray(one) for one in expected] if isinstance(expected, list | tuple) else [np.asarray(expected)]
    got = run_onnx(onnx_path, *given)
    if len(got) != len(wanted):
        raise ExportError(f"the exported network has {len(got)} outputs, DL4J {len(wanted)}")
    found = [compare(a, b, atol, rtol) for a, b in zip(got, wanted, strict=True)]
    rows = len(wanted[0]) if wanted[0].ndim else 0
    return Verification(max(f[0] for f in found), max(f[1] for f in found), rows)


def tolerance(dtype: Any, atol: float | None, rtol: float | None) -> tuple[float, float]:
    """Return the tolerances that were asked for, or those of a type."""
    own_atol, own_rtol = TOLERANCES.get(np.dtype(dtype), TOLERANCES[np.dtype(np.float32)])
    return own_atol if atol is None else atol, own_rtol if rtol is None else rtol


def compare(
    got: Array, wanted: Array, atol: float | None = None, rtol: float | None = None, what: str = "the exported network"
) -> tuple[float, float]:
    """Return the largest absolute and relative difference.

    Raises
    ------
    ExportError
        When they are too large, or the shapes are not equal.
    """
    if got.shape != wanted.shape:
        raise ExportError(f"{what} gives an output of shape {got.shape}, DL4J one of {wanted.shape}")
    if not wanted.size:
        return 0.0, 0.0
    atol, rtol = tolerance(got.dtype, atol, rtol)
    a, b = got.astype(np.float64), wanted.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        # What is equal counts as equal, also infinities and what is not a number.
        difference = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
        relative = np.where((difference == 0) | (np.abs(b) <= atol), 0.0, difference / np.abs(b))
        # An infinite expectation allows nothing but itself.
        wrong = ~(difference <= atol + rtol * np.abs(b)) | ~np.isfinite(difference)
    wrong &= difference != 0
    if wrong.any():
        beyond = np.where(wrong, np.nan_to_num(difference, nan=np.inf), -1)
        worst = np.unravel_index(int(np.argmax(beyond)), difference.shape)
        raise ExportError(
            f"{what} differs from DL4J in {int(wrong.sum())} of {wrong.size} values, at "
            f"{tuple(int(i) for i in worst)} by {difference[worst]:.3g} ({a[worst]:.6g} instead of {b[worst]:.6g}); "
            f"allowed are {atol:g} absolute and {rtol:g} relative"
        )
    return float(np.max(difference)), float(np.max(relative[np.isfinite(relative)], initial=0.0))
