"""What a file may state and nothing has: it is refused, in bounded time and memory, and nothing is written."""

from __future__ import annotations

import contextlib
import copy
import time

import numpy as np
import pytest

from pydl4j_spark.description import parse_configuration
from pydl4j_spark.errors import ExportError, ModelFormatError
from pydl4j_spark.model_zip import ModelZip
from pydl4j_spark.onnx import export_onnx
from pydl4j_spark.onnx.layouts import output_layout
from tests.fixtures.dl4j_json import written

from .cases import load, with_settings

TANH = "org.nd4j.linalg.activations.impl.ActivationTanH"


@pytest.mark.parametrize("name", ["pool_PNORM_Truncate_NCHW", "pool_AVG_Same_NHWC", "conv_padding_Truncate_NCHW"])
@pytest.mark.parametrize("key", ["kernelSize", "stride", "padding", "dilation"])
@pytest.mark.parametrize("size", [0, -1, 50_000, 10**9, 10**12, 10**30])
def test_sizes_that_nothing_has(path, name, key, size):
    case = load(name)
    try:
        export_onnx(with_settings(name, **{key: [size, size]}), path, input_shapes=case.input_shapes, verify=False)
    except (ModelFormatError, ExportError):
        assert not path.exists()
    else:
        assert path.stat().st_size < 100_000


def chain(vertices, inputs):
    """A graph of many vertices; `inputs` names what goes into each."""
    document = copy.deepcopy(written("m2.1")["graph_vertex_elementwise/built"])
    vertex = document["vertices"]["it"]
    document["vertices"] = {f"v{i}": vertex for i in range(vertices)}
    document["vertexInputs"] = {f"v{i}": inputs(i) for i in range(vertices)}
    document["networkOutputs"] = [f"v{vertices - 1}"]
    return ModelZip(document, "", np.zeros(0, np.float32))


@pytest.mark.parametrize(
    ("vertices", "inputs"),
    [
        (3_000, lambda i: [f"v{i - 1}"] * 2 if i else ["in0", "in1"]),
        (3_000, lambda i: ["in0", "in1"]),
        (300, lambda i: ["in0", "in1"] * 1_000),
        (20_000, lambda i: ["in0", "in1"]),
    ],
)
def test_many_vertices_take_no_time(path, vertices, inputs):
    begun = time.thread_time()
    with contextlib.suppress(ExportError):
        export_onnx(chain(vertices, inputs), path, input_shapes={"in0": (3,), "in1": (3,)}, verify=False)
    assert time.thread_time() - begun < 10


def test_an_output_of_more_axes_than_have_names():
    network = parse_configuration(chain(50, lambda i: [f"v{i - 1}"] * 2 if i else ["in0", "in1"]).configuration)
    assert output_layout(network, "v49", 6) == "N?????"
    assert output_layout(network, "v49", 3) == "NCW"


@pytest.mark.parametrize("inputs", [["in0", "in0"], ["in0", "in1", "it"]])
def test_inputs_and_vertices_that_share_a_name(inputs):
    document = copy.deepcopy(written("m2.1")["graph_vertex_elementwise/built"])
    document["networkInputs"] = inputs
    with pytest.raises(ModelFormatError, match="share"):
        parse_configuration(document)


def test_inputs_that_nothing_can_hold(path):
    kind = "org.deeplearning4j.nn.conf.inputs.InputType$InputTypeConvolutional"
    for height, width in ((10**9, 1), (10**6, 10**6), (10**400, 1), (0, 1), (-5, 1)):
        shape = {"@class": kind, "height": height, "width": width, "channels": 2}
        with pytest.raises((ExportError, ModelFormatError)):
            export_onnx(load("pool_AVG_Same_NCHW").model, path, input_shapes=shape, verify=False)


@pytest.mark.parametrize("part", [[], [1], 3, "LossMCXENT", None])
def test_a_loss_of_the_wrong_kind_is_no_task(path, part):
    export_onnx(with_settings("dense", lossFn=part, activationFn={"@class": TANH}), path, verify=False)
    assert path.exists()
