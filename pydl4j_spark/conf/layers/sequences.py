"""Layers that make, mask and repeat sequences."""

from __future__ import annotations

from typing import ClassVar

from pydl4j_spark.conf.activations import Activation
from pydl4j_spark.conf.base import config, evolve
from pydl4j_spark.conf.dropout import SpatialDropout
from pydl4j_spark.conf.fields import choice, flag, nested, real, whole
from pydl4j_spark.conf.inputs import (
    RNN_FORMATS,
    InputType,
    InputTypeConvolutionalFlat,
    InputTypeFeedForward,
    InputTypeRecurrent,
)
from pydl4j_spark.conf.layers.base import (
    FeedForwardLayer,
    Layer,
    Noiseless,
    ProjectingLayer,
    Shapes,
    Undropped,
    flattening,
    settle,
    wrong_input,
)
from pydl4j_spark.conf.layers.pooling import GlobalPoolingLayer
from pydl4j_spark.conf.layers.recurrent import BaseRecurrentLayer, Bidirectional, LastTimeStep, Wrapper, as_sequence
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.types import Number
from pydl4j_spark.errors import ConfigError

_LAYERS = "org.deeplearning4j.nn.conf.layers."


@config(_LAYERS + "EmbeddingSequenceLayer")
class EmbeddingSequenceLayer(Undropped, Noiseless, ProjectingLayer):
    """A vector for each index of a sequence: ``[N, T]`` or ``[N, 1, T]`` whole numbers to ``[N, n_out, T]``.

    DL4J EmbeddingSequenceLayer. Use ``InputType.feed_forward(T)`` for rows of T indices, or
    ``InputType.recurrent(1, T)`` for sequences of one index a step.

    Parameters
    ----------
    n_in : int
        How many indices there are (the vocabulary). It is not inferred.
    input_length : int, optional
        Indices in a row; that of the input.
    infer_input_length : bool
        Whether the data may be of any length; True by default.
    has_bias : bool
        Whether a bias is added; False by default, as in DL4J.
    data_format : str
        How the sequences come out: ``"NCW"`` (default), or ``"NWC"`` for ``[N, T, n_out]``.
    """

    must_be_first: ClassVar[bool] = True
    dropped: ClassVar[str] = "after"

    n_in: int = whole("nin", minimum=1)
    activation: Activation | str | None = nested("activationFn", Activation, default="identity")
    input_length: int | None = whole("inputLength", default=None, minimum=1, none=1, writes_none=True)
    infer_input_length: bool = flag("inferInputLength", default=True)
    has_bias: bool = flag("hasBias", default=False)
    data_format: str = choice("outputFormat", RNN_FORMATS, default="NCW")

    @property
    def parameter_shapes(self) -> Shapes:
        """A vector for each index, and a bias."""
        return {"W": (self.n_in, self.n_out)} | ({"b": (self.n_out,)} if self.has_bias else {})

    def input_from_n_in(self) -> InputType | None:
        """Give nothing: how many indices a row has does not follow from how many there are."""
        return None

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Flatten images; sequences come as they are."""
        return None if isinstance(given, InputTypeRecurrent) else flattening(given)

    def accept(self, given: InputType) -> Layer:
        """Take the length of the rows or sequences."""
        if isinstance(given, InputTypeRecurrent):
            if given.size != 1 or given.data_format != "NCW":
                raise ConfigError(
                    f"it takes one index at each step, but sequences {given} come in; use InputType.recurrent(1, T) and"
                    " class indices instead of one-hot steps, and leave data_format='NWC' out"
                )
            length = given.timesteps
        elif isinstance(given, InputTypeFeedForward):
            length = given.size
        else:
            raise wrong_input(given, "indices", "use InputType.feed_forward(T) or InputType.recurrent(1, T)")
        if length is None:
            return self
        if self.infer_input_length:
            return evolve(self, input_length=length)
        settled: Layer = settle(self, input_length=length)
        return settled

    def output_type(self, given: InputType) -> InputType:
        """Give sequences of `n_out`; DL4J takes an unknown length for 1 here."""
        return InputType.recurrent(self.n_out, self.input_length, data_format=self.data_format)


@config(_LAYERS + "misc.RepeatVector")
class RepeatVector(FeedForwardLayer):
    """A sequence of one row, over and over: ``[N, size]`` to ``[N, size, n]`` (DL4J RepeatVector).

    Parameters
    ----------
    n : int
        Time steps that come out; 1 by default.
    data_format : str
        ``"NCW"`` (default), or ``"NWC"`` for ``[N, n, size]``.
    """

    n: int = whole("n", default=1, minimum=1, kw_only=False)
    data_format: str = choice("dataFormat", RNN_FORMATS, default="NCW")
    n_out: int | None = whole("nout", default=None, minimum=1, none=0, writes_none=True)

    def accept(self, given: InputType) -> Layer:
        """Take rows, but no flat images, of which DL4J makes no rows here."""
        if isinstance(given, InputTypeConvolutionalFlat):
            raise wrong_input(given, "rows", "say InputType.feed_forward")
        return super().accept(given)

    def output_type(self, given: InputType) -> InputType:
        """Give sequences of `n` steps."""
        return InputType.recurrent(self.n_in or 0, self.n, data_format=self.data_format)


@config(_LAYERS + "recurrent.TimeDistributed")
class TimeDistributed(Wrapper):
    """A layer on rows at every time step: ``TimeDistributed(DenseLayer(n_out=8))`` (DL4J TimeDistributed).

    ``[N, size, T]`` to ``[N, n_out, T]``. Other than a layer on rows by itself, it gives sequences.

    Parameters
    ----------
    underlying : Layer
        A layer that takes and gives rows, and is not an output.
    data_format : str, optional
        ``"NCW"`` or ``"NWC"``; that of the input where not set.
    """

    fails_on_rows: ClassVar[bool] = True

    underlying: Layer = nested("underlying", Layer, kw_only=False)
    data_format: str | None = choice("rnnDataFormat", RNN_FORMATS, default=None)

    def __attrs_post_init__(self) -> None:
        if self.underlying.has_loss:
            raise ConfigError(
                f"TimeDistributed.underlying: {type(self.underlying).__name__} has a loss; use RnnOutputLayer"
            )
        if isinstance(self.underlying, GlobalPoolingLayer):
            raise ConfigError("TimeDistributed.underlying: a GlobalPoolingLayer is to pool over time steps itself")

    @property
    def children(self) -> dict[str, Layer]:
        """The wrapped layer."""
        return {"underlying": self.underlying}

    def input_from_n_in(self) -> InputType | None:
        """Give sequences of what the layer inside takes."""
        inside = self.underlying.input_from_n_in()
        if not isinstance(inside, InputTypeFeedForward):
            return None
        return InputType.recurrent(inside.size, data_format=self.data_format or "NCW")

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Give none: it makes rows by itself."""
        return None

    def accept(self, given: InputType) -> Layer:
        """Give the layer inside one time step."""
        sequence = as_sequence(given)
        inner = self.underlying.accept(InputType.feed_forward(sequence.size))
        settled: Layer = settle(evolve(self, underlying=inner), data_format=sequence.data_format)
        return settled

    def output_type(self, given: InputType) -> InputType:
        """Give sequences of what the layer inside gives."""
        sequence = as_sequence(given)
        inner = self.underlying.output_type(InputType.feed_forward(sequence.size))
        if not isinstance(inner, InputTypeFeedForward):
            raise wrong_input(inner, "rows from the layer inside", "take TimeDistributed away here")
        return InputType.recurrent(inner.size, sequence.timesteps, data_format=sequence.data_format)

    def check_training(self, given: InputType | None) -> None:
        """Refuse the layers that DL4J fails to train inside."""
        super().check_training(given)
        kind = type(self.underlying).__name__
        if self.underlying.must_be_first:
            raise ConfigError(f"DL4J fails to train {kind} inside; use EmbeddingSequenceLayer")
        if isinstance(self.underlying.dropout, SpatialDropout):
            raise ConfigError(
                "SpatialDropout drops channels, and what comes inside are rows; put a DropoutLayer before"
            )


@config(_LAYERS + "util.MaskZeroLayer")
class MaskZeroLayer(Wrapper):
    """Masks the time steps whose numbers are all `mask_value`, for the layer inside (DL4J MaskZeroLayer).

    Parameters
    ----------
    underlying : Layer
        A recurrent layer, a Bidirectional or a LastTimeStep.
    mask_value : float
        0 by default.
    """

    fails_on_rows: ClassVar[bool] = True
    needs_whole_sequences: ClassVar[bool] = True

    underlying: Layer = nested("underlying", Layer, kw_only=False)
    mask_value: Number = real("maskingValue", default=0.0)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.underlying, BaseRecurrentLayer | Bidirectional | LastTimeStep):
            raise ConfigError(
                "MaskZeroLayer.underlying: wanted a recurrent layer, a Bidirectional or a LastTimeStep, not"
                f" {type(self.underlying).__name__}"
            )

    @property
    def children(self) -> dict[str, Layer]:
        """The wrapped layer."""
        return {"underlying": self.underlying}

    def output_type(self, given: InputType) -> InputType:
        """Give what the layer inside gives."""
        return self.underlying.output_type(given)

    def check_training(self, given: InputType | None) -> None:
        """Refuse what DL4J would mask along the wrong axis."""
        super().check_training(given)
        if not isinstance(self.underlying, BaseRecurrentLayer) and getattr(given, "data_format", None) == "NWC":
            raise ConfigError(
                "DL4J masks the wrong axis of NWC sequences around a wrapper; use NCW, or MaskZeroLayer inside"
            )


@config(_LAYERS + "util.MaskLayer")
class MaskLayer(Undropped):
    """Sets to 0 what the mask of the data leaves out, and lets through the rest, of any shape (DL4J MaskLayer)."""

    cannot_be_first: ClassVar[bool] = True
    works_in_place: ClassVar[bool] = True
