"""Convolutions of sequences, images and volumes, and what turns them round."""

from __future__ import annotations

from typing import Any, ClassVar

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import choice, flag, numbers_of, paired, whole
from pydl4j_spark.conf.inputs import InputType, InputTypeSpatial
from pydl4j_spark.conf.layers.base import Layer, ProjectingLayer, Shapes, settle
from pydl4j_spark.conf.layers.spatial import SequenceSlidingLayer, SlidingLayer, VolumeSlidingLayer, along_axes
from pydl4j_spark.conf.types import Pair, Triple
from pydl4j_spark.conf.weights import WeightInitIdentity
from pydl4j_spark.errors import ConfigError

_LAYERS = "org.deeplearning4j.nn.conf.layers."

ALGO_MODES = {
    "no_workspace": "NO_WORKSPACE",
    "prefer_fastest": "PREFER_FASTEST",
    "user_specified": "USER_SPECIFIED",
}
FORWARD_ALGORITHMS = {
    name: name.upper()
    for name in (
        *("implicit_gemm", "implicit_precomp_gemm", "gemm", "direct"),
        *("fft", "fft_tiling", "winograd", "winograd_nonfused", "count"),
    )
}
FILTER_ALGORITHMS = {
    name: name.upper()
    for name in ("algo_0", "algo_1", "fft", "algo_3", "winograd", "winograd_nonfused", "fft_tiling", "count")
}
DATA_ALGORITHMS = {
    name: name.upper() for name in ("algo_0", "algo_1", "fft", "fft_tiling", "winograd", "winograd_nonfused", "count")
}


@config()
class Convolving(SlidingLayer, ProjectingLayer):
    """What all convolutions share.

    Parameters
    ----------
    n_out : int
        Channels that come out.
    has_bias : bool
        Whether a bias is added.
    cudnn_algo_mode, cudnn_fwd_algo, cudnn_bwd_filter_algo, cudnn_bwd_data_algo : str, optional
        How cuDNN computes it, on machines that have it; the last three where the first is ``"user_specified"``.
    """

    # Whether weight_init 'identity' gives a convolution that changes nothing.
    knows_identity: ClassVar[bool] = False
    # Whether DL4J's build for CPUs can train it with a dilation.
    trains_dilated: ClassVar[bool] = False

    has_bias: bool = flag("hasBias", default=True)
    cudnn_algo_mode: str = choice("cudnnAlgoMode", ALGO_MODES, default="prefer_fastest")
    cudnn_fwd_algo: str | None = choice("cudnnFwdAlgo", FORWARD_ALGORITHMS, default=None)
    cudnn_bwd_filter_algo: str | None = choice("cudnnBwdFilterAlgo", FILTER_ALGORITHMS, default=None)
    cudnn_bwd_data_algo: str | None = choice("cudnnBwdDataAlgo", DATA_ALGORITHMS, default=None)

    @property
    def bias_shape(self) -> Shapes:
        """The bias, which DL4J puts first, where there is one."""
        return {"b": (self.n_out,)} if self.has_bias else {}

    @property
    def parameter_shapes(self) -> Shapes:
        """Biases, and a kernel for each pair of channels."""
        return self.bias_shape | {"W": (self.n_out, self.n_in, *along_axes(self.kernel_size))}

    def input_from_n_in(self) -> InputType | None:
        """Give nothing: the lengths do not follow from `n_in`."""
        return None

    def accept(self, given: InputType) -> Layer:
        """Take `n_in` and the layout."""
        spatial = self.spatial(given)
        settled: Layer = settle(self, n_in=spatial.n_channels, data_format=spatial.data_format)
        return settled

    def channels(self, given: InputTypeSpatial) -> int:
        """Give `n_out`."""
        return self.n_out

    def output_type(self, given: InputType) -> InputType:
        """Give `n_out` channels."""
        return SlidingLayer.output_type(self, given)

    def check_training(self, given: InputType | None) -> None:
        """Refuse a dilation that DL4J fails at, and first weights that cannot be made."""
        if not self.trains_dilated and any(step > 1 for step in along_axes(self.dilation)):
            raise ConfigError(
                f"DL4J fails to train a {type(self).__name__} with a dilation on CPUs; leave dilation out, and use a"
                " larger kernel or several layers"
            )
        if not isinstance(self.weight_init, WeightInitIdentity):
            return
        if not self.knows_identity:
            raise ConfigError("weight_init 'identity' makes no identity of these weights in DL4J; use another")
        if not all(length % 2 for length in along_axes(self.kernel_size)):
            raise ConfigError(f"weight_init 'identity' needs kernels of odd lengths, not {self.kernel_size}")


@config()
class Deconvolving(Convolving):
    """What all transposed convolutions share: they give as much as a convolution with these settings would take."""

    def _length(self, axis: str, length: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
        if self.convolution_mode == "same":
            return stride * length
        reach = kernel + (kernel - 1) * (dilation - 1)
        made = stride * (length - 1) + reach - 2 * padding
        if made < 1:
            raise ConfigError(f"padding {self.padding} leaves nothing of the {axis}; use less")
        return made

    def check_computing(self, given: InputType | None) -> None:
        """Refuse nothing: the windows are on the way back."""

    def check_training(self, given: InputType | None) -> None:
        """Refuse strides that DL4J fails at on the way back, too."""
        super().check_training(given)
        if isinstance(given, self.takes):
            self.check_strides(self.lengths(given), given.lengths)


@config(_LAYERS + "ConvolutionLayer", also=_LAYERS + "Convolution2D")
class ConvolutionLayer(Convolving):
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

    knows_identity: ClassVar[bool] = True
    trains_dilated: ClassVar[bool] = True

    kernel_size: Pair = numbers_of("kernelSize", length=2, minimum=1, default=(5, 5))


@config(_LAYERS + "Convolution1DLayer", also=_LAYERS + "Convolution1D")
class Convolution1DLayer(SequenceSlidingLayer, Convolving):
    """Convolution in time: ``[N, n_in, T]`` to ``[N, n_out, T']`` (DL4J Convolution1DLayer, also Convolution1D).

    Parameters
    ----------
    n_out : int
        Numbers at each step that come out.
    kernel_size : int
        Time steps that are looked at together.
    stride, padding, dilation : int
        1, 0 and 1 by default.
    convolution_mode : str, optional
        ``"truncate"`` (DL4J's default), ``"strict"``, ``"same"`` or ``"causal"``; the network's where not set.
    data_format : str, optional
        ``"NCW"`` or ``"NWC"``; that of the input where not set. DL4J cannot train it on NWC.
    """

    keeps_input_type: ClassVar[bool] = True
    derived_keys: ClassVar[frozenset[str]] = Layer.derived_keys | {"cnn2dDataFormat"}

    kernel_size: int = paired("kernelSize", minimum=1)

    def to_dict(self) -> dict[str, Any]:
        """Give this layer as DL4J's JSON spells it, with the layout of the images that it makes of sequences."""
        document = super().to_dict()
        return document | {"cnn2dDataFormat": "NHWC"} if self.data_format == "NWC" else document

    @property
    def parameter_shapes(self) -> Shapes:
        """Biases, and kernels as DL4J shows them."""
        return self.bias_shape | {"W": (self.n_out, self.n_in, self.kernel_size, 1)}

    def check_training(self, given: InputType | None) -> None:
        """Refuse what DL4J's gradient fails at."""
        super().check_training(given)
        if self.data_format == "NWC":
            raise ConfigError("DL4J cannot train Convolution1DLayer on NWC sequences; use NCW")


@config(_LAYERS + "Convolution3D")
class Convolution3D(VolumeSlidingLayer, Convolving):
    """Convolution of volumes: ``[N, D, H, W, n_in]`` to ``[N, D', H', W', n_out]`` (DL4J Convolution3D).

    Parameters
    ----------
    n_out : int
        Channels that come out.
    kernel_size, stride, padding, dilation : int or (int, int, int)
        Depth, height and width; 2, 1, 0 and 1 by default, as in DL4J.
    data_format : str, optional
        ``"NDHWC"`` or ``"NCDHW"``; that of the input where not set.
    """

    knows_identity: ClassVar[bool] = True
    # DL4J writes a `mode` that it never looks at.
    derived_keys: ClassVar[frozenset[str]] = Layer.derived_keys | {"cnn2dDataFormat", "mode"}

    kernel_size: Triple = numbers_of("kernelSize", length=3, minimum=1, default=(2, 2, 2))

    def check_computing(self, given: InputType | None) -> None:
        """Refuse what DL4J, which checks every axis by the settings of the depth, refuses when it computes."""
        super().check_computing(given)
        if self.convolution_mode != "strict" or not isinstance(given, InputTypeSpatial):
            return
        settings = (self.kernel_size, self.stride, self.padding, self.dilation)
        kernel, stride, padding, dilation = (along_axes(setting)[0] for setting in settings)
        reach = kernel + (kernel - 1) * (dilation - 1)
        if any((length + 2 * padding - reach) % stride for length in given.lengths if length is not None):
            raise ConfigError(
                "DL4J checks height and width by kernel, stride and padding of the depth, and so refuses"
                " convolution_mode 'strict' here; use 'truncate'"
            )


@config(_LAYERS + "Deconvolution2D")
class Deconvolution2D(Deconvolving):
    """Transposed convolution: ``[N, n_in, H, W]`` to ``[N, n_out, H', W']`` (DL4J Deconvolution2D).

    ``H' = stride * (H - 1) + kernel - 2 * padding``, and ``stride * H`` with ``convolution_mode="same"``.

    Parameters
    ----------
    n_out : int
        Channels that come out.
    kernel_size, stride, padding, dilation : int or (int, int)
        Height and width; 5, 1, 0 and 1 by default, as in DL4J.
    """

    keeps_input_type: ClassVar[bool] = True
    knows_identity: ClassVar[bool] = True

    kernel_size: Pair = numbers_of("kernelSize", length=2, minimum=1, default=(5, 5))

    @property
    def parameter_shapes(self) -> Shapes:
        """Biases, and kernels with the channels the other way round."""
        return self.bias_shape | {"W": (self.n_in, self.n_out, *along_axes(self.kernel_size))}


@config(_LAYERS + "Deconvolution3D")
class Deconvolution3D(VolumeSlidingLayer, Deconvolving):
    """Transposed convolution: ``[N, D, H, W, n_in]`` to ``[N, D', H', W', n_out]`` (DL4J Deconvolution3D).

    Parameters
    ----------
    n_out : int
        Channels that come out.
    kernel_size, stride, padding, dilation : int or (int, int, int)
        Depth, height and width; 2, 1, 0 and 1 by default, as in DL4J.
    """

    keeps_input_type: ClassVar[bool] = True
    derived_keys: ClassVar[frozenset[str]] = Layer.derived_keys | {"cnn2dDataFormat"}

    kernel_size: Triple = numbers_of("kernelSize", length=3, minimum=1, default=(2, 2, 2))

    @property
    def parameter_shapes(self) -> Shapes:
        """Biases, and kernels with the channels last."""
        return self.bias_shape | {"W": (*along_axes(self.kernel_size), self.n_out, self.n_in)}


@config(_LAYERS + "DepthwiseConvolution2D")
class DepthwiseConvolution2D(Convolving):
    """Convolution of each channel by itself: ``[N, C, H, W]`` to ``[N, C * m, H', W']`` (DL4J DepthwiseConvolution2D).

    Parameters
    ----------
    depth_multiplier : int
        How many channels are made of each, `m`; 1 by default.
    n_out : int, optional
        ``n_in * depth_multiplier``; it is filled in.
    kernel_size, stride, padding, dilation : int or (int, int)
        Height and width; 5, 1, 0 and 1 by default, as in DL4J.
    """

    n_out: int | None = whole("nout", default=None, minimum=1, none=0)  # type: ignore[assignment]
    depth_multiplier: int = whole("depthMultiplier", default=1, minimum=1)
    kernel_size: Pair = numbers_of("kernelSize", length=2, minimum=1, default=(5, 5))

    @property
    def parameter_shapes(self) -> Shapes:
        """Biases, and kernels for each channel."""
        return self.bias_shape | {"W": (*along_axes(self.kernel_size), self.n_in, self.depth_multiplier)}

    def accept(self, given: InputType) -> Layer:
        """Take `n_in` and the layout; `n_out` follows."""
        taken: Layer = super().accept(given)
        settled: Layer = settle(taken, n_out=self.spatial(given).n_channels * self.depth_multiplier)
        return settled

    def channels(self, given: InputTypeSpatial) -> int:
        """Give `depth_multiplier` for each that comes in."""
        return given.n_channels * self.depth_multiplier


@config(_LAYERS + "SeparableConvolution2D")
class SeparableConvolution2D(Convolving):
    """Convolution of each channel, then of all at each place: ``[N, n_in, H, W]`` to ``[N, n_out, H', W']``.

    DL4J SeparableConvolution2D.

    Parameters
    ----------
    n_out : int
        Channels that come out.
    depth_multiplier : int
        How many channels are made of each in between; 1 by default.
    kernel_size, stride, padding, dilation : int or (int, int)
        Height and width; 5, 1, 0 and 1 by default, as in DL4J.
    """

    trains_dilated: ClassVar[bool] = True

    depth_multiplier: int = whole("depthMultiplier", default=1, minimum=1)
    kernel_size: Pair = numbers_of("kernelSize", length=2, minimum=1, default=(5, 5))

    @property
    def parameter_shapes(self) -> Shapes:
        """Biases, kernels for each channel, and weights for each pair."""
        between = None if self.n_in is None else self.n_in * self.depth_multiplier
        return self.bias_shape | {
            "W": (self.depth_multiplier, self.n_in, *along_axes(self.kernel_size)),
            "pW": (self.n_out, between, 1, 1),
        }

    def check_computing(self, given: InputType | None) -> None:
        """Refuse what DL4J fails at."""
        super().check_computing(given)
        if self.n_in == 1:
            raise ConfigError("DL4J fails on images of one channel here; use ConvolutionLayer")
