"""The shape that a layer takes, which DL4J's file holds in other words, if at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import evolve

from pydl4j_spark.description import NodeDescription
from pydl4j_spark.onnx.graph import BATCH, TIME, Shape
from pydl4j_spark.onnx.layers.recurrent import layout_of
from pydl4j_spark.onnx.layouts import stated_layout

_LAYERS = "org.deeplearning4j.nn.conf.layers."
_EMBEDDING = _LAYERS + "EmbeddingLayer"
EMBEDDING_SEQUENCE = _LAYERS + "EmbeddingSequenceLayer"
_CAPSULES = _LAYERS + "CapsuleLayer"
_VOCABULARIES = (_EMBEDDING, EMBEDDING_SEQUENCE)
_PRELU = _LAYERS + "PReLULayer"
_TIME_DISTRIBUTED = _LAYERS + "recurrent.TimeDistributed"
_ROWS = {
    "org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer",
    *(
        _LAYERS + name
        for name in (
            "DenseLayer",
            "OutputLayer",
            "AutoEncoder",
            "CenterLossOutputLayer",
            "variational.VariationalAutoencoder",
            "misc.ElementWiseMultiplicationLayer",
            "misc.RepeatVector",
        )
    ),
}
_SEQUENCES = {
    _LAYERS + name
    for name in (
        "Convolution1D",
        "Convolution1DLayer",
        "LSTM",
        "GravesLSTM",
        "GravesBidirectionalLSTM",
        "RnnOutputLayer",
        "recurrent.SimpleRnn",
        "recurrent.Bidirectional",
        "recurrent.LastTimeStep",
        "SelfAttentionLayer",
        "RecurrentAttentionLayer",
        "util.MaskZeroLayer",
    )
}
_OF_ONE_SIZE = {_LAYERS + name for name in ("LocallyConnected1D", "LocallyConnected2D")}


def _sequence(size: int, layout: str | None) -> Shape:
    return (BATCH, TIME, size) if layout == "NWC" else (BATCH, size, TIME)


def taken_by(node: NodeDescription) -> Shape | None:
    """Return the shape that a layer takes, or the preprocessor in front of it, as far as their JSON tells."""
    if node.preprocessor is not None:
        return _taken_before(node.preprocessor, evolve(node, preprocessor=None))
    if node.dl4j_class == _EMBEDDING:
        return BATCH, 1
    if node.dl4j_class == EMBEDDING_SEQUENCE:
        return BATCH, TIME if node.json.get("inferInputLength") else int(node.json["inputLength"])
    if node.dl4j_class == _PRELU and not node.json.get("sharedAxes"):
        return (BATCH, *(int(n) for n in node.json["inputShape"]))
    if node.dl4j_class in _ROWS:
        n_in = int(node.json["nin"])
        return (BATCH, n_in) if n_in else None
    if node.dl4j_class == _TIME_DISTRIBUTED:
        inner = node.json["underlying"]
        return _steps_of(evolve(node, dl4j_class=inner["@class"], json=inner), stated_layout(3, node.json))
    if node.dl4j_class == _CAPSULES:
        return BATCH, int(node.json["inputCapsules"]), int(node.json["inputCapsuleDimensions"])
    if node.dl4j_class in _SEQUENCES:
        return _sequence(_width(node.json), layout_of(node.json))
    if node.dl4j_class in _OF_ONE_SIZE:
        return _of_one_size(node.json)
    return None


def _taken_before(preprocessor: Mapping[str, Any], node: NodeDescription) -> Shape | None:
    """Return the shape that a preprocessor takes in front of a layer."""
    kind = str(preprocessor.get("@class")).rpartition(".")[2]
    image = [int(preprocessor.get(k) or 0) for k in ("numChannels", "inputHeight", "inputWidth")]
    flat = image[0] * image[1] * image[2]
    if kind == "FeedForwardToCnnPreProcessor":
        return BATCH, flat
    if kind == "FeedForwardToCnn3DPreProcessor":
        return BATCH, flat * int(preprocessor["inputDepth"])
    if kind == "Cnn3DToFeedForwardPreProcessor" and flat:
        c, h, w = image
        d = int(preprocessor["inputDepth"])
        return (BATCH, c, d, h, w) if preprocessor["ncdhw"] else (BATCH, d, h, w, c)
    if kind == "ReshapePreprocessor":
        given = [int(n) for n in preprocessor["inputShape"]]
        return BATCH, *(given[1:] if preprocessor["hasMiniBatchDimension"] else given)
    if kind == "ComposableInputPreProcessor":
        first, *rest = preprocessor["inputPreProcessors"]
        # Where another preprocessor comes behind the first, the layer does not tell what comes out of it.
        return _taken_before(first, evolve(node, dl4j_class="") if rest else node)
    if kind in ("CnnToRnnPreProcessor", "TensorFlowCnnToFeedForwardPreProcessor") and flat:
        return BATCH, *image
    if kind == "RnnToCnnPreProcessor":
        return _sequence(flat, preprocessor.get("rnnDataFormat"))
    if kind == "RnnToFeedForwardPreProcessor":
        return _steps_of(node, preprocessor.get("rnnDataFormat"))
    if kind == "CnnToFeedForwardPreProcessor" and flat:
        c, h, w = image
        return (BATCH, h, w, c) if preprocessor.get("format") == "NHWC" else (BATCH, c, h, w)
    return None


def _steps_of(node: NodeDescription, layout: str | None) -> Shape | None:
    """Make a sequence of the rows that a layer takes."""
    row = taken_by(node)
    return _sequence(int(row[1]), layout) if row is not None and len(row) == 2 and isinstance(row[1], int) else None


def _of_one_size(layer: Mapping[str, Any]) -> Shape:
    """Return what a locally connected layer takes: it has weights for every place."""
    channels, extents = int(layer["nin"]), np.atleast_1d(layer["inputSize"]).tolist()
    return (BATCH, *extents, channels) if layer.get("format") == "NHWC" else (BATCH, channels, *extents)


def _width(layer: Mapping[str, Any]) -> int:
    for key in ("underlying", "fwd"):
        if key in layer:
            return _width(layer[key])
    return int(layer["nin"])


def vocabulary(kind: str, layer: Mapping[str, Any]) -> int | None:
    """Return the number of words of an embedding; None of any other layer."""
    if kind == _TIME_DISTRIBUTED:
        inner = layer["underlying"]
        return vocabulary(inner["@class"], inner)
    return int(layer["nin"]) if kind in _VOCABULARIES else None
