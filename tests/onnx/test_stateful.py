"""Networks that take their states and give them back."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pydl4j_spark.errors import ExportError, UnsupportedLayer
from pydl4j_spark.onnx.verify import run_onnx

from .cases import built, load


def names(values):
    return [one.name for one in values]


@pytest.mark.parametrize("name", ["steps_output", "steps_swish", "steps_lstm_DOUBLE", "steps_graph"])
def test_states_are_named_after_their_layers(name):
    graph = built(load(name), stateful=True).model.graph
    states = [one for one in names(graph.input) if "/" in one]
    assert states == {
        "steps_output": ["layer0/h", "layer0/c", "layer1/h"],
        "steps_graph": ["first/h", "first/c", "second/h"],
    }.get(name, ["layer0/h", "layer0/c"])
    assert [one for one in names(graph.output) if "/" in one] == [f"{state}_next" for state in states]
    for one in (*graph.input, *graph.output):
        if "/" in one.name:
            dims = one.type.tensor_type.shape.dim
            assert len(dims) == 2 and dims[0].dim_param == "N" and dims[1].dim_value > 0


@pytest.mark.parametrize("name", ["steps_lstm_NWC", "steps_output", "steps_swish", "steps_dense_NCW"])
@settings(max_examples=8, deadline=None)
@given(lengths=st.lists(st.integers(1, 4), min_size=2, max_size=4))
def test_any_chunks_give_what_the_whole_gives(name, lengths):
    case = load(name)
    axis = 1 if name.endswith("NWC") else 2
    x = np.random.default_rng(0).standard_normal(np.where(np.arange(3) == axis, sum(lengths), case.x.shape))
    x = x.astype(np.float32)
    (whole,) = run_onnx(built(case).to_bytes(), x)
    content = built(case, stateful=True).to_bytes()
    inputs = onnx.load_model_from_string(content).graph.input[1:]
    states = [np.zeros((len(x), one.type.tensor_type.shape.dim[1].dim_value), np.float32) for one in inputs]
    parts = []
    for chunk in np.split(x, np.cumsum(lengths)[:-1], axis):
        y, *states = run_onnx(content, chunk, *states)
        parts.append(y)
    np.testing.assert_allclose(np.concatenate(parts, axis), whole, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("bidirectional_lstm_ADD_NCW", "Bidirectional.*cannot run both directions"),
        ("gravesbidirectional_NWC", "GravesBidirectionalLSTM.*cannot run both directions"),
        ("last_bidirectional_NCW", "Bidirectional.*cannot run both directions"),
        ("zero_gravesbidirectional_NCW", "GravesBidirectionalLSTM.*cannot run both directions"),
        ("simplernn_NWC", "SimpleRnn.*step by step in the layout NWC"),
    ],
)
def test_what_dl4j_cannot_run_step_by_step_is_refused(name, says):
    with pytest.raises(UnsupportedLayer, match=says):
        built(load(name), stateful=True)


def test_some_layer_must_keep_a_state():
    with pytest.raises(ExportError, match="stateful=True, but no layer"):
        built(load("dense"), stateful=True)


def test_no_masks_step_by_step():
    with pytest.raises(ExportError, match="masks=True and stateful=True"):
        built(load("lstm_NCW"), masks=True, stateful=True)
