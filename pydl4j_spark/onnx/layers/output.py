"""Output and loss layers: at inference a projection, an activation, or both."""

from __future__ import annotations

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.activations import activate
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, Params, ParamSpec, no_mask
from pydl4j_spark.onnx.graph import Value
from pydl4j_spark.onnx.layers.feedforward import check_rows, dense, dense_params
from pydl4j_spark.onnx.masks import masked_rows

_LAYERS = "org.deeplearning4j.nn.conf.layers."

# The layouts, and the axis of the channels in each.
_CHANNELS = {"NCW": 1, "NWC": 2, "NCHW": 1, "NHWC": 3, "NCDHW": 1, "NDHWC": 4}


def _loss(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    return masked_rows(ctx, activate(ctx, x, layer.get("activationFn"), softmax_axis=x.rank - 1))


def _loss_of_channels(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    """Write a loss layer that normalizes over the channels, as only RnnLossLayer and those for images do."""
    layout = next(str(layer[key]) for key in ("rnnDataFormat", "format", "dataFormat") if layer.get(key))
    if x.rank != len(layout):
        raise ExportError(f"layer {ctx.name!r} takes {layout}, but rank {x.rank} arrives; is a preprocessor missing?")
    return activate(ctx, x, layer.get("activationFn"), softmax_axis=_CHANNELS[layout])


def _center_loss_params(layer: LayerJson) -> list[ParamSpec]:
    """Return a bias even where hasBias leaves it unused, and the centers of the classes."""
    n_in, n_out = int(layer["nin"]), int(layer["nout"])
    return [ParamSpec("W", (n_in, n_out), "f"), ParamSpec("b", (n_out,)), ParamSpec("cL", (n_out, n_in))]


def _center_loss(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    unused = {"cL"} if layer.get("hasBias", True) else {"cL", "b"}
    return dense(ctx, x, layer, {name: array for name, array in params.items() if name not in unused})


def _one_class_params(layer: LayerJson) -> list[ParamSpec]:
    n_in, hidden = int(layer["nin"]), int(layer["hiddenSize"])
    return [ParamSpec("w", (1, hidden)), ParamSpec("v", (n_in, hidden), "f"), ParamSpec("r", (1,))]


def _one_class(ctx: LayerContext, x: Value, layer: LayerJson, params: Params) -> Value:
    """Write the scores of the one-class network, one number per row; r, from where they count as normal, is not in."""
    check_rows(ctx, x)
    inner, outer = ctx.const("v", params["v"]), ctx.const("w", params["w"].reshape(-1))
    hidden = ctx.op("MatMul", x, inner, shape=(x.shape[0], inner.shape[1]))
    hidden = activate(ctx, hidden, layer.get("activationFn"), softmax_axis=1)
    return ctx.op("MatMul", hidden, outer, shape=(x.shape[0],))


CONVERTERS = (
    Converter(_LAYERS + "OutputLayer", dense, dense_params),
    Converter(_LAYERS + "CenterLossOutputLayer", _center_loss, _center_loss_params),
    Converter("org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer", _one_class, _one_class_params),
    Converter(_LAYERS + "LossLayer", _loss),
    Converter(_LAYERS + "RnnLossLayer", _loss_of_channels, mask=no_mask),
    Converter(_LAYERS + "CnnLossLayer", _loss_of_channels, mask=no_mask),
    Converter(_LAYERS + "Cnn3DLossLayer", _loss_of_channels, mask=no_mask),
)
