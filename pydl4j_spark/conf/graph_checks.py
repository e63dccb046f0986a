"""What DL4J refuses, or would do wrongly, seen over a whole graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from pydl4j_spark.conf.checks import check_layer, pools, takes_sequences
from pydl4j_spark.conf.graph_walk import Passed, VertexType, at_vertex
from pydl4j_spark.conf.inputs import InputType, InputTypeRecurrent
from pydl4j_spark.conf.layers.frozen import FrozenLayer
from pydl4j_spark.conf.layers.output import RnnOutputLayer
from pydl4j_spark.conf.layers.sequences import RepeatVector
from pydl4j_spark.conf.shapes import LayerType
from pydl4j_spark.conf.trainable import (
    NOTHING_TO_TRAIN,
    check_ending,
    check_layer_trainable,
    check_surroundings,
    check_type,
)
from pydl4j_spark.conf.vertices.frozen import FrozenVertex
from pydl4j_spark.conf.vertices.rnn import (
    DuplicateToTimeSeriesVertex,
    LastTimeStepVertex,
    ReverseTimeSeriesVertex,
)
from pydl4j_spark.errors import ConfigError


def check_graph(passed: Passed, *, outputs: bool, truncated: bool) -> None:
    """Refuse what DL4J would.

    Parameters
    ----------
    passed : dict
        Layers and vertices after the walk.
    outputs : bool
        Whether activation and loss of output layers are checked.
    truncated : bool
        Whether backpropagation through time is truncated.
    """
    pooled = _pooled(passed)
    for name, here in passed.items():
        with at_vertex(name, here.content):
            if isinstance(here, LayerType):
                check_layer(here, outputs=outputs, truncated=truncated)
                needed = takes_sequences(here.layer)
            else:
                needed = isinstance(here.vertex.at_work, LastTimeStepVertex | ReverseTimeSeriesVertex)
                if truncated and here.vertex.whole_sequences:
                    raise ConfigError(
                        "it needs whole sequences, and backprop_type 'truncated_bptt' cuts them in pieces; use"
                        " 'standard'"
                    )
            if needed and pooled.intersection(here.inputs):
                raise ConfigError("it takes sequences, but the GlobalPoolingLayer before it gives rows")
    _stacked(passed)


def _pooled(passed: Passed) -> set[str]:
    """Give the names behind a layer that makes one row of each sequence, until time begins again."""
    found: set[str] = set()
    for name, here in passed.items():
        begins = isinstance(here.content.at_work, DuplicateToTimeSeriesVertex | RepeatVector)
        if not begins and (found.intersection(here.inputs) or (isinstance(here, LayerType) and pools(here))):
            found.add(name)
    return found


def _stacked(passed: Passed) -> dict[str, int]:
    """Give how many rows there are for each example; refuse vertices that join different numbers."""
    rows: dict[str, int] = {}
    for name, here in passed.items():
        entering = [rows.get(one, 1) for one in here.inputs]
        with at_vertex(name, here.content):
            rows[name] = here.vertex.rows(entering) if isinstance(here, VertexType) else entering[0]
    return rows


def check_graph_trainable(
    passed: Passed,
    given: Mapping[str, InputType | None],
    outputs: Sequence[str],
    *,
    data_type: str,
    truncated: bool,
) -> None:
    """Refuse what would fail, or learn nothing.

    Parameters
    ----------
    passed : dict
        Layers and vertices after the walk.
    given : dict
        What goes in by each input.
    outputs : list of str
        Names of the outputs.
    data_type : str
        In which numbers the network computes.
    truncated : bool
        Whether backpropagation through time is truncated.
    """
    _check_frozen(passed, outputs)
    after_it: dict[str, list[str]] = {}
    for name, here in passed.items():
        for one in here.inputs:
            after_it.setdefault(one, []).append(name)
    pooled = _pooled(passed)
    feeds = {one: name for name, here in passed.items() for one in here.inputs}
    for name, here in passed.items():
        with at_vertex(name, here.content):
            if isinstance(here, VertexType):
                types = [one for one in here.input_types if one is not None]
                if len(types) == len(here.inputs):
                    here.vertex.check_training(types, data_type)
                if here.vertex.at_work.keeps_input_type:
                    check_type(partial(_leading_to, passed, name), data_type)
                continue
            check_layer_trainable(here, truncated=truncated)
            after = [passed[one] for one in after_it.get(name, ())]
            check_surroundings(
                here,
                before=partial(_leading_to, passed, name),
                after=after,
                pooled=bool(pooled.intersection(here.inputs)),
                data_type=data_type,
            )
            if here.layer.has_loss and name not in outputs:
                raise ConfigError("it has a loss, but is not among the outputs, so it would learn nothing")
            if here.layer.has_loss and name in feeds:
                raise ConfigError(
                    f"it has a loss, and feeds '{feeds[name]}': DL4J would train it by its own loss only; put a"
                    " DenseLayer where both begin"
                )
    rows = _stacked(passed)
    for name in outputs:
        with at_vertex(name, passed[name].content):
            if rows[name] > 1:
                raise ConfigError(f"it gives {rows[name]} rows for each example, for inputs were stacked: unstack them")
            _check_output(passed[name], pooled=name in pooled, truncated=truncated)
    if not any(here.n_params for here in passed.values() if not here.frozen):
        raise ConfigError(NOTHING_TO_TRAIN)
    if truncated:
        _check_truncated(given)


def _leading_to(passed: Passed, name: str) -> list[LayerType | VertexType]:
    """Give the vertices before one, near and far."""
    found: set[str] = set()
    new = {name}
    while new:
        new = {one for each in new for one in passed[each].inputs if one in passed} - found
        found |= new
    return [passed[one] for one in found]


def _check_frozen(passed: Passed, outputs: Sequence[str]) -> None:
    """Refuse what only frozen vertices take up: DL4J ends backpropagation there, and fails behind it."""
    taken: dict[str, list[str]] = {}
    for name, here in passed.items():
        for one in here.inputs:
            taken.setdefault(one, []).append(name)
    for name, here in passed.items():
        after = taken.get(name, [])
        ended = [one for one in after if isinstance(passed[one].content, FrozenLayer | FrozenVertex)]
        if isinstance(here.content, FrozenLayer | FrozenVertex) or name in outputs or not after or ended != after:
            continue
        with at_vertex(name, here.content):
            kind = type(passed[ended[0]].content).__name__
            raise ConfigError(
                f"backpropagation ends behind it, at the {kind} '{ended[0]}'; freeze it too (a layer by FrozenLayer,"
                " another vertex by FrozenVertex)"
            )


def _check_output(here: LayerType | VertexType, *, pooled: bool, truncated: bool) -> None:
    if isinstance(here, VertexType):
        raise ConfigError("an output must be an output or loss layer; for_training=False allows others")
    check_ending(here, pooled=pooled)
    if truncated and not isinstance(here.layer, RnnOutputLayer):
        raise ConfigError(
            "backprop_type 'truncated_bptt' needs an answer at each step; use RnnOutputLayer, or 'standard'"
        )


def _check_truncated(given: Mapping[str, InputType | None]) -> None:
    sequences = {name: one for name, one in given.items() if isinstance(one, InputTypeRecurrent)}
    if not sequences and None not in given.values():
        raise ConfigError("backprop_type 'truncated_bptt' trains sequences, and no input takes any; use 'standard'")
    for name, one in sequences.items():
        if one.data_format == "NWC":
            raise ConfigError(
                f"the input '{name}': backprop_type 'truncated_bptt' cuts along the wrong axis of NWC; use NCW"
            )
