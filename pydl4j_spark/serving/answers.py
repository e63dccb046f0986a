"""A network's outputs as columns beside the rows: predictions, and of classes their probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_DOUBLES = pa.list_(pa.field("element", pa.float64(), nullable=False))
_INTS = pa.list_(pa.field("element", pa.int32(), nullable=False))
_VECTOR = (
    pa.field("type", pa.int8(), nullable=False),
    pa.field("size", pa.int32()),
    pa.field("indices", _INTS),
    pa.field("values", _DOUBLES),
)


def answer_columns(task: str, output: NDArray[Any], held: NDArray[np.int64] | None) -> list[Any]:
    """Give Arrow's columns of one output.

    Parameters
    ----------
    task : str
        What it means; see `PredictionColumns`.
    output : numpy.ndarray
        ``[N, n_out]``, or ``[N, n_out, …]`` with time steps or places.
    held : numpy.ndarray or None
        How many time steps each row has, where rows were filled up: what the network says of the rest is left out.
    """
    wide = output.astype(np.float64)
    found = _predictions(task, wide)
    predicted = pa.array(found) if found.ndim == 1 else _arrays(found, held)
    if task == "REGRESSION":
        return [predicted]
    if task == "BINARY" and wide[0].size == 1:
        yes = wide.reshape(-1, 1)
        wide = np.concatenate([1.0 - yes, yes], axis=1)
    return [predicted, _vectors(_arrays(wide, held))]


def _predictions(task: str, output: NDArray[np.float64]) -> NDArray[np.float64]:
    """Per position (one, or each time step): the likeliest class; for regression the values as they are."""
    if task == "REGRESSION":
        return output[:, 0] if output.ndim == 2 and output.shape[1] == 1 else output
    if task == "BINARY" and output.shape[1] == 1:
        return (output[:, 0] >= 0.5).astype(np.float64)
    classes: NDArray[np.int64] = np.argmax(output, axis=1)
    return classes.astype(np.float64)


def _arrays(values: NDArray[np.float64], held: NDArray[np.int64] | None) -> Any:
    """Lay what each row has flat in a cell of its own, as numpy lays it out."""
    rows = len(values)
    counts = np.full(rows, values[0].size)
    if held is not None:
        mask = np.arange(values.shape[-1]) < held.reshape(-1, *(1,) * (values.ndim - 1))
        values = values[np.broadcast_to(mask, values.shape)]
        counts = counts // mask.shape[-1] * held
    ends = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(values.ravel()), type=_DOUBLES)


def _vectors(values: Any) -> Any:
    """Dense vectors of spark.ml."""
    rows = len(values)
    dense = pa.array(np.ones(rows, np.int8))
    return pa.StructArray.from_arrays(
        [dense, pa.nulls(rows, pa.int32()), pa.nulls(rows, _INTS), values], fields=list(_VECTOR)
    )
