"""The shape of a network's input, which DL4J's file does not hold, and rows to try it with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from pydl4j_spark.description import NetworkDescription
from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.graph import BATCH, TIME, Array, Dim, Shape
from pydl4j_spark.onnx.recurrent import layout_of

INPUT_NAME = "input"

_LAYERS = "org.deeplearning4j.nn.conf.layers."
_EMBEDDING = _LAYERS + "EmbeddingLayer"
_ROWS = {_LAYERS + name for name in ("DenseLayer", "OutputLayer")}
_SEQUENCES = {
    _LAYERS + name
    for name in (
        "LSTM",
        "GravesLSTM",
        "RnnOutputLayer",
        "recurrent.SimpleRnn",
        "recurrent.Bidirectional",
        "recurrent.LastTimeStep",
    )
}
# A length for sequences of any length, unlike other extents that are likely.
_TRIAL_TIME = 7


@frozen
class NetworkInput:
    """What goes in.

    Attributes
    ----------
    shape : tuple of int or str
        With the batch in front; a string is an extent that varies.
    layout : str
        DL4J's word for it: ``"NC"``, ``"NCW"``, ``"NWC"``, ``"NCHW"`` or ``"NHWC"``.
    indices_below : int or None
        The size of the vocabulary where the input is indices.
    """

    shape: Shape
    layout: str
    indices_below: int | None = None

    def draw(self, rows: int, rng: np.random.Generator, dtype: np.dtype[Any]) -> Array:
        """Draw rows that the network takes."""
        extents = [rows, *(_TRIAL_TIME if isinstance(d, str) else d for d in self.shape[1:])]
        if self.indices_below is not None:
            return rng.integers(0, self.indices_below, extents).astype(dtype)
        # Values that single precision holds exactly: that is what the way to DL4J carries.
        return rng.standard_normal(extents).astype(np.float32).astype(dtype)


def find_input(
    network: NetworkDescription, manifest: Mapping[str, Any] | None, input_shapes: Any = None
) -> NetworkInput:
    """Return the input of a network.

    Parameters
    ----------
    network : NetworkDescription
        The configuration.
    manifest : Mapping or None
        The file's ``pydl4j.json``.
    input_shapes : tuple or Mapping from name to tuple, optional
        The shape of one row, without the batch; None stands for an extent that varies. Or an input type, as
        DL4J's JSON has it.

    Raises
    ------
    ExportError
        When the shape is not known, or not one that the first layer takes.
    """
    first = network.layers[0]
    input_type = (manifest or {}).get("input_type")
    if isinstance(input_shapes, Mapping) and "@class" in input_shapes:
        input_type, input_shapes = input_shapes, None
    if input_shapes is not None:
        shape: Shape | None = _given(input_shapes)
    elif input_type is not None:
        shape = _of_input_type(input_type)
    else:
        shape = _inferred(network)
    if shape is None:
        raise ExportError(
            f"the model file does not say what layer {first.name!r} takes; give input_shapes=, the shape of one row "
            "without the batch, such as (3, 32, 32)"
        )
    vocabulary = int(first.json["nin"]) if first.dl4j_class == _EMBEDDING else None
    return NetworkInput(shape, _layout(network, shape, input_type), vocabulary)


def _given(input_shapes: Any) -> Shape:
    if isinstance(input_shapes, Mapping):
        if set(input_shapes) != {INPUT_NAME}:
            raise ExportError(
                f"input_shapes names {sorted(map(str, input_shapes))}; the input is called {INPUT_NAME!r}"
            )
        input_shapes = input_shapes[INPUT_NAME]
    if not isinstance(input_shapes, Sequence) or isinstance(input_shapes, str) or len(input_shapes) not in (1, 2, 3):
        raise ExportError(
            f"input_shapes={input_shapes!r}: one to three extents of one row are expected, without the batch"
        )
    if not all(d is None or (isinstance(d, int | np.integer) and d > 0) for d in input_shapes):
        raise ExportError(f"input_shapes={input_shapes!r}: an extent is a positive integer, or None where it varies")
    unknown = iter([TIME] if len(input_shapes) == 2 else ["H", "W", "C"])
    return (BATCH, *(next(unknown, "U") if d is None else int(d) for d in input_shapes))


def _of_input_type(json: Mapping[str, Any]) -> Shape | None:
    kind = str(json.get("@class", "")).rpartition("$")[2]
    try:
        if kind == "InputTypeFeedForward":
            return BATCH, int(json["size"])
        if kind == "InputTypeConvolutionalFlat":
            return BATCH, int(json["height"]) * int(json["width"]) * int(json["depth"])
        if kind == "InputTypeRecurrent":
            size = int(json["size"])
            return (BATCH, TIME, size) if json.get("format") == "NWC" else (BATCH, size, TIME)
        if kind == "InputTypeConvolutional":
            c, h, w = int(json["channels"]), int(json["height"]), int(json["width"])
            return (BATCH, h, w, c) if json.get("format") == "NHWC" else (BATCH, c, h, w)
    except (KeyError, TypeError, ValueError) as error:
        raise ExportError(f"the model file's input type {dict(json)} is not complete; give input_shapes=") from error
    return None


def _sequence(size: int, layout: str | None) -> Shape:
    return (BATCH, TIME, size) if layout == "NWC" else (BATCH, size, TIME)


def _inferred(network: NetworkDescription) -> Shape | None:
    """Infer the shape from what stands first."""
    layer, preprocessor = network.layers[0], network.preprocessors.get(0)
    if preprocessor is not None:
        kind = str(preprocessor.get("@class")).rpartition(".")[2]
        image = [int(preprocessor.get(k) or 0) for k in ("numChannels", "inputHeight", "inputWidth")]
        flat = image[0] * image[1] * image[2]
        if kind == "FeedForwardToCnnPreProcessor":
            return BATCH, flat
        if kind == "RnnToCnnPreProcessor":
            return _sequence(flat, preprocessor.get("rnnDataFormat"))
        if kind == "RnnToFeedForwardPreProcessor" and layer.dl4j_class in _ROWS:
            return _sequence(int(layer.json["nin"]), preprocessor.get("rnnDataFormat"))
        if kind == "CnnToFeedForwardPreProcessor" and flat:
            c, h, w = image
            return (BATCH, h, w, c) if preprocessor.get("format") == "NHWC" else (BATCH, c, h, w)
        return None
    if layer.dl4j_class == _EMBEDDING:
        return BATCH, 1
    if layer.dl4j_class in _ROWS:
        return BATCH, int(layer.json["nin"])
    if layer.dl4j_class in _SEQUENCES:
        return _sequence(_width(layer.json), layout_of(layer.json))
    return None


def _width(layer: Mapping[str, Any]) -> int:
    for key in ("underlying", "fwd"):
        if key in layer:
            return _width(layer[key])
    return int(layer["nin"])


def _layout(network: NetworkDescription, shape: Sequence[Dim], input_type: Mapping[str, Any] | None) -> str:
    if len(shape) == 2:
        return "NC"
    parts = (input_type or {}, network.preprocessors.get(0) or {}, network.layers[0].json)
    keys = ("format", "rnnDataFormat", "rnndataFormat", "cnn2dDataFormat", "cnn2DFormat")
    stated = [part[key] for part in parts for key in keys if isinstance(part.get(key), str)]
    stated += [layout_of(network.layers[0].json) or ""]
    known = ("NCW", "NWC") if len(shape) == 3 else ("NCHW", "NHWC")
    return next((word for word in stated if word in known), known[0])
