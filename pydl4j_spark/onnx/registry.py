"""The converters that come with the package."""

from __future__ import annotations

from pydl4j_spark.onnx import preprocessors
from pydl4j_spark.onnx.converter import Converter
from pydl4j_spark.onnx.layers import attention as attention_layers
from pydl4j_spark.onnx.layers import (
    autoencoders,
    capsules,
    convolution,
    detection,
    embedding,
    feedforward,
    locally_connected,
    normalization,
    output,
    pooling,
    recurrent,
    resizing,
    sequences,
    subsampling,
)
from pydl4j_spark.onnx.vertices import arithmetic, joining, rnn, shaping
from pydl4j_spark.onnx.vertices import attention as attention_vertices

_FAMILIES = (
    feedforward,
    output,
    embedding,
    autoencoders,
    normalization,
    convolution,
    subsampling,
    pooling,
    resizing,
    locally_connected,
    detection,
    recurrent,
    attention_layers,
    capsules,
    sequences,
    arithmetic,
    joining,
    shaping,
    rnn,
    attention_vertices,
    preprocessors,
)


def default_registry() -> dict[str, Converter]:
    """Return a fresh table of the converters that come with the package, keyed by Java class."""
    return {converter.dl4j_class: converter for family in _FAMILIES for converter in family.CONVERTERS}
