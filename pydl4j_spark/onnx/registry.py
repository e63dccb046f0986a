"""The converters that come with the package."""

from __future__ import annotations

from pydl4j_spark.onnx import convolution, feedforward, normalization, pooling, preprocessors, recurrent
from pydl4j_spark.onnx.converter import Converter

_FAMILIES = (feedforward, normalization, convolution, pooling, recurrent, preprocessors)


def default_registry() -> dict[str, Converter]:
    """Return a fresh table of the converters that come with the package, keyed by Java class."""
    return {converter.dl4j_class: converter for family in _FAMILIES for converter in family.CONVERTERS}
