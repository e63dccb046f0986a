"""Detection of objects: the activations of YOLO's output."""

from __future__ import annotations

import numpy as np

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson
from pydl4j_spark.onnx.graph import Value
from pydl4j_spark.onnx.windows import in_channels_first

# Of each box: its place and its size, two numbers each, how sure it is, and then the classes.
_PLACE, _SIZE, _SURE, _CLASSES = range(2), range(2, 4), range(4, 5), 5


def _yolo(ctx: LayerContext, x: Value, layer: LayerJson) -> Value:
    stated = layer["boundingBoxes"]
    priors = np.array(stated["data"], np.float64).reshape([int(n) for n in stated["shape"]])
    boxes, channels = len(priors), int(x.shape[1])
    if channels % boxes or channels < boxes * _CLASSES:
        raise ExportError(
            f"layer {ctx.name!r} has {boxes} boxes of {_CLASSES} numbers and the classes, but {channels} channels come"
        )
    each = channels // boxes
    values = ctx.reshape(x, [0, boxes, each, -1], (x.shape[0], boxes, each, "cells"))

    def part(numbers: range) -> Value:
        shape = (x.shape[0], boxes, len(numbers), "cells")
        return ctx.op("Slice", values, ctx.ints(numbers.start), ctx.ints(numbers.stop), ctx.ints(2), shape=shape)

    parts = [
        ctx.op("Sigmoid", part(_PLACE)),
        ctx.op("Mul", ctx.op("Exp", part(_SIZE)), ctx.const("priors", priors.reshape(boxes, 2, 1))),
        ctx.op("Sigmoid", part(_SURE)),
    ]
    if each > _CLASSES:
        parts.append(ctx.op("Softmax", part(range(_CLASSES, each)), axis=2))
    joined = ctx.op("Concat", *parts, shape=values.shape, axis=2)
    return ctx.op("Reshape", joined, ctx.op("Shape", x, shape=(4,)), shape=x.shape)


_NAME = "org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer"

CONVERTERS = (Converter(_NAME, in_channels_first(_yolo, 4, "format")),)
