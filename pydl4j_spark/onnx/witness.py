"""Who knows what DL4J gives for rows: a JVM, a probe that was recorded when the network was saved, or a callable."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import attrs
import numpy as np

from pydl4j_spark.array_rows import Part, joined
from pydl4j_spark.engine.protocol import Arrays
from pydl4j_spark.errors import DataError, ModelFormatError
from pydl4j_spark.model_zip import ModelZip, write_model_zip
from pydl4j_spark.onnx.graph import Array
from pydl4j_spark.onnx.inputs import NetworkInput
from pydl4j_spark.probe import Probe, Trial
from pydl4j_spark.row_spec import Input, row_spec

if TYPE_CHECKING:
    from pydl4j_spark.engine.protocol import Engine, Handle

Reference: TypeAlias = Callable[..., Array | Sequence[Array]]


class Witness(Protocol):
    """Gives DL4J's outputs for rows that are normalized already."""

    @property
    def by(self) -> str:
        """How the record calls it."""

    def outputs(self, trial: Trial) -> list[Array]:
        """Give every output of the network."""

    def steps(self, trials: Sequence[Trial]) -> list[list[Array]] | None:
        """Give the outputs of pieces in time, each going on from the one before; None where it cannot."""

    def activations(self, trial: Trial) -> dict[str, Array] | None:
        """Give what comes out of every layer and vertex, in order; None where it cannot."""


class EngineWitness:
    """DL4J itself, with a network of its own: that of a user keeps its state and its normalizer.

    Parameters
    ----------
    engine : Engine
        The JVM.
    handle : Handle
        The network, without a normalizer.
    inputs : sequence of NetworkInput
        What goes in.
    names : sequence of str
        The network's outputs.
    layered : bool
        Whether it is a network of layers, whose input has no name.
    plain : bool
        Whether every output is a row of numbers for each row that goes in.
    """

    by = "engine"

    def __init__(
        self,
        engine: Engine,
        handle: Handle,
        inputs: Sequence[NetworkInput],
        names: Sequence[str],
        *,
        layered: bool,
        plain: bool,
    ) -> None:
        self._engine, self._handle = engine, handle
        self._names, self._layered, self._plain = names, layered, plain
        self._inputs = [None] if layered else [entry.name for entry in inputs]

    def _rows(self, trial: Trial) -> Arrays:
        masks = trial.masks or [None] * len(trial.inputs)
        parts = [
            Part(Input(name, array.shape[1:], None if mask is None else mask.shape[1:]), array, mask)
            for name, array, mask in zip(self._inputs, trial.inputs, masks, strict=True)
        ]
        spec = row_spec(tuple(part.spec for part in parts), None)
        return Arrays(np.ascontiguousarray(joined(parts)), None, spec, "the rows to compare")

    def outputs(self, trial: Trial) -> list[Array]:
        """Give every output of the network."""
        if not self._plain:
            # Scoring puts parts together along the first axis, in C order: what DL4J gives here may have neither.
            found = self.activations(trial)
            return [[*found.values()][-1]] if self._layered else [found[name] for name in self._names]
        if len(self._names) == 1:
            return [self._engine.output(self._handle, self._rows(trial), normalize=False)]  # a few rows: a short way
        return self._engine.outputs(self._handle, self._rows(trial), normalize=False)

    def steps(self, trials: Sequence[Trial]) -> list[list[Array]]:
        """Give the outputs of pieces in time, each going on from the one before."""
        self._engine.rnn_clear_previous_state(self._handle)
        return [self._engine.rnn_time_step_outputs(self._handle, self._rows(trial)) for trial in trials]

    def activations(self, trial: Trial) -> dict[str, Array]:
        """Give what comes out of every layer and vertex, in order."""
        return self._engine.feed_forward(self._handle, self._rows(trial), False)


def restored(engine: Engine, source: ModelZip) -> Handle:
    """Make a network of a model file in a JVM, without normalizer and updater state."""
    archive = io.BytesIO()
    write_model_zip(attrs.evolve(source, normalizer=None, updater_state=None, manifest=None), archive)
    return engine.restore_network(archive.getvalue())


class CalledWitness:
    """A callable of the user's: it takes an array per input, and ``masks=`` where there are some."""

    by = "reference"

    def __init__(self, reference: Reference, dtype: np.dtype[Any]) -> None:
        self._reference, self._dtype = reference, dtype

    def outputs(self, trial: Trial) -> list[Array]:
        """Give every output of the network."""
        given = {"masks": list(trial.masks)} if trial.masks else {}
        found = self._reference(*(one.astype(self._dtype) for one in trial.inputs), **given)
        return [np.asarray(one) for one in (found if isinstance(found, list | tuple) else [found])]

    def steps(self, trials: Sequence[Trial]) -> None:
        """Tell nothing: whole sequences are compared."""

    def activations(self, trial: Trial) -> None:
        """Tell nothing."""


class ProbeWitness:
    """What was recorded in the model file; it knows the rows of its own trials and no others."""

    by = "probe"

    def __init__(self, probe: Probe, inputs: Sequence[NetworkInput], outputs: int) -> None:
        self._known = list(probe.trials)
        self.seed = probe.seed
        for trial, found in self._known:
            fits = len(trial.inputs) == len(inputs) and len(found) == outputs
            if not fits or not all(entry.holds(one) for one, entry in zip(trial.inputs, inputs, strict=True)):
                raise ModelFormatError(
                    "pydl4j.json: the recorded probe has rows that this network does not take; the file was changed, "
                    "or other input_shapes were given than it was saved with"
                )

    def trials(self, masked: bool) -> list[Trial]:
        """Give the rows it knows with masks, or without: to some of DL4J's layers a whole mask is not the same as none.

        Raises
        ------
        DataError
            When all of them are of the other kind.
        """
        found = [trial for trial, _ in self._known if trial.is_masked == masked]
        if not found:
            with_, without = ("with", "without") if masked else ("without", "with")
            raise DataError(f"the file is compared {with_} masks, and the recorded probe has rows {without} them only")
        return found

    def outputs(self, trial: Trial) -> list[Array]:
        """Give every output of the network."""
        return next(list(found) for known, found in self._known if known.inputs is trial.inputs)

    def steps(self, trials: Sequence[Trial]) -> None:
        """Tell nothing: whole sequences are compared."""

    def activations(self, trial: Trial) -> None:
        """Tell nothing."""
