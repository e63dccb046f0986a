"""Convolution over sequences, images and volumes: plain, by channel, and transposed."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.activations import activate
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, LayerJson, ParamSpec
from pydl4j_spark.onnx.graph import Array, Value
from pydl4j_spark.onnx.kernels import convolve, convolve_transposed, windowed_mask
from pydl4j_spark.onnx.windows import (
    Windows,
    is_channels_last,
    objection,
    setting,
    to_channels_first,
    to_layout,
)

_LAYERS = "org.deeplearning4j.nn.conf.layers."


@frozen
class Convolution:
    """How one class of convolution keeps its parameters.

    Axes of weights are letters: ``o`` and ``i`` the channels out and in, ``m`` the filters of each channel, ``k``
    the kernel, whole.

    Attributes
    ----------
    axes : int
        How many axes the kernel moves along.
    layout : str
        Where the layer's JSON has its layout.
    stored : str
        The axes of the weights in the file.
    order : str, default "oik"
        The axes that ONNX wants: ``"oik"``, ``"imk"`` for a convolution of each channel on its own, ``"iok"`` for a
        transposed one.
    pointwise : bool, default False
        Whether a convolution of single points follows, with weights of its own.
    """

    axes: int
    layout: str
    stored: str
    order: str = "oik"
    pointwise: bool = False

    def params(self, layer: LayerJson) -> list[ParamSpec]:
        """Return bias and weights; the bias comes first in the vector, although DL4J lists W first."""
        sizes = {"i": (int(layer["nin"]),), "o": (int(layer["nout"]),), "k": setting(layer, "kernelSize", self.axes)}
        if "m" in self.stored:
            sizes["m"] = (int(layer["depthMultiplier"]),)
        specs = [ParamSpec("b", sizes["o"])] if layer.get("hasBias", True) else []
        specs.append(ParamSpec("W", tuple(n for axis in self.stored for n in sizes[axis])))
        if self.pointwise:
            filters = sizes["i"][0] * sizes["m"][0]
            specs.append(ParamSpec("pW", (*sizes["o"], filters, *[1] * self.axes)))
        return specs

    def weights(self, stored: Array) -> Array:
        """Return weights as ONNX wants them."""
        # The kernel's axes follow each other, so each of them is a letter of its own.
        kernel = "xyz"[: self.axes]
        before, after = (letters.replace("k", kernel) for letters in (self.stored, self.order))
        found = stored.transpose([before.index(letter) for letter in after])
        return found.reshape(-1, 1, *found.shape[2:]) if "m" in self.order else found

    def emit(self, ctx: LayerContext, x: Value, layer: LayerJson, params: Mapping[str, Array]) -> Value:
        """Write the layer."""
        channels_last = is_channels_last(layer, self.layout)
        x = to_channels_first(ctx, x, channels_last, self.axes + 2)
        if x.shape[1] != int(layer["nin"]):
            raise ExportError(
                f"layer {ctx.name!r} takes {layer['nin']} channels, but {x.shape[1]} arrive; are they where "
                f"{layer.get(self.layout)} has them?"
            )
        weights, bias = self.weights(params["W"]), params.get("b")
        if self.order == "iok":
            y = convolve_transposed(ctx, x, layer, weights, bias)
        else:
            y = convolve(ctx, x, Windows.of(ctx, layer, x), weights, None if self.pointwise else bias)
        if self.pointwise:
            y = convolve(ctx, y, Windows.points(y), params["pW"], bias)
        # A softmax runs over the last axis of DL4J's layout, which the channels may be.
        return activate(ctx, to_layout(ctx, y, channels_last), layer.get("activationFn"), softmax_axis=y.rank - 1)


_CLASSES = {
    "ConvolutionLayer": Convolution(2, "cnn2dDataFormat", "oik"),
    "Convolution2D": Convolution(2, "cnn2dDataFormat", "oik"),
    "Convolution3D": Convolution(3, "dataFormat", "oik"),
    "Deconvolution2D": Convolution(2, "cnn2dDataFormat", "iok", order="iok"),
    "Deconvolution3D": Convolution(3, "dataFormat", "koi", order="iok"),
    "DepthwiseConvolution2D": Convolution(2, "cnn2dDataFormat", "kim", order="imk"),
    "SeparableConvolution2D": Convolution(2, "cnn2dDataFormat", "mik", order="imk", pointwise=True),
}
# In sequences the weights are not laid out as DL4J's table of parameters says.
_SEQUENCES = dict.fromkeys(("Convolution1DLayer", "Convolution1D"), Convolution(1, "rnnDataFormat", "kio"))

CONVERTERS = (
    *(Converter(_LAYERS + name, each.emit, each.params, objection=objection) for name, each in _CLASSES.items()),
    *(Converter(_LAYERS + name, each.emit, each.params, mask=windowed_mask) for name, each in _SEQUENCES.items()),
)
