"""DL4J's ``normalizer.bin``, read as data: no class that it names is looked for.

The layouts are those of ``org.nd4j.linalg.dataset.api.preprocessor.serializer``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from pydl4j_spark.errors import ModelFormatError
from pydl4j_spark.multi_normalizers import Arrays, MultiNormalizer
from pydl4j_spark.nd4j_arrays import Array, ByteReader, read_nd4j
from pydl4j_spark.normalizers import (
    EPS,
    ImagePreProcessingScaler,
    Normalizer,
    NormalizerMinMaxScaler,
    NormalizerStandardize,
    VGG16ImagePreProcessor,
)

_T = TypeVar("_T")

# In the order in which DL4J numbers them: nothing is done, STANDARDIZE, MIN_MAX.
_STRATEGIES = (None, NormalizerStandardize, NormalizerMinMaxScaler)


class UnreadableNormalizerError(ModelFormatError):
    """A normalizer that only DL4J itself can read; the rest of its model file is none the worse."""


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
        When it is a custom one, which is a Java class, or in a layout of its own.
    """
    reader = ByteReader(data, what)
    magic, version = reader.text(), reader.number("i")
    if magic != "NORMALIZER" or version != 1:
        raise ModelFormatError(f"{what}: {magic!r} of version {version} is no normalizer of DL4J's serializer")
    kind = reader.text()
    if kind == "CUSTOM":
        raise UnreadableNormalizerError(f"a normalizer of type {kind}, which only DL4J itself can read")
    if kind not in _READERS:
        raise ModelFormatError(f"{what}: {kind!r} is no type of normalizer that DL4J has; the file is damaged")
    normalizer = _READERS[kind](reader)
    reader.end()
    return normalizer if isinstance(normalizer, Normalizer) else MultiNormalizer(kind, *normalizer, content=data)


def _pair(reader: ByteReader) -> tuple[Array, Array]:
    first, second = read_nd4j(reader), read_nd4j(reader)
    if first.dtype.kind != "f" or second.dtype.kind != "f" or first.size != second.size:
        raise ModelFormatError(f"{reader.what}: statistics do not fit together; the file is damaged")
    return first, second


def _range(reader: ByteReader) -> tuple[float, float]:
    low, high = reader.number("d"), reader.number("d")
    # As DL4J does it when it reads them.
    return low, max(high, low + EPS)


def _standardize(reader: ByteReader) -> Normalizer:
    labels = reader.number("?")
    (mean, std), (label_mean, label_std) = _pair(reader), _pair(reader) if labels else (None, None)
    return NormalizerStandardize(mean=mean, std=std, label_mean=label_mean, label_std=label_std)


def _min_max(reader: ByteReader) -> Normalizer:
    labels, (low, high) = reader.number("?"), _range(reader)
    (lower, upper), (label_min, label_max) = _pair(reader), _pair(reader) if labels else (None, None)
    return NormalizerMinMaxScaler(low, high, min=lower, max=upper, label_min=label_min, label_max=label_max)


def _image(reader: ByteReader) -> Normalizer:
    low, high, pixel = (reader.number("d") for _ in range(3))
    return ImagePreProcessingScaler(low, high, max_pixel_val=pixel)


def _vgg16(reader: ByteReader) -> Normalizer:
    if reader.left:
        raise UnreadableNormalizerError("a normalizer of type IMAGE_VGG16 in a layout that is not DL4J's own")
    return VGG16ImagePreProcessor()


def _multi(reader: ByteReader, scaled: bool) -> tuple[Arrays, Arrays]:
    labels, inputs, outputs = reader.number("?"), reader.number("i"), reader.number("i")
    unfitted = NormalizerMinMaxScaler(*_range(reader)) if scaled else NormalizerStandardize()
    features = Arrays({i: _fitted(unfitted, _pair(reader)) for i in range(inputs)}, unfitted)
    own = {i: _fitted(unfitted, _pair(reader)) for i in range(outputs if labels else 0)}
    return features, Arrays(own, unfitted if labels else None)


def _fitted(unfitted: Normalizer, statistics: tuple[Array, Array]) -> Normalizer:
    """Return a normalizer of the same settings with statistics."""
    settings = {name: getattr(unfitted, name) for name in unfitted.settings}
    return type(unfitted)(**settings, **dict(zip(unfitted.statistics, statistics, strict=True)))


def _hybrid(reader: ByteReader) -> tuple[Arrays, Arrays]:
    of_inputs, of_outputs = _numbered(reader, _statistics), _numbered(reader, _statistics)
    all_inputs, all_outputs = _strategy(reader), _strategy(reader)
    per_input, per_output = _numbered(reader, _strategy), _numbered(reader, _strategy)
    inputs = _arrays(reader, of_inputs, all_inputs, per_input)
    return inputs, _arrays(reader, of_outputs, all_outputs, per_output)


def _numbered(reader: ByteReader, read: Callable[[ByteReader], _T]) -> dict[int, _T]:
    # One after the other: a stated number of entries takes no memory before they are there.
    return {reader.number("i"): read(reader) for _ in range(reader.number("i"))}


def _kind(reader: ByteReader) -> type[NormalizerStandardize | NormalizerMinMaxScaler] | None:
    ordinal: int = reader.number("i")
    if not 0 <= ordinal < len(_STRATEGIES):
        raise ModelFormatError(f"{reader.what}: there is no strategy of number {ordinal}; the file is damaged")
    return _STRATEGIES[ordinal]


def _strategy(reader: ByteReader) -> Normalizer | None:
    kind = _kind(reader)
    if kind is None:
        return None
    return NormalizerMinMaxScaler(*_range(reader)) if kind is NormalizerMinMaxScaler else kind()


def _statistics(reader: ByteReader) -> tuple[type[Normalizer] | None, tuple[Array, Array]]:
    return _kind(reader), _pair(reader)


def _arrays(
    reader: ByteReader,
    statistics: Mapping[int, tuple[type[Normalizer] | None, tuple[Array, Array]]],
    otherwise: Normalizer | None,
    per_array: Mapping[int, Normalizer | None],
) -> Arrays:
    own = {index: per_array.get(index, otherwise) for index in {*statistics, *per_array}}
    for index, (kind, pair) in statistics.items():
        unfitted = own[index]
        if unfitted is None:
            continue
        if type(unfitted) is not kind:
            raise ModelFormatError(f"{reader.what}: statistics and strategy of array {index} are of two kinds; damaged")
        own[index] = _fitted(unfitted, pair)
    return Arrays(own, otherwise)


_READERS: Mapping[str, Callable[[ByteReader], Normalizer | tuple[Arrays, Arrays]]] = {
    "STANDARDIZE": _standardize,
    "MIN_MAX": _min_max,
    "IMAGE_MIN_MAX": _image,
    "IMAGE_VGG16": _vgg16,
    "MULTI_STANDARDIZE": partial(_multi, scaled=False),
    "MULTI_MIN_MAX": partial(_multi, scaled=True),
    "MULTI_HYBRID": _hybrid,
}
