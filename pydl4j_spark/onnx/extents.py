"""Arithmetic on extents, of which some are names: ``N*T`` rows, two inputs of ``N`` rows stacked to ``N*2``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.graph import Dim, Shape


def _parts(extent: str) -> list[str]:
    """Take a product apart; a sum is one factor, in brackets."""
    depth, parts = 0, [""]
    for letter in extent:
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and letter in "+-":
            return [f"({extent})"]
        if depth == 0 and letter == "*":
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _factors(extent: Dim) -> tuple[list[str], int]:
    """Take an extent apart into names and a number."""
    parts = [extent] if isinstance(extent, int) else _parts(extent)
    names = [part for part in parts if isinstance(part, str) and not part.isdigit()]
    number = 1
    for part in parts:
        number *= 1 if part in names else int(part)
    return names, number


def times(*extents: Dim) -> Dim:
    """Multiply extents."""
    names, product = [], 1
    for extent in extents:
        own, number = _factors(extent)
        names += own
        product *= number
    if not names:
        return product
    if product == 1 and len(names) == 1 and names[0].startswith("(") and names[0].endswith(")"):
        return names[0][1:-1]
    return "*".join(names + ([str(product)] if product != 1 else []))


def divided(extent: Dim, by: Dim) -> Dim:
    """Divide an extent by one that goes into it."""
    names, number = _factors(extent)
    other_names, other = _factors(by)
    undivided = "/".join("*".join(_parts(str(each))) for each in (extent, by))
    for name in other_names:
        if name not in names:
            return undivided
        names.remove(name)
    return times(*names, number // other) if number % other == 0 else undivided


def plus(*extents: Dim) -> Dim:
    """Add extents; a number may be negative."""
    counts: Counter[tuple[str, ...]] = Counter()
    for extent in extents:
        names, number = _factors(extent)
        counts[tuple(names)] += number
    number = counts.pop((), 0)
    if not counts:
        return number
    return "+".join(str(times(*names, count)) for names, count in counts.items()) + (f"{number:+d}" if number else "")


def broadcast(name: str, shapes: Sequence[Shape]) -> Shape:
    """Return the shape that element-wise operators give to shapes.

    Parameters
    ----------
    name : str
        Whose inputs they are, for the message.
    shapes : sequence of tuple
        The shapes.

    Raises
    ------
    ExportError
        When they do not go together.
    """
    rank = max(len(shape) for shape in shapes)
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    found = []
    for extents in zip(*padded, strict=True):
        numbers = {extent for extent in extents if isinstance(extent, int)} - {1}
        if len(numbers) > 1:
            raise ExportError(f"{name!r}: inputs of the shapes {list(shapes)} do not go together")
        names = [extent for extent in extents if isinstance(extent, str)]
        found.append(numbers.pop() if numbers else names[0] if names else 1)
    return tuple(found)
