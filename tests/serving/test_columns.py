"""Arrow's columns in and out, without Spark: against numpy, row by row."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from pydl4j_spark import DataError
from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.serving.answers import answer_columns
from pydl4j_spark.serving.cells import Column, input_arrays

VALUES = np.array([[1, 0, 2], [0, 3, 0], [4, 5, 6], [0, 0, 0]], np.float32)
VECTORS = pa.struct(
    [("type", pa.int8()), ("size", pa.int32()), ("indices", pa.list_(pa.int32())), ("values", pa.list_(pa.float64()))]
)


def refuse(row: int, problem: str) -> DataError:
    return DataError(f"row {row}: {problem}")


def spec(*shape: int, **other: object) -> dict:
    return {"name": None, "shape": list(shape), "mask": None, "ragged": False, **other}


def read(array: pa.Array, *shape: int) -> np.ndarray:
    return input_arrays(spec(*shape), [Column("x", array)], None, refuse)[0]


def sparse(row: np.ndarray) -> dict:
    places = np.flatnonzero(row)
    return {"type": 0, "size": len(row), "indices": places.tolist(), "values": row[places].tolist()}


def dense(row: np.ndarray) -> dict:
    return {"type": 1, "size": None, "indices": None, "values": row.tolist()}


KINDS = {
    "list of floats": pa.array(VALUES.tolist(), pa.list_(pa.float32())),
    "list of doubles": pa.array(VALUES.tolist(), pa.list_(pa.float64())),
    "large list": pa.array(VALUES.tolist(), pa.large_list(pa.int64())),
    "fixed size list": pa.array(VALUES.tolist(), pa.list_(pa.float32(), 3)),
    "bytes": pa.array([row.tobytes() for row in VALUES], pa.binary()),
    "large bytes": pa.array([row.tobytes() for row in VALUES], pa.large_binary()),
    "dense vectors": pa.array([dense(row) for row in VALUES], VECTORS),
    "sparse vectors": pa.array([sparse(row) for row in VALUES], VECTORS),
    "vectors of both kinds": pa.array([(sparse if row % 2 else dense)(VALUES[row]) for row in range(4)], VECTORS),
    "decimals": pa.array([[Decimal(int(n)) for n in row] for row in VALUES], pa.list_(pa.decimal128(9, 2))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_cells_are_read_whatever_their_kind(kind):
    np.testing.assert_array_equal(read(KINDS[kind], 3), VALUES)
    # A part of a column has an offset.
    np.testing.assert_array_equal(read(KINDS[kind][1:3], 3), VALUES[1:3])
    assert read(KINDS[kind], 3, 1, 1).shape == (4, 3, 1, 1)


def test_columns_of_single_numbers_stand_side_by_side():
    columns = [pa.array(VALUES[:, 0]), pa.array(VALUES[:, 1] > 0), pa.array(VALUES[:, 1:].tolist())]
    found, mask, held = input_arrays(spec(4), [Column(f"c{i}", c) for i, c in enumerate(columns)], None, refuse)
    np.testing.assert_array_equal(found, np.column_stack([VALUES[:, 0], VALUES[:, 1] > 0, VALUES[:, 1:]]))
    assert mask is None and held is None


def test_floats_are_not_copied():
    array = pa.array(VALUES.ravel())
    lists = pa.ListArray.from_arrays(pa.array([0, 3, 6, 9, 12], pa.int32()), array)
    assert np.shares_memory(read(lists, 3), array.to_numpy())


def test_sequences_are_filled_up_and_masked():
    rows = [[1, 2, 3, 4, 5, 6], [7, 8], [9, 10, 11, 12]]
    ragged = spec(2, 3, mask=[3], ragged=True)
    found, mask, held = input_arrays(ragged, [Column("x", pa.array(rows))], None, refuse)
    expected = [[[1, 2, 3], [4, 5, 6]], [[7, 0, 0], [8, 0, 0]], [[9, 10, 0], [11, 12, 0]]]
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(mask, [[1, 1, 1], [1, 0, 0], [1, 1, 0]])
    np.testing.assert_array_equal(held, [3, 1, 2])
    for wrong in ([1, 2, 3], [], [0] * 8):
        with pytest.raises(DataError, match=rf"row 1: column 'x' has {len(wrong)} values, the network takes sequences"):
            input_arrays(ragged, [Column("x", pa.array([[1, 2], wrong], pa.list_(pa.int32())))], None, refuse)


def test_masks_come_from_their_column():
    masked = spec(2, 3, mask=[3])
    rows = Column("x", pa.array([list(range(6))] * 2))
    _, mask, held = input_arrays(masked, [rows], Column("m", pa.array([[1, 1, 0], [1, 0, 0]])), refuse)
    np.testing.assert_array_equal(mask, [[1, 1, 0], [1, 0, 0]])
    assert held is None
    with pytest.raises(DataError, match="row 1: column 'm' has 2 values, its mask has 3"):
        input_arrays(masked, [rows], Column("m", pa.array([[1, 1, 0], [1, 0]])), refuse)


BAD = {
    "a null": (pa.array([[1.0, 2.0], None]), "row 1: column 'x' is null"),
    "a null element": (pa.array([[1.0, 2.0], [3.0, None]]), "row 1: column 'x' holds an array with a null element"),
    "a null in the first": (
        pa.array([[None, 2.0], [3.0, 4.0]]),
        "row 0: column 'x' holds an array with a null element",
    ),
    "one value": (pa.array([[1.0, 2.0], [3.0]]), "row 1: column 'x' has 1 value, the network takes 2"),
    "half a number": (pa.array([b"12345678", b"123456"]), "row 1: column 'x' has 6 bytes"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_row_is_named(kind):
    array, message = BAD[kind]
    with pytest.raises(DataError, match=message):
        read(array, 2)


def test_several_columns_must_come_to_what_is_taken():
    columns = [Column("a", pa.array([1, 2])), Column("b", pa.array([[1.0], [2.0]]))]
    with pytest.raises(DataError, match="column 'a, b' has 2 values, input 'left' takes 3"):
        input_arrays(spec(3) | {"name": "left"}, columns, None, refuse)
    with pytest.raises(DataError, match="row 1: column 'b' has 2 values, the one before has 1"):
        input_arrays(spec(2), [columns[0], Column("b", pa.array([[1.0], [2.0, 3.0]]))], None, refuse)


# --- answers ---------------------------------------------------------------------------------------------------------

SHAPES = {
    "CLASSIFICATION": [(3,), (3, 4), (3, 2, 5)],
    "BINARY": [(1,), (3,), (1, 4)],
    "REGRESSION": [(1,), (3,), (2, 4)],
}


@pytest.mark.parametrize(("task", "shape"), [(task, shape) for task, shapes in SHAPES.items() for shape in shapes])
def test_predictions_are_those_of_arrays(task, shape):
    output = np.random.default_rng(1).random((6, *shape)).astype(np.float32)
    predicted, *probabilities = answer_columns(task, output, None)
    expected = ExampleShape(features=(), labels=shape, task=task, sparse=False).predictions(output)
    np.testing.assert_array_equal(predicted.to_pylist(), expected.reshape(6, -1) if expected.ndim > 1 else expected)
    if task == "REGRESSION":
        assert not probabilities
        return
    found = np.array([cell["values"] for cell in probabilities[0].to_pylist()])
    if shape == (1,):
        wide = output.astype(np.float64)
        np.testing.assert_array_equal(found, np.hstack([1 - wide, wide]))
    else:
        np.testing.assert_array_equal(found, output.reshape(6, -1))


def test_what_is_said_of_steps_that_were_filled_up_is_left_out():
    output = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    predicted, probability = answer_columns("CLASSIFICATION", output, np.array([3, 2]))
    assert predicted.to_pylist() == [[1, 1, 1], [1, 1]]
    assert [cell["values"] for cell in probability.to_pylist()] == [[0, 1, 2, 3, 4, 5], [6, 7, 9, 10]]
