"""Convolutions whose weights are others at each place."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from pydl4j_spark.conf.base import config, evolve
from pydl4j_spark.conf.fields import choice, flag, numbers_of, whole
from pydl4j_spark.conf.inputs import CNN_FORMATS, InputType, InputTypeRecurrent, InputTypeSpatial
from pydl4j_spark.conf.layers.base import Layer, Shapes, settle
from pydl4j_spark.conf.layers.samediff import ACTIVATIONS, SameDiffLayer
from pydl4j_spark.conf.layers.spatial import (
    CONVOLUTION_MODES,
    SEQUENCE_MODES,
    ChannelsFirstLayer,
    LaidOutLayer,
    WindowLayer,
    along_axes,
)
from pydl4j_spark.conf.types import Pair
from pydl4j_spark.errors import ConfigError

_LAYERS = "org.deeplearning4j.nn.conf.layers."


@config()
class LocallyConnecting(WindowLayer, SameDiffLayer):
    """What both have.

    Parameters
    ----------
    n_out : int
        Channels that come out.
    activation : str
        By name; ``"tanh"`` by default, whatever the network's is.
    has_bias : bool
        Whether a bias is added.
    """

    input_size: Any
    output_size: Any
    padding_end: Any

    n_in: int | None = whole("nin", default=None, minimum=1, none=0)
    n_out: int = whole("nout", minimum=1)
    # Numbers in a window. DL4J counts them only where it infers `n_in`.
    feature_dim: int | None = whole("featureDim", default=None, minimum=1, none=0)
    activation: str = choice("activation", ACTIVATIONS, default="tanh")
    has_bias: bool = flag("hasBias", default=True)

    def to_dict(self) -> dict[str, Any]:
        """Give this layer as DL4J's JSON spells it, with the size of a window, without which DL4J reads nothing."""
        return super().to_dict() | {"featureDim": prod(along_axes(self.kernel_size)) * (self.n_in or 0)}

    @property
    def parameter_shapes(self) -> Shapes:
        """Weights for each place, and biases."""
        if self.n_in is None or self.output_size is None:
            return {"W": (None,)}
        window = prod(along_axes(self.kernel_size)) * self.n_in
        return {"W": (prod(along_axes(self.output_size)), window, self.n_out)} | (
            {"b": (self.n_out,)} if self.has_bias else {}
        )

    def accept(self, given: InputType) -> Layer:
        """Take `n_in`, the layout, and the sizes that weights depend on."""
        spatial = self.spatial(given)
        if None in spatial.lengths:
            raise ConfigError("its weights are others at each step, so the length must be known: give timesteps")
        window = prod(along_axes(self.kernel_size)) * spatial.n_channels
        taken = settle(super().accept(given), n_in=spatial.n_channels, feature_dim=window)
        made = self.lengths(spatial)
        sizes = {"input_size": spatial.lengths, "output_size": made}
        if self.convolution_mode == "same":
            sizes |= self._padding_for(spatial.lengths, made)
        settled: Layer = evolve(taken, **{name: self._plain(size) for name, size in sizes.items()})
        return settled

    def _padding_for(self, lengths: tuple[int | None, ...], made: tuple[int | None, ...]) -> dict[str, Any]:
        windows = zip(lengths, made, *map(along_axes, (self.kernel_size, self.stride, self.dilation)), strict=True)
        missing = [(m - 1) * s + k + (k - 1) * (d - 1) - n for n, m, k, s, d in windows]
        if min(missing) < 0:
            raise ConfigError(f"DL4J fails with stride {self.stride} beyond kernel {self.kernel_size} and 'same' here")
        begin = tuple(length // 2 for length in missing)
        if any(along_axes(self.padding)) and along_axes(self.padding) != begin:
            raise ConfigError(f"padding {self.padding} cannot be given with convolution_mode 'same', which pads itself")
        return {"padding": begin, "padding_end": tuple(length - length // 2 for length in missing)}

    def _plain(self, size: tuple[int | None, ...]) -> Any:
        return size if len(size) > 1 else size[0]

    def channels(self, given: InputTypeSpatial) -> int:
        """Give `n_out`."""
        return self.n_out

    def check(self) -> None:
        """Refuse nothing: the padding of 'same' is filled in."""

    def check_training(self, given: InputType | None) -> None:
        """Refuse what DL4J does not do as it says."""
        super().check_training(given)
        if any(step > 1 for step in along_axes(self.dilation)):
            raise ConfigError("DL4J's windows are not dilated here, only fewer; leave dilation out")
        if self.activation == "leakyrelu":
            raise ConfigError("'leakyrelu' has slope 0 in DL4J's SameDiff layers, as 'relu' has; say 'relu'")


@config(_LAYERS + "LocallyConnected1D")
class LocallyConnected1D(LocallyConnecting, ChannelsFirstLayer):
    """Convolution in time with other weights at each step: ``[N, n_in, T]`` to ``[N, n_out, T']``.

    DL4J LocallyConnected1D. Weights are ``[T', kernel_size * n_in, n_out]``.

    Parameters
    ----------
    n_out : int
        Numbers at each step that come out.
    kernel_size, stride, padding : int
        In time steps; 2, 1 and 0 by default, as in DL4J.
    convolution_mode : str
        ``"same"`` (default), ``"truncate"`` or ``"strict"``, whatever the network's is.
    input_size, output_size, padding_end : int, optional
        Steps that go in and come out, and padding at the end; they are filled in.
    """

    takes: ClassVar[type[InputTypeSpatial]] = InputTypeRecurrent
    needs_whole_sequences: ClassVar[bool] = True

    kernel_size: int = whole("kernel", default=2, minimum=1)
    stride: int = whole("stride", default=1, minimum=1)
    padding: int = whole("padding", default=0)
    dilation: int = whole("dilation", default=1, minimum=1)
    convolution_mode: str = choice("cm", SEQUENCE_MODES, default="same")
    input_size: int | None = whole("inputSize", default=None, minimum=1, none=0)
    output_size: int | None = whole("outputSize", default=None, minimum=1, none=0)
    padding_end: int | None = whole("paddingR", default=None, none=0, writes_none=True)

    def __attrs_post_init__(self) -> None:
        if self.convolution_mode == "causal":
            raise ConfigError(
                "LocallyConnected1D: DL4J fails with convolution_mode 'causal'; put a ZeroPadding1DLayer before"
            )


@config(_LAYERS + "LocallyConnected2D")
class LocallyConnected2D(LocallyConnecting, LaidOutLayer):
    """Convolution with other weights at each place: ``[N, n_in, H, W]`` to ``[N, n_out, H', W']``.

    DL4J LocallyConnected2D. Weights are ``[H' * W', kh * kw * n_in, n_out]``. DL4J puts what comes out in the wrong
    places, so that it is for networks trained elsewhere only.

    Parameters
    ----------
    n_out : int
        Channels that come out.
    kernel_size, stride, padding : int or (int, int)
        Height and width; 2, 1 and 0 by default, as in DL4J.
    convolution_mode : str
        ``"same"`` (default), ``"truncate"`` or ``"strict"``, whatever the network's is.
    input_size, output_size, padding_end : (int, int), optional
        Height and width that go in and come out, and padding at their end; they are filled in.
    """

    kernel_size: Pair = numbers_of("kernel", length=2, minimum=1, default=(2, 2))
    stride: Pair = numbers_of("stride", length=2, minimum=1, default=(1, 1))
    padding: Pair = numbers_of("padding", length=2, default=(0, 0))
    dilation: Pair = numbers_of("dilation", length=2, minimum=1, default=(1, 1))
    convolution_mode: str = choice("cm", CONVOLUTION_MODES, default="same")
    data_format: str | None = choice("format", CNN_FORMATS, default=None)
    input_size: Pair | None = numbers_of("inputSize", length=2, minimum=1, default=None)
    output_size: Pair | None = numbers_of("outputSize", length=2, minimum=1, default=None)
    padding_end: Pair | None = numbers_of("paddingBr", length=2, default=None)

    def check_training(self, given: InputType | None) -> None:
        """Refuse training."""
        raise ConfigError("DL4J puts what it computes in the wrong places of the image; use ConvolutionLayer")
