"""Vertices that compute with numbers, and have no parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import choice, numbers_of, real
from pydl4j_spark.conf.inputs import InputType, InputTypeFeedForward
from pydl4j_spark.conf.types import Number
from pydl4j_spark.conf.vertices.base import GraphVertex, alike, kind_of, same_rows, settled
from pydl4j_spark.errors import ConfigError

_VERTICES = "org.deeplearning4j.nn.conf.graph."
_OPS = {"add": "Add", "subtract": "Subtract", "product": "Product", "average": "Average", "max": "Max"}


@config(_VERTICES + "ElementWiseVertex")
class ElementWiseVertex(GraphVertex):
    """Adds, subtracts, multiplies, averages or takes the largest, number by number (DL4J ElementWiseVertex).

    Inputs of one shape, of any kind, give that shape. Rows of a single number go with rows of any length: the number
    counts for the whole row.

    Parameters
    ----------
    op : str
        ``"add"``, ``"subtract"`` (two inputs), ``"product"``, ``"average"`` or ``"max"``.
    """

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = None

    op: str = choice("op", _OPS, kw_only=False)

    def accept(self, given: Sequence[InputType]) -> GraphVertex:
        """Take inputs of one shape."""
        if self.op == "subtract" and len(given) != 2:
            raise ConfigError(f"op 'subtract' takes two inputs, not {len(given)}")
        rows = [one for one in given if isinstance(one, InputTypeFeedForward)]
        broadcast = len(rows) == len(given) and len({one.size for one in rows} - {1}) == 1
        alike(given, but=("size",) if broadcast else ())
        return self

    def output_type(self, given: Sequence[InputType]) -> InputType:
        """Give the shape of the largest input."""
        largest = max(given, key=lambda one: getattr(one, "size", 0))
        return largest if isinstance(largest, InputTypeFeedForward) else settled(given)

    def rows(self, given: Sequence[int]) -> int:
        """Take as many rows of each input."""
        return same_rows(given)


@config(_VERTICES + "ScaleVertex")
class ScaleVertex(GraphVertex):
    """Multiplies by a number, any shape (DL4J ScaleVertex): ``ScaleVertex(0.5)``.

    Parameters
    ----------
    scale_factor : float
        The number.
    """

    scale_factor: Number = real("scaleFactor", kw_only=False)


@config(_VERTICES + "ShiftVertex")
class ShiftVertex(GraphVertex):
    """Adds a number, any shape (DL4J ShiftVertex): ``ShiftVertex(1.0)``.

    Parameters
    ----------
    shift_factor : float
        The number; 0 by default.
    """

    shift_factor: Number = real("shiftFactor", default=0.0, kw_only=False)


@config(_VERTICES + "L2NormalizeVertex")
class L2NormalizeVertex(GraphVertex):
    """Divides each example by its Euclidean length, any shape (DL4J L2NormalizeVertex).

    Parameters
    ----------
    dimension : list of int, optional
        The axes over which the length is taken; all but the first where not given.
    eps : float
        The least length to divide by, 1e-8.
    """

    keeps_input_type: ClassVar[bool] = True

    dimension: tuple[int, ...] | None = numbers_of("dimension", default=None, minimum=1)
    eps: Number = real("eps", default=1e-8, minimum=0)

    def accept(self, given: Sequence[InputType]) -> GraphVertex:
        """Take any input of up to three axes, normalised over all of them."""
        axes = tuple(range(1, len(given[0].shape) + 1))
        if len(axes) > 3:
            raise ConfigError(f"it takes rows, sequences and images, but {kind_of(given[0])} come in")
        if self.dimension and tuple(sorted(self.dimension)) != axes:
            raise ConfigError(
                f"DL4J normalises {kind_of(given[0])} over the axes {list(axes)} only, not {list(self.dimension)}:"
                " leave dimension out"
            )
        return self

    def check_training(self, given: Sequence[InputType], data_type: str) -> None:
        """Refuse sequences and images of other numbers than float."""
        if data_type != "float" and len(given[0].shape) > 1:
            raise ConfigError(f"DL4J normalises {kind_of(given[0])} in a network of data_type 'float' only")


@config(_VERTICES + "L2Vertex")
class L2Vertex(GraphVertex):
    """The Euclidean distance of two inputs: twice ``[N, …]`` to ``[N, 1]`` (DL4J L2Vertex)."""

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = 2
    keeps_input_type: ClassVar[bool] = True

    def accept(self, given: Sequence[InputType]) -> GraphVertex:
        """Take inputs of one shape."""
        alike(given)
        return self

    def output_type(self, given: Sequence[InputType]) -> InputType:
        """Give one number for each example."""
        return InputType.feed_forward(1)

    def rows(self, given: Sequence[int]) -> int:
        """Take as many rows of each input."""
        return same_rows(given)
