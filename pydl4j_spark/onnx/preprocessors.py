"""What stands between layers of different kinds.

DL4J flattens and unflattens time in column order: row ``t * N + n`` of a matrix is step ``t`` of sequence ``n``.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, Params
from pydl4j_spark.onnx.extents import divided, times
from pydl4j_spark.onnx.graph import BATCH, Value
from pydl4j_spark.onnx.handed_masks import as_images, as_rows, as_sequence, flattened
from pydl4j_spark.onnx.sequences import from_time_major, to_time_major

_PREPROCESSORS = "org.deeplearning4j.nn.conf.preprocessor."
_KERAS = "org.deeplearning4j.preprocessors."


def _image_shape(json: LayerJson) -> tuple[int, int, int]:
    return int(json["numChannels"]), int(json["inputHeight"]), int(json["inputWidth"])


def _cnn_to_feed_forward(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    if x.rank == 2:
        return x
    # In the layout as it is: DL4J follows Keras and does not reorder NHWC first.
    return ctx.op("Flatten", x, shape=(x.shape[0], times(*x.shape[1:])), axis=1)


def _feed_forward_to_cnn(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    if x.rank == 4:
        return x
    image = _image_shape(json)
    return ctx.reshape(x, [-1, *image], (x.shape[0], *image))


def _tensorflow_cnn_to_feed_forward(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    return x if x.rank == 2 else _cnn_to_feed_forward(ctx, ctx.transpose(x, 0, 2, 3, 1), json, params)


def _feed_forward_to_cnn3d(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    if x.rank == 5:
        return x
    extents = [int(json[key]) for key in ("inputDepth", "inputHeight", "inputWidth")]
    channels = int(json["numChannels"])
    volume = [channels, *extents] if json["ncdhw"] else [*extents, channels]
    return ctx.reshape(x, [-1, *volume], (x.shape[0], *volume))


def _rnn_to_feed_forward(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    if x.rank == 2:
        return x
    steps = to_time_major(ctx, x, json.get("rnnDataFormat"))
    time, batch, size = steps.shape
    return ctx.reshape(steps, [-1, int(size)], (times(time, batch), size))


def _feed_forward_to_rnn(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    if x.rank != 2:
        raise ExportError(f"{ctx.name!r} makes sequences of rows of rank 2, but rank {x.rank} arrives")
    size = int(x.shape[1])
    steps = ctx.reshape(x, [-1, ctx.batch(), size], (divided(x.shape[0], BATCH), BATCH, size))
    return from_time_major(ctx, steps, json.get("rnnDataFormat"))


def _rnn_to_cnn(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    return _feed_forward_to_cnn(ctx, _rnn_to_feed_forward(ctx, x, json, params), json, params)


def _cnn_to_rnn(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    return _feed_forward_to_rnn(ctx, _cnn_to_feed_forward(ctx, x, json, params), json, params)


def _parts(json: LayerJson) -> Mapping[str, LayerJson]:
    return {str(i): part for i, part in enumerate(json["inputPreProcessors"])}


def _composed(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    for part in json["inputPreProcessors"]:
        x = ctx.registry[part["@class"]].emit(ctx, x, part, {})
    return x


def _composed_mask(ctx: LayerContext, y: Value, json: LayerJson) -> Value | None:
    for part in json["inputPreProcessors"]:
        mask = ctx.registry[part["@class"]].mask(ctx, y, part)
        ctx = ctx.inside(part["@class"].rpartition(".")[2], [mask])
    return ctx.mask


def _reshape(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    target = [int(d) for d in json["targetShape"]]
    row = target[1:] if json["hasMiniBatchDimension"] else target
    # In front are the rows of the network, whatever the file says; 0 keeps what is there.
    return ctx.reshape(x, [0 if x.shape[0] == BATCH else ctx.batch(), *row], (BATCH, *row))


def _permute(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    axes = [int(i) for i in json["permutationIndices"]]
    # Without the batch; but once DL4J has run the network, the file states that too.
    return ctx.transpose(x, *([0, *axes] if len(axes) < x.rank else axes))


def _flatten_rnn(ctx: LayerContext, x: Value, json: LayerJson, params: Params) -> Value:
    size = int(json["depth"]) * int(json["tsLength"])
    return ctx.reshape(x, [0, size], (x.shape[0], size))


CONVERTERS = (
    Converter(_PREPROCESSORS + "CnnToFeedForwardPreProcessor", _cnn_to_feed_forward, mask=flattened),
    Converter(_PREPROCESSORS + "Cnn3DToFeedForwardPreProcessor", _cnn_to_feed_forward),
    Converter(_PREPROCESSORS + "FeedForwardToCnnPreProcessor", _feed_forward_to_cnn),
    Converter(_PREPROCESSORS + "FeedForwardToCnn3DPreProcessor", _feed_forward_to_cnn3d),
    Converter(_PREPROCESSORS + "RnnToFeedForwardPreProcessor", _rnn_to_feed_forward, mask=as_rows),
    Converter(_PREPROCESSORS + "FeedForwardToRnnPreProcessor", _feed_forward_to_rnn, mask=as_sequence),
    Converter(_PREPROCESSORS + "RnnToCnnPreProcessor", _rnn_to_cnn, mask=as_images),
    Converter(_PREPROCESSORS + "CnnToRnnPreProcessor", _cnn_to_rnn, mask=as_sequence),
    Converter(_PREPROCESSORS + "ComposableInputPreProcessor", _composed, mask=_composed_mask, inside=_parts),
    Converter(_KERAS + "ReshapePreprocessor", _reshape),
    Converter(_KERAS + "PermutePreprocessor", _permute),
    Converter(_KERAS + "KerasFlattenRnnPreprocessor", _flatten_rnn),
    Converter(
        "org.deeplearning4j.nn.modelimport.keras.preprocessors.TensorFlowCnnToFeedForwardPreProcessor",
        _tensorflow_cnn_to_feed_forward,
    ),
)
