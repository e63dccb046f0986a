"""Networks straight from Python's configurations: initialised by DL4J, exported, and equal to what DL4J computes."""

from __future__ import annotations

import onnx
import pytest

from pydl4j_spark import MultiLayerNetwork
from pydl4j_spark.engine.spark import spark_engine
from tests.conf.networks import LAYERS, NETWORKS

pytestmark = pytest.mark.jvm

EVERY = {name: conf for name, conf in {**NETWORKS, **LAYERS}.items() if conf.for_training}


@pytest.mark.parametrize("name", EVERY)
def test_the_export_is_proved_equal(spark, tmp_path, name):
    network = MultiLayerNetwork(EVERY[name])
    network.attach(spark_engine(spark))
    report = network.to_onnx(tmp_path / "model.onnx")
    assert report.verified
    recorded = {entry.key: entry.value for entry in onnx.load(tmp_path / "model.onnx").metadata_props}
    assert any("verified" in key and value == "true" for key, value in recorded.items()), recorded
