"""The comparison of an exported file with DL4J, on rows that are given or drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pydl4j_spark.errors import ExportError
from pydl4j_spark.normalizers import Normalizer
from pydl4j_spark.onnx.build import Built
from pydl4j_spark.onnx.graph import Array
from pydl4j_spark.onnx.verify import Verification, verify_onnx

SEED = 20210608

Reference: TypeAlias = Callable[..., Array | Sequence[Array]]


def prove(
    built: Built, path: Path, normalizer: Normalizer | None, reference: Reference, data: Any = None
) -> Verification:
    """Compare one row and three, or all of the given ones.

    Raises
    ------
    ExportError
        When the file computes something else than DL4J.
    """
    rows = _rows(built, normalizer, data)
    found = []
    for batch in ([one[:1] for one in rows], rows):
        expected = reference(*(one if normalizer is None else normalizer.transform(one) for one in batch))
        found.append(verify_onnx(path, batch, expected))
    return Verification(max(f.max_abs_error for f in found), max(f.max_rel_error for f in found), len(rows[0]))


def _rows(built: Built, normalizer: Normalizer | None, data: Any) -> list[Array]:
    dtype = built.builder.dtype
    if data is None:
        rng = np.random.default_rng(SEED)
        rows = [entry.draw(3, rng, dtype) for entry in built.inputs]
        return rows if normalizer is None else [normalizer.revert(one).astype(dtype) for one in rows]
    given = [data] if len(built.inputs) == 1 and not isinstance(data, list | tuple) else list(data)
    rows = [np.asarray(one).astype(dtype) for one in given]
    for one, entry in zip(rows, built.inputs, strict=True):
        if one.ndim != len(entry.shape) or not len(one):
            raise ExportError(f"data of shape {one.shape} are no rows for an input of {entry.shape}")
    return rows
