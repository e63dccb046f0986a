"""What a row is, said in JSON for the JVM: inputs, outputs, and their masks."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple


class Input(NamedTuple):
    """One input of a network, as rows hold it.

    Attributes
    ----------
    name : str or None
        Its name in a graph.
    shape : tuple of int
        Of one example.
    mask : tuple of int or None
        Shape of one example's mask.
    columns : tuple of str
        Where a DataFrame has the values; none for arrays.
    mask_column : str or None
        Where it has the mask.
    ragged : bool
        Cells may hold fewer time steps than ``shape`` says; the JVM pads them and makes the mask.
    """

    name: str | None
    shape: tuple[int, ...]
    mask: tuple[int, ...] | None = None
    columns: tuple[str, ...] = ()
    mask_column: str | None = None
    ragged: bool = False


class Output(NamedTuple):
    """One output, as rows hold its labels; what `Input` has too means the same.

    Attributes
    ----------
    indices : bool
        Labels are class indices.
    sparse : bool
        The loss itself takes class indices.
    column : str or None
        Where a DataFrame has the label.
    """

    name: str | None
    shape: tuple[int, ...]
    indices: bool
    sparse: bool
    mask: tuple[int, ...] | None = None
    column: str | None = None
    mask_column: str | None = None
    ragged: bool = False


@lru_cache(maxsize=256)
def row_spec(inputs: tuple[Input, ...], outputs: tuple[Output, ...] | None) -> dict[str, Any]:
    """Give the JSON object; ``outputs`` is None where there are no labels.

    The same rows always give the same object, not to be changed: engines know it by its identity.
    """
    labels = None if outputs is None else {"outputs": [_said(output) for output in outputs]}
    return {"features": {"inputs": [_said(each) for each in inputs]}, "labels": labels}


def _said(part: Input | Output) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in part._asdict().items()}
