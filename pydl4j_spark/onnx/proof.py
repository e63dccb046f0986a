"""The comparison of an exported file with DL4J, on rows that are given or drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pydl4j_spark.errors import ExportError
from pydl4j_spark.normalizers import Normalizer, Step, done, undone
from pydl4j_spark.onnx.build import Built
from pydl4j_spark.onnx.ends import Ends
from pydl4j_spark.onnx.graph import Array
from pydl4j_spark.onnx.verify import Verification, compare, run_onnx

SEED = 20210608

Reference: TypeAlias = Callable[..., Array | Sequence[Array]]


def prove(built: Built, path: Path, ends: Ends, reference: Reference, data: Any = None) -> Verification:
    """Compare one row and three, or all of the given ones.

    Raises
    ------
    ExportError
        When the file computes something else than DL4J.
    """
    normalizer = ends.normalizer
    rows = _rows(built, normalizer, data)
    found = []
    for batch in ([one[:1] for one in rows], rows):
        expected = reference(*(done(one, _steps(normalizer, i)) for i, one in enumerate(batch)))
        wanted = [expected] if isinstance(expected, np.ndarray) else list(expected)
        if ends.label_normalizer is not None:
            back = [undone(ends.label_normalizer.output_steps(i)) for i in range(len(wanted))]
            wanted = [done(one, steps) for one, steps in zip(wanted, back, strict=True)]
        got = run_onnx(path, *_reordered(batch, built.input_orders))
        # Classes and labels follow the network's own outputs; they are read off these.
        for ours, theirs in zip(got, _reordered(wanted, built.output_orders), strict=False):
            found.append(compare(ours, theirs))
    return Verification(max(f[0] for f in found), max(f[1] for f in found), len(rows[0]))


def _steps(normalizer: Normalizer | None, index: int) -> tuple[Step, ...]:
    return () if normalizer is None else normalizer.input_steps(index)


def _reordered(arrays: Sequence[Array], orders: Sequence[tuple[int, ...] | None]) -> list[Array]:
    """Bring arrays from DL4J's layouts to the file's."""
    return [one if way is None else one.transpose(way) for one, way in zip(arrays, orders, strict=True)]


def _rows(built: Built, normalizer: Normalizer | None, data: Any) -> list[Array]:
    dtype = built.builder.dtype
    if data is None:
        rng = np.random.default_rng(SEED)
        rows = [entry.draw(3, rng, dtype) for entry in built.inputs]
        return [done(one, undone(_steps(normalizer, i))).astype(dtype) for i, one in enumerate(rows)]
    given = [data] if len(built.inputs) == 1 and not isinstance(data, list | tuple) else list(data)
    rows = [np.asarray(one).astype(dtype) for one in given]
    for one, entry in zip(rows, built.inputs, strict=True):
        if one.ndim != len(entry.shape) or not len(one):
            raise ExportError(f"data of shape {one.shape} are no rows for an input of {entry.shape}")
    return rows
