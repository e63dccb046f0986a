"""Arrays as users have them keep every value on their way, or are refused with the reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pydl4j_spark import DataError
from pydl4j_spark.array_rows import labelled, unlabelled
from pydl4j_spark.arrays import features_array, labels_array
from pydl4j_spark.ends import Ends
from pydl4j_spark.example_shape import ExampleShape

ROWS = ExampleShape(features=(4,), labels=(3,), task="CLASSIFICATION", sparse=False)
IMAGES = ExampleShape(features=(1, 5, 4), labels=(3,), task="CLASSIFICATION", sparse=False)
SEQUENCES = ExampleShape(features=(2, None), labels=(3, None), task="CLASSIFICATION", sparse=False)
TIME_FIRST = ExampleShape(features=(None, 2), labels=(None, 3), task="CLASSIFICATION", sparse=False)
VALUE = ExampleShape(features=(4,), labels=(1,), task="REGRESSION", sparse=False)


class TestFeatures:
    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.int64, np.uint16, ">f4", ">i4"])
    def test_numbers_become_float32_with_the_same_values(self, dtype):
        data = np.arange(12).reshape(3, 4).astype(dtype)
        array, _ = features_array(data, ROWS.features, "data")
        assert array.dtype == np.float32
        assert array.dtype.isnative
        np.testing.assert_array_equal(array, np.arange(12).reshape(3, 4))

    @pytest.mark.parametrize("dtype", [np.uint8, np.bool_])
    def test_bytes_stay_bytes(self, dtype):
        array, _ = features_array(np.ones((3, 4), dtype), ROWS.features, "data")
        assert array.dtype == np.uint8

    def test_strided_reversed_and_fortran_arrays_keep_their_values(self):
        base = np.arange(48, dtype=np.float32).reshape(6, 8)
        for view in (base[::2, ::2], base[::-1, 3::-1], np.asfortranarray(base[:, :4])):
            array, _ = features_array(view, ROWS.features, "data")
            assert array.flags.c_contiguous
            np.testing.assert_array_equal(array, view)

    def test_lists_are_arrays(self):
        array, _ = features_array([[1, 2, 3, 4]], ROWS.features, "data")
        assert array.shape == (1, 4)

    @pytest.mark.parametrize("shape", [(2, 1, 5, 4), (2, 5, 4), (2, 20), (2, 5, 4, 1)])
    def test_images_may_come_flat_or_without_their_one_channel(self, shape):
        array, _ = features_array(np.zeros(shape), IMAGES.features, "data")
        assert array.size == 40

    @pytest.mark.parametrize(
        ("data", "shape", "says"),
        [
            (np.zeros((2, 5)), ROWS, r"each row has shape \[5\], the network takes \[4\]"),
            (np.zeros(4), ROWS, "one axis for the rows"),
            (np.zeros((0, 4)), ROWS, "no rows"),
            (np.zeros((2, 4, 5, 1)), IMAGES, r"images are \[rows, channels, height, width\]"),
            (np.zeros((2, 2, 7)), TIME_FIRST, r"takes \[T, 2\].*; sequences are \[rows, time steps, size\]"),
            (np.array([["a", "b", "c", "d"]]), ROWS, "must be numbers"),
            (np.zeros((2, 4), complex), ROWS, "must be numbers"),
            (np.array([[1, 2], [3]], dtype=object), ROWS, "must be numbers"),
            ([[1, 2, 3, 4], [1]], ROWS, "cannot be made into an array"),
            (np.zeros((2, 3, 7)), SEQUENCES, r"sequences are \[rows, size, time steps\]"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, data, shape, says):
        with pytest.raises(DataError, match=says):
            features_array(data, shape.features, "training data")

    def test_the_data_tells_the_number_of_time_steps(self):
        _, shape = features_array(np.zeros((5, 2, 7)), SEQUENCES.features, "data")
        assert shape == (2, 7)
        rows = labelled((np.zeros((5, 2, 7)), np.zeros((5, 7), int)), Ends.of_layers(SEQUENCES), "data")
        assert rows.spec["labels"]["outputs"][0]["shape"] == [3, 7]


class TestLabels:
    def test_whole_numbers_are_class_indices(self):
        labels, indices = labels_array(np.array([0, 2, 1]), ROWS, 3, "data")
        assert indices
        assert labels.tolist() == [0, 2, 1]
        assert labels_array(np.array([[0], [2]]), ROWS, 2, "data")[1]

    def test_one_hot_rows_are_values(self):
        labels, indices = labels_array(np.eye(3), ROWS, 3, "data")
        assert not indices
        assert labels.shape == (3, 3)

    def test_a_single_output_takes_its_target(self):
        assert not labels_array(np.array([0.5, 1.5]), VALUE, 2, "data")[1]
        assert not labels_array(np.array([[0.5], [1.5]]), VALUE, 2, "data")[1]

    def test_sequences_take_a_class_per_step(self):
        shape = SEQUENCES.with_timesteps(7)
        assert labels_array(np.zeros((5, 7), int), shape, 5, "data")[1]
        assert not labels_array(np.zeros((5, 3, 7)), shape, 5, "data")[1]

    @pytest.mark.parametrize(
        ("labels", "says"),
        [
            (np.zeros(2, int), "3 rows of features, but labels of shape"),
            (np.zeros((3, 4)), "class indices of shape"),
            (np.array(["a", "b", "c"]), "must be numbers"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, labels, says):
        with pytest.raises(DataError, match=says):
            labels_array(labels, ROWS, 3, "training data")


class TestConversions:
    """The same numbers, not only the same shape."""

    VALUES = np.arange(-3, 9).reshape(3, 4)

    @pytest.mark.parametrize(
        "dtype", ["i1", "i2", "i4", "i8", ">i2", ">i8", "f2", "f4", "f8", ">f2", ">f4", ">f8", "g"]
    )
    @pytest.mark.parametrize("layout", ["C", "F", "strided", "reversed", "transposed", "read-only", "broadcast"])
    def test_every_type_in_every_layout(self, dtype, layout):
        data = self.VALUES.astype(dtype)
        if layout == "F":
            data = np.asfortranarray(data)
        elif layout == "strided":
            wide = np.full((6, 12), 99).astype(dtype)
            wide[::2, ::3] = data
            data = wide[::2, ::3]
        elif layout == "reversed":
            data = data[::-1, ::-1].copy()[::-1, ::-1]
        elif layout == "transposed":
            data = data.T.copy().T
        elif layout == "read-only":
            data.flags.writeable = False
        elif layout == "broadcast":
            data = np.broadcast_to(data[1], (3, 4))
        array, _ = features_array(data, ROWS.features, "data")
        assert array.dtype == np.float32 and array.dtype.isnative and array.flags.c_contiguous
        assert array.tolist() == (self.VALUES if layout != "broadcast" else self.VALUES[[1, 1, 1]]).tolist()
        assert np.asarray(data).tolist() == array.tolist()  # and what was given is as it was

    @pytest.mark.parametrize("dtype", [np.uint8, np.bool_])
    @pytest.mark.parametrize("step", [1, 2, -1])
    def test_bytes_keep_their_values_in_every_layout(self, dtype, step):
        data = np.array([[0, 1, 200, 255]] * 4, np.uint8).astype(dtype)[::step, ::step]
        data = data if data.shape[1] == 4 else np.tile(data, 2)
        array, _ = features_array(data, ROWS.features, "data")
        assert array.dtype == np.uint8 and array.flags.c_contiguous
        assert array.tolist() == data.astype(int).tolist()

    @pytest.mark.parametrize("dtype", [np.float32, np.uint8])
    def test_what_fits_is_not_copied(self, dtype):
        data = np.ones((3, 4), dtype)
        assert features_array(data, ROWS.features, "data")[0] is data
        data.flags.writeable = False
        assert features_array(data, ROWS.features, "data")[0] is data
        assert unlabelled(data, Ends.of_layers(ROWS), "data").features is data

    def test_floats_are_rounded_once(self):
        data = np.random.default_rng(0).normal(size=(50, 4)) * 10.0 ** np.arange(-20, 20, 10)
        assert np.array_equal(features_array(data, ROWS.features, "data")[0], data.astype(np.float32))
        assert np.array_equal(labels_array(data[:, 0], VALUE, 50, "data")[0], data[:, 0].astype(np.float32))

    @pytest.mark.parametrize("value", [1e39, -1e39, 3.5e38])
    def test_beyond_float32_is_refused_and_not_infinity(self, value):
        data = np.zeros((2, 4))
        data[1, 2] = value
        with pytest.raises(DataError, match=r"data: features hold values up to .*e\+3[89], and float32 ends"):
            features_array(data, ROWS.features, "data")
        with pytest.raises(DataError, match="data: labels hold values up to"):
            labels_array(np.array([0.0, value]), VALUE, 2, "data")

    def test_infinity_and_nan_are_left_to_the_engine_which_counts_them(self):
        data = np.array([[np.inf, -np.inf, np.nan, 0.0]])
        assert np.array_equal(features_array(data, ROWS.features, "data")[0], data.astype(np.float32), equal_nan=True)

    def test_masked_values_are_refused_and_a_mask_of_nothing_is_not(self):
        masked = np.ma.masked_greater(np.arange(8.0).reshape(2, 4), 5)
        with pytest.raises(DataError, match="data: features have 2 masked values; fill them"):
            features_array(masked, ROWS.features, "data")
        with pytest.raises(DataError, match="labels have 1 masked value"):
            labels_array(np.ma.masked_equal([0, 1], 1), ROWS, 2, "data")
        assert features_array(np.ma.masked_array(np.ones((2, 4))), ROWS.features, "data")[0].tolist() == [[1] * 4] * 2

    def test_pandas(self):
        frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": np.array([3, 4], "i1"), "d": np.array([5, 6], "f4")})
        rows = labelled((frame, pd.Series([2, 0], index=[7, 9])), Ends.of_layers(ROWS), "data")
        assert rows.features.tolist() == [[1, 0.5, 3, 5], [2, 1.5, 4, 6]]
        assert rows.labels.tolist() == [2, 0]
        assert rows.spec["labels"]["outputs"][0]["indices"] is True
        with pytest.raises(DataError, match=r"an array of object; convert them: .astype\('float32'\)"):
            features_array(frame.assign(d=["x", "y"]), ROWS.features, "data")
        with pytest.raises(DataError, match="array of object"):
            features_array(
                frame.astype("Int64", errors="ignore").assign(d=pd.array([1, None], "Int64")), ROWS.features, "data"
            )

    @pytest.mark.parametrize(
        "data",
        [
            np.zeros((2, 4), complex),
            np.zeros((2, 4), object),
            np.zeros((2, 4), "datetime64[s]"),
            np.zeros((2, 4), "timedelta64[s]"),
            np.zeros((2, 4), "S3"),
            np.zeros(2, [("a", "f4")]),
            [[10**30, 0, 0, 0]],
            None,
            {"a": 1},
        ],
    )
    def test_what_are_no_numbers(self, data):
        with pytest.raises(DataError, match="must be numbers"):
            features_array(data, ROWS.features, "data")
        with pytest.raises(DataError, match="must be numbers"):
            labels_array(data, VALUE, 2, "data")

    def test_without_an_axis_of_rows(self):
        with pytest.raises(DataError, match=r"features have shape \(\)"):
            features_array(np.float32(3), ROWS.features, "data")
        with pytest.raises(DataError, match=r"labels of shape \(\)"):
            labels_array(np.int64(1), ROWS, 1, "data")

    @pytest.mark.parametrize("shape", [(3, 2, 0), (3, 0)])
    def test_rows_of_nothing(self, shape):
        with pytest.raises(DataError, match="rows without a number in them"):
            features_array(np.zeros(shape), SEQUENCES.features, "data")

    @pytest.mark.parametrize("dtype", ["u1", "i8", ">i4", "f2", "f8", "?"])
    def test_labels_of_every_type(self, dtype):
        labels, indices = labels_array(np.array([1, 0, 1]).astype(dtype)[::-1], ROWS, 3, "data")
        assert indices and labels.tolist() == [1, 0, 1]
        assert labels.dtype == np.float32 and labels.flags.c_contiguous
        one_hot, indices = labels_array(np.asfortranarray(np.eye(3)[[2, 0]]).astype(dtype), ROWS, 2, "data")
        assert not indices and one_hot.tolist() == [[0, 0, 1], [1, 0, 0]]


def test_the_same_shape_has_the_same_spec():
    a, b = (unlabelled(np.zeros((n, 2, 7)), Ends.of_layers(SEQUENCES), "data").spec for n in (1, 5))
    assert a is b
    given = {"name": None, "shape": [2, 7], "mask": None, "columns": [], "mask_column": None, "ragged": False}
    assert a == {"features": {"inputs": [given]}, "labels": None}
    (other,) = unlabelled(np.zeros((1, 2, 6)), Ends.of_layers(SEQUENCES), "data").spec["features"]["inputs"]
    assert other["shape"] == [2, 6]
    rows = Ends.of_layers(ROWS)
    indices, more = (labelled((np.zeros((n, 4)), [1] * n), rows, "data").spec for n in (1, 3))
    assert indices is more
    one_hot = labelled((np.zeros((1, 4)), np.eye(3)[:1]), rows, "data").spec["labels"]["outputs"]
    assert [one_hot[0]["indices"], indices["labels"]["outputs"][0]["indices"]] == [False, True]
