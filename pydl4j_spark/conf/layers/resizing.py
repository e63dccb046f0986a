"""Layers without parameters that make sequences, images and volumes longer, shorter, or fold them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import borders, choice, numbers_of, paired, whole
from pydl4j_spark.conf.inputs import (
    CNN3D_FORMATS,
    CNN_FORMATS,
    InputType,
    InputTypeConvolutional3D,
    InputTypeRecurrent,
    InputTypeSpatial,
)
from pydl4j_spark.conf.layers.base import Undropped
from pydl4j_spark.conf.layers.spatial import ChannelsFirstLayer, LaidOutLayer, SpatialLayer, along_axes
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.types import Pair, Triple
from pydl4j_spark.errors import ConfigError

_LAYERS = "org.deeplearning4j.nn.conf.layers."
_CROPPING = _LAYERS + "convolutional."


@config()
class _Padding(SpatialLayer):
    padding: Pair = borders("padding", 2)

    def lengths(self, given: InputTypeSpatial) -> tuple[int | None, ...]:
        """Add what is put at both ends."""
        return _beyond(given.lengths, self.padding, 1)


@config()
class _Cropping(SpatialLayer):
    gives_part: ClassVar[bool] = True

    cropping: Pair = borders("cropping", 2)

    def lengths(self, given: InputTypeSpatial) -> tuple[int | None, ...]:
        """Take away what is cut off at both ends."""
        made = _beyond(given.lengths, self.cropping, -1)
        if any(length is not None and length < 1 for length in made):
            raise ConfigError(f"cropping {self.cropping} leaves nothing of {given.kind} {given}; cut off less")
        return made


@config()
class _Upsampling(SpatialLayer):
    size: Pair = numbers_of("size", length=2, minimum=1, kw_only=False)

    def lengths(self, given: InputTypeSpatial) -> tuple[int | None, ...]:
        """Repeat each place."""
        along = zip(given.lengths, along_axes(self.size), strict=True)
        return tuple(None if length is None else length * size for length, size in along)


@config(_LAYERS + "ZeroPadding1DLayer")
class ZeroPadding1DLayer(_Padding, ChannelsFirstLayer):
    """Zeros before and after sequences: ``[N, C, T]`` to ``[N, C, T']`` (DL4J ZeroPadding1DLayer).

    Parameters
    ----------
    padding : int or (int, int)
        Steps at both ends, or at the beginning and the end.
    """

    takes: ClassVar[type[InputTypeSpatial]] = InputTypeRecurrent
    fails_on_rows: ClassVar[bool] = True
    needs_whole_sequences: ClassVar[bool] = True

    padding: Pair = borders("padding", 1)


@config(_LAYERS + "ZeroPaddingLayer")
class ZeroPaddingLayer(_Padding, LaidOutLayer):
    """Zeros around images: ``[N, C, H, W]`` to ``[N, C, H', W']`` (DL4J ZeroPaddingLayer).

    Parameters
    ----------
    padding : int, (int, int) or (int, int, int, int)
        On all sides; at both ends of height and width; or top, bottom, left and right.
    data_format : str, optional
        ``"NCHW"`` or ``"NHWC"``; that of the input where not set.
    """


@config(_LAYERS + "ZeroPadding3DLayer")
class ZeroPadding3DLayer(_Padding, ChannelsFirstLayer):
    """Zeros around volumes: ``[N, C, D, H, W]`` to ``[N, C, D', H', W']`` (DL4J ZeroPadding3DLayer).

    Parameters
    ----------
    padding : int, (int, int, int) or six int
        On all sides; at both ends of depth, height and width; or at the beginning and the end of each.
    """

    takes: ClassVar[type[InputTypeSpatial]] = InputTypeConvolutional3D

    padding: Triple = borders("padding", 3)


@config(_CROPPING + "Cropping1D")
class Cropping1D(_Cropping, ChannelsFirstLayer):
    """Cuts steps off sequences: ``[N, C, T]`` to ``[N, C, T']`` (DL4J Cropping1D).

    Parameters
    ----------
    cropping : int or (int, int)
        Steps at both ends, or at the beginning and the end.
    """

    takes: ClassVar[type[InputTypeSpatial]] = InputTypeRecurrent
    fails_on_rows: ClassVar[bool] = True
    needs_whole_sequences: ClassVar[bool] = True
    gives_part: ClassVar[bool] = False

    cropping: Pair = borders("cropping", 1)

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Give none; DL4J puts none here."""
        return None


@config(_CROPPING + "Cropping2D")
class Cropping2D(_Cropping, LaidOutLayer):
    """Cuts the edges off images: ``[N, C, H, W]`` to ``[N, C, H', W']`` (DL4J Cropping2D).

    Parameters
    ----------
    cropping : int, (int, int) or (int, int, int, int)
        On all sides; at both ends of height and width; or top, bottom, left and right.
    data_format : str, optional
        ``"NCHW"`` or ``"NHWC"``; that of the input where not set.
    """


@config(_CROPPING + "Cropping3D")
class Cropping3D(_Cropping, ChannelsFirstLayer):
    """Cuts the edges off volumes: ``[N, C, D, H, W]`` to ``[N, C, D', H', W']`` (DL4J Cropping3D).

    Parameters
    ----------
    cropping : int, (int, int, int) or six int
        On all sides; at both ends of depth, height and width; or at the beginning and the end of each.
    """

    takes: ClassVar[type[InputTypeSpatial]] = InputTypeConvolutional3D

    cropping: Triple = borders("cropping", 3)


@config(_LAYERS + "Upsampling1D")
class Upsampling1D(_Upsampling, ChannelsFirstLayer):
    """Repeats each step: ``[N, C, T]`` to ``[N, C, T * size]`` (DL4J Upsampling1D).

    Parameters
    ----------
    size : int
        How often.
    """

    takes: ClassVar[type[InputTypeSpatial]] = InputTypeRecurrent
    fails_on_rows: ClassVar[bool] = True
    needs_whole_sequences: ClassVar[bool] = True

    size: int = paired("size", minimum=1, kw_only=False)

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Give none; DL4J puts none here."""
        return None


@config(_LAYERS + "Upsampling2D")
class Upsampling2D(_Upsampling, LaidOutLayer):
    """Repeats each pixel: ``[N, C, H, W]`` to ``[N, C, H * size, W * size]`` (DL4J Upsampling2D).

    Parameters
    ----------
    size : int or (int, int)
        How often, along height and width.
    data_format : str, optional
        ``"NCHW"`` or ``"NHWC"``; that of the input where not set.
    """

    data_format: str | None = choice("format", CNN_FORMATS, default=None)


@config(_LAYERS + "Upsampling3D")
class Upsampling3D(_Upsampling, LaidOutLayer):
    """Repeats each place of volumes: ``[N, D, H, W, C]`` to ``[N, D * size, H * size, W * size, C]``.

    DL4J Upsampling3D.

    Parameters
    ----------
    size : int or (int, int, int)
        How often, along depth, height and width.
    data_format : str, optional
        ``"NDHWC"`` or ``"NCDHW"``; that of the input where not set.
    """

    takes: ClassVar[type[InputTypeSpatial]] = InputTypeConvolutional3D

    size: Triple = numbers_of("size", length=3, minimum=1, kw_only=False)
    data_format: str | None = choice("dataFormat", CNN3D_FORMATS, default=None)


@config(_LAYERS + "SpaceToDepthLayer")
class SpaceToDepthLayer(LaidOutLayer):
    """Puts blocks of pixels into channels: ``[N, C, H, W]`` to ``[N, C * b * b, H / b, W / b]``.

    DL4J SpaceToDepthLayer.

    Parameters
    ----------
    block_size : int
        Height and width of a block, `b`; those of the image must be multiples of it.
    data_format : str, optional
        ``"NCHW"`` or ``"NHWC"``; that of the input where not set.
    """

    block_size: int = whole("blockSize", minimum=1, kw_only=False)

    def lengths(self, given: InputTypeSpatial) -> tuple[int | None, ...]:
        """Divide by the size of a block."""
        return _blocks(given, given.lengths, (self.block_size, self.block_size))

    def channels(self, given: InputTypeSpatial) -> int:
        """Give a channel for each place of a block and each channel."""
        return given.n_channels * self.block_size**2


@config(_LAYERS + "SpaceToBatchLayer")
class SpaceToBatchLayer(Undropped, LaidOutLayer):
    """Makes examples of the places in blocks: ``[N, C, H, W]`` to ``[N * b0 * b1, C, H / b0, W / b1]``.

    DL4J SpaceToBatchLayer. DL4J has no layer that puts them together again, so that no label fits and it is for
    inference only.

    Parameters
    ----------
    blocks : int or (int, int)
        Height and width of a block, `b0` and `b1`; those of the padded image must be multiples of it.
    padding : int, (int, int) or (int, int, int, int)
        Zeros around the image before; none by default.
    data_format : str, optional
        ``"NCHW"`` or ``"NHWC"``; that of the input where not set.
    """

    blocks: Pair = numbers_of("blocks", length=2, minimum=1, kw_only=False)
    padding: Pair = borders("padding", 2, default=(0, 0, 0, 0), paired=True)
    data_format: str | None = choice("format", CNN_FORMATS, default=None)

    def lengths(self, given: InputTypeSpatial) -> tuple[int | None, ...]:
        """Pad, and divide by the size of a block."""
        return _blocks(given, _beyond(given.lengths, self.padding, 1), along_axes(self.blocks))

    def check_computing(self, given: InputType | None) -> None:
        """Refuse training: labels cannot have as many rows as come out."""
        if prod(along_axes(self.blocks)) > 1:
            raise ConfigError(
                "it makes several examples of each, to which labels do not fit, and DL4J has no layer that puts them"
                " together again; use SpaceToDepthLayer, or for_training=False"
            )


def _beyond(lengths: Sequence[int | None], ends: Pair, sign: int) -> tuple[int | None, ...]:
    both = along_axes(ends)
    pairs = zip(lengths, both[::2], both[1::2], strict=True)
    return tuple(None if length is None else length + sign * (begin + end) for length, begin, end in pairs)


def _blocks(given: InputTypeSpatial, lengths: Sequence[int | None], blocks: Sequence[int]) -> tuple[int | None, ...]:
    for axis, length, block in zip(given.axes, lengths, blocks, strict=True):
        if length is not None and length % block:
            raise ConfigError(
                f"its {axis} of {length} is no multiple of the block's {block}; pad or crop it before, with"
                " ZeroPaddingLayer or Cropping2D"
            )
    return tuple(length and length // block for length, block in zip(lengths, blocks, strict=True))
