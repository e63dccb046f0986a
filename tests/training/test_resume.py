"""Training that was interrupted at an epoch's end and resumed from the file is training that was never interrupted."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = [pytest.mark.jvm, pytest.mark.slow]

# A session of its own: the promise is for local[1], bit for bit, dropout and Adam and a schedule included.
SCRIPT = """
import sys
import numpy as np
from pyspark.sql import SparkSession
from pydl4j_spark import *
from pydl4j_spark.layers import DenseLayer, OutputLayer, BatchNormalization
from pydl4j_spark.updaters import Adam
from pydl4j_spark.schedules import StepSchedule
from sklearn.datasets import load_digits

folder = sys.argv[1]
builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.log.level", "ERROR")
spark = configure_spark(builder).getOrCreate()
digits = load_digits()
X, y = digits.data[:333].astype("float32"), digits.target[:333]

def fresh():
    conf = MultiLayerConfiguration(
        layers=[DenseLayer(n_out=16, activation="relu", dropout=0.7), BatchNormalization(), OutputLayer(n_out=10)],
        input_type=InputType.feed_forward(64), seed=5, l2=1e-4,
        updater=Adam(StepSchedule(initial_value=1e-2, decay_rate=0.9, step=7)),
    )
    master = ResidentAveragingTrainingMaster(batch_size_per_worker=16, averaging_frequency=3)
    return SparkDl4jMultiLayer(spark, conf, master, normalizer=NormalizerStandardize())

whole = fresh()
whole.fit((X, y), epochs=4, progress=False)

part = fresh()
part.fit((X, y), epochs=2, progress=False)
part.network.save(folder + "/part.zip")
part.fit(spark.createDataFrame([(X[0].tolist(), 1)], ["features", "label"]), progress=False)  # the driver went on

loaded = MultiLayerNetwork.load(folder + "/part.zip")
assert (loaded.epoch, loaded.iteration) == (2, 2 * 21), (loaded.epoch, loaded.iteration)
resumed = SparkDl4jMultiLayer(spark, loaded, whole.master)
history = resumed.fit((X, y), epochs=2, progress=False)
assert history.epoch == [3, 4]
a, b = whole.network, resumed.network
assert np.array_equal(a.params(), b.params()), np.abs(a.params() - b.params()).max()
assert np.array_equal(a.updater_state(), b.updater_state())
assert (a.epoch, a.iteration) == (b.epoch, b.iteration)
assert np.array_equal(a.output(X), b.output(X))
print("RESUMED EQUAL")
"""


def test_resumed_training_is_bit_equal(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "RESUMED EQUAL" in done.stdout
