"""Pooling over windows of sequences, images and volumes."""

from __future__ import annotations

from typing import ClassVar

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import choice, flag, numbers_of, paired, real, whole
from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.layers.spatial import (
    CONVOLUTION_MODES,
    RNN_FORMATS_AS_CNN,
    SequenceSlidingLayer,
    SlidingLayer,
    VolumeSlidingLayer,
    along_axes,
)
from pydl4j_spark.conf.types import Number, Pair, Triple
from pydl4j_spark.errors import ConfigError

_LAYERS = "org.deeplearning4j.nn.conf.layers."

POOLING_TYPES = {"max": "MAX", "avg": "AVG", "pnorm": "PNORM", "sum": "SUM"}


@config()
class Pooling(SlidingLayer):
    """What all poolings share."""

    def check_training(self, given: InputType | None) -> None:
        """Refuse windows that may lie in the padding altogether, of which DL4J makes nothing of sense."""
        if any(
            pad >= kernel for pad, kernel in zip(along_axes(self.padding), along_axes(self.kernel_size), strict=True)
        ):
            raise ConfigError(f"padding {self.padding} must be less than the kernel {self.kernel_size} along each axis")


@config(_LAYERS + "SubsamplingLayer", also=_LAYERS + "Pooling2D")
class SubsamplingLayer(Pooling):
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
        name = type(self).__name__
        if self.pooling_type == "sum":
            raise ConfigError(f"{name}: DL4J cannot compute pooling_type 'sum'; use 'avg', 'max' or 'pnorm'")
        if self.pooling_type == "pnorm" and not self.pnorm:
            raise ConfigError(f"{name}: pooling_type 'pnorm' needs pnorm of 1 or more")


@config(_LAYERS + "Subsampling1DLayer", also=_LAYERS + "Pooling1D")
class Subsampling1DLayer(SequenceSlidingLayer, SubsamplingLayer):
    """Pooling in time: ``[N, C, T]`` to ``[N, C, T']`` (DL4J Subsampling1DLayer, also Pooling1D).

    Parameters
    ----------
    pooling_type : str
        ``"max"`` (default), ``"avg"`` or ``"pnorm"``. DL4J cannot compute ``"sum"``.
    kernel_size, stride, padding, dilation : int
        In time steps; 2, 1, 0 and 1 by default, as in DL4J.
    convolution_mode : str, optional
        ``"truncate"``, ``"strict"`` or ``"same"``; the network's where not set.
    """

    # DL4J pads its second axis too, which is a step of one and nothing more, so none is written for it.
    kernel_size: int = paired("kernelSize", minimum=1, default=2, second=1)
    padding: int = paired("padding", default=0, second=0)
    data_format: str | None = choice("cnn2dDataFormat", RNN_FORMATS_AS_CNN, default=None)

    def _length(self, axis: str, length: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
        if self.convolution_mode == "causal":
            # DL4J infers as many steps as with 'same', but computes this.
            return (length - kernel - (kernel - 1) * (dilation - 1)) // stride + 1
        return super()._length(axis, length, kernel, stride, padding, dilation)

    def check_training(self, given: InputType | None) -> None:
        """Refuse a mode that DL4J has in name only."""
        super().check_training(given)
        if self.convolution_mode == "causal":
            raise ConfigError("DL4J pools with convolution_mode 'causal' as with 'truncate'; say 'truncate'")


@config(_LAYERS + "Subsampling3DLayer")
class Subsampling3DLayer(VolumeSlidingLayer, Pooling):
    """Pooling of volumes: ``[N, D, H, W, C]`` to ``[N, D', H', W', C]`` (DL4J Subsampling3DLayer).

    Parameters
    ----------
    pooling_type : str
        ``"max"`` (default) or ``"avg"``; DL4J has no others in three dimensions.
    kernel_size, stride, padding, dilation : int or (int, int, int)
        Depth, height and width; 1, 2, 0 and 1 by default, as in DL4J.
    convolution_mode : str
        ``"same"`` by default, whatever the network's is, as in DL4J.
    """

    strides_beyond: ClassVar[bool] = True

    pooling_type: str = choice("poolingType", POOLING_TYPES, default="max", kw_only=False)
    kernel_size: Triple = numbers_of("kernelSize", length=3, minimum=1, default=(1, 1, 1))
    stride: Triple = numbers_of("stride", length=3, minimum=1, default=(2, 2, 2))
    convolution_mode: str = choice("convolutionMode", CONVOLUTION_MODES, default="same")

    def __attrs_post_init__(self) -> None:
        if self.pooling_type not in ("max", "avg"):
            raise ConfigError(
                f"Subsampling3DLayer: DL4J has no pooling_type {self.pooling_type!r} in three dimensions;"
                " use 'max' or 'avg'"
            )
