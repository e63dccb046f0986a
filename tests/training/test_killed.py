"""A driver that was killed in the middle of an epoch is resumed from its checkpoints, bit for bit."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pytest

from pydl4j_spark import MultiLayerConfiguration, MultiLayerNetwork, NormalizerStandardize
from pydl4j_spark.callbacks import Checkpoint
from tests.conftest import digits_conf

pytestmark = [pytest.mark.jvm, pytest.mark.slow]

EPOCHS = 12

# Dropout, Adam and the order of the rows depend on nothing that a driver has in its memory alone.
BEGIN = """
import sys
import numpy as np
from sklearn.datasets import load_digits
from pydl4j_spark import *
from pydl4j_spark.callbacks import Checkpoint
folder, epochs = sys.argv[1], int(sys.argv[2])
conf = MultiLayerConfiguration.from_json(sys.argv[3])
X, y = load_digits(return_X_y=True)
rows = X.astype("float32"), y
network = MultiLayerNetwork(conf, normalizer=NormalizerStandardize())
callbacks = [Checkpoint(folder), lambda history: print("EPOCH", history.epoch[-1], flush=True)]
"""
LOCAL = (
    BEGIN
    + """
network.fit(rows, epochs, workers=2, callbacks=callbacks, progress=False)
"""
)
SPARK = (
    BEGIN
    + """
from pyspark.sql import SparkSession
builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.log.level", "ERROR")
net = SparkDl4jMultiLayer(configure_spark(builder).getOrCreate(), network)
history = net.fit(rows, epochs, callbacks=callbacks, progress=False, resume=folder)
if history.epoch[:2] == [1, 2] and len(history) == epochs:
    whole = MultiLayerNetwork(conf, normalizer=NormalizerStandardize())
    SparkDl4jMultiLayer(net._spark, whole).fit(rows, epochs, progress=False)
    assert np.array_equal(network.params(), whole.params()), np.abs(network.params() - whole.params()).max()
    assert np.array_equal(network.updater_state(), whole.updater_state())
    assert (network.epoch, network.iteration) == (whole.epoch, whole.iteration)
    print("EQUAL", flush=True)
"""
)


def conf() -> MultiLayerConfiguration:
    return digits_conf(l2=1e-4)


def run(script, folder):
    command = [sys.executable, "-c", script, str(folder), str(EPOCHS), conf().to_json()]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def killed_in_epoch_4(script, folder):
    with run(script, folder) as process:
        for line in process.stdout:
            if line.startswith("EPOCH 3"):
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL


def test_in_one_process(tmp_path, engine, digits):
    killed_in_epoch_4(LOCAL, tmp_path)
    whole, resumed = (MultiLayerNetwork(conf(), normalizer=NormalizerStandardize()) for _ in range(2))
    for network in (whole, resumed):
        network.attach(engine)
    history = whole.fit(digits, EPOCHS, workers=2, progress=False)
    again = resumed.fit(digits, EPOCHS, workers=2, callbacks=[Checkpoint(tmp_path)], resume=tmp_path, progress=False)
    assert again.score == history.score
    assert np.array_equal(resumed.params(), whole.params())
    assert np.array_equal(resumed.updater_state(), whole.updater_state())
    assert (resumed.epoch, resumed.iteration) == (whole.epoch, whole.iteration)


def test_on_spark(tmp_path):
    killed_in_epoch_4(SPARK, tmp_path)
    with run(SPARK, tmp_path) as process:
        out = process.stdout.read()
    assert process.returncode == 0
    assert "EQUAL" in out
    assert "EPOCH 3" not in out  # it did not begin anew
