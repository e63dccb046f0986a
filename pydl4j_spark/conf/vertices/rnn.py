"""Vertices of sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import text
from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.vertices.base import GraphVertex, rows_of, sequences

_VERTICES = "org.deeplearning4j.nn.conf.graph.rnn."


@config(_VERTICES + "DuplicateToTimeSeriesVertex")
class DuplicateToTimeSeriesVertex(GraphVertex):
    """Repeats rows at every time step: ``[N, size]`` to ``[N, size, T]`` (DL4J DuplicateToTimeSeriesVertex).

    Parameters
    ----------
    input_name : str
        The input of the network that tells the number of time steps; it takes sequences.
    """

    input_name: str = text("inputName", kw_only=False)

    @property
    def network_inputs(self) -> tuple[str, ...]:
        """The input that tells the time."""
        return (self.input_name,)

    def accept(self, given: Sequence[InputType]) -> GraphVertex:
        """Take rows."""
        rows_of(given[0])
        return self

    def output_type(self, given: Sequence[InputType]) -> InputType:
        """Give sequences; their length is that of the input, which only the graph knows."""
        return InputType.recurrent(rows_of(given[0]).size)


@config()
class _MaskedVertex(GraphVertex):
    whole_sequences: ClassVar[bool] = True

    mask_array_input_name: str | None = text("maskArrayInputName", default=None, kw_only=False)

    @property
    def network_inputs(self) -> tuple[str, ...]:
        """The input whose mask counts."""
        return () if self.mask_array_input_name is None else (self.mask_array_input_name,)


@config(_VERTICES + "LastTimeStepVertex")
class LastTimeStepVertex(_MaskedVertex):
    """The last time step of sequences: ``[N, size, T]`` to ``[N, size]`` (DL4J LastTimeStepVertex).

    Parameters
    ----------
    mask_array_input_name : str, optional
        The input of the network whose mask tells which step is the last; where not given it is the last of all.
    """

    def accept(self, given: Sequence[InputType]) -> GraphVertex:
        """Take sequences with the time last."""
        sequences(given[0], "put it after a recurrent layer")
        return self

    def output_type(self, given: Sequence[InputType]) -> InputType:
        """Give rows."""
        return InputType.feed_forward(sequences(given[0], "").size)


@config(_VERTICES + "ReverseTimeSeriesVertex")
class ReverseTimeSeriesVertex(_MaskedVertex):
    """Turns sequences round in time: ``[N, size, T]`` to ``[N, size, T]`` (DL4J ReverseTimeSeriesVertex).

    Parameters
    ----------
    mask_array_input_name : str, optional
        The input of the network whose mask tells how long each sequence is; what is masked stays where it is.
    """

    def accept(self, given: Sequence[InputType]) -> GraphVertex:
        """Take sequences with the time last."""
        sequences(given[0], "put it after an input of sequences, or a recurrent layer")
        return self
