"""Files: written as a stream, whole or not at all, with the weights inside or beside."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

from pydl4j_spark import MultiLayerConfiguration
from pydl4j_spark.errors import ExportError
from pydl4j_spark.layers import DenseLayer, OutputLayer
from pydl4j_spark.model_zip import ModelZip
from pydl4j_spark.onnx import export_onnx
from pydl4j_spark.onnx.verify import run_onnx


def perceptron(n_in: int = 50, n_hidden: int = 60) -> ModelZip:
    conf = MultiLayerConfiguration(
        [DenseLayer(n_in=n_in, n_out=n_hidden, activation="relu"), OutputLayer(n_in=n_hidden, n_out=3)]
    )
    count = n_in * n_hidden + n_hidden + n_hidden * 3 + 3
    params = np.random.default_rng(1).standard_normal(count).astype(np.float32)
    text = conf.to_json()
    return ModelZip(json.loads(text), text, params)


def test_the_stream_is_what_onnx_writes(tmp_path):
    path = tmp_path / "model.onnx"
    export_onnx(perceptron(), path, verify=False)
    model = onnx.load(path)
    again = onnx.load_model_from_string(model.SerializeToString())
    assert again == model
    onnx.checker.check_model(str(path), full_check=True)
    assert [t.dims[:] for t in model.graph.initializer] == [[50, 60], [60], [60, 3], [3]]
    assert path.stat().st_size <= 1.02 * perceptron().params.nbytes + 2000


def test_weights_beside(tmp_path):
    inside, path = tmp_path / "inside.onnx", tmp_path / "model.onnx"
    export_onnx(perceptron(), inside, verify=False)
    export_onnx(perceptron(), path, external_data=True, verify=False)
    beside = tmp_path / "model.onnx.data"
    assert path.stat().st_size < 4000 and beside.stat().st_size >= 50 * 60 * 4
    x = np.random.default_rng(2).standard_normal((4, 50)).astype(np.float32)
    np.testing.assert_array_equal(run_onnx(path, x)[0], run_onnx(inside, x)[0])
    kept = [t for t in onnx.load(path, load_external_data=False).graph.initializer if t.external_data]
    assert [t.name for t in kept] == ["layer0/W"]
    assert onnx.load(path).graph == onnx.load(path).graph
    onnx.checker.check_model(str(path), full_check=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["inside.onnx", "model.onnx", "model.onnx.data"]


def test_a_difference_leaves_both_files_as_they_were(tmp_path):
    path = tmp_path / "model.onnx"
    export_onnx(perceptron(), path, external_data=True, verify=False)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(ExportError, match="differs from DL4J"):
        export_onnx(perceptron(50, 70), path, external_data=True, reference=lambda x: np.zeros((len(x), 3), "f4"))
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match=r"the folder to write into is not there: .*absent'$"):
        export_onnx(perceptron(), tmp_path / "absent" / "model.onnx", verify=False)
