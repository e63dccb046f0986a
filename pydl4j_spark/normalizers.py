"""DL4J's normalizers: their arithmetic, and the ``normalizer.bin`` of a model file, in numpy.

Statistics are taken on the JVM, where the rows are. What arrives here is small: one number or two per column
or channel, applied on axis 1 of ``[N, C]``, ``[N, C, T]`` and ``[N, C, H, W]``.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from pydl4j_spark.errors import DataError, ModelFormatError
from pydl4j_spark.nd4j_arrays import ByteReader, read_nd4j, write_nd4j

__all__ = [
    "ImagePreProcessingScaler",
    "Normalizer",
    "NormalizerMinMaxScaler",
    "NormalizerStandardize",
    "normalizer_from_bytes",
    "normalizer_from_spec",
]

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]

# Nd4j.EPS_THRESHOLD: below it DL4J takes a spread for none.
_EPS = 1e-5


class UnreadableNormalizerError(ModelFormatError):
    """A normalizer that only DL4J itself can read; the rest of its model file is none the worse."""


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


def _as_rows(x: Any, columns: int | None) -> FloatArray:
    """Return `x` as floating point, refusing a shape that the statistics do not fit."""
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise DataError(f"a normalizer takes numbers, not {array.dtype}")
    if array.dtype.kind != "f":
        array = array.astype(np.float32)
    if columns is not None and (array.ndim < 2 or array.shape[1] != columns):
        raise DataError(f"the normalizer was fitted to {columns} columns on axis 1, rows of {array.shape} do not fit")
    return array


def _aligned(stat: FloatArray, like: FloatArray) -> FloatArray:
    """Return the statistics in the rows' type, on axis 1."""
    return stat.astype(like.dtype).reshape((1, -1) + (1,) * (like.ndim - 2))


def _pair_error(first: str, second: str) -> DataError:
    return DataError(f"{first} and {second} must be given together and have one value per column each")


class Normalizer:
    """What the three normalizers have in common.

    Attributes
    ----------
    type_name : str
        The name in a spec.
    settings : tuple of str
        The names of what the user sets, as opposed to what is fitted.
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

    def transform(self, x: Any) -> FloatArray:
        """Return the normalized rows."""
        raise NotImplementedError

    def revert(self, x: Any) -> FloatArray:
        """Return the rows as they were before :meth:`transform`."""
        raise NotImplementedError

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
        """Read any normalizer's ``normalizer.bin``; see :func:`normalizer_from_bytes`."""
        return normalizer_from_bytes(data)

    @staticmethod
    def from_spec(spec: Mapping[str, Any]) -> Normalizer:
        """Return what a :meth:`to_spec` describes; see :func:`normalizer_from_spec`."""
        return normalizer_from_spec(spec)


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
        return mean, np.where(std <= std.dtype.type(_EPS), std.dtype.type(1), std)

    def transform(self, x: Any) -> FloatArray:
        """Return the normalized rows; `x` is ``[N, C]``, ``[N, C, T]`` or ``[N, C, H, W]``."""
        mean, std = self.affine()
        rows = _as_rows(x, mean.size)
        return (rows - _aligned(mean, rows)) / _aligned(std, rows)

    def revert(self, x: Any) -> FloatArray:
        """Return the rows as they were before :meth:`transform`."""
        mean, std = self.affine()
        rows = _as_rows(x, mean.size)
        return rows * _aligned(std, rows) + _aligned(mean, rows)

    def revert_labels(self, y: Any) -> FloatArray:
        """Return labels, or a network's outputs, in their own units."""
        mean, std = self.affine(labels=True)
        rows = _as_rows(y, mean.size)
        return rows * _aligned(std, rows) + _aligned(mean, rows)

    def to_bytes(self) -> bytes:
        """Return DL4J's ``normalizer.bin``."""
        return _header("STANDARDIZE") + struct.pack(">?", self.fit_label) + self._statistics_bytes()


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
        upper = upper + (np.maximum(spread, spread.dtype.type(_EPS)) - spread)
        return lower, upper - lower

    def transform(self, x: Any) -> FloatArray:
        """Return the scaled rows; `x` is ``[N, C]``, ``[N, C, T]`` or ``[N, C, H, W]``."""
        lower, spread = self.affine()
        rows = _as_rows(x, lower.size)
        unit = (rows - _aligned(lower, rows)) / _aligned(spread, rows)
        return unit * rows.dtype.type(self.max_range - self.min_range) + rows.dtype.type(self.min_range)

    def _revert(self, x: Any, labels: bool) -> FloatArray:
        lower, spread = self.affine(labels)
        rows = _as_rows(x, lower.size)
        unit = (rows - rows.dtype.type(self.min_range)) / rows.dtype.type(self.max_range - self.min_range)
        return unit * _aligned(spread, rows) + _aligned(lower, rows)

    def revert(self, x: Any) -> FloatArray:
        """Return the rows as they were before :meth:`transform`."""
        return self._revert(x, labels=False)

    def revert_labels(self, y: Any) -> FloatArray:
        """Return labels, or a network's outputs, in their own units."""
        return self._revert(y, labels=True)

    def to_bytes(self) -> bytes:
        """Return DL4J's ``normalizer.bin``."""
        settings = struct.pack(">?dd", self.fit_label, self.min_range, self.max_range)
        return _header("MIN_MAX") + settings + self._statistics_bytes()


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

    def transform(self, x: Any) -> FloatArray:
        """Return the scaled pixels; `x` may have any shape."""
        rows = _as_rows(x, None)
        kind = rows.dtype.type
        return rows / kind(self.max_pixel_val) * kind(self.max_range - self.min_range) + kind(self.min_range)

    def revert(self, x: Any) -> FloatArray:
        """Return the pixels as they were before :meth:`transform`."""
        rows = _as_rows(x, None)
        kind = rows.dtype.type
        return (rows - kind(self.min_range)) / kind(self.max_range - self.min_range) * kind(self.max_pixel_val)

    def to_bytes(self) -> bytes:
        """Return DL4J's ``normalizer.bin``."""
        return _header("IMAGE_MIN_MAX") + struct.pack(">ddd", self.min_range, self.max_range, self.max_pixel_val)


_KINDS: dict[str, type[Normalizer]] = {
    kind.type_name: kind for kind in (NormalizerStandardize, NormalizerMinMaxScaler, ImagePreProcessingScaler)
}


def _header(kind: str) -> bytes:
    return struct.pack(">H10siH", 10, b"NORMALIZER", 1, len(kind)) + kind.encode()


def normalizer_from_spec(spec: Mapping[str, Any]) -> Normalizer:
    """Return the unfitted normalizer that a ``to_spec`` describes.

    Parameters
    ----------
    spec : Mapping
        ``{"type": "standardize" | "min_max" | "image_min_max", ...}``.

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


def normalizer_from_bytes(data: bytes, what: str = "normalizer.bin") -> Normalizer:
    """Read DL4J's ``normalizer.bin``.

    Parameters
    ----------
    data : bytes
        The content of the entry.
    what : str, default "normalizer.bin"
        What is being read, for error messages.

    Raises
    ------
    ModelFormatError
        When the content is damaged.
    UnreadableNormalizerError
        When it is a normalizer of a kind that is not read here: a custom one is a Java class, and those with
        several inputs or fixed to VGG16 have no counterpart.
    """
    reader = ByteReader(data, what)
    magic, version = reader.text(), reader.number("i")
    if magic != "NORMALIZER" or version != 1:
        raise ModelFormatError(f"{what}: {magic!r} of version {version} is no normalizer of DL4J's serializer")
    kind = reader.text()
    if kind == "IMAGE_MIN_MAX":
        low, high, pixel = (reader.number("d") for _ in range(3))
        reader.end()
        return ImagePreProcessingScaler(min_range=low, max_range=high, max_pixel_val=pixel)
    if kind not in ("STANDARDIZE", "MIN_MAX"):
        raise UnreadableNormalizerError(f"a normalizer of type {kind}, which only DL4J itself can read")
    labels = reader.number("?")
    bounds = [reader.number("d") for _ in range(2)] if kind == "MIN_MAX" else []
    stats = [read_nd4j(reader) for _ in range(4 if labels else 2)]
    reader.end()
    if any(a.dtype.kind != "f" or a.size != b.size for a, b in zip(stats[::2], stats[1::2], strict=True)):
        raise ModelFormatError(f"{what}: the statistics of {kind} do not fit together; the file is damaged")
    if kind == "STANDARDIZE":
        return NormalizerStandardize(**dict(zip(("mean", "std", "label_mean", "label_std"), stats, strict=False)))
    names = ("min", "max", "label_min", "label_max")
    return NormalizerMinMaxScaler(min_range=bounds[0], max_range=bounds[1], **dict(zip(names, stats, strict=False)))
