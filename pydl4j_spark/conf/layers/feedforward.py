"""Layers on rows of numbers."""

from __future__ import annotations

from typing import Any, ClassVar

from pydl4j_spark.conf.activations import Activation
from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.dropout import InputDropout
from pydl4j_spark.conf.fields import flag, nested, whole
from pydl4j_spark.conf.inputs import InputType, InputTypeFeedForward
from pydl4j_spark.conf.layers.base import (
    BaseLayer,
    BiasedLayer,
    FeedForwardLayer,
    Layer,
    Noiseless,
    ProjectingLayer,
    Shapes,
    rows_like,
    settle,
    wrong_input,
)
from pydl4j_spark.conf.types import Number
from pydl4j_spark.errors import ConfigError

_LAYERS = "org.deeplearning4j.nn.conf.layers."


@config(_LAYERS + "DenseLayer")
class DenseLayer(BiasedLayer):
    """Fully connected: ``[N, n_in]`` to ``[N, n_out]`` (DL4J DenseLayer).

    Parameters
    ----------
    has_layer_norm : bool
        Whether the sums are normalised over the layer, with a gain for each output.
    """

    has_layer_norm: bool = flag("hasLayerNorm", default=False)

    @property
    def parameter_shapes(self) -> Shapes:
        """Weights, bias and gains."""
        return super().parameter_shapes | ({"g": (self.n_out,)} if self.has_layer_norm else {})


@config(_LAYERS + "EmbeddingLayer")
class EmbeddingLayer(ProjectingLayer):
    """A vector for each class index: ``[N, 1]`` whole numbers to ``[N, n_out]`` (DL4J EmbeddingLayer).

    Parameters
    ----------
    n_in : int
        How many indices there are (the vocabulary). It is not inferred: the input is one number wide.
    has_bias : bool
        Whether a bias is added; False by default, as in DL4J.
    """

    must_be_first: ClassVar[bool] = True

    n_in: int = whole("nin", minimum=1)
    activation: Activation | str | None = nested("activationFn", Activation, default="identity")
    has_bias: bool = flag("hasBias", default=False)

    @property
    def parameter_shapes(self) -> Shapes:
        """A vector for each index, and the bias."""
        return {"W": (self.n_in, self.n_out)} | ({"b": (self.n_out,)} if self.has_bias else {})

    def input_from_n_in(self) -> InputType | None:
        """Give rows of one index."""
        return InputType.feed_forward(1)

    def accept(self, given: InputType) -> Layer:
        """Take rows of one index."""
        if not isinstance(given, InputTypeFeedForward):
            raise wrong_input(given, "one index in each row", "use InputType.feed_forward(1)")
        if given.size != 1:
            raise ConfigError(
                f"it takes one index in each row, but rows of {given.size} come in; use InputType.feed_forward(1)"
                " and class indices instead of one-hot rows"
            )
        return self


@config(_LAYERS + "misc.ElementWiseMultiplicationLayer")
class ElementWiseMultiplicationLayer(Noiseless, FeedForwardLayer):
    """A weight and a bias for each number of a row, ``act(x * W + b)``: rows stay as long as they are.

    DL4J ElementWiseMultiplicationLayer.

    Parameters
    ----------
    n_in, n_out : int, optional
        Numbers in a row; both follow from the input.
    """

    n_out: int | None = whole("nout", default=None, minimum=1, none=0)

    @property
    def parameter_shapes(self) -> Shapes:
        """A weight and a bias for each number."""
        return {"W": (1, self.n_in), "b": (self.n_in,)}

    def accept(self, given: InputType) -> Layer:
        """Take the length of the rows, twice."""
        taken: Any = super().accept(given)
        settled: Layer = settle(taken, n_out=taken.n_in)
        return settled

    def check(self) -> None:
        """Refuse rows that would change their length."""
        if self.n_in != self.n_out:
            raise ConfigError(f"it keeps rows as long as they are, but has n_in={self.n_in} and n_out={self.n_out}")

    def output_type(self, given: InputType) -> InputType:
        """Give rows of the same length."""
        return rows_like(given, self.n_in or 0)


@config(_LAYERS + "ActivationLayer")
class ActivationLayer(Layer):
    """An activation by itself, on any shape (DL4J ActivationLayer): ``ActivationLayer("relu")``."""

    keeps_input_type: ClassVar[bool] = True
    works_in_place: ClassVar[bool] = True

    activation: Activation | str | None = nested(
        "activationFn", Activation, default=None, kw_only=False, inherited=True
    )


@config(_LAYERS + "DropoutLayer")
class DropoutLayer(BaseLayer):
    """Dropout by itself, on any shape (DL4J DropoutLayer): ``DropoutLayer(0.5)`` retains half of the activations."""

    works_in_place: ClassVar[bool] = True

    dropout: InputDropout | Number = nested("idropout", InputDropout, kw_only=False)

    derived_keys: ClassVar[frozenset[str]] = Layer.derived_keys | {"nin", "nout"}
