"""Capsules: small vectors whose length says how surely something is there (Sabour et al. 2017)."""

from __future__ import annotations

from typing import ClassVar

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import choice, flag, numbers_of, real, whole
from pydl4j_spark.conf.inputs import InputType, InputTypeConvolutional, InputTypeRecurrent
from pydl4j_spark.conf.layers.base import Layer, Shapes, settle, wrong_input
from pydl4j_spark.conf.layers.convolution import ConvolutionLayer
from pydl4j_spark.conf.layers.samediff import WEIGHT_INITS, SameDiffLayer
from pydl4j_spark.conf.layers.spatial import CONVOLUTION_MODES, along_axes
from pydl4j_spark.conf.types import Number, Pair
from pydl4j_spark.errors import ConfigError

_LAYERS = "org.deeplearning4j.nn.conf.layers."


@config(_LAYERS + "PrimaryCapsules")
class PrimaryCapsules(SameDiffLayer):
    """Makes capsules of images by a convolution: ``[N, C, H, W]`` to ``[N, capsules, capsule_dimensions]``.

    DL4J PrimaryCapsules. There are ``channels * H' * W'`` capsules, where H' and W' are what the kernel leaves.

    Parameters
    ----------
    capsule_dimensions : int
        Numbers in a capsule.
    channels : int
        Capsules at each place of the image; 32 by default.
    kernel_size, stride, padding, dilation : int or (int, int)
        Of the convolution; (9, 9), (2, 2), (0, 0) and (1, 1) by default.
    convolution_mode : str
        ``"truncate"`` by default, whatever the network's is.
    has_bias : bool
        Whether a bias is added.
    use_relu : bool
        Whether a rectifier follows the convolution, with `leak` as its slope below 0.
    leak : float
        0 by default.
    capsules, input_channels : int, optional
        Both follow from the input.
    """

    capsule_dimensions: int = whole("capsuleDimensions", minimum=1)
    channels: int = whole("channels", default=32, minimum=1)
    kernel_size: Pair = numbers_of("kernelSize", length=2, minimum=1, default=(9, 9))
    stride: Pair = numbers_of("stride", length=2, minimum=1, default=(2, 2))
    padding: Pair = numbers_of("padding", length=2, default=(0, 0))
    dilation: Pair = numbers_of("dilation", length=2, minimum=1, default=(1, 1))
    convolution_mode: str = choice("convolutionMode", CONVOLUTION_MODES, default="truncate")
    has_bias: bool = flag("hasBias", default=True)
    use_relu: bool = flag("useRelu", default=False)
    leak: Number = real("leak", default=0.0, minimum=0)
    capsules: int | None = whole("capsules", default=None, minimum=1, none=0)
    input_channels: int | None = whole("inputChannels", default=None, minimum=1, none=0)

    @property
    def parameter_shapes(self) -> Shapes:
        """Kernels, and a bias."""
        numbers = self.capsule_dimensions * self.channels
        kernels = {"weight": (*self.kernel_size, self.input_channels, numbers)}  # type: ignore[misc]
        return kernels | ({"bias": (numbers,)} if self.has_bias else {})

    @property
    def _convolution(self) -> ConvolutionLayer:
        return ConvolutionLayer(
            n_out=self.channels,
            kernel_size=self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            convolution_mode=self.convolution_mode,
        )

    def check_computing(self, given: InputType | None) -> None:
        """Refuse a dilation, and what else DL4J fails at as a convolution."""
        if any(step > 1 for step in along_axes(self.dilation)):
            raise ConfigError("DL4J fails to compute it with a dilation; use a ConvolutionLayer with one before")
        self._convolution.check_computing(given)

    def accept(self, given: InputType) -> Layer:
        """Take the channels of the images, and count the capsules."""
        if not isinstance(given, InputTypeConvolutional):
            raise wrong_input(given, "images", "use InputType.convolutional, or a FeedForwardToCnnPreProcessor before")
        if given.data_format != "NCHW":
            raise ConfigError("DL4J makes capsules of NCHW images only; leave data_format='NHWC' out")
        left = self._convolution.output_type(given)
        settled: Layer = settle(self, input_channels=given.channels, capsules=left.size_in_all)
        return settled

    def output_type(self, given: InputType) -> InputType:
        """Give a sequence of capsules."""
        return InputType.recurrent(self.capsules or 0, self.capsule_dimensions)


@config(_LAYERS + "CapsuleLayer")
class CapsuleLayer(SameDiffLayer):
    """Capsules that agree on what the capsules before them saw, by dynamic routing (DL4J CapsuleLayer).

    ``[N, input_capsules, input_capsule_dimensions]`` to ``[N, capsules, capsule_dimensions]``.

    Parameters
    ----------
    capsules : int
        How many; for classes one each.
    capsule_dimensions : int
        Numbers in a capsule.
    routings : int
        Rounds of routing; 3 by default.
    has_bias : bool
        Whether a bias is added; False by default, as in DL4J.
    input_capsules, input_capsule_dimensions : int, optional
        Both follow from the input.
    """

    fails_on_rows: ClassVar[bool] = True
    needs_whole_sequences: ClassVar[bool] = True

    capsules: int = whole("capsules", minimum=1)
    capsule_dimensions: int = whole("capsuleDimensions", minimum=1)
    routings: int = whole("routings", default=3, minimum=1)
    has_bias: bool = flag("hasBias", default=False)
    input_capsules: int | None = whole("inputCapsules", default=None, minimum=1, none=0)
    input_capsule_dimensions: int | None = whole("inputCapsuleDimensions", default=None, minimum=1, none=0)

    @property
    def parameter_shapes(self) -> Shapes:
        """A matrix for each pair of capsules, and a bias."""
        numbers = self.capsules * self.capsule_dimensions
        bias = {"bias": (1, 1, self.capsules, self.capsule_dimensions, 1)} if self.has_bias else {}
        return {"weight": (1, self.input_capsules, numbers, self.input_capsule_dimensions, 1), **bias}

    def accept(self, given: InputType) -> Layer:
        """Take how many capsules come in, and their length."""
        came = as_capsules(given)
        if came.timesteps is None:
            raise ConfigError("it needs capsules of a known length; give InputType.recurrent(capsules, dimensions)")
        settled: Layer = settle(self, input_capsules=came.size, input_capsule_dimensions=came.timesteps)
        return settled

    def output_type(self, given: InputType) -> InputType:
        """Give a sequence of capsules."""
        return InputType.recurrent(self.capsules, self.capsule_dimensions)


@config(_LAYERS + "CapsuleStrengthLayer")
class CapsuleStrengthLayer(SameDiffLayer):
    """The length of each capsule: ``[N, capsules, dimensions]`` to ``[N, capsules]`` (DL4J CapsuleStrengthLayer)."""

    fails_on_rows: ClassVar[bool] = True
    needs_whole_sequences: ClassVar[bool] = True

    weight_init: str | None = choice("weightInit", WEIGHT_INITS, default=None)

    def accept(self, given: InputType) -> Layer:
        """Take capsules."""
        as_capsules(given)
        return self

    def output_type(self, given: InputType) -> InputType:
        """Give rows."""
        return InputType.feed_forward(as_capsules(given).size)


def as_capsules(given: InputType) -> InputTypeRecurrent:
    """Give the input as capsules, or refuse it."""
    if not isinstance(given, InputTypeRecurrent):
        raise wrong_input(given, "capsules", "put PrimaryCapsules before")
    if given.data_format != "NCW":
        raise ConfigError("it takes capsules [N, capsules, dimensions]; leave data_format='NWC' out")
    return given
