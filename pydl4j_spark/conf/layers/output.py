"""Layers that end a network: they have a loss."""

from __future__ import annotations

from typing import ClassVar

from pydl4j_spark.conf.activations import Activation
from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import choice, nested
from pydl4j_spark.conf.inputs import (
    RNN_FORMATS,
    InputType,
    InputTypeConvolutionalFlat,
    InputTypeFeedForward,
    InputTypeRecurrent,
)
from pydl4j_spark.conf.layers.base import BiasedLayer, FeedForwardLayer, Layer, sequencing, settle, wrong_input
from pydl4j_spark.conf.losses import Loss
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.errors import ConfigError

_LAYERS = "org.deeplearning4j.nn.conf.layers."


@config(_LAYERS + "OutputLayer")
class OutputLayer(BiasedLayer):
    """Fully connected with a loss: ``[N, n_in]`` to ``[N, n_out]`` (DL4J OutputLayer).

    Parameters
    ----------
    loss : str or Loss
        ``"mcxent"`` by default.
    activation : str or Activation
        ``"softmax"`` by default, whatever the network's activation is.
    """

    has_loss: ClassVar[bool] = True

    loss: Loss | str = nested("lossFn", Loss, default="mcxent")
    activation: Activation | str | None = nested("activationFn", Activation, default="softmax", optional=False)


@config(_LAYERS + "LossLayer")
class LossLayer(FeedForwardLayer):
    """A loss on rows as they come, without parameters (DL4J LossLayer).

    Parameters
    ----------
    loss : str or Loss
        ``"mcxent"`` by default.
    activation : str or Activation
        ``"identity"`` by default, whatever the network's activation is.
    """

    has_loss: ClassVar[bool] = True

    loss: Loss | str = nested("lossFn", Loss, default="mcxent")
    activation: Activation | str | None = nested("activationFn", Activation, default="identity", optional=False)

    derived_keys: ClassVar[frozenset[str]] = Layer.derived_keys | {"nout"}

    def output_type(self, given: InputType) -> InputType:
        """Give the rows that come in; DL4J's own inference has rows of 0 here."""
        return InputType.feed_forward(given.size) if isinstance(given, InputTypeConvolutionalFlat) else given


@config(_LAYERS + "RnnOutputLayer")
class RnnOutputLayer(BiasedLayer):
    """Fully connected with a loss at every time step: ``[N, n_in, T]`` to ``[N, n_out, T]`` (DL4J RnnOutputLayer).

    Parameters
    ----------
    loss : str or Loss
        ``"mcxent"`` by default.
    activation : str or Activation
        ``"softmax"`` by default, whatever the network's activation is.
    data_format : str, optional
        ``"NCW"`` or ``"NWC"``; that of the input where not set.
    """

    has_loss: ClassVar[bool] = True

    loss: Loss | str = nested("lossFn", Loss, default="mcxent")
    activation: Activation | str | None = nested("activationFn", Activation, default="softmax", optional=False)
    data_format: str | None = choice("rnnDataFormat", RNN_FORMATS, default=None)

    def __attrs_post_init__(self) -> None:
        if not self.has_bias:
            raise ConfigError("RnnOutputLayer: DL4J fails at inference without a bias; leave has_bias=False out")

    def input_from_n_in(self) -> InputType | None:
        """Give sequences of `n_in`."""
        return None if self.n_in is None else InputType.recurrent(self.n_in, data_format=self.data_format or "NCW")

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Put rows that are time steps back into sequences."""
        if isinstance(given, InputTypeFeedForward) and given.time_distributed_format is None:
            raise wrong_input(given, "sequences", "use OutputLayer for one answer for each row or sequence")
        return sequencing(given, self.data_format or "NCW")

    def accept(self, given: InputType) -> Layer:
        """Take `n_in` and the layout of the sequences."""
        if not isinstance(given, InputTypeRecurrent):
            raise wrong_input(given, "sequences", "use OutputLayer for one answer for each row or sequence")
        settled: Layer = settle(self, n_in=given.size, data_format=given.data_format)
        return settled

    def output_type(self, given: InputType) -> InputType:
        """Give sequences of `n_out`."""
        return InputType.recurrent(self.n_out, given.timesteps, data_format=given.data_format)  # type: ignore[attr-defined]
