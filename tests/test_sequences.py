"""Sequences of different lengths: padded and masked without a step lost, or refused with the reason."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark import ConfigError, DataError
from pydl4j_spark.array_rows import labelled, unlabelled
from pydl4j_spark.ends import Ends
from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.row_spec import Input, Output, row_spec
from pydl4j_spark.sequences import pad_sequences


def ends(features=(2, None), labels=(3, None), task="CLASSIFICATION", **settings):
    return Ends.of_layers(ExampleShape(features=features, labels=labels, task=task, sparse=False), **settings)


STEPS, TOKENS, LAST = ends(), ends((1, None)), ends(labels=(3,))
SHORT = np.arange(4, dtype=np.float32).reshape(2, 2)
LONG = np.arange(6, dtype=np.float32).reshape(2, 3) + 10
BOTH = [[0, 1, 0, 2, 3, 0, 1, 1, 0], [10, 11, 12, 13, 14, 15, 1, 1, 1]]
"""Both, padded, and their masks behind them."""


class TestPadSequences:
    @pytest.mark.parametrize(
        ("options", "array", "mask"),
        [
            ({}, [[5, 6, 7], [8, 0, 0]], [[1, 1, 1], [1, 0, 0]]),
            ({"maxlen": 2}, [[5, 6], [8, 0]], [[1, 1], [1, 0]]),
            ({"maxlen": 2, "truncating": "pre"}, [[6, 7], [8, 0]], [[1, 1], [1, 0]]),
            ({"maxlen": 4, "padding": "pre"}, [[0, 5, 6, 7], [0, 0, 0, 8]], [[0, 1, 1, 1], [0, 0, 0, 1]]),
            ({"value": -1}, [[5, 6, 7], [8, -1, -1]], [[1, 1, 1], [1, 0, 0]]),
        ],
    )
    def test_of_tokens(self, options, array, mask):
        found, of_steps = pad_sequences([[5, 6, 7], np.array([8], ">i4")], **options)
        assert (found.tolist(), of_steps.astype(int).tolist()) == (array, mask)
        assert found.dtype == np.float32 and of_steps.dtype == bool

    def test_time_is_the_last_axis(self):
        array, mask = pad_sequences([SHORT, LONG], dtype=int)
        assert array.tolist() == [[[0, 1, 0], [2, 3, 0]], LONG.tolist()]
        assert mask.tolist() == [[True, True, False], [True] * 3]

    @pytest.mark.parametrize(
        ("sequences", "options", "error", "says"),
        [
            ([], {}, DataError, "the sequences has no rows"),
            ([[1], []], {}, DataError, r"sequence 1 has shape \(0,\); a sequence has one time step at least"),
            ([SHORT, LONG[:1]], {}, DataError, r"sequence 1 has shape \(1, 3\) and the first \(2, 2\); nothing but"),
            ([[1], ["a"]], {}, DataError, "sequence 1 must be numbers"),
            ([[1]], {"padding": "left"}, ConfigError, "padding must be 'post' or 'pre', got 'left'"),
            ([[1]], {"truncating": None}, ConfigError, "truncating must be"),
            ([[1]], {"maxlen": 0}, ConfigError, "maxlen must be a whole number of at least 1, got 0"),
            ([[1]], {"maxlen": True}, ConfigError, "got True"),
        ],
    )
    def test_refusals(self, sequences, options, error, says):
        with pytest.raises(error, match=says):
            pad_sequences(sequences, **options)


class TestLists:
    """What a network makes of a list of sequences."""

    @pytest.mark.parametrize(
        "give",
        [list, tuple, lambda some: [one.tolist() for one in some], lambda some: np.array([*some, None], object)[:2]],
    )
    def test_are_padded_and_masked(self, give):
        rows = unlabelled(give([SHORT, LONG]), STEPS, "data")
        assert rows.features.tolist() == BOTH and rows.features.dtype == np.float32
        assert rows.spec == row_spec((Input(None, (2, 3), (3,)),), None)

    def test_are_whole_where_they_have_one_length(self):
        rows = unlabelled([LONG, LONG], STEPS, "data")
        assert rows.features.tolist() == [LONG.tolist()] * 2
        assert rows.spec == row_spec((Input(None, (2, 3)),), None)

    def test_are_padded_to_the_networks_own_length(self):
        rows = unlabelled([SHORT, SHORT], ends((2, 4), (3, 4)), "data")
        assert rows.features.tolist() == [[0, 1, 0, 0, 2, 3, 0, 0, 1, 1, 0, 0]] * 2
        with pytest.raises(DataError, match="the longest sequence has 3 time steps, the network takes 2; cut them"):
            unlabelled([SHORT, LONG], ends((2, 2), (3, 2)), "data")

    def test_of_single_numbers_need_no_axis(self):
        rows = unlabelled([[7, 8], np.array([9])], TOKENS, "data")
        assert rows.features.tolist() == [[7, 8, 1, 1], [9, 0, 1, 0]]
        assert rows.spec == row_spec((Input(None, (1, 2), (2,)),), None)

    def test_bytes_stay_bytes(self):
        rows = unlabelled([SHORT.astype(np.uint8), LONG.astype(np.uint8)], STEPS, "data")
        assert rows.features.dtype == np.uint8 and rows.features.tolist() == BOTH

    def test_time_may_come_first(self):
        rows = unlabelled([SHORT.T, LONG.T], ends((None, 2), time_first=True), "data")
        assert rows.features.tolist() == [[0, 2, 1, 3, 0, 0, 1, 1, 0], [10, 13, 11, 14, 12, 15, 1, 1, 1]]
        assert rows.spec == row_spec((Input(None, (3, 2), (3,)),), None)

    @pytest.mark.parametrize("labels", [[[0, 2], [1, 1, 0]], [np.array([0, 2]), np.array([1, 1, 0])]])
    def test_labels_are_masked_by_their_lengths(self, labels):
        rows = labelled(([SHORT, LONG], labels), STEPS, "data")
        assert rows.labels.tolist() == [[0, 2, 0, 1, 1, 0], [1, 1, 0, 1, 1, 1]]
        assert (
            rows.spec["labels"]["outputs"]
            == row_spec((), (Output(None, (3, 3), True, False, (3,)),))["labels"]["outputs"]
        )

    def test_labels_as_values(self):
        one_hot = [np.eye(3)[[0, 2]].T, np.eye(3)[[1, 1, 0]].T]
        rows = labelled(([SHORT, LONG], one_hot), STEPS, "data")
        assert rows.labels[0].tolist() == [1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0]
        assert not rows.spec["labels"]["outputs"][0]["indices"]

    def test_one_answer_for_a_sequence_needs_no_mask(self):
        rows = labelled(([SHORT, LONG], [0, 2]), LAST, "data")
        assert rows.labels.tolist() == [0, 2]
        assert rows.spec["labels"]["outputs"][0]["mask"] is None

    @pytest.mark.parametrize(
        ("data", "says"),
        [
            (([SHORT, LONG], [[0, 2], [1, 1]]), "data: row 1 has 2 labels for 3 time steps"),
            (([SHORT, LONG], [[0, 2]]), "data: 2 rows of features, but labels of shape"),
            (([SHORT, LONG[:1]], [0, 0]), "sequence 1 has shape"),
            (
                ([LONG.T[:2].T[:1], SHORT[:1, :1]], [0, 0]),
                r"each sequence has shape \[1, T\], the network takes \[2, T\]",
            ),
            (([SHORT, LONG], [[0, 2], [1, 1, 0]], np.ones((2, 3))), "masked by their lengths; leave their mask out"),
            (([SHORT, LONG], [[0, 2], [1, 1, 0]], None, np.ones((2, 3))), "masked by their lengths; leave their mask"),
            (([SHORT, LONG[:, :0]], [[0, 2], []]), "one time step at least"),
            (([SHORT, ["a", "b"]], [0, 0]), "features of row 1 must be numbers"),
        ],
    )
    def test_refusals(self, data, says):
        with pytest.raises(DataError, match=says):
            labelled(data, STEPS, "data")


class TestMasks:
    X, Y = np.zeros((2, 2, 3), np.float32), np.zeros((2, 3), int)
    MASK = np.array([[1, 0, 0], [1, 1, 1]])

    @pytest.mark.parametrize("kind", [bool, np.uint8, int, float, np.float32, list])
    def test_stand_behind_the_features_and_are_the_labels_too(self, kind):
        mask = self.MASK.tolist() if kind is list else self.MASK.astype(kind)
        rows = labelled((self.X, self.Y, mask), STEPS, "data")
        assert rows.features.tolist() == [[0] * 6 + [1, 0, 0], [0] * 6 + [1, 1, 1]]
        assert rows.labels.tolist() == [[0, 0, 0, 1, 0, 0], [0, 0, 0, 1, 1, 1]]
        assert rows.features.dtype == rows.labels.dtype == np.float32
        wanted = row_spec((Input(None, (2, 3), (3,)),), (Output(None, (3, 3), True, False, (3,)),))
        assert rows.spec is wanted

    def test_labels_may_have_their_own(self):
        other = 1 - self.MASK
        other[1, 0] = 1
        rows = labelled((self.X, self.Y, self.MASK, other), STEPS, "data")
        assert rows.labels[:, 3:].tolist() == other.tolist()
        alone = labelled((self.X, self.Y, None, other), STEPS, "data")
        assert alone.features.shape == (2, 2, 3) and alone.labels[:, 3:].tolist() == other.tolist()

    @pytest.mark.parametrize("mask", [[1, 0], [[1], [0]], np.array([True, False])])
    def test_of_single_answers(self, mask):
        rows = labelled((self.X, [0, 2], None, mask), LAST, "data")
        assert rows.labels.tolist() == [[0, 1], [2, 0]]
        assert rows.spec["labels"]["outputs"][0]["mask"] == [1]

    def test_of_single_values(self):
        mask = [[1, 0, 1], [0, 0, 1]]
        rows = labelled((self.X, np.ones((2, 3)), None, mask), ends(labels=(3,), task="REGRESSION"), "data")
        assert rows.labels.tolist() == [[1, 1, 1, 1, 0, 1], [1, 1, 1, 0, 0, 1]]
        with pytest.raises(DataError, match=r"the labels' mask has shape \(2, 3\); it needs \[2, 1\]"):
            labelled((self.X, np.ones((2, 3)), None, mask), LAST, "data")

    def test_bytes_stay_bytes(self):
        rows = unlabelled(self.X.astype(np.uint8), STEPS, "data", self.MASK.astype(float))
        assert rows.features.dtype == np.uint8 and rows.features[0].tolist() == [0] * 6 + [1, 0, 0]

    @pytest.mark.parametrize(
        ("mask", "says"),
        [
            (np.ones((2, 2)), r"data: the features' mask has shape \(2, 2\); 2 sequences of 3 steps need \[2, 3\]"),
            (np.ones(2), r"has shape \(2,\)"),
            ([[1, 0, 0], [1, 0.5, 2]], r"holds 2 values other than 0 and 1, the first is 0.5 at \[1, 1\]"),
            ([[1, 0, np.nan], [1, 0, 0]], "1 values other than 0 and 1, the first is nan"),
            ([[1, 0, 0], [0, 0, 0]], "masks every time step of 1 rows, the first is row 1; leave such rows out"),
            ([["a"] * 3] * 2, "the features' mask must be numbers"),
            (np.ma.masked_array(np.ones((2, 3)), [[True, False, False]] * 2), "have 2 masked values; fill them"),
        ],
    )
    def test_refusals(self, mask, says):
        with pytest.raises(DataError, match=says):
            unlabelled(self.X, STEPS, "data", mask)

    def test_refusals_of_labels(self):
        with pytest.raises(DataError, match="data: the labels' mask masks all labels; nothing is left"):
            labelled((self.X, self.Y, None, np.zeros((2, 3))), STEPS, "data")
        with pytest.raises(DataError, match=r"the labels' mask has shape \(2, 1\); it needs \[2, 3\]"):
            labelled((self.X, self.Y, None, [1, 0]), STEPS, "data")
        with pytest.raises(DataError, match="the features' mask is for sequences, and these features are none"):
            unlabelled(np.zeros((2, 4)), ends((4,), (3,)), "data", np.ones((2, 4)))
