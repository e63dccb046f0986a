from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pydl4j_spark.errors import DataError, ModelFormatError
from pydl4j_spark.nd4j_arrays import write_nd4j
from pydl4j_spark.normalizer_bin import normalizer_from_bytes
from pydl4j_spark.normalizers import (
    ImagePreProcessingScaler,
    Normalizer,
    NormalizerMinMaxScaler,
    NormalizerStandardize,
    VGG16ImagePreProcessor,
    normalizer_from_spec,
)

FIXTURES = Path(__file__).parent / "onnx" / "fixtures"
NAMES = ["norm_standardize", "norm_minmax", "norm_image"]


def fixture(name):
    with zipfile.ZipFile(FIXTURES / f"{name}.zip") as archive:
        model = zipfile.ZipFile(io.BytesIO(archive.read("model.zip")))
        arrays = [np.load(io.BytesIO(archive.read(f"{part}.npy"))) for part in ("in", "norm")]
        return model.read("normalizer.bin"), *arrays


@pytest.mark.parametrize("name", NAMES)
def test_transform_is_what_dl4j_computed(name):
    raw, x, expected = fixture(name)
    normalizer = Normalizer.from_bytes(raw)
    np.testing.assert_allclose(normalizer.transform(x), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(normalizer.revert(expected), x, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_bytes_are_dl4js_own(name):
    raw, _, _ = fixture(name)
    assert normalizer_from_bytes(raw).to_bytes() == raw


def fitted():
    stats = {"mean": [1.0, 2.0], "std": [0.0, 3.0]}
    return NormalizerStandardize(**stats, label_mean=[1.0], label_std=[2.0])


@pytest.mark.parametrize(
    "normalizer",
    [
        fitted(),
        NormalizerMinMaxScaler(
            min_range=-1, max_range=2, min=[0.0, 1.0], max=[4.0, 1.0], label_min=[0.0], label_max=[8.0]
        ),
        ImagePreProcessingScaler(min_range=-1, max_range=1, max_pixel_val=511),
        VGG16ImagePreProcessor(),
    ],
)
def test_written_and_read_again(normalizer):
    again = normalizer_from_bytes(normalizer.to_bytes())
    assert again.to_bytes() == normalizer.to_bytes()
    assert again.to_spec() == normalizer.to_spec()
    assert again.fitted and again.fit_label == normalizer.fit_label
    x = np.arange(24.0).reshape(2, 3, 4)[:, : 3 if isinstance(normalizer, VGG16ImagePreProcessor) else 2]
    np.testing.assert_array_equal(again.transform(x), normalizer.transform(x))


@pytest.mark.parametrize(
    ("std", "divisor"), [(0.0, 1), (1e-7, 1), (9.99e-6, 1), (1e-5, 1), (1.1e-5, 1.1e-5), (2e-5, 2e-5), (-1e-6, 1)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_deviations_count_as_one_up_to_the_threshold(std, divisor, dtype):
    """Measured on DL4J M2.1, in both types."""
    normalizer = NormalizerStandardize(mean=np.zeros(1, dtype), std=np.array([std], dtype))
    np.testing.assert_allclose(normalizer.transform(np.ones((1, 1), dtype)), [[1 / divisor]], rtol=1e-5)


@pytest.mark.parametrize(("top", "spread"), [(0.0, 1e-5), (9e-6, 1e-5), (1e-5, 1e-5), (2e-5, 2e-5), (-1e-6, 1e-5)])
def test_small_ranges_are_widened_to_the_threshold(top, spread):
    normalizer = NormalizerMinMaxScaler(min=np.zeros(1), max=np.array([top]))
    np.testing.assert_allclose(normalizer.transform(np.ones((1, 1))), [[1 / spread]], rtol=1e-6)


@pytest.mark.parametrize("shape", [(5, 2), (5, 2, 3), (5, 2, 3, 4)])
def test_columns_are_on_axis_one(shape):
    x = np.random.default_rng(1).random(shape).astype(np.float32)
    normalizer = NormalizerStandardize(mean=[1.0, 2.0], std=[2.0, 4.0])
    y = normalizer.transform(x)
    np.testing.assert_allclose(y[:, 1], (x[:, 1] - 2) / 4, rtol=1e-6)
    assert y.dtype == np.float32
    np.testing.assert_allclose(normalizer.revert(y), x, rtol=1e-5)


def test_labels_are_reverted_with_their_own_statistics():
    np.testing.assert_allclose(fitted().revert_labels(np.array([[3.0]])), [[7.0]])
    scaler = NormalizerMinMaxScaler(min=[0.0], max=[1.0], label_min=[2.0], label_max=[10.0])
    np.testing.assert_allclose(scaler.revert_labels(np.array([[0.5]])), [[6.0]])


def test_integers_become_single_precision():
    assert ImagePreProcessingScaler().transform(np.array([[0, 255]], np.uint8)).tolist() == [[0.0, 1.0]]
    assert NormalizerStandardize(mean=[0], std=[1]).transform([[3]]).dtype == np.float32


@pytest.mark.parametrize("kind", [NormalizerStandardize, NormalizerMinMaxScaler])
def test_unfitted_says_so(kind):
    normalizer = kind()
    assert not normalizer.fitted
    for use in (
        normalizer.to_bytes,
        lambda: normalizer.transform(np.ones((1, 1))),
        lambda: normalizer.revert_labels([[1.0]]),
    ):
        with pytest.raises(DataError, match="no statistics"):
            use()


def test_half_a_pair_is_refused():
    with pytest.raises(DataError, match="mean and std"):
        NormalizerStandardize(mean=[1.0])
    with pytest.raises(DataError, match="label_min and label_max"):
        NormalizerMinMaxScaler(label_min=[1.0, 2.0], label_max=[1.0])


@pytest.mark.parametrize("x", [np.ones((2, 3)), np.ones(2), np.array([["a", "b"]])])
def test_rows_that_do_not_fit(x):
    with pytest.raises(DataError):
        fitted().transform(x)


@pytest.mark.parametrize(
    "normalizer",
    [NormalizerStandardize(), NormalizerMinMaxScaler(max_range=3), ImagePreProcessingScaler(max_pixel_val=1)],
)
def test_spec_round_trip(normalizer):
    assert normalizer_from_spec(normalizer.to_spec()).to_spec() == normalizer.to_spec()
    assert Normalizer.from_spec(normalizer.to_spec()).__class__ is normalizer.__class__


@pytest.mark.parametrize(
    "spec", [{}, {"type": "vgg16"}, {"type": "standardize", "min_range": 1}, {"type": "min_max", "mean": []}]
)
def test_wrong_spec(spec):
    with pytest.raises(DataError):
        normalizer_from_spec(spec)


def test_repr_shows_no_arrays():
    shown = repr(NormalizerStandardize(mean=np.arange(500.0), std=np.ones(500)))
    assert "<500 float64>" in shown and len(shown) < 200


def test_statistics_do_not_change_with_the_caller():
    mean = np.ones(2)
    normalizer = NormalizerStandardize(mean=mean, std=np.ones(2))
    mean[0] = 7
    assert normalizer.mean[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        normalizer.mean[0] = 7


def test_every_truncation_and_many_flips_are_format_errors():
    raw = fitted().to_bytes()
    for end in range(len(raw)):
        with pytest.raises(ModelFormatError):
            normalizer_from_bytes(raw[:end])
    rng = np.random.default_rng(3)
    for _ in range(500):
        damaged = bytearray(raw)
        damaged[rng.integers(len(raw))] ^= 1 << int(rng.integers(8))
        with contextlib.suppress(ModelFormatError):
            normalizer_from_bytes(bytes(damaged))


@pytest.mark.parametrize("kind", ["CUSTOM", "SOMETHING"])
def test_other_kinds_are_named(kind):
    raw = b"\0\x0aNORMALIZER\0\0\0\1" + len(kind).to_bytes(2, "big") + kind.encode()
    with pytest.raises(ModelFormatError, match=kind):
        normalizer_from_bytes(raw)


def test_statistics_of_integers_are_no_statistics():
    raw = fitted().to_bytes()
    head = raw[: raw.index(b"STANDARDIZE") + 11] + b"\0"
    with pytest.raises(ModelFormatError, match="do not fit"):
        normalizer_from_bytes(head + 2 * write_nd4j(np.ones(3, np.int32)))
