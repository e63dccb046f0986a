"""Names that a network may have, and a file cannot have as they are, or has already."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from attrs import evolve

from pydl4j_spark.description import NetworkDescription, parse_configuration
from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx import export_onnx
from pydl4j_spark.onnx.build import build
from pydl4j_spark.onnx.ends import Ends
from pydl4j_spark.onnx.inputs import find_inputs
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.onnx.verify import verify_onnx
from pydl4j_spark.serving.onnx_file import OnnxFile

from .cases import load
from .test_transposes import X, new_context

# A graph of rows and a sequence, of two outputs.
CASE = "example_graph"


def called(table):
    """The graph with other names for its inputs and vertices."""
    model = load(CASE).model

    def renamed(part):
        if isinstance(part, dict):
            return {table.get(key, key): renamed(value) for key, value in part.items()}
        if isinstance(part, list):
            return [renamed(each) for each in part]
        return table.get(part, part) if isinstance(part, str) else part

    configuration = copy.deepcopy(model.configuration)
    for key in ("networkInputs", "networkOutputs", "vertices", "vertexInputs", "topologicalOrderStr"):
        configuration[key] = renamed(configuration[key])
    return evolve(model, configuration=configuration)


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "x/y", "ü–☃", "N", "a*2", "a\nb", "x\0y", "hidden/Gemm", "classes_class"]
)
@pytest.mark.parametrize("old", ["rows", "series", "values", "hidden"])
def test_any_name_will_do(old, name, tmp_path):
    path = tmp_path / "model.onnx"
    report = export_onnx(called({old: name}), path, verify=False, argmax=True)
    plain = export_onnx(called({old: name}), path, verify=False)
    instead = {"rows": "input", "series": "input", "values": "output"}
    names = [one if one != old else name or instead[old] for one in ("rows", "series", "values", "classes")]
    assert [*plain.inputs, *plain.outputs] == [*report.inputs, *list(report.outputs)[:2]] == names
    verify_onnx(path, load(CASE).normalized_inputs, load(CASE).unmasked)


def test_an_output_keeps_its_name_where_another_has_classes(tmp_path):
    report = export_onnx(called({"classes": "values_class"}), tmp_path / "m.onnx", verify=False, argmax=True)
    assert list(report.outputs) == ["values", "values_class", "values_class_1", "values_class_class"]


def test_an_input_called_as_the_mask_of_another(tmp_path):
    model, path = called({"rows": "series_mask"}), tmp_path / "model.onnx"
    export_onnx(model, path, verify=False)
    found = OnnxFile.read(path)
    assert [each.name for each in found.inputs] == ["series_mask", "series"] and not found.masks
    with pytest.raises(ExportError, match="an input 'series_mask', as the mask of 'series' would be called"):
        export_onnx(model, path, verify=False, masks=True)


def test_lengths_are_told_apart_by_names_that_arithmetic_leaves_whole():
    network = parse_configuration(load("vertex_unstack_series").model.configuration)
    names = {"a": "T*2", "b": "T"}
    nodes = tuple(evolve(n, inputs=tuple(names.get(one, one) for one in n.inputs)) for n in network.nodes)
    network = evolve(network, inputs=("T*2", "T"), nodes=nodes)
    assert [entry.shape[2] for entry in find_inputs(network, None)] == ["T_0", "T_T"]


def layers(*names):
    confs = [{"layer": {"@class": "L", "layerName": name}} for name in names]
    found: NetworkDescription = parse_configuration({"confs": confs})
    return [node.name for node in found.nodes]


def test_layers_that_share_a_name_get_one_each():
    assert layers("a", "a", "b") == ["a", "a_1", "b"]
    assert layers("input", "a_2", "a", "a") == ["input_0", "a_2", "a", "a_3"]
    assert layers("a", "a_2", "a") == ["a", "a_2", "a_2_2"]


def test_a_renamed_value_is_found_when_it_is_transposed():
    ctx = new_context()
    turned = ctx.transpose(X, 0, 2, 3, 1)
    again = ctx.builder.rename(turned, "out")
    assert ctx.transpose(X, 0, 2, 3, 1).name == "out"
    assert ctx.transpose(again, 0, 3, 1, 2) == X
    ctx.builder.rename(X, "in")
    assert ctx.transpose(again, 0, 3, 1, 2).name == "in"


def test_one_sequence_that_comes_out_twice_in_the_layout_of_the_file():
    """Both outputs are the same values, of which the file has the transposed ones."""
    model = load("graph_both_ways").model
    configuration = json.loads(model.configuration_text)
    (first, *_) = configuration["networkOutputs"]
    configuration["vertices"]["same"] = {"@class": "org.deeplearning4j.nn.conf.graph.MergeVertex", "mergeAxis": 1}
    configuration["vertexInputs"]["same"] = [first]
    configuration["networkOutputs"].append("same")
    configuration["topologicalOrderStr"].append("same")
    ends = Ends(output_layout={first: "NWC", "same": "NWC"})
    whole = build(evolve(model, configuration=configuration), None, None, default_registry(), ends).to_bytes()
    case = load("graph_both_ways")
    y = np.swapaxes(case.y, 1, 2)
    verify_onnx(whole, case.inputs, [y, y])
