"""Input types: what one example looks like at the entrance of a network or between two layers."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from pydl4j_spark.conf.base import Config, config
from pydl4j_spark.conf.fields import choice, whole

_INPUTS = "org.deeplearning4j.nn.conf.inputs.InputType$InputType"

RNN_FORMATS = {"NCW": "NCW", "NWC": "NWC"}
CNN_FORMATS = {"NCHW": "NCHW", "NHWC": "NHWC"}
DATA_FORMATS = RNN_FORMATS | CNN_FORMATS | {"NCDHW": "NCDHW", "NDHWC": "NDHWC"}


class InputType(Config):
    """What one example looks like. Made by `feed_forward`, `recurrent`, `convolutional` or `convolutional_flat`."""

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


@config(_INPUTS + "Recurrent")
class InputTypeRecurrent(InputType):
    """Sequences."""

    size: int = whole("size", minimum=1)
    timesteps: int | None = whole("timeSeriesLength", default=None, minimum=1, none=-1, writes_none=True)
    data_format: str = choice("format", RNN_FORMATS, default="NCW")

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The numpy shape of one example, ``(size, T)`` or ``(T, size)``."""
        return (self.size, self.timesteps) if self.data_format == "NCW" else (self.timesteps, self.size)


@config(_INPUTS + "Convolutional")
class InputTypeConvolutional(InputType):
    """Images."""

    height: int = whole("height", minimum=1)
    width: int = whole("width", minimum=1)
    channels: int = whole("channels", minimum=1)
    data_format: str = choice("format", CNN_FORMATS, default="NCHW")

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The numpy shape of one example, ``(C, H, W)`` or ``(H, W, C)``."""
        plane = (self.height, self.width)
        return (self.channels, *plane) if self.data_format == "NCHW" else (*plane, self.channels)


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
