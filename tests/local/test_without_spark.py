"""In a process of its own: nothing of Spark is imported, and nothing of it is missed."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.jvm, pytest.mark.slow]

SCRIPT = """
import sys
import numpy as np
from sklearn.datasets import load_digits
from pydl4j_spark import ImagePreProcessingScaler, InputType, MultiLayerConfiguration, MultiLayerNetwork
from pydl4j_spark.layers import DenseLayer, OutputLayer
from pydl4j_spark.updaters import Adam

X, y = load_digits(return_X_y=True)
conf = MultiLayerConfiguration(
    [DenseLayer(n_out=32, activation="relu"), OutputLayer(n_out=10)],
    input_type=InputType.feed_forward(64), seed=42, updater=Adam(5e-3),
)
net = MultiLayerNetwork(conf, normalizer=ImagePreProcessingScaler(max_pixel_val=16))
net.fit((X[:1400], y[:1400]), epochs=12, workers=2, progress=False)
net.save(sys.argv[1])
loaded = MultiLayerNetwork.load(sys.argv[1])
assert np.array_equal(loaded.output(X), net.output(X))
assert net.to_onnx(sys.argv[1] + ".onnx").verified
assert not {"pyspark", "py4j"} & set(sys.modules), "Spark was imported"
print("ACCURACY", net.evaluate((X[1400:], y[1400:])).accuracy)
"""


def test_train_save_load_export(tmp_path):
    pytest.importorskip("jpype")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "model.zip")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert float(done.stdout.rpartition("ACCURACY ")[2]) > 0.9
