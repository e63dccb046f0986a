"""Attention over sequences ``[N, n_in, T]``, which must have their time last (NCW)."""

from __future__ import annotations

from typing import ClassVar

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import choice, flag, whole
from pydl4j_spark.conf.inputs import InputType, InputTypeRecurrent
from pydl4j_spark.conf.layers.base import Layer, Shapes, sequencing, settle, wrong_input
from pydl4j_spark.conf.layers.samediff import ACTIVATIONS, SameDiffLayer
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.errors import ConfigError

_LAYERS = "org.deeplearning4j.nn.conf.layers."


@config()
class _AttentionLayer(SameDiffLayer):
    """What attention layers share.

    Parameters
    ----------
    n_in : int, optional
        Numbers at each time step; inferred from the input.
    n_out : int, optional
        Numbers that come out; `n_in`, and not to be chosen, where the input is not projected.
    n_heads : int
        How many attentions run side by side; more than one needs `project_input`.
    head_size : int, optional
        Numbers in each; ``n_out / n_heads`` where not given.
    project_input : bool
        Whether queries, keys, values and output are projected by weights that are learned.
    """

    fails_on_rows: ClassVar[bool] = True
    needs_whole_sequences: ClassVar[bool] = True

    n_in: int | None = whole("nin", default=None, minimum=1, none=0)
    n_out: int | None = whole("nout", default=None, minimum=1, none=0)
    n_heads: int = whole("nheads", default=1, minimum=1)
    head_size: int | None = whole("headSize", default=None, minimum=1, none=0)
    project_input: bool = flag("projectInput", default=False)

    def __attrs_post_init__(self) -> None:
        kind = type(self).__name__
        if self.n_heads > 1 and not self.project_input:
            raise ConfigError(f"{kind}: n_heads={self.n_heads} needs project_input=True")
        if self.project_input and self.n_out is None:
            raise ConfigError(f"{kind}: project_input=True needs n_out")
        if self.head_size is None and self.n_out is not None:
            if self.n_out % self.n_heads:
                raise ConfigError(
                    f"{kind}: n_out={self.n_out} is not a multiple of n_heads={self.n_heads}; give head_size"
                )
            object.__setattr__(self, "head_size", self.n_out // self.n_heads)

    def _projections(self, queried: int | None) -> Shapes:
        if not self.project_input:
            return {}
        heads, size = self.n_heads, self.head_size
        return {
            "Wq": (heads, size, queried),
            "Wk": (heads, size, self.n_in),
            "Wv": (heads, size, self.n_in),
            "Wo": (heads * (size or 0), self.n_out),
        }

    def preprocessor_for(self, given: InputType) -> Preprocessor | None:
        """Make sequences of rows and of images."""
        return sequencing(given, "NCW")

    def accept(self, given: InputType) -> Layer:
        """Take the size of the sequences; where nothing is projected, it is that of the output too."""
        if not isinstance(given, InputTypeRecurrent):
            raise wrong_input(given, "sequences", "use InputType.recurrent")
        if given.data_format != "NCW":
            raise ConfigError("DL4J computes attention over sequences [N, size, T] only; leave data_format='NWC' out")
        out = {} if self.project_input else {"n_out": given.size}
        settled: Layer = settle(self, n_in=given.size, **out)
        return settled

    def output_type(self, given: InputType) -> InputType:
        """Give sequences of `n_out`, as long as those that come in."""
        return InputType.recurrent(self.n_out or 0, getattr(given, "timesteps", None))


@config(_LAYERS + "SelfAttentionLayer")
class SelfAttentionLayer(_AttentionLayer):
    """Every time step attends to all: ``[N, n_in, T]`` to ``[N, n_out, T]`` (DL4J SelfAttentionLayer).

    The weights are scaled dot products, by softmax. Without `project_input` there is nothing to learn.
    """

    @property
    def parameter_shapes(self) -> Shapes:
        """The projections."""
        return self._projections(self.n_in)


@config(_LAYERS + "LearnedSelfAttentionLayer")
class LearnedSelfAttentionLayer(_AttentionLayer):
    """Learned queries attend to all time steps: ``[N, n_in, T]`` to ``[N, n_out, n_queries]``.

    DL4J LearnedSelfAttentionLayer. DL4J M2.1 fails to compute it, so that a network with it can be read and exported,
    but not trained.

    Parameters
    ----------
    n_queries : int
        How many queries, and time steps that come out.
    """

    n_queries: int = whole("nqueries", minimum=1)

    @property
    def parameter_shapes(self) -> Shapes:
        """The queries and the projections."""
        return {"Q": (1, self.n_in, self.n_queries), **self._projections(self.n_in)}

    def output_type(self, given: InputType) -> InputType:
        """Give sequences of `n_queries` steps."""
        return InputType.recurrent(self.n_out or 0, self.n_queries)

    def check_computing(self, given: InputType | None) -> None:
        """Refuse it: DL4J cannot run it."""
        raise ConfigError(
            "DL4J M2.1 fails to compute it (its 'scatter_update' refuses its own arguments); use SelfAttentionLayer,"
            " and a GlobalPoolingLayer for an answer of fixed size"
        )


@config(_LAYERS + "RecurrentAttentionLayer")
class RecurrentAttentionLayer(_AttentionLayer):
    """A recurrent layer that attends to its whole input: ``[N, n_in, T]`` to ``[N, n_out, T]``.

    ``y_t = act(W x_t + R attention(y_t-1, x) + b)`` (DL4J RecurrentAttentionLayer). The network is unrolled over time,
    so that all sequences must be of one length, which the input type must state.

    Parameters
    ----------
    project_input : bool
        True by default here. Without, `n_out` must be the size of the input.
    activation : str
        By name; ``"tanh"`` by default, whatever the network's is.
    has_bias : bool
        Whether a bias is added.
    """

    project_input: bool = flag("projectInput", default=True)
    activation: str = choice("activation", ACTIVATIONS, default="tanh")
    has_bias: bool = flag("hasBias", default=True)

    derived_keys: ClassVar[frozenset[str]] = SameDiffLayer.derived_keys | {"timeSteps"}

    @property
    def parameter_shapes(self) -> Shapes:
        """Weights, recurrent weights, the projections, and the bias last."""
        return {
            "W": (self.n_in, self.n_out),
            "RW": (self.n_out, self.n_out),
            **self._projections(self.n_out),
            **({"b": (self.n_out,)} if self.has_bias else {}),
        }

    def check_computing(self, given: InputType | None) -> None:
        """Refuse sequences of unknown length."""
        if isinstance(given, InputTypeRecurrent) and given.timesteps is None:
            raise ConfigError(
                "it needs sequences of one known length; give InputType.recurrent(size, timesteps), and a Bidirectional"
                " before it a mode other than 'concat'"
            )

    def check_training(self, given: InputType | None) -> None:
        """Refuse an activation that is another than its name says."""
        super().check_training(given)
        if self.activation == "leakyrelu":
            raise ConfigError("DL4J's 'leakyrelu' has no slope below 0 in this layer; say 'relu' if that is meant")
