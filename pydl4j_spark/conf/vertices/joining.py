"""Vertices that put inputs together, and take them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydl4j_spark.conf.base import config, evolve
from pydl4j_spark.conf.fields import flag, whole
from pydl4j_spark.conf.inputs import (
    InputType,
    InputTypeConvolutional,
    InputTypeConvolutionalFlat,
    InputTypeFeedForward,
    InputTypeRecurrent,
)
from pydl4j_spark.conf.vertices.base import GraphVertex, alike, kind_of, same_rows, settled
from pydl4j_spark.errors import ConfigError

_VERTICES = "org.deeplearning4j.nn.conf.graph."


@config(_VERTICES + "MergeVertex")
class MergeVertex(GraphVertex):
    """Puts inputs side by side: rows ``[N, a]`` and ``[N, b]`` to ``[N, a + b]`` (DL4J MergeVertex).

    Sequences are joined in their sizes, images in their channels; all else must agree. A layer of several inputs gets
    one of these before it, called ``<layer>-merge``.

    Parameters
    ----------
    merge_axis : int, optional
        The axis of sizes or channels, which the inputs tell where they are known.
    modified : bool
        Whether the axis is kept as it is, whatever DL4J would infer.
    """

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = None

    merge_axis: int | None = whole("mergeAxis", default=None, minimum=1)
    modified: bool = flag("modified", default=False)

    def accept(self, given: Sequence[InputType]) -> GraphVertex:
        """Take inputs that differ in one axis at most."""
        first = given[0]
        if any(isinstance(one, InputTypeConvolutionalFlat) for one in given):
            raise ConfigError("DL4J cannot merge flat images: say InputType.feed_forward, or unflatten them before")
        alike(given, but=(_along(first),))
        last = getattr(first, "data_format", "NC").endswith("C") and len(first.shape) > 1
        axis = len(first.shape) if last else 1
        if self.merge_axis not in (None, axis):
            raise ConfigError(f"merge_axis is {self.merge_axis}, but DL4J merges {kind_of(first)} along axis {axis}")
        return evolve(self, merge_axis=axis)

    def output_type(self, given: Sequence[InputType]) -> InputType:
        """Give the kind of the inputs with all their sizes or channels."""
        along = _along(given[0])
        return evolve(settled(given), **{along: sum(getattr(one, along) for one in given)})

    def rows(self, given: Sequence[int]) -> int:
        """Take as many rows of each input."""
        return same_rows(given)

    def check_training(self, given: Sequence[InputType], data_type: str) -> None:
        """Refuse volumes."""
        if len(given[0].shape) > 3:
            raise ConfigError("DL4J merges volumes, but cannot train through it; use ElementWiseVertex")


def _along(given: InputType) -> str:
    return "size" if hasattr(given, "size") else "channels"


@config(_VERTICES + "StackVertex")
class StackVertex(GraphVertex):
    """Puts inputs one under the other: k times ``[N, …]`` to ``[k * N, …]`` (DL4J StackVertex).

    Layers after it treat all alike, with the same weights, until UnstackVertex gives them back.
    """

    max_inputs: ClassVar[int | None] = None

    def accept(self, given: Sequence[InputType]) -> GraphVertex:
        """Take inputs of one shape."""
        alike(given)
        return self

    def output_type(self, given: Sequence[InputType]) -> InputType:
        """Give the same kind."""
        return settled(given)

    def check_training(self, given: Sequence[InputType], data_type: str) -> None:
        """Refuse volumes."""
        if len(given[0].shape) > 3:
            raise ConfigError("DL4J stacks volumes, but cannot train through it")

    def rows(self, given: Sequence[int]) -> int:
        """Give the rows of all inputs."""
        return same_rows(given) * len(given)


@config(_VERTICES + "UnstackVertex")
class UnstackVertex(GraphVertex):
    """Takes one part of what StackVertex joined: ``[k * N, …]`` to ``[N, …]`` (DL4J UnstackVertex).

    Parameters
    ----------
    index : int
        Which part, from 0 (DL4J: from).
    stack_size : int
        Of how many.
    """

    index: int = whole("from", kw_only=False)
    stack_size: int = whole("stackSize", minimum=1, kw_only=False)

    def __attrs_post_init__(self) -> None:
        if self.index >= self.stack_size:
            raise ConfigError(f"UnstackVertex: there is no part {self.index} of {self.stack_size}; the first is 0")

    def check_training(self, given: Sequence[InputType], data_type: str) -> None:
        """Refuse volumes."""
        if len(given[0].shape) > 3:
            raise ConfigError("DL4J fails to take parts of stacked volumes")

    def rows(self, given: Sequence[int]) -> int:
        """Give the rows of one part."""
        if given[0] % self.stack_size:
            raise ConfigError(f"stack_size is {self.stack_size}, but {given[0]} inputs were stacked before it")
        return given[0] // self.stack_size


@config(_VERTICES + "SubsetVertex")
class SubsetVertex(GraphVertex):
    """Takes some of the numbers of rows, sizes of sequences or channels of images (DL4J SubsetVertex).

    Parameters
    ----------
    first, last : int
        From which, counted from 0, to which, **inclusive** (DL4J: from, to).
    """

    first: int = whole("from", kw_only=False)
    last: int = whole("to", kw_only=False)

    def __attrs_post_init__(self) -> None:
        if self.last < self.first:
            raise ConfigError(f"SubsetVertex: last is {self.last}, below first, {self.first}; both are taken")

    def accept(self, given: Sequence[InputType]) -> GraphVertex:
        """Take what has as many."""
        one = given[0]
        if not isinstance(one, InputTypeFeedForward | InputTypeRecurrent | InputTypeConvolutional):
            raise ConfigError(f"DL4J takes subsets of rows, sequences and images, but {kind_of(one)} come in")
        if getattr(one, "data_format", "NC") in ("NWC", "NHWC"):
            raise ConfigError(f"DL4J takes subsets along axis 1, which are no channels in {one.data_format}")  # type: ignore[union-attr]
        width = getattr(one, _along(one))
        if self.last >= width:
            raise ConfigError(f"last is {self.last}, but {kind_of(one)} come in, numbered 0 to {width - 1}")
        return self

    def output_type(self, given: Sequence[InputType]) -> InputType:
        """Give the same kind, narrower."""
        return evolve(given[0], **{_along(given[0]): self.last - self.first + 1})
