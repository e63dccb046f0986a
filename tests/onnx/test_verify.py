from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx import verify_onnx

from .cases import built, load


@pytest.fixture(scope="module")
def model():
    return built(load("dense")).model.SerializeToString()


def test_errors_are_measured(model):
    case = load("dense")
    found = verify_onnx(model, case.x, case.y + np.float32(1e-6))
    assert found.rows == 3 and 5e-7 < found.max_abs_error < 2e-6 and found.max_rel_error > 0


def test_a_file_is_read_too(model, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(model)
    assert verify_onnx(path, load("dense").x, load("dense").y) == verify_onnx(
        str(path), load("dense").x, load("dense").y
    )


def test_tolerances_are_the_callers(model):
    case = load("dense")
    shifted = case.y + np.float32(1e-3)
    with pytest.raises(ExportError, match=r"in 18 of 18 values, at \(\d, \d\) by 0.001"):
        verify_onnx(model, case.x, shifted)
    assert verify_onnx(model, case.x, shifted, atol=1e-2).max_abs_error == pytest.approx(1e-3, rel=0.1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_a_difference_where_dl4j_has_one(model, value):
    case = load("dense")
    expected = case.y.copy()
    expected[1, 2] = value
    with pytest.raises(ExportError, match="1 of 18"):
        verify_onnx(model, case.x, expected)


def test_what_is_no_number_on_both_sides_is_equal():
    case = load("act_dense_identity")
    x, y = case.x.copy(), case.y.copy()
    x[1], y[1] = np.nan, np.nan
    assert verify_onnx(built(case).model.SerializeToString(), x, y).max_abs_error < 1e-6


def test_rows_that_onnxruntime_refuses(model):
    with pytest.raises(ExportError, match="onnxruntime cannot run"):
        verify_onnx(model, np.ones((3, 8), np.float32), np.ones((3, 6)))
    with pytest.raises(ExportError, match="onnxruntime cannot run"):
        verify_onnx(b"no model", np.ones((3, 7), np.float32), np.ones((3, 6)))


def test_no_rows(model):
    assert verify_onnx(model, np.ones((0, 7), np.float32), np.ones((0, 6))).rows == 0
