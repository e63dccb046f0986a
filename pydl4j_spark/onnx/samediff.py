"""Activations of DL4J's layers over SameDiff, which the file states as a bare name."""

from __future__ import annotations

from pydl4j_spark.onnx.activations import activate
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.graph import Value

_IMPL = "org.nd4j.linalg.activations.impl.Activation"
# Without settings. The slope below zero of LEAKYRELU is 0 here, so it is RELU.
_CLASSES = {
    "CUBE": "Cube",
    "ELU": "ELU",
    "GELU": "GELU",
    "HARDTANH": "HardTanH",
    "IDENTITY": "Identity",
    "LEAKYRELU": "ReLU",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SOFTMAX": "Softmax",
    "SOFTPLUS": "SoftPlus",
    "SOFTSIGN": "SoftSign",
    "TANH": "TanH",
}


def activate_by_name(ctx: LayerContext, x: Value, name: str) -> Value:
    """Apply the activation; a softmax runs over the last axis."""
    return activate(ctx, x, {"@class": _IMPL + _CLASSES[name]}, softmax_axis=x.rank - 1)


def activation_objection(name: str) -> str | None:
    """Say why a layer with this activation cannot be exported."""
    return None if name in _CLASSES else f"DL4J itself cannot run it with the activation {name}"
