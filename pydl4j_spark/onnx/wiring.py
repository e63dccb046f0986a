"""How rows go into an exported file, and the network's own outputs come out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from attrs import field, frozen

from pydl4j_spark.errors import ExportError
from pydl4j_spark.normalizers import Normalizer, done, undone
from pydl4j_spark.onnx.built import Built
from pydl4j_spark.onnx.ends import Ends
from pydl4j_spark.onnx.graph import BATCH, Array, Shape, Value
from pydl4j_spark.onnx.inputs import NetworkInput
from pydl4j_spark.onnx.verify import OnnxSession
from pydl4j_spark.probe import Trial

Orders: TypeAlias = tuple[tuple[int, ...] | None, ...]

# Lengths of the pieces that a sequence is fed in, before its rest.
_PIECES = (2, 1)


@frozen
class Wiring:
    """The ends of an exported file.

    Attributes
    ----------
    entries : tuple of NetworkInput
        What goes into the network.
    inputs : tuple of str
        What the file calls that.
    masks : Mapping from str to str
        Names of the masks, by DL4J's name of the input.
    states : tuple of (Value, Value)
        What comes in as the state of a recurrent layer, and goes out.
    outputs : tuple of str
        The network's own outputs; a file may have others.
    plain : bool
        Whether every output is a row of numbers for each row that goes in.
    dtype : numpy.dtype
        The type of numbers.
    embedded : bool
        Whether a normalizer stands in front.
    input_orders, output_orders : tuple of (tuple of int or None)
        How the axes of the network's own ends are reordered from DL4J's layout to the file's.
    label_normalizer : Normalizer or None
        What scales the outputs back as the labels were.
    """

    entries: tuple[NetworkInput, ...]
    inputs: tuple[str, ...]
    masks: Mapping[str, str]
    states: tuple[tuple[Value, Value], ...]
    outputs: tuple[str, ...]
    plain: bool
    dtype: np.dtype[Any] = field(repr=str)
    embedded: bool
    input_orders: Orders
    output_orders: Orders
    label_normalizer: Normalizer | None = None

    @classmethod
    def of_built(cls, built: Built, ends: Ends) -> Wiring:
        """Give those of a graph that was just built."""
        count = len(built.inputs)
        outputs = built.graph_outputs[: len(built.network.outputs)]
        return cls(
            entries=built.inputs,
            inputs=tuple(value.name for value in built.graph_inputs[:count]),
            masks={name: value.name for name, value in built.masks.items()},
            states=built.states,
            outputs=tuple(value.name for value in outputs),
            plain=all(is_plain(value.shape) for value in outputs),
            dtype=built.builder.dtype,
            embedded=ends.normalizer is not None,
            input_orders=built.input_orders,
            output_orders=built.output_orders,
            label_normalizer=ends.label_normalizer,
        )

    def feeds(self, trial: Trial) -> dict[str, Array]:
        """Give the file's inputs for some rows, states aside."""
        rows = trial.raw if self.embedded and trial.raw is not None else trial.inputs
        seen = _reordered(rows, self.input_orders)
        found = {name: one.astype(self.dtype) for name, one in zip(self.inputs, seen, strict=True)}
        masks = trial.masks or [None] * len(self.entries)
        for entry, one, mask in zip(self.entries, rows, masks, strict=True):
            if entry.name in self.masks:
                mask = np.ones((len(one), one.shape[entry.time_axis or 1])) if mask is None else mask
                found[self.masks[entry.name]] = mask.astype(self.dtype)
        return found

    def seen(self, outputs: Sequence[Any]) -> list[Array]:
        """Give DL4J's outputs as the file should have them."""
        arrays = [np.asarray(one) for one in outputs]
        if self.label_normalizer is not None:
            back = [undone(self.label_normalizer.output_steps(index)) for index in range(len(arrays))]
            arrays = [done(one, steps) for one, steps in zip(arrays, back, strict=True)]
        return _reordered(arrays, self.output_orders)

    def begin(self, rows: int) -> dict[str, Array]:
        """Give the states that a sequence begins with."""
        return {before.name: np.zeros(_extents(before, rows), self.dtype) for before, _ in self.states}

    def run(self, session: OnnxSession, trials: Sequence[Trial]) -> list[list[Array]]:
        """Run batches one after the other, each from the state that the one before left."""
        states = self.begin(trials[0].rows)
        found = []
        for trial in trials:
            wanted = [*self.outputs, *(after.name for _, after in self.states)]
            got = session.run({**self.feeds(trial), **states}, wanted)
            found.append(got[: len(self.outputs)])
            states = dict(zip(states, got[len(self.outputs) :], strict=True))
        return found

    def pieces(self, trial: Trial) -> list[Trial]:
        """Cut sequences in time; those of a fixed length are repeated."""
        axes = [_free_axis(entry) for entry in self.entries]
        ends = zip(trial.inputs, axes, strict=True)
        steps = min((one.shape[axis] for one, axis in ends if axis is not None), default=0)
        if steps <= sum(_PIECES):
            return [trial, trial]
        cuts = np.cumsum((0, *_PIECES))
        bounds = [*pairwise(cuts), (cuts[-1], None)]
        return [trial.pick(slice(start, end), axes) for start, end in bounds]


def _free_axis(entry: NetworkInput) -> int | None:
    """Return where time runs, if for as long as it likes."""
    axis = entry.time_axis
    return axis if axis is not None and isinstance(entry.shape[axis], str) else None


def is_plain(shape: Shape) -> bool:
    """Tell whether an output is a row of numbers for each row that goes in."""
    return len(shape) == 2 and shape[0] == BATCH


def _reordered(arrays: Sequence[Array], orders: Sequence[tuple[int, ...] | None]) -> list[Array]:
    return [one if way is None else one.transpose(way) for one, way in zip(arrays, orders, strict=True)]


def _extents(state: Value, rows: int) -> tuple[int, ...]:
    shape = tuple(rows if extent == BATCH else extent for extent in state.shape)
    known = tuple(extent for extent in shape if isinstance(extent, int))
    if known != shape:
        raise ExportError(f"the state {state.name} has the shape {state.shape}, which no sequence begins with")
    return known
