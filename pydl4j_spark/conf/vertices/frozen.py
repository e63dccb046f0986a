"""A vertex that training leaves as it is."""

from __future__ import annotations

from collections.abc import Sequence

from pydl4j_spark.conf.base import config, evolve
from pydl4j_spark.conf.fields import nested
from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.vertices.base import GraphVertex


@config("org.deeplearning4j.nn.conf.graph.FrozenVertex")
class FrozenVertex(GraphVertex):
    """A vertex behind which nothing is trained (DL4J FrozenVertex): ``FrozenVertex(MergeVertex())``.

    Backpropagation ends here: what feeds only this must be frozen too. A layer is frozen by `FrozenLayer`.

    Parameters
    ----------
    underlying : GraphVertex
        Any vertex.
    """

    underlying: GraphVertex = nested("underlying", GraphVertex, kw_only=False)

    @property
    def at_work(self) -> GraphVertex:
        """The vertex inside."""
        return self.underlying.at_work

    @property
    def min_inputs(self) -> int:  # type: ignore[override]
        """As many as the vertex inside."""
        return self.underlying.min_inputs

    @property
    def max_inputs(self) -> int | None:  # type: ignore[override]
        """As many as the vertex inside."""
        return self.underlying.max_inputs

    @property
    def whole_sequences(self) -> bool:  # type: ignore[override]
        """As the vertex inside."""
        return self.underlying.whole_sequences

    @property
    def n_params(self) -> int | None:
        """Those of the vertex inside."""
        return self.underlying.n_params

    @property
    def network_inputs(self) -> tuple[str, ...]:
        """Those of the vertex inside."""
        return self.underlying.network_inputs

    def accept(self, given: Sequence[InputType]) -> GraphVertex:
        """Let the vertex inside take what its inputs settle."""
        return evolve(self, underlying=self.underlying.accept(given))

    def output_type(self, given: Sequence[InputType]) -> InputType:
        """Give what the vertex inside gives."""
        return self.underlying.output_type(given)

    def rows(self, given: Sequence[int]) -> int:
        """Give as many rows as the vertex inside."""
        return self.underlying.rows(given)
