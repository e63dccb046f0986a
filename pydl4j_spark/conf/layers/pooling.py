"""Pooling over all of an image or a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydl4j_spark.conf.base import config, evolve
from pydl4j_spark.conf.fields import choice, flag, numbers_of, whole
from pydl4j_spark.conf.inputs import InputType, InputTypeConvolutional, InputTypeFeedForward
from pydl4j_spark.conf.layers.base import Layer, sequencing, unflattening, wrong_input
from pydl4j_spark.conf.layers.convolution import POOLING_TYPES
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.errors import ConfigError


@config("org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer")
class GlobalPoolingLayer(Layer):
    """Pools each channel to one number: ``[N, C, H, W]`` or ``[N, C, T]`` to ``[N, C]`` (DL4J GlobalPoolingLayer).

    Parameters
    ----------
    pooling_type : str
        ``"max"`` (default), ``"avg"``, ``"sum"`` or ``"pnorm"``.
    pnorm : int
        The p of ``"pnorm"``. Its gradient is NaN in DL4J where a channel is 0 everywhere, as after relu.
    collapse_dimensions : bool
        False keeps images of 1 x 1.
    pooling_dimensions : list of int, optional
        The axes; those of time, or of height and width, where not set.
    """

    fails_on_rows: ClassVar[bool] = True
    needs_whole_sequences: ClassVar[bool] = True

    pooling_type: str = choice("poolingType", POOLING_TYPES, default="max", kw_only=False)
    pnorm: int = whole("pnorm", default=2, minimum=1)
    collapse_dimensions: bool = flag("collapseDimensions", default=True)
    pooling_dimensions: Sequence[int] | None = numbers_of("poolingDimensions", default=None)

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Make images of flat images, and sequences of rows that are time steps."""
        if isinstance(given, InputTypeFeedForward) and given.time_distributed_format is None:
            raise wrong_input(given, "images or sequences", "rows have nothing to pool; leave this layer out")
        return unflattening(given) or (sequencing(given, "NCW") if isinstance(given, InputTypeFeedForward) else None)

    def accept(self, given: InputType) -> Layer:
        """Take the axes to pool."""
        if isinstance(given, InputTypeConvolutional):
            if not self.collapse_dimensions and given.data_format == "NHWC":
                raise ConfigError("collapse_dimensions=False fails in DL4J on NHWC images; use NCHW, or collapse")
            # DL4J overrides what was given for images, so the axes are its own here too.
            return evolve(self, pooling_dimensions=(2, 3) if given.data_format == "NCHW" else (1, 2))
        return self

    def output_type(self, given: InputType) -> InputType:
        """Give rows; for sequences DL4J's inference keeps the sequence, and a preprocessor lets rows through."""
        if not isinstance(given, InputTypeConvolutional):
            return given
        if self.collapse_dimensions:
            return InputType.feed_forward(given.channels)
        return InputType.convolutional(1, 1, given.channels, data_format=given.data_format)
