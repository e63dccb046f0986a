"""Layers on images: convolution and pooling, with DL4J's arithmetic of sizes."""

from __future__ import annotations

from math import ceil

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import choice, flag, numbers_of, real, whole
from pydl4j_spark.conf.inputs import CNN_FORMATS, InputType, InputTypeConvolutional
from pydl4j_spark.conf.layers.base import Layer, ProjectingLayer, settle, unflattening, weights_and_bias, wrong_input
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.types import Number, Pair
from pydl4j_spark.errors import ConfigError

_LAYERS = "org.deeplearning4j.nn.conf.layers."
_NO_IMAGES = (
    "use InputType.convolutional or InputType.convolutional_flat, or a FeedForwardToCnnPreProcessor before this layer"
)

CONVOLUTION_MODES = {"strict": "Strict", "truncate": "Truncate", "same": "Same"}
POOLING_TYPES = {"max": "MAX", "avg": "AVG", "pnorm": "PNORM", "sum": "SUM"}
ALGO_MODES = {
    "no_workspace": "NO_WORKSPACE",
    "prefer_fastest": "PREFER_FASTEST",
    "user_specified": "USER_SPECIFIED",
}


@config()
class _Sliding(Layer):
    """What slides a window over an image."""

    kernel_size: Pair = numbers_of("kernelSize", length=2, minimum=1)
    stride: Pair = numbers_of("stride", length=2, minimum=1, default=(1, 1))
    padding: Pair = numbers_of("padding", length=2, default=(0, 0))
    dilation: Pair = numbers_of("dilation", length=2, minimum=1, default=(1, 1))
    convolution_mode: str | None = choice("convolutionMode", CONVOLUTION_MODES, default=None, inherited=True)
    data_format: str | None = choice("cnn2dDataFormat", CNN_FORMATS, default=None)
    cudnn_allow_fallback: bool = flag("cudnnAllowFallback", default=True)

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Make images of flat images."""
        return unflattening(given)

    def check(self) -> None:
        """Refuse padding where the mode pads by itself."""
        if self.convolution_mode == "same" and self.padding != (0, 0):
            raise ConfigError(f"padding {self.padding} cannot be given with convolution_mode 'same', which pads itself")

    def _slid(self, given: InputType, channels: int) -> InputType:
        image = as_image(given)
        height = self._length(0, "height", image.height)
        width = self._length(1, "width", image.width)
        return InputType.convolutional(height, width, channels, data_format=image.data_format)

    def _length(self, axis: int, name: str, length: int) -> int:
        kernel, stride, padding, dilation = (
            pair[axis]  # type: ignore[index]
            for pair in (self.kernel_size, self.stride, self.padding, self.dilation)
        )
        if self.convolution_mode == "same":
            return ceil(length / stride)
        reach = kernel + (kernel - 1) * (dilation - 1)
        room = length + 2 * padding - reach
        if room < 0:
            spread = f" (dilated to {reach})" if dilation > 1 else ""
            raise ConfigError(
                f"kernel {self.kernel_size} does not fit the input: its {name} {kernel}{spread} exceeds {length}"
                f" + 2 * {padding} of padding; use a smaller kernel, padding, or convolution_mode='same'"
            )
        if self.convolution_mode == "strict" and room % stride:
            raise ConfigError(
                f"convolution_mode 'strict' needs ({name} {length} + 2 * {padding} - {reach}) / stride {stride} to be"
                f" whole, but it is {room / stride:g}; use 'truncate' for {room // stride + 1} or 'same' for"
                f" {ceil(length / stride)}"
            )
        return room // stride + 1


@config(_LAYERS + "ConvolutionLayer")
class ConvolutionLayer(_Sliding, ProjectingLayer):
    """Convolution: ``[N, n_in, H, W]`` to ``[N, n_out, H', W']`` (DL4J ConvolutionLayer, also Convolution2D).

    Parameters
    ----------
    n_out : int
        Channels that come out.
    kernel_size, stride, padding, dilation : int or (int, int)
        Height and width; (5, 5), (1, 1), (0, 0) and (1, 1) by default, as in DL4J.
    convolution_mode : str, optional
        ``"truncate"`` (DL4J's default), ``"strict"`` or ``"same"``; the network's where not set.
    has_bias : bool
        Whether a bias is added.
    data_format : str, optional
        ``"NCHW"`` or ``"NHWC"``; that of the input where not set.
    """

    kernel_size: Pair = numbers_of("kernelSize", length=2, minimum=1, default=(5, 5))
    has_bias: bool = flag("hasBias", default=True)
    cudnn_algo_mode: str = choice("cudnnAlgoMode", ALGO_MODES, default="prefer_fastest")

    @property
    def n_params(self) -> int | None:
        """A kernel for each pair of channels, and biases."""
        if self.n_in is None:
            return None
        height, width = self.kernel_size  # type: ignore[misc]
        return self.n_in * self.n_out * height * width + self.has_bias * self.n_out

    @property
    def parameter_ranks(self) -> dict[str, int]:
        """Kernels and bias."""
        return weights_and_bias(4, self.has_bias)

    def input_from_n_in(self) -> InputType | None:
        """Give nothing: height and width do not follow from `n_in`."""
        return None

    def accept(self, given: InputType) -> Layer:
        """Take `n_in` and the layout of the images."""
        image = as_image(given)
        settled: Layer = settle(self, n_in=image.channels, data_format=image.data_format)
        return settled

    def output_type(self, given: InputType) -> InputType:
        """Give images of `n_out` channels."""
        return self._slid(given, self.n_out)


@config(_LAYERS + "SubsamplingLayer")
class SubsamplingLayer(_Sliding):
    """Pooling: ``[N, C, H, W]`` to ``[N, C, H', W']`` (DL4J SubsamplingLayer, also Pooling2D).

    Parameters
    ----------
    pooling_type : str
        ``"max"`` (default), ``"avg"`` or ``"pnorm"``. DL4J cannot compute ``"sum"``.
    kernel_size, stride, padding, dilation : int or (int, int)
        Height and width; (1, 1), (2, 2), (0, 0) and (1, 1) by default, as in DL4J.
    pnorm : int
        The p of ``"pnorm"``.
    eps : float
        What keeps the p-norm's gradient finite.
    avg_pool_include_pad_in_divisor : bool
        Whether padding counts in an average.
    """

    pooling_type: str = choice("poolingType", POOLING_TYPES, default="max", kw_only=False)
    kernel_size: Pair = numbers_of("kernelSize", length=2, minimum=1, default=(1, 1))
    stride: Pair = numbers_of("stride", length=2, minimum=1, default=(2, 2))
    pnorm: int = whole("pnorm", default=0)
    eps: Number = real("eps", default=1e-8, minimum=0)
    avg_pool_include_pad_in_divisor: bool = flag("avgPoolIncludePadInDivisor", default=False)

    def __attrs_post_init__(self) -> None:
        if self.pooling_type == "sum":
            raise ConfigError("SubsamplingLayer: DL4J cannot compute pooling_type 'sum'; use 'avg', 'max' or 'pnorm'")
        if self.pooling_type == "pnorm" and not self.pnorm:
            raise ConfigError("SubsamplingLayer: pooling_type 'pnorm' needs pnorm of 1 or more")

    def accept(self, given: InputType) -> Layer:
        """Take the layout of the images."""
        settled: Layer = settle(self, data_format=as_image(given).data_format)
        return settled

    def output_type(self, given: InputType) -> InputType:
        """Give images of the same channels."""
        return self._slid(given, as_image(given).channels)


def as_image(given: InputType) -> InputTypeConvolutional:
    """Give the input as images, or refuse it."""
    if not isinstance(given, InputTypeConvolutional):
        raise wrong_input(given, "images", _NO_IMAGES)
    return given
