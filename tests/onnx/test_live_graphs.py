"""Graphs from Python's configurations, and networks from Keras: initialised by DL4J, exported, and equal to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pydl4j_spark import ComputationGraph
from pydl4j_spark.conf import ComputationGraphConfiguration, Input, InputType
from pydl4j_spark.keras import import_model
from pydl4j_spark.layers import LSTM, RnnOutputLayer
from pydl4j_spark.vertices import StackVertex, UnstackVertex
from tests.conf.graphs import BUILT, SEQUENCES

pytestmark = pytest.mark.jvm
pytest.importorskip("jpype")

MODELS = Path(__file__).parents[1] / "keras"
GRAPHS = BUILT | {name: SEQUENCES[name] for name in ("attention", "stack in time", "last step")}


@pytest.mark.parametrize("name", GRAPHS)
def test_the_export_of_a_graph_is_proved_equal(tmp_path, name):
    network = ComputationGraph(GRAPHS[name]).to("local")
    # Biases begin at zero, where they would hide a mistake.
    drawn = np.random.default_rng(3).uniform(-0.7, 0.7, network.params().size)
    network.set_params(drawn.astype(np.float32))
    assert network.to_onnx(tmp_path / "model.onnx", engine="local").verified


@pytest.mark.parametrize("name", ["mlp", "cnn", "lstm", "two_inputs"])
def test_the_export_of_a_network_from_keras_is_proved_equal(tmp_path, name):
    network = import_model(MODELS / f"{name}.h5").to("local")
    assert network.to_onnx(tmp_path / "model.onnx", engine="local").verified


def test_sequences_of_different_lengths_are_stacked(tmp_path):
    one, other = (Input(name, InputType.recurrent(4)) for name in ("one", "other"))
    both = LSTM(n_out=3)(StackVertex()(one, other))
    outputs = [RnnOutputLayer(n_out=3)(UnstackVertex(i, 2)(both), name=f"y{i}") for i in range(2)]
    network = ComputationGraph(ComputationGraphConfiguration(inputs=[one, other], outputs=outputs, seed=1)).to("local")
    rng = np.random.default_rng(0)
    rows = [rng.standard_normal((3, 4, steps)).astype(np.float32) for steps in (5, 8)]
    assert network.to_onnx(tmp_path / "model.onnx", data=rows, engine="local").verified
