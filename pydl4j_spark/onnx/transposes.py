"""Lets operators run before a Transpose instead of after it.

ONNX wants channels first, networks from Keras have them last. Between two convolutions stand operators that do not
care; where those slide under the Transpose, it meets the next one, which undoes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pydl4j_spark.onnx.graph import GraphBuilder, Shape, Value

_UNARY = """
    Abs Cast Ceil Elu Erf Exp Floor HardSigmoid HardSwish LeakyRelu Log Mish Neg Not Reciprocal Relu Selu Sigmoid Sign
    Softplus Softsign Sqrt Tanh ThresholdedRelu
"""
_SEVERAL = "Add And Clip Div Equal Greater Less Max Min Mul Or PRelu Pow Sub Sum Where"
_ELEMENT_WISE = frozenset(f"{_UNARY} {_SEVERAL}".split())
# These compute along one axis, which moves with the others.
_ALONG_AN_AXIS = frozenset(("Concat", "Softmax"))


def inverse(perm: Sequence[int]) -> tuple[int, ...]:
    """Return the permutation that undoes another."""
    return tuple(int(i) for i in np.argsort(perm))


def permuted(shape: Shape, perm: Sequence[int]) -> Shape:
    """Return a shape with its axes reordered."""
    return tuple(shape[p] for p in perm)


def slide(
    builder: GraphBuilder, op: str, operands: Sequence[Value], attributes: Mapping[str, Any]
) -> tuple[tuple[int, ...], list[Value], dict[str, Any]] | None:
    """Find out how an operator can run before the Transpose that its operands came from.

    Returns
    -------
    tuple of (permutation, operands, attributes) or None
        What to run it with, and how to transpose its result; None where it has to stay.
    """
    if op not in _ELEMENT_WISE and op not in _ALONG_AN_AXIS:
        return None
    perms = {origin[1] for origin in map(builder.origin, operands) if origin is not None}
    if len(perms) != 1:
        return None
    (perm,) = perms
    found = [_before(builder, operand, perm, constants=op in _ELEMENT_WISE) for operand in operands]
    moved = [operand for operand in found if operand is not None]
    if len(moved) < len(found):
        return None
    return perm, moved, {k: perm[v] if k == "axis" else v for k, v in attributes.items()}


def _before(builder: GraphBuilder, operand: Value, perm: tuple[int, ...], *, constants: bool) -> Value | None:
    """Return an operand as it is before the Transpose, if that costs nothing."""
    origin = builder.origin(operand)
    if origin is not None:
        return origin[0]
    if operand.rank == 0:
        return operand
    array = builder.arrays.get(operand.name)
    if array is None:
        return builder.transposed(operand, inverse(perm))
    if not constants or array.ndim > len(perm):
        return None
    aligned = array.reshape((1,) * (len(perm) - array.ndim) + array.shape)
    return builder.constant(operand.name, aligned.transpose(inverse(perm)))
