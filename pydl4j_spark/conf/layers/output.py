"""Layers that end a network: they have a loss."""

from __future__ import annotations

from typing import ClassVar

from pydl4j_spark.conf.activations import Activation
from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import choice, flag, nested, real, whole
from pydl4j_spark.conf.inputs import (
    RNN_FORMATS,
    InputType,
    InputTypeConvolutionalFlat,
    InputTypeFeedForward,
    InputTypeRecurrent,
)
from pydl4j_spark.conf.layers.base import (
    BaseLayer,
    BiasedLayer,
    FeedForwardLayer,
    Layer,
    Shapes,
    Undropped,
    sequencing,
    settle,
    wrong_input,
)
from pydl4j_spark.conf.losses import Loss, LossSparseMCXENT
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.types import Number
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


@config(_LAYERS + "CenterLossOutputLayer")
class CenterLossOutputLayer(OutputLayer):
    """An OutputLayer that also draws the rows of a class together (DL4J CenterLossOutputLayer).

    It learns a centre for each class, and adds to the loss how far rows are from that of theirs.

    Parameters
    ----------
    alpha : float
        How fast centres move; 0.05 by default.
    lambda_ : float
        The weight of the distance in the loss; 2e-4 by default.
    gradient_check : bool
        DL4J's own tests set it; leave it False.
    """

    alpha: Number = real("alpha", default=0.05, minimum=0)
    lambda_: Number = real("lambda", default=2e-4, minimum=0)
    gradient_check: bool = flag("gradientCheck", default=False)

    @property
    def parameter_shapes(self) -> Shapes:
        """Weights, bias and centres."""
        return {"W": (self.n_in, self.n_out), "b": (self.n_out,), "cL": (self.n_out, self.n_in)}

    def check_training(self, given: InputType | None) -> None:
        """Refuse class indices, of which DL4J finds no centres."""
        if isinstance(self.loss, LossSparseMCXENT):
            raise ConfigError(
                "DL4J finds centres by one-hot labels only; use loss='mcxent', which takes indices here too"
            )


@config("org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer")
class OCNNOutputLayer(FeedForwardLayer):
    """A one-class network's end (Chalapathy et al. 2018): a number for each row, ``[N, n_in]`` to ``[N]``.

    DL4J OCNNOutputLayer. It learns from rows of one class, without labels, how far a row is from them. It has no bias,
    and no regularisation but its own. A network with it can be read, applied and evaluated, but not trained.

    Parameters
    ----------
    hidden_size : int
        Outputs of its hidden layer.
    nu : float
        The part of the rows that may lie beyond the boundary; 0.04 by default.
    window_size : int
        Rows of which the boundary is computed; 10 000 by default.
    initial_r_value : float
        First value of the boundary; 0.1 by default.
    configure_r : bool
        Whether the boundary begins there.
    activation : str or Activation
        Of the hidden layer; ``"identity"`` by default, whatever the network's activation is.
    """

    has_loss: ClassVar[bool] = True
    derived_keys: ClassVar[frozenset[str]] = Layer.derived_keys | {"nout", "hasBias"}

    hidden_size: int = whole("hiddenSize", minimum=1)
    nu: Number = real("nu", default=0.04, above=0, maximum=1)
    window_size: int = whole("windowSize", default=10_000, minimum=1)
    initial_r_value: Number = real("initialRValue", default=0.1)
    configure_r: bool = flag("configureR", default=True)
    activation: Activation | str | None = nested("activationFn", Activation, default="identity", optional=False)
    last_epoch_since_r_updated: int = whole("lastEpochSinceRUpdated", default=0)

    @property
    def parameter_shapes(self) -> Shapes:
        """The hidden layer's weights, those of the answer before them, and the boundary."""
        return {"w": (1, self.hidden_size), "v": (self.n_in, self.hidden_size), "r": ()}

    def output_type(self, given: InputType) -> InputType:
        """Give one number for each row; DL4J's own inference has rows of 0 here."""
        return InputType.feed_forward(1)

    def check_training(self, given: InputType | None) -> None:
        """Refuse it: what DL4J learns the boundary of is lost with the process, and with each of its own rounds."""
        raise ConfigError(
            "DL4J keeps the rows that it learns the boundary from in one worker's memory, and fails to train it once"
            " they are gone, as on Spark; train it in DL4J and load the model (for_training=False makes the network)"
        )


@config(_LAYERS + "RnnLossLayer")
class RnnLossLayer(Undropped, BaseLayer):
    """A loss on sequences as they come, at every time step, without parameters (DL4J RnnLossLayer).

    Parameters
    ----------
    loss : str or Loss
        ``"mcxent"`` by default.
    activation : str or Activation, optional
        Over the numbers of a step; the network's where not set.
    data_format : str, optional
        ``"NCW"`` or ``"NWC"``; that of the input where not set.
    """

    has_loss: ClassVar[bool] = True
    fails_on_rows: ClassVar[bool] = True
    answers_each_step: ClassVar[bool] = True
    derived_keys: ClassVar[frozenset[str]] = Layer.derived_keys | {"nin", "nout", "timeDistributedFormat"}

    loss: Loss | str = nested("lossFn", Loss, default="mcxent")
    data_format: str | None = choice("rnnDataFormat", RNN_FORMATS, default=None)

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Put rows that are time steps back into sequences."""
        return steps(given, "NCW")

    def accept(self, given: InputType) -> Layer:
        """Take the layout of the sequences."""
        settled: Layer = settle(self, data_format=answered(given).data_format)
        return settled


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
    fails_on_rows: ClassVar[bool] = True
    answers_each_step: ClassVar[bool] = True

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
        return steps(given, self.data_format or "NCW")

    def accept(self, given: InputType) -> Layer:
        """Take `n_in` and the layout of the sequences."""
        sequence = answered(given)
        settled: Layer = settle(self, n_in=sequence.size, data_format=sequence.data_format)
        return settled

    def output_type(self, given: InputType) -> InputType:
        """Give sequences of `n_out`."""
        sequence = answered(given)
        return InputType.recurrent(self.n_out, sequence.timesteps, data_format=sequence.data_format)


def steps(given: InputType, data_format: str) -> Preprocessor | None:
    """Give the preprocessor that makes sequences for an answer at every step; refuse rows that are no steps."""
    if isinstance(given, InputTypeFeedForward) and given.time_distributed_format is None:
        raise wrong_input(given, "sequences", "use OutputLayer for one answer for each row or sequence")
    return sequencing(given, data_format)


def answered(given: InputType) -> InputTypeRecurrent:
    """Give the input as sequences to answer at every step, or refuse it."""
    if not isinstance(given, InputTypeRecurrent):
        raise wrong_input(given, "sequences", "use OutputLayer for one answer for each row or sequence")
    return given
