"""Arithmetic on extents of which some are names."""

from __future__ import annotations

import pytest

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.extents import broadcast, divided, plus, times


@pytest.mark.parametrize(
    ("extents", "expected"),
    [
        ((2, 3), 6),
        (("T", "N"), "T*N"),
        (("N", 2), "N*2"),
        (("N*2", 3, "T"), "N*T*6"),
        ((), 1),
        (("T-1",), "T-1"),
        (("(T-1)//2+1", 2), "((T-1)//2+1)*2"),
    ],
)
def test_times(extents, expected):
    assert times(*extents) == expected


@pytest.mark.parametrize(
    ("extent", "by", "expected"),
    [
        (12, 4, 3),
        ("N*6", 2, "N*3"),
        ("N*2", 2, "N"),
        ("T*N", "N", "T"),
        ("N", "N", 1),
        ("N*3", "N", 3),
        ("N", 2, "N/2"),
        ("N*3", 2, "N*3/2"),
        ("T", "N", "T/N"),
        ("(T-1)*2", 2, "T-1"),
        ("S+T*2", 2, "(S+T*2)/2"),
        ("N*(T+2)", "T+2", "N"),
    ],
)
def test_divided(extent, by, expected):
    assert divided(extent, by) == expected


@pytest.mark.parametrize(
    ("extents", "expected"),
    [
        ((2, 3), 5),
        (("N", "N"), "N*2"),
        (("N*2", "N"), "N*3"),
        (("S", "T"), "S+T"),
        (("T", 2), "T+2"),
        (("H", -1), "H-1"),
        (("H-1", "H-1"), "(H-1)*2"),
        (("T", "T*2", 1, "S*3"), "T*3+S*3+1"),
    ],
)
def test_plus(extents, expected):
    assert plus(*extents) == expected


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ((("N", 7), ("N", 1)), ("N", 7)),
        ((("N", 1), ("N", 7)), ("N", 7)),
        ((("N", 2, 1, 1), ("N", 2, "H", "W")), ("N", 2, "H", "W")),
        ((("N", 4, "T"), ("N", 4, 5)), ("N", 4, 5)),
        (((7,), ("N", 7)), ("N", 7)),
    ],
)
def test_broadcast(shapes, expected):
    assert broadcast("sum", shapes) == expected


def test_what_does_not_go_together():
    with pytest.raises(ExportError, match="'sum': inputs of the shapes"):
        broadcast("sum", (("N", 7), ("N", 6)))
