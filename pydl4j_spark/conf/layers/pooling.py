"""Pooling over all of a sequence, an image or a volume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydl4j_spark.conf.base import config, evolve
from pydl4j_spark.conf.fields import choice, flag, numbers_of, whole
from pydl4j_spark.conf.inputs import InputType, InputTypeFeedForward, InputTypeRecurrent, InputTypeSpatial
from pydl4j_spark.conf.layers.base import Layer, sequencing, unflattening, wrong_input
from pydl4j_spark.conf.layers.subsampling import POOLING_TYPES
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.errors import ConfigError


@config("org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer")
class GlobalPoolingLayer(Layer):
    """Pools each channel of a sequence, image or volume to one number: ``[N, C, …]`` to ``[N, C]``.

    DL4J GlobalPoolingLayer.

    Parameters
    ----------
    pooling_type : str
        ``"max"`` (default), ``"avg"``, ``"sum"`` or ``"pnorm"``.
    pnorm : int
        The p of ``"pnorm"``. Its gradient is NaN in DL4J where a channel is 0 everywhere, as after relu.
    collapse_dimensions : bool
        False keeps images of 1 x 1, and volumes of 1 x 1 x 1.
    pooling_dimensions : list of int, optional
        The axes; all but that of the channels where not set.
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
            raise wrong_input(given, "sequences, images or volumes", "rows have nothing to pool; leave this layer out")
        return unflattening(given) or (sequencing(given, "NCW") if isinstance(given, InputTypeFeedForward) else None)

    def accept(self, given: InputType) -> Layer:
        """Take the axes to pool."""
        if isinstance(given, InputTypeSpatial) and not isinstance(given, InputTypeRecurrent):
            if not self.collapse_dimensions and not given.channels_first:
                raise ConfigError(
                    f"collapse_dimensions=False fails in DL4J on {given.data_format} {given.kind};"
                    " use channels first, or collapse"
                )
            # DL4J overrides what was given for images, so the axes are its own here too. Those of volumes it leaves
            # out, and pools the wrong ones where channels are last.
            first = 2 if given.channels_first else 1
            return evolve(self, pooling_dimensions=tuple(range(first, first + len(given.axes))))
        return self

    def check_computing(self, given: InputType | None) -> None:
        """Refuse to pool sequences over anything but their time steps."""
        if not isinstance(given, InputTypeRecurrent):
            return
        if self.pooling_dimensions is None:
            if given.data_format == "NWC":
                raise ConfigError("DL4J pools the wrong axis of NWC sequences; give pooling_dimensions=[1], or use NCW")
            return
        steps = 2 if given.data_format == "NCW" else 1
        if tuple(self.pooling_dimensions) != (steps,):
            raise ConfigError(
                f"the time steps of {given.data_format} sequences are axis {steps}, and pooling_dimensions are"
                f" {list(self.pooling_dimensions)}; say [{steps}]"
            )
        if steps == 1 and not self.collapse_dimensions:
            raise ConfigError("collapse_dimensions=False fails in DL4J on NWC sequences; use NCW, or collapse")

    def output_type(self, given: InputType) -> InputType:
        """Give rows; for sequences DL4J's inference keeps the sequence, and a preprocessor lets rows through."""
        if not isinstance(given, InputTypeSpatial) or isinstance(given, InputTypeRecurrent):
            return given
        if self.collapse_dimensions:
            return InputType.feed_forward(given.n_channels)
        return given.resized([1] * len(given.axes), given.n_channels)
