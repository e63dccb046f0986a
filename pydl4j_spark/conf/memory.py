"""How much memory training a minibatch takes, by what is kept for the whole of a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import TYPE_CHECKING

import attrs

from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.shapes import LayerType
from pydl4j_spark.conf.updaters import Updater

if TYPE_CHECKING:
    from pydl4j_spark.conf.graph_walk import VertexType

_BYTES = {"half": 2, "float": 4, "double": 8}
_MIB = 2**20


@attrs.frozen(kw_only=True)
class Memory:
    """Bytes for training one minibatch. What operations need for themselves while they run comes on top.

    Parameters
    ----------
    parameters, gradients, updater_state, activations : int
        Bytes; activations are the inputs and every layer's and vertex's output.
    rows : int
        In the minibatch.
    data_type : str
        In which numbers.
    lengths_known : bool
        Whether all shapes are known; a time of unknown length counts as one step.
    """

    parameters: int
    gradients: int
    updater_state: int
    activations: int
    rows: int
    data_type: str
    lengths_known: bool

    @property
    def total(self) -> int:
        """All of it."""
        return self.parameters + self.gradients + self.updater_state + self.activations

    def __str__(self) -> str:
        parts = ("parameters", "gradients", "updater_state", "activations")
        listed = " + ".join(f"{part.replace('_', ' ')} {getattr(self, part) / _MIB:,.2f}" for part in parts)
        unknown = "" if self.lengths_known else "; what has no known length counts as 1 there"
        total = f"{self.total / _MIB:,.2f} MiB to train {self.rows:,} rows in {self.data_type}"
        return f"{total} ({listed}{unknown})"


def memory(
    passed: Iterable[LayerType | VertexType], inputs: Mapping[str, InputType | None], *, rows: int, data_type: str
) -> Memory:
    """Count a network's memory.

    Parameters
    ----------
    passed : list of LayerType and VertexType
        As they stand in the network.
    inputs : dict
        What goes in.
    rows : int
        In a minibatch.
    data_type : str
        ``"half"``, ``"float"`` or ``"double"``.
    """
    each = _BYTES[data_type]
    passed = list(passed)
    shapes = [None if given is None else given.shape for given in (*inputs.values(), *(x.output_type for x in passed))]
    count = sum(here.n_params or 0 for here in passed)
    return Memory(
        parameters=each * count,
        gradients=each * count,
        updater_state=each * sum(_state(here.content) for here in passed),
        activations=each
        * rows
        * sum(prod(1 if n is None else n for n in shape) for shape in shapes if shape is not None),
        rows=rows,
        data_type=data_type,
        lengths_known=all(shape is not None and None not in shape for shape in shapes),
    )


def _state(content: object) -> int:
    """Count the numbers that updaters keep."""
    if isinstance(content, Layer) and content.children:
        return sum(_state(inner) for inner in content.children.values())
    updaters = [getattr(content, field, None) for field in ("updater", "bias_updater")]
    kept = [one.state_size for one in updaters if isinstance(one, Updater)]
    # Biases with an updater of their own are few; where it keeps more, all count so.
    return max(kept, default=0) * (content.n_updated or 0) if kept else 0  # type: ignore[attr-defined]
