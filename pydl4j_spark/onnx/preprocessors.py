"""What stands between layers of different kinds.

DL4J flattens and unflattens time in column order: row ``t * N + n`` of a matrix is step ``t`` of sequence ``n``.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson
from pydl4j_spark.onnx.graph import BATCH, TIME, Array, Dim, Value
from pydl4j_spark.onnx.sequences import from_time_major, to_time_major

_PREPROCESSORS = "org.deeplearning4j.nn.conf.preprocessor."

Params = Mapping[str, Array]


def _times(*extents: Dim) -> Dim:
    """Multiply extents, by name where one of them varies."""
    product = 1
    names = []
    for extent in extents:
        if isinstance(extent, int):
            product *= extent
        else:
            names.append(extent)
    return "*".join(names + ([str(product)] if product != 1 else [])) if names else product


def _image_shape(json: LayerJson) -> tuple[int, int, int]:
    return int(json["numChannels"]), int(json["inputHeight"]), int(json["inputWidth"])


def _cnn_to_feed_forward(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    if x.rank == 2:
        return x
    # In the layout as it is: DL4J follows Keras and does not reorder NHWC first.
    return ctx.op("Flatten", x, shape=(x.shape[0], _times(*x.shape[1:])), axis=1)


def _feed_forward_to_cnn(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    if x.rank == 4:
        return x
    image = _image_shape(json)
    return ctx.reshape(x, [-1, *image], (x.shape[0], *image))


def _rnn_to_feed_forward(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    if x.rank == 2:
        return x
    steps = to_time_major(ctx, x, json.get("rnnDataFormat"))
    time, batch, size = steps.shape
    return ctx.reshape(steps, [-1, int(size)], (_times(time, batch), size))


def _feed_forward_to_rnn(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    if x.rank != 2:
        raise ExportError(f"{ctx.name!r} makes sequences of rows of rank 2, but rank {x.rank} arrives")
    size = int(x.shape[1])
    steps = ctx.reshape(x, [-1, ctx.batch(), size], (TIME, BATCH, size))
    return from_time_major(ctx, steps, json.get("rnnDataFormat"))


def _rnn_to_cnn(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    return _feed_forward_to_cnn(ctx, _rnn_to_feed_forward(ctx, x, json, params), json, params)


def _cnn_to_rnn(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    return _feed_forward_to_rnn(ctx, _cnn_to_feed_forward(ctx, x, json, params), json, params)


CONVERTERS = (
    Converter(_PREPROCESSORS + "CnnToFeedForwardPreProcessor", _cnn_to_feed_forward),
    Converter(_PREPROCESSORS + "FeedForwardToCnnPreProcessor", _feed_forward_to_cnn),
    Converter(_PREPROCESSORS + "RnnToFeedForwardPreProcessor", _rnn_to_feed_forward),
    Converter(_PREPROCESSORS + "FeedForwardToRnnPreProcessor", _feed_forward_to_rnn),
    Converter(_PREPROCESSORS + "RnnToCnnPreProcessor", _rnn_to_cnn),
    Converter(_PREPROCESSORS + "CnnToRnnPreProcessor", _cnn_to_rnn),
)
