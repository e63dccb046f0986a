"""Attention between three inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.constraints import Regularization, Regularizations
from pydl4j_spark.conf.fields import choice, flag, nested, nested_list, real, whole
from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.layers.base import GRADIENT_NORMALIZATIONS, settle
from pydl4j_spark.conf.types import Number
from pydl4j_spark.conf.updaters import Updater
from pydl4j_spark.conf.vertices.base import GraphVertex, same_rows, sequences
from pydl4j_spark.errors import ConfigError

# DL4J keeps the name, not the object, and can make no distribution of it.
_INITS = (
    *("zero", "ones", "normal", "uniform", "sigmoid_uniform", "identity", "xavier", "xavier_uniform", "xavier_fan_in"),
    *("xavier_legacy", "lecun_normal", "lecun_uniform", "relu", "relu_uniform"),
    *(f"var_scaling_{kind}_fan_{side}" for kind in ("normal", "uniform") for side in ("in", "out", "avg")),
)


@config("org.deeplearning4j.nn.conf.graph.AttentionVertex")
class AttentionVertex(GraphVertex):
    """Dot product attention of queries, keys and values, in this order (DL4J AttentionVertex).

    Queries ``[N, a, T]``, keys ``[N, b, S]`` and values ``[N, c, S]`` give ``[N, n_out, T]``.

    Parameters
    ----------
    n_out : int
        Numbers at each time step of the output.
    n_heads : int
        How many attend side by side; 1 by default.
    head_size : int, optional
        Numbers that each of them works on; ``n_out / n_heads`` where not given.
    project_input : bool
        Whether queries, keys, values and the output are projected, by weights. Without it all sizes are `n_out`, and
        there is one head.
    n_in_queries, n_in_keys, n_in_values : int, optional
        Sizes of the inputs; inferred where they are known.
    weight_init : str
        How the weights begin: one of DL4J's names, ``"xavier"`` by default.
    updater, bias_updater, gradient_normalization, gradient_normalization_threshold, regularization : optional
        As of layers; the network's where not given.
    """

    derived_keys: ClassVar[frozenset[str]] = frozenset({"dataType", "layerName", "name", "vertexParams"})
    min_inputs: ClassVar[int] = 3
    max_inputs: ClassVar[int | None] = 3
    whole_sequences: ClassVar[bool] = True

    n_out: int = whole("nout", minimum=1)
    n_heads: int = whole("nheads", default=1, minimum=1)
    head_size: int | None = whole("headSize", default=None, minimum=1, none=0)
    project_input: bool = flag("projectInput", default=True)
    n_in_queries: int | None = whole("ninQueries", default=None, minimum=1, none=0)
    n_in_keys: int | None = whole("ninKeys", default=None, minimum=1, none=0)
    n_in_values: int | None = whole("ninValues", default=None, minimum=1, none=0)
    weight_init: str = choice("weightInit", {name: name.upper() for name in _INITS}, default="xavier")
    updater: Updater | str | None = nested("updater", Updater, default=None, inherited=True)
    bias_updater: Updater | str | None = nested("biasUpdater", Updater, default=None, inherited=True)
    gradient_normalization: str | None = choice(
        "gradientNormalization", GRADIENT_NORMALIZATIONS, default=None, inherited=True
    )
    gradient_normalization_threshold: Number | None = real(
        "gradientNormalizationThreshold", default=None, above=0, inherited=True
    )
    regularization: Regularizations | None = nested_list("regularization", Regularization, default=None)
    regularization_bias: Regularizations | None = nested_list("regularizationBias", Regularization, default=None)

    def __attrs_post_init__(self) -> None:
        if self.head_size is None:
            if self.n_out % self.n_heads:
                raise ConfigError(
                    f"AttentionVertex: n_out={self.n_out} is no multiple of n_heads={self.n_heads}; give head_size"
                )
            object.__setattr__(self, "head_size", self.n_out // self.n_heads)
        if not self.project_input and self.n_heads > 1:
            raise ConfigError(f"AttentionVertex: without project_input there is one head, not {self.n_heads}")

    @property
    def n_params(self) -> int | None:
        """Projections of the three inputs to every head, and of the heads to the output."""
        if not self.project_input:
            return 0
        if self.n_in_queries is None or self.n_in_keys is None or self.n_in_values is None or self.head_size is None:
            return None
        width = self.n_heads * self.head_size
        return width * (self.n_in_queries + self.n_in_keys + self.n_in_values + self.n_out)

    def accept(self, given: Sequence[InputType]) -> GraphVertex:
        """Take the sizes of three sequences."""
        queries, keys, values = (sequences(one, "give queries, keys and values") for one in given)
        if keys.timesteps != values.timesteps and None not in (keys.timesteps, values.timesteps):
            raise ConfigError(
                f"keys have {keys.timesteps} time steps, values {values.timesteps}; both must be the same"
            )
        if not self.project_input and {queries.size, keys.size, values.size} != {self.n_out}:
            raise ConfigError(
                f"without project_input all inputs must have the size n_out={self.n_out}, not {queries.size},"
                f" {keys.size} and {values.size}"
            )
        made: GraphVertex = settle(self, n_in_queries=queries.size, n_in_keys=keys.size, n_in_values=values.size)
        return made

    def output_type(self, given: Sequence[InputType]) -> InputType:
        """Give a sequence as long as the queries."""
        return InputType.recurrent(self.n_out, sequences(given[0], "").timesteps)

    def rows(self, given: Sequence[int]) -> int:
        """Take as many rows of each input."""
        return same_rows(given)
