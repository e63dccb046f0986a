"""Input types: what one example looks like at the entrance of a network or between two layers."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from pydl4j_spark.conf.base import Config, config, evolve
from pydl4j_spark.conf.fields import choice, whole

_INPUTS = "org.deeplearning4j.nn.conf.inputs.InputType$InputType"

RNN_FORMATS = {"NCW": "NCW", "NWC": "NWC"}
CNN_FORMATS = {"NCHW": "NCHW", "NHWC": "NHWC"}
CNN3D_FORMATS = {"NCDHW": "NCDHW", "NDHWC": "NDHWC"}
DATA_FORMATS = RNN_FORMATS | CNN_FORMATS | CNN3D_FORMATS


class InputType(Config):
    """What one example looks like, made by `feed_forward`, `recurrent` or one of the `convolutional…`."""

    derived_keys: ClassVar[frozenset[str]] = frozenset({"depth", "flattenedSize", "shape", "unflattenedType"})

    @staticmethod
    def feed_forward(size: int) -> InputTypeFeedForward:
        """Rows of `size` numbers: arrays ``[N, size]``.

        Parameters
        ----------
        size : int
            Numbers in a row.
        """
        return InputTypeFeedForward(size=size)

    @staticmethod
    def recurrent(size: int, timesteps: int | None = None, *, data_format: str = "NCW") -> InputTypeRecurrent:
        """Sequences: arrays ``[N, size, T]``.

        Parameters
        ----------
        size : int
            Numbers at each time step.
        timesteps : int, optional
            Length of every sequence, where it is known and the same.
        data_format : str
            ``"NCW"``, or ``"NWC"`` for arrays ``[N, T, size]``.
        """
        return InputTypeRecurrent(size=size, timesteps=timesteps, data_format=data_format)

    @staticmethod
    def convolutional(height: int, width: int, channels: int, *, data_format: str = "NCHW") -> InputTypeConvolutional:
        """Images: arrays ``[N, channels, height, width]``.

        Parameters
        ----------
        height, width, channels : int
            Size of every image, in DL4J's order.
        data_format : str
            ``"NCHW"``, or ``"NHWC"`` for arrays ``[N, height, width, channels]``.
        """
        return InputTypeConvolutional(height=height, width=width, channels=channels, data_format=data_format)

    @staticmethod
    def convolutional3d(
        depth: int, height: int, width: int, channels: int, *, data_format: str = "NDHWC"
    ) -> InputTypeConvolutional3D:
        """Volumes: arrays ``[N, depth, height, width, channels]``, or ``[N, channels, depth, height, width]``.

        Parameters
        ----------
        depth, height, width, channels : int
            Size of every volume, in DL4J's order.
        data_format : str
            ``"NDHWC"``, DL4J's default, or ``"NCDHW"``.
        """
        return InputTypeConvolutional3D(
            depth=depth, height=height, width=width, channels=channels, data_format=data_format
        )

    @staticmethod
    def convolutional_flat(height: int, width: int, channels: int) -> InputTypeConvolutionalFlat:
        """Images that come as rows: arrays ``[N, channels * height * width]``.

        Parameters
        ----------
        height, width, channels : int
            Size of every image, in DL4J's order.
        """
        return InputTypeConvolutionalFlat(height=height, width=width, channels=channels)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The numpy shape of one example; None for a length that is not known."""
        raise NotImplementedError

    @property
    def size_in_all(self) -> int | None:
        """How many numbers one example has; None where a length is not known."""
        lengths = [length for length in self.shape if length is not None]
        return prod(lengths) if len(lengths) == len(self.shape) else None

    def __str__(self) -> str:
        inner = ", ".join("T" if length is None else str(length) for length in self.shape)
        return f"({inner})" if len(self.shape) > 1 else f"({inner},)"


@config(_INPUTS + "FeedForward")
class InputTypeFeedForward(InputType):
    """Rows of numbers.

    Parameters
    ----------
    size : int
        Numbers in a row.
    time_distributed_format : str, optional
        Set between layers where every row is a time step of a sequence: how that sequence was laid out.
    """

    size: int = whole("size", minimum=1)
    time_distributed_format: str | None = choice("timeDistributedFormat", DATA_FORMATS, default=None)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The numpy shape of one example, ``(size,)``."""
        return (self.size,)


@config()
class InputTypeSpatial(InputType):
    """What has channels at every place along one axis or several: sequences, images, volumes."""

    kind: ClassVar[str]
    axes: ClassVar[tuple[str, ...]]

    data_format: str = choice("format", DATA_FORMATS)

    @property
    def n_channels(self) -> int:
        """How many numbers stand at every place."""
        raise NotImplementedError

    @property
    def lengths(self) -> tuple[int | None, ...]:
        """How many places there are along each axis; None for a length that is not known."""
        raise NotImplementedError

    def resized(self, lengths: Sequence[int | None], n_channels: int) -> InputTypeSpatial:
        """Give the same kind, laid out alike, with other lengths and channels."""
        raise NotImplementedError

    @property
    def channels_first(self) -> bool:
        """Whether channels stand before the places."""
        return self.data_format.startswith("NC")

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The numpy shape of one example: ``(channels, …)`` or ``(…, channels)``."""
        return (self.n_channels, *self.lengths) if self.channels_first else (*self.lengths, self.n_channels)


@config(_INPUTS + "Recurrent")
class InputTypeRecurrent(InputTypeSpatial):
    """Sequences."""

    kind: ClassVar[str] = "sequences"
    axes: ClassVar[tuple[str, ...]] = ("length",)

    size: int = whole("size", minimum=1)
    timesteps: int | None = whole("timeSeriesLength", default=None, minimum=1, none=-1, writes_none=True)
    data_format: str = choice("format", RNN_FORMATS, default="NCW")

    @property
    def n_channels(self) -> int:
        """How many numbers stand at every time step."""
        return self.size

    @property
    def lengths(self) -> tuple[int | None, ...]:
        """How many time steps there are, where it is known."""
        return (self.timesteps,)

    def resized(self, lengths: Sequence[int | None], n_channels: int) -> InputTypeRecurrent:
        """Give sequences of other lengths and sizes."""
        return InputType.recurrent(n_channels, *lengths, data_format=self.data_format)


@config(_INPUTS + "Convolutional")
class InputTypeConvolutional(InputTypeSpatial):
    """Images."""

    kind: ClassVar[str] = "images"
    axes: ClassVar[tuple[str, ...]] = ("height", "width")

    height: int = whole("height", minimum=1)
    width: int = whole("width", minimum=1)
    channels: int = whole("channels", minimum=1)
    data_format: str = choice("format", CNN_FORMATS, default="NCHW")

    @property
    def n_channels(self) -> int:
        """How many channels there are."""
        return self.channels

    @property
    def lengths(self) -> tuple[int | None, ...]:
        """Height and width."""
        return (self.height, self.width)

    def resized(self, lengths: Sequence[int | None], n_channels: int) -> InputTypeConvolutional:
        """Give images of other sizes."""
        return evolve(self, channels=n_channels, **dict(zip(self.axes, lengths, strict=True)))


@config(_INPUTS + "Convolutional3D")
class InputTypeConvolutional3D(InputTypeSpatial):
    """Volumes."""

    kind: ClassVar[str] = "volumes"
    axes: ClassVar[tuple[str, ...]] = ("depth", "height", "width")

    depth: int = whole("depth", minimum=1)
    height: int = whole("height", minimum=1)
    width: int = whole("width", minimum=1)
    channels: int = whole("channels", minimum=1)
    data_format: str = choice("dataFormat", CNN3D_FORMATS, default="NDHWC")

    @property
    def n_channels(self) -> int:
        """How many channels there are."""
        return self.channels

    @property
    def lengths(self) -> tuple[int | None, ...]:
        """Depth, height and width."""
        return (self.depth, self.height, self.width)

    def resized(self, lengths: Sequence[int | None], n_channels: int) -> InputTypeConvolutional3D:
        """Give volumes of other sizes."""
        return evolve(self, channels=n_channels, **dict(zip(self.axes, lengths, strict=True)))


@config(_INPUTS + "ConvolutionalFlat")
class InputTypeConvolutionalFlat(InputType):
    """Images that come as rows."""

    height: int = whole("height", minimum=1)
    width: int = whole("width", minimum=1)
    channels: int = whole("depth", minimum=1)

    @property
    def size(self) -> int:
        """Numbers in a row."""
        return self.height * self.width * self.channels

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The numpy shape of one example, ``(channels * height * width,)``."""
        return (self.size,)
