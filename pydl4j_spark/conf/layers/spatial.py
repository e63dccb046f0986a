"""What layers on sequences, images and volumes share: how they take them, and how a window slides over them."""

from __future__ import annotations

from math import ceil
from typing import ClassVar

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import choice, flag, numbers_of, paired
from pydl4j_spark.conf.inputs import (
    CNN3D_FORMATS,
    CNN_FORMATS,
    RNN_FORMATS,
    InputType,
    InputTypeConvolutional,
    InputTypeConvolutional3D,
    InputTypeRecurrent,
    InputTypeSpatial,
)
from pydl4j_spark.conf.layers.base import Layer, sequencing, settle, unflattening, wrong_input
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.types import Pair, Triple
from pydl4j_spark.errors import ConfigError

_CURES: dict[type[InputTypeSpatial], str] = {
    InputTypeRecurrent: "use InputType.recurrent, or a preprocessor before this layer",
    InputTypeConvolutional: (
        "use InputType.convolutional or InputType.convolutional_flat, or a FeedForwardToCnnPreProcessor before this"
        " layer"
    ),
    InputTypeConvolutional3D: "use InputType.convolutional3d, or a FeedForwardToCnn3DPreProcessor before this layer",
}

CONVOLUTION_MODES = {"strict": "Strict", "truncate": "Truncate", "same": "Same"}
SEQUENCE_MODES = CONVOLUTION_MODES | {"causal": "Causal"}
# Subsampling1DLayer keeps the layout of sequences under the names of that of images.
RNN_FORMATS_AS_CNN = {"NCW": "NCHW", "NWC": "NHWC"}


@config()
class SpatialLayer(Layer):
    """A layer on sequences, images or volumes."""

    takes: ClassVar[type[InputTypeSpatial]] = InputTypeConvolutional

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Make sequences of images and rows, and images of flat images; DL4J makes no volumes by itself."""
        if self.takes is InputTypeRecurrent:
            return sequencing(given, getattr(self, "data_format", None) or "NCW")
        return unflattening(given) if self.takes is InputTypeConvolutional else None

    def spatial(self, given: InputType) -> InputTypeSpatial:
        """Give the input as what this layer takes, or refuse it."""
        if not isinstance(given, self.takes):
            raise wrong_input(given, self.takes.kind, _CURES[self.takes])
        return given

    def output_type(self, given: InputType) -> InputType:
        """Give the same kind, with other lengths and channels."""
        spatial = self.spatial(given)
        return spatial.resized(self.lengths(spatial), self.channels(spatial))

    def lengths(self, given: InputTypeSpatial) -> tuple[int | None, ...]:
        """Give the lengths that come out."""
        return given.lengths

    def channels(self, given: InputTypeSpatial) -> int:
        """Give the channels that come out."""
        return given.n_channels


@config()
class LaidOutLayer(SpatialLayer):
    """A layer that takes channels first or last.

    Parameters
    ----------
    data_format : str, optional
        Where channels stand; as in the input where not set.
    """

    data_format: str | None = choice("dataFormat", CNN_FORMATS, default=None)

    def accept(self, given: InputType) -> Layer:
        """Take the layout."""
        settled: Layer = settle(self, data_format=self.spatial(given).data_format)
        return settled


@config()
class ChannelsFirstLayer(SpatialLayer):
    """A layer without a setting for the layout: DL4J computes it with channels first only."""

    def accept(self, given: InputType) -> Layer:
        """Refuse channels last."""
        spatial = self.spatial(given)
        if not spatial.channels_first:
            name, first = type(self).__name__, "NCW" if self.takes is InputTypeRecurrent else "NCDHW"
            raise ConfigError(
                f"DL4J's {name} takes channels first only, and would work on the wrong axis of"
                f" {spatial.data_format} {spatial.kind}; use data_format={first!r}"
            )
        return self


class WindowLayer(SpatialLayer):
    """DL4J's arithmetic of a window that slides along every axis. How its settings are written is a layer's own."""

    kernel_size: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    convolution_mode: str | None

    def lengths(self, given: InputTypeSpatial) -> tuple[int | None, ...]:
        """Give how often the window fits along each axis."""
        settings = (self.kernel_size, self.stride, self.padding, self.dilation)
        along = zip(given.axes, given.lengths, *map(along_axes, settings), strict=True)
        return tuple(None if length is None else self._length(axis, length, *window) for axis, length, *window in along)

    def _length(self, axis: str, length: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
        if self.convolution_mode in ("same", "causal"):
            return ceil(length / stride)
        reach = kernel + (kernel - 1) * (dilation - 1)
        room = length + 2 * padding - reach
        if room < 0:
            spread = f" (dilated to {reach})" if dilation > 1 else ""
            raise ConfigError(
                f"kernel {self.kernel_size} does not fit the input: its {axis} {kernel}{spread} exceeds {length}"
                f" + 2 * {padding} of padding; use a smaller kernel, padding, or convolution_mode='same'"
            )
        if self.convolution_mode == "strict" and room % stride:
            raise ConfigError(
                f"convolution_mode 'strict' needs ({axis} {length} + 2 * {padding} - {reach}) / stride {stride} to be"
                f" whole, but it is {room / stride:g}; use 'truncate' for {room // stride + 1} or 'same' for"
                f" {ceil(length / stride)}"
            )
        return room // stride + 1

    def check(self) -> None:
        """Refuse padding where the mode pads by itself."""
        if self.convolution_mode in ("same", "causal") and any(along_axes(self.padding)):
            raise ConfigError(
                f"padding {self.padding} cannot be given with convolution_mode {self.convolution_mode!r},"
                " which pads itself"
            )


@config()
class SlidingLayer(WindowLayer, LaidOutLayer):
    """What slides a window over images.

    Parameters
    ----------
    kernel_size, stride, padding, dilation : int or (int, int)
        Height and width.
    convolution_mode : str, optional
        ``"truncate"`` (DL4J's default), ``"strict"`` or ``"same"``; the network's where not set.
    """

    # Whether DL4J strides beyond its windows with 'same'.
    strides_beyond: ClassVar[bool] = False

    kernel_size: Pair = numbers_of("kernelSize", length=2, minimum=1)
    stride: Pair = numbers_of("stride", length=2, minimum=1, default=(1, 1))
    padding: Pair = numbers_of("padding", length=2, default=(0, 0))
    dilation: Pair = numbers_of("dilation", length=2, minimum=1, default=(1, 1))
    convolution_mode: str | None = choice("convolutionMode", CONVOLUTION_MODES, default=None, inherited=True)
    data_format: str | None = choice("cnn2dDataFormat", CNN_FORMATS, default=None)
    cudnn_allow_fallback: bool = flag("cudnnAllowFallback", default=True)

    def check_computing(self, given: InputType | None) -> None:
        """Refuse strides that DL4J fails at."""
        if isinstance(given, self.takes) and not self.strides_beyond:
            self.check_strides(given.lengths, self.lengths(given))

    def check_strides(self, lengths: tuple[int | None, ...], windows: tuple[int | None, ...]) -> None:
        """Refuse windows with 'same' that end before the last place but one: their padding is negative in DL4J."""
        settings = map(along_axes, (self.kernel_size, self.stride, self.dilation))
        for length, count, kernel, stride, dilation in zip(lengths, windows, *settings, strict=True):
            if self.convolution_mode != "same" or length is None or count is None:
                continue
            reach = (count - 1) * stride + kernel + (kernel - 1) * (dilation - 1)
            if length - reach > 1:
                raise ConfigError(
                    f"DL4J fails where convolution_mode 'same' needs no padding and leaves places over, as stride"
                    f" {self.stride} does of {length} beyond kernel {self.kernel_size}; use 'truncate', or a larger"
                    " kernel"
                )


@config()
class SequenceSlidingLayer(SlidingLayer):
    """What slides a window over sequences.

    Parameters
    ----------
    kernel_size, stride, padding, dilation : int
        In time steps.
    convolution_mode : str, optional
        Also ``"causal"``: what comes out at a step depends on that step and those before only.
    """

    takes: ClassVar[type[InputTypeSpatial]] = InputTypeRecurrent
    fails_on_rows: ClassVar[bool] = True
    needs_whole_sequences: ClassVar[bool] = True

    kernel_size: int = paired("kernelSize", minimum=1)
    stride: int = paired("stride", minimum=1, default=1)
    padding: int = paired("padding", default=0)
    dilation: int = paired("dilation", minimum=1, default=1)
    convolution_mode: str | None = choice("convolutionMode", SEQUENCE_MODES, default=None, inherited=True)
    data_format: str | None = choice("rnnDataFormat", RNN_FORMATS, default=None)


@config()
class VolumeSlidingLayer(SlidingLayer):
    """What slides a window over volumes.

    Parameters
    ----------
    kernel_size, stride, padding, dilation : int or (int, int, int)
        Depth, height and width.
    """

    takes: ClassVar[type[InputTypeSpatial]] = InputTypeConvolutional3D

    kernel_size: Triple = numbers_of("kernelSize", length=3, minimum=1)
    stride: Triple = numbers_of("stride", length=3, minimum=1, default=(1, 1, 1))
    padding: Triple = numbers_of("padding", length=3, default=(0, 0, 0))
    dilation: Triple = numbers_of("dilation", length=3, minimum=1, default=(1, 1, 1))
    data_format: str | None = choice("dataFormat", CNN3D_FORMATS, default=None)

    def lengths(self, given: InputTypeSpatial) -> tuple[int | None, ...]:
        """Give how often the window fits; refuse what DL4J, which checks the width by the wrong stride, refuses."""
        made = super().lengths(given)
        settings = (self.kernel_size, self.padding, self.dilation)
        kernel, padding, dilation = (along_axes(setting)[2] for setting in settings)
        _, down, across = along_axes(self.stride)
        room = (given.lengths[2] or 0) + 2 * padding - kernel - (kernel - 1) * (dilation - 1)
        if self.convolution_mode == "strict" and down != across and room % down:
            raise ConfigError(
                f"DL4J checks the width by the stride of the height, {down}, and so refuses convolution_mode 'strict'"
                " here; use 'truncate'"
            )
        return made


def along_axes(setting: Triple) -> tuple[int, ...]:
    """Give a setting for each axis; that of sequences, which have one, is a number."""
    return (setting,) if isinstance(setting, int) else tuple(setting)  # type: ignore[arg-type]
