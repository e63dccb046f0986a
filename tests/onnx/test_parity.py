"""Every fixture, in every supported form, equals what DL4J computed."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark.description import parse_configuration
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.onnx.verify import run_onnx

from .cases import ALIASES, EVERYTHING, NAMES, assert_parity, built, load, under_another_name


def opsets(name):
    """The oldest and the newest, and for the layers themselves one between; `test_live_fixtures` takes the default."""
    return (13, 21) if name.startswith(EVERYTHING) else (13, 17, 21)


@pytest.mark.parametrize(("name", "opset"), [(name, opset) for name in NAMES for opset in opsets(name)])
def test_onnx_equals_dl4j(name, opset):
    assert_parity(load(name), opset)


@pytest.mark.parametrize("name", sorted({name for names in ALIASES.values() for name in names}))
def test_other_names_of_a_class_are_the_same(name):
    for model in under_another_name(name):
        assert_parity(load(name), model=model)


@pytest.mark.parametrize("name", NAMES)
def test_parameter_layout_is_the_measured_one(name):
    """The specs are data: DL4J numbered its vector through and wrote down where each number ended."""
    case = load(name)
    registry = default_registry()
    nodes = parse_configuration(case.model.configuration).nodes
    specs = [(node.name, registry[node.dl4j_class].param_specs(node.json, registry)) for node in nodes]
    if case.vertices is not None:
        # Of a graph, DL4J tells of what has parameters.
        specs = [(name, own) for name, own in specs if own]
        assert [name for name, _ in specs] == case.vertices
    at = 0
    for (_, own), measured in zip(specs, case.layout, strict=True):
        expected = {p["name"]: p for p in measured}
        assert {s.name for s in own} == set(expected)
        for spec in own:
            found = spec.cut(np.arange(at, at + spec.size))
            assert found.ravel().tolist() == expected[spec.name]["at"], spec
            at += spec.size
    assert at == case.model.params.size


@pytest.mark.parametrize(
    "name",
    [
        "lstm_NCW",
        "lstm_NWC",
        "graves_NCW",
        "simplernn_NWC",
        "act_lstm_swish",
        "rnnoutput_softmax_NCW",
        "rnn_dense_rnn_NCW",
    ],
)
def test_time_is_dynamic(name):
    """A longer sequence runs, and what is causal does not change by what follows."""
    case = load(name)
    model = built(case).model.SerializeToString()
    axis = 1 if name.endswith("NWC") else 2
    longer = np.concatenate([case.x, case.x, case.x], axis=axis)
    (y,) = run_onnx(model, longer)
    assert y.shape[axis] == 3 * case.y.shape[axis]
    np.testing.assert_allclose(np.take(y, range(case.y.shape[axis]), axis), case.y, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_batch_is_a_symbol_and_every_node_is_named(name):
    graph = built(load(name)).model.graph
    dims = [d.dim_param or d.dim_value for d in graph.input[0].type.tensor_type.shape.dim]
    assert dims[0] == (len(load(name).x) if load(name).whole_batch_only else "N")
    assert all(isinstance(d, int) or d.startswith("T") for d in dims[1:])
    names = [node.name for node in graph.node]
    assert all(names) and len(set(names)) == len(names)


def test_stacked_channels_last_layers_share_one_transpose_each_way():
    nodes = built(load("conv_conv_NHWC")).model.graph.node
    assert [n.op_type for n in nodes].count("Transpose") == 2


def test_stacked_recurrent_layers_stay_time_major():
    nodes = built(load("lstm_lstm_NCW")).model.graph.node
    assert [n.op_type for n in nodes].count("Transpose") == 2
