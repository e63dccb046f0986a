"""What all vertices share: how many inputs they take, and what the walk through a graph asks of them.

A vertex class is a list of fields and up to three answers about shapes: `accept`, `output_type` and `check_training`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.inputs import InputType, InputTypeFeedForward, InputTypeRecurrent
from pydl4j_spark.conf.nodes import Connectable
from pydl4j_spark.errors import ConfigError


@config()
class GraphVertex(Connectable):
    """The family of vertices: what joins, cuts and reshapes in a graph, between the layers."""

    names: ClassVar[dict[str, Any]] = {}
    # How many inputs it takes; None is any number. Several inputs of a vertex of one are merged first, as DL4J does.
    min_inputs: ClassVar[int] = 1
    max_inputs: ClassVar[int | None] = 1
    # Whether it looks at whole sequences, so that they cannot be trained in pieces.
    whole_sequences: ClassVar[bool] = False
    # Whether DL4J computes it in the type of its input, not in the network's; and gives that, though it has parameters.
    keeps_input_type: ClassVar[bool] = False
    gives_input_type: ClassVar[bool] = False

    @property
    def at_work(self) -> GraphVertex:
        """The vertex that computes: this one, or the one inside where this one only keeps it from being trained."""
        return self

    @property
    def n_params(self) -> int | None:
        """How many parameters it has; None while its inputs are not known."""
        return 0

    @property
    def n_updated(self) -> int | None:
        """How many of its parameters an updater moves; None while its inputs are not known."""
        return self.n_params

    @property
    def network_inputs(self) -> tuple[str, ...]:
        """Names of inputs of the network that it looks at by itself."""
        return ()

    def accept(self, given: Sequence[InputType]) -> GraphVertex:
        """Give this vertex with what its inputs settle; refuse inputs that do not go with it."""
        return self

    def output_type(self, given: Sequence[InputType]) -> InputType:
        """Give what comes out for such inputs."""
        return given[0]

    def rows(self, given: Sequence[int]) -> int:
        """Give how many rows come out for each example, where so many come in by each input."""
        return given[0]

    def check_training(self, given: Sequence[InputType], data_type: str) -> None:
        """Refuse what DL4J fails to train, or trains wrongly, on such inputs in a network of such numbers."""


def kind_of(given: InputType) -> str:
    """Say what an input is, and its shape."""
    kinds = {1: "rows", 2: "sequences", 3: "images", 4: "volumes"}
    return f"{kinds[len(given.shape)]} {given}"


def alike(given: Sequence[InputType], *, but: tuple[str, ...] = ()) -> None:
    """Refuse inputs of different kinds or sizes.

    Parameters
    ----------
    given : list of InputType
        The inputs; a length that is not known agrees with any.
    but : tuple of str
        What may differ.
    """
    first = given[0]
    for place, other in enumerate(given[1:], start=1):
        differs = type(other) is not type(first)
        if not differs:
            for field, _ in first.settings:
                mine, theirs = getattr(first, field), getattr(other, field)
                if field not in but and mine != theirs and None not in (mine, theirs):
                    differs = True
        if differs:
            raise ConfigError(f"inputs do not fit together: {kind_of(first)} and {kind_of(other)} (input {place})")
    in_time = {getattr(one, "time_distributed_format", None) for one in given}
    if len(in_time) > 1:
        raise ConfigError(
            "in some of its inputs each time step is a row of its own, in others not: put a recurrent layer, or"
            " LastTimeStepVertex, before the former"
        )


def settled(given: Sequence[InputType]) -> InputType:
    """Give the input that tells most: the first one whose lengths are all known, or the first."""
    return next((one for one in given if None not in one.shape), given[0])


def sequences(given: InputType, cure: str) -> InputTypeRecurrent:
    """Refuse what is no sequence with the time last, the only layout that DL4J's vertices of sequences take."""
    if not isinstance(given, InputTypeRecurrent):
        raise ConfigError(f"it takes sequences, but {kind_of(given)} come in; {cure}")
    if given.data_format != "NCW":
        raise ConfigError(f"it takes sequences [N, size, T] (NCW) only, but {given.data_format} comes in")
    return given


def rows_of(given: InputType) -> InputTypeFeedForward:
    """Refuse what is no rows."""
    if not isinstance(given, InputTypeFeedForward):
        raise ConfigError(f"it takes rows, but {kind_of(given)} come in")
    return given


def same_rows(given: Sequence[int]) -> int:
    """Refuse inputs of which some are stacked, others not."""
    if len(set(given)) > 1:
        raise ConfigError("some of its inputs are stacked, others not: put an UnstackVertex between")
    return given[0]
