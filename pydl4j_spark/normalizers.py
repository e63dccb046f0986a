"""DL4J's normalizers: their arithmetic in numpy, and how a ``normalizer.bin`` of a model file is written.

Statistics are taken on the JVM, where the rows are. What arrives here is small: one number or two per column
or channel, applied on axis 1 of ``[N, C]``, ``[N, C, T]`` and ``[N, C, H, W]``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from pydl4j_spark.errors import DataError
from pydl4j_spark.nd4j_arrays import write_nd4j

__all__ = [
    "ImagePreProcessingScaler",
    "Normalizer",
    "NormalizerMinMaxScaler",
    "NormalizerStandardize",
    "VGG16ImagePreProcessor",
    "normalizer_from_spec",
]

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
# The name of ONNX's operator, and a number or one per column or channel: what it does on axis 1.
Step: TypeAlias = tuple[str, FloatArray | float]

# Nd4j.EPS_THRESHOLD: below it DL4J takes a spread for none.
EPS = 1e-5


def _statistics(value: Any) -> FloatArray | None:
    """Return one row of statistics as a read-only vector; DL4J keeps them as ``[1, C]``."""
    if value is None:
        return None
    array = np.array(value, copy=True).ravel()
    if array.dtype.kind != "f":
        array = array.astype(np.float32)
    array.flags.writeable = False
    return array


def _short(array: FloatArray | None) -> str:
    return "None" if array is None else f"<{array.size} {array.dtype}>"


def _as_rows(x: Any) -> FloatArray:
    """Return `x` as floating point."""
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise DataError(f"a normalizer takes numbers, not {array.dtype}")
    return array if array.dtype.kind == "f" else array.astype(np.float32)


_OPERATORS: dict[str, Any] = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}
_INVERSE = {"Add": "Sub", "Sub": "Add", "Mul": "Div", "Div": "Mul"}


def done(x: Any, steps: Iterable[Step]) -> FloatArray:
    """Take one step after the other, in the rows' type."""
    rows = _as_rows(x)
    for operator, operand in steps:
        values = np.asarray(operand, rows.dtype)
        if values.ndim:
            if rows.ndim < 2 or rows.shape[1] != values.size:
                raise DataError(
                    f"the normalizer was fitted to {values.size} columns on axis 1, rows of {rows.shape} do not fit"
                )
            values = values.reshape((1, -1) + (1,) * (rows.ndim - 2))
        rows = _OPERATORS[operator](rows, values)
    return rows


def undone(steps: Sequence[Step]) -> list[Step]:
    """Return the steps that undo others."""
    return [(_INVERSE[operator], operand) for operator, operand in reversed(steps)]


def _pair_error(first: str, second: str) -> DataError:
    return DataError(f"{first} and {second} must be given together and have one value per column each")


class Normalizer:
    """What all normalizers have in common.

    Attributes
    ----------
    type_name : str
        The name in a spec.
    settings : tuple of str
        The names of what the user sets, as opposed to what is fitted.
    runs : bool
        Whether it can stand in front of a network that trains or scores here; others are only exported.
    statistics : tuple of str
        The names of what is fitted on the features; none where nothing is.
    fitted : bool
        Whether it can be applied.
    fit_label : bool
        Whether there are statistics of the labels too.
    """

    __slots__ = ()
    type_name: ClassVar[str]
    settings: ClassVar[tuple[str, ...]] = ()
    runs: ClassVar[bool] = True

    @property
    def statistics(self) -> tuple[str, ...]:
        """The names of what is fitted on the features."""
        return ()

    @property
    def fitted(self) -> bool:
        """Whether it can be applied."""
        return True

    @property
    def fit_label(self) -> bool:
        """Whether there are statistics of the labels too."""
        return False

    def steps(self, labels: bool = False) -> tuple[Step, ...]:
        """Return what is done to features, or to labels, one after the other, as ONNX operators with an operand.

        An operand is a number, or a vector with one number per column or channel, which are on axis 1.

        Raises
        ------
        DataError
            When the statistics are not there.
        """
        raise NotImplementedError

    def input_steps(self, index: int = 0) -> tuple[Step, ...]:
        """Return what is done to one of a network's inputs, by its number."""
        return self.steps()

    def output_steps(self, index: int = 0) -> tuple[Step, ...]:
        """Return what was done to the labels of one of a network's outputs."""
        return self.steps(labels=True)

    def transform(self, x: Any) -> FloatArray:
        """Return the normalized rows; `x` is ``[N, C]``, ``[N, C, T]`` or ``[N, C, H, W]``."""
        return done(x, self.steps())

    def revert(self, x: Any) -> FloatArray:
        """Return the rows as they were before :meth:`transform`."""
        return done(x, undone(self.steps()))

    def revert_labels(self, y: Any) -> FloatArray:
        """Return labels, or a network's outputs, in their own units."""
        return done(y, undone(self.steps(labels=True)))

    def to_bytes(self) -> bytes:
        """Return DL4J's ``normalizer.bin``."""
        raise NotImplementedError

    def to_spec(self) -> dict[str, Any]:
        """Return the settings as JSON-able values, without statistics."""
        return {"type": self.type_name, **{name: getattr(self, name) for name in self.settings}}

    def unfitted(self) -> Normalizer:
        """Return a normalizer of the same settings, without statistics."""
        return normalizer_from_spec(self.to_spec())

    @staticmethod
    def from_bytes(data: bytes) -> Normalizer:
        """Read any normalizer's ``normalizer.bin``; see :mod:`pydl4j_spark.normalizer_bin`."""
        from pydl4j_spark.normalizer_bin import normalizer_from_bytes

        return normalizer_from_bytes(data)

    @staticmethod
    def from_spec(spec: Mapping[str, Any]) -> Normalizer:
        """Return what a :meth:`to_spec` describes; see :func:`normalizer_from_spec`."""
        return normalizer_from_spec(spec)


def _to_range(low: float, high: float) -> Iterator[Step]:
    """Take values between 0 and 1 to another range."""
    if high - low != 1:
        yield "Mul", high - low
    if low != 0:
        yield "Add", low


class _Fitted(Normalizer):
    """What the two kinds with statistics share: a pair of rows for the features, a pair for the labels."""

    __slots__ = ()
    _pairs: ClassVar[tuple[tuple[str, str], ...]]

    def __attrs_post_init__(self) -> None:
        for first, second in self._pairs:
            a, b = getattr(self, first), getattr(self, second)
            if (a is None) != (b is None) or (a is not None and a.shape != b.shape):
                raise _pair_error(first, second)

    @property
    def statistics(self) -> tuple[str, ...]:
        """The names of what is fitted on the features."""
        return self._pairs[0]

    @property
    def fitted(self) -> bool:
        """Whether the statistics are there."""
        return getattr(self, self._pairs[0][0]) is not None

    @property
    def fit_label(self) -> bool:
        """Whether there are statistics of the labels too."""
        return getattr(self, self._pairs[1][0]) is not None

    def _pair(self, which: int) -> tuple[FloatArray, FloatArray]:
        first, second = (getattr(self, name) for name in self._pairs[which])
        if first is None:
            raise DataError(
                f"this {type(self).__name__} has no statistics of the {('features', 'labels')[which]}: fit first"
            )
        return first, second

    def _statistics_bytes(self) -> bytes:
        parts = [a for which in range(1 + self.fit_label) for a in self._pair(which)]
        return b"".join(write_nd4j(a.reshape(1, -1)) for a in parts)


@frozen(kw_only=True, eq=False)
class NormalizerStandardize(_Fitted):
    """Zero mean and unit variance per column: ``(x - mean) / std``.

    DL4J's ``org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize``. A standard deviation of at
    most 1e-5 counts as 1, as there.

    Parameters
    ----------
    mean, std : array of C numbers, optional
        The statistics; both or none. Without them this is a setting, to be fitted on the JVM.
    label_mean, label_std : array, optional
        The same of the labels, where they were fitted.

    Raises
    ------
    DataError
        When one of a pair is missing or their lengths differ.
    """

    mean: FloatArray | None = field(default=None, converter=_statistics, repr=_short)
    std: FloatArray | None = field(default=None, converter=_statistics, repr=_short)
    label_mean: FloatArray | None = field(default=None, converter=_statistics, repr=_short)
    label_std: FloatArray | None = field(default=None, converter=_statistics, repr=_short)

    _pairs: ClassVar = (("mean", "std"), ("label_mean", "label_std"))
    type_name: ClassVar[str] = "standardize"

    def affine(self, labels: bool = False) -> tuple[FloatArray, FloatArray]:
        """Return ``(offset, divisor)`` of ``(x - offset) / divisor``, each of shape ``[C]``."""
        mean, std = self._pair(int(labels))
        # DL4J raises small deviations to its threshold and then replaces what equals zero within the same
        # threshold by one, so the two steps together replace all of them by one.
        return mean, np.where(std <= std.dtype.type(EPS), std.dtype.type(1), std)

    def steps(self, labels: bool = False) -> tuple[Step, ...]:
        """Return how the features, or the labels, are normalized."""
        mean, std = self.affine(labels)
        return ("Sub", mean), ("Div", std)

    def to_bytes(self) -> bytes:
        """Return DL4J's ``normalizer.bin``."""
        return header("STANDARDIZE") + struct.pack(">?", self.fit_label) + self._statistics_bytes()


@frozen(kw_only=True, eq=False)
class NormalizerMinMaxScaler(_Fitted):
    """Scales each column to a range: ``(x - min) / (max - min) * (max_range - min_range) + min_range``.

    DL4J's ``org.nd4j.linalg.dataset.api.preprocessor.NormalizerMinMaxScaler``. A column whose `max` is less
    than 1e-5 above its `min` gets a `max` 1e-5 above it, as there.

    Parameters
    ----------
    min_range, max_range : float, default 0.0 and 1.0
        The range to scale to.
    min, max : array of C numbers, optional
        The statistics; both or none.
    label_min, label_max : array, optional
        The same of the labels, where they were fitted.

    Raises
    ------
    DataError
        When one of a pair is missing or their lengths differ.
    """

    min_range: float = field(default=0.0, converter=float, kw_only=False)
    max_range: float = field(default=1.0, converter=float, kw_only=False)
    min: FloatArray | None = field(default=None, converter=_statistics, repr=_short)
    max: FloatArray | None = field(default=None, converter=_statistics, repr=_short)
    label_min: FloatArray | None = field(default=None, converter=_statistics, repr=_short)
    label_max: FloatArray | None = field(default=None, converter=_statistics, repr=_short)

    _pairs: ClassVar = (("min", "max"), ("label_min", "label_max"))
    type_name: ClassVar[str] = "min_max"
    settings: ClassVar[tuple[str, ...]] = ("min_range", "max_range")

    def affine(self, labels: bool = False) -> tuple[FloatArray, FloatArray]:
        """Return ``(offset, divisor)`` of ``(x - offset) / divisor``, each of shape ``[C]``."""
        lower, upper = self._pair(int(labels))
        # In the type of the statistics, step by step: DL4J raises the upper bound, then subtracts again.
        spread = upper - lower
        upper = upper + (np.maximum(spread, spread.dtype.type(EPS)) - spread)
        return lower, upper - lower

    def steps(self, labels: bool = False) -> tuple[Step, ...]:
        """Return how the features, or the labels, are normalized."""
        lower, spread = self.affine(labels)
        return ("Sub", lower), ("Div", spread), *_to_range(self.min_range, self.max_range)

    def to_bytes(self) -> bytes:
        """Return DL4J's ``normalizer.bin``."""
        settings = struct.pack(">?dd", self.fit_label, self.min_range, self.max_range)
        return header("MIN_MAX") + settings + self._statistics_bytes()


@frozen(kw_only=True)
class ImagePreProcessingScaler(Normalizer):
    """Scales pixels to a range: ``x / max_pixel_val * (max_range - min_range) + min_range``.

    DL4J's ``org.nd4j.linalg.dataset.api.preprocessor.ImagePreProcessingScaler``. It takes no statistics, so it
    is always fitted.

    Parameters
    ----------
    min_range, max_range : float, default 0.0 and 1.0
        The range to scale to.
    max_pixel_val : float, default 255.0
        The largest value of a pixel.
    """

    min_range: float = field(default=0.0, converter=float, kw_only=False)
    max_range: float = field(default=1.0, converter=float, kw_only=False)
    max_pixel_val: float = field(default=255.0, converter=float)

    type_name: ClassVar[str] = "image_min_max"
    settings: ClassVar[tuple[str, ...]] = ("min_range", "max_range", "max_pixel_val")

    def steps(self, labels: bool = False) -> tuple[Step, ...]:
        """Return how pixels are scaled; labels are left alone."""
        return () if labels else (("Div", self.max_pixel_val), *_to_range(self.min_range, self.max_range))

    def to_bytes(self) -> bytes:
        """Return DL4J's ``normalizer.bin``."""
        return header("IMAGE_MIN_MAX") + struct.pack(">ddd", self.min_range, self.max_range, self.max_pixel_val)


@frozen
class VGG16ImagePreProcessor(Normalizer):
    """Takes the means of ImageNet off the channels: 103.939, 116.779 and 123.68, in the order blue, green, red.

    DL4J's ``org.nd4j.linalg.dataset.api.preprocessor.VGG16ImagePreProcessor``, which 1.0.0-M2.1 itself neither writes
    into a model file nor reads from one: it is in files of programs that taught DL4J to.
    """

    type_name: ClassVar[str] = "image_vgg16"
    runs: ClassVar[bool] = False

    def steps(self, labels: bool = False) -> tuple[Step, ...]:
        """Return how pixels are shifted; labels are left alone."""
        return () if labels else (("Sub", np.array([103.939, 116.779, 123.68])),)

    def to_bytes(self) -> bytes:
        """Return a ``normalizer.bin`` that says no more than the name."""
        return header("IMAGE_VGG16")


_KINDS: dict[str, type[Normalizer]] = {
    kind.type_name: kind
    for kind in (NormalizerStandardize, NormalizerMinMaxScaler, ImagePreProcessingScaler, VGG16ImagePreProcessor)
}


def header(kind: str) -> bytes:
    """Return how a ``normalizer.bin`` begins."""
    return struct.pack(">H10siH", 10, b"NORMALIZER", 1, len(kind)) + kind.encode()


def normalizer_from_spec(spec: Mapping[str, Any]) -> Normalizer:
    """Return the unfitted normalizer that a ``to_spec`` describes.

    Parameters
    ----------
    spec : Mapping
        ``{"type": "standardize" | "min_max" | "image_min_max" | "image_vgg16", ...}``.

    Raises
    ------
    DataError
        For an unknown type or setting.
    """
    settings = dict(spec)
    kind = _KINDS.get(str(settings.pop("type", None)))
    if kind is None:
        raise DataError(f"no normalizer of type {spec.get('type')!r}; there are {', '.join(_KINDS)}")
    if unknown := sorted(set(settings) - set(kind.settings)):
        raise DataError(f"{kind.__name__} has no setting {', '.join(unknown)}")
    return kind(**settings)
