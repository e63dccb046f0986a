"""The support matrix in the docs is about the registry as it is, and was measured."""

from __future__ import annotations

import re

import pytest

from pydl4j_spark.onnx.verify import TOLERANCES

from . import matrix


def rows_of(text):
    return [line.split(" | ") for line in text.splitlines() if line.startswith("| `")]


ROWS = rows_of(matrix.DOCUMENT.read_text(encoding="utf-8"))


def test_every_class_is_in_it_and_was_measured():
    shown = [row[0].removeprefix("| ").strip("`") for row in ROWS]
    assert shown == [matrix.short(name) for name in matrix.in_order()]
    assert [row[0] for row in ROWS if row[1] == "not measured" or row[-1].startswith("0")] == []


@pytest.mark.parametrize(("column", "kind"), list(enumerate(matrix.TYPES, 3)))
def test_errors_are_within_the_tolerance(column, kind):
    found = [float(row[column]) for row in ROWS if re.match(r"\d", row[column])]
    # What is allowed grows with the values; those of the fixtures stay below a hundred.
    atol, rtol = TOLERANCES[kind]
    assert found and max(found) <= atol + 100 * rtol


def test_a_run_says_what_the_document_says():
    names = ["dense", "lstm_NCW", "lenet_NHWC"]
    found = matrix.measure(names, [15])
    assert {"DenseLayer", "LSTM"} <= {name.rpartition(".")[2] for name, seen in found.items() if seen.errors}
    assert [row[0] for row in rows_of(matrix.document(found))] == [row[0] for row in ROWS]
