"""A driver that was killed in the middle of an epoch is resumed from its checkpoints, bit for bit."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pytest

from pydl4j_spark import (
    MultiLayerConfiguration,
    MultiLayerNetwork,
    NormalizerStandardize,
    ResidentAveragingTrainingMaster,
    SparkDl4jMultiLayer,
)
from pydl4j_spark.callbacks import Checkpoint, last_checkpoint
from pydl4j_spark.layers import BatchNormalization, DenseLayer, OutputLayer
from tests.conftest import digits_conf

pytestmark = [pytest.mark.jvm, pytest.mark.slow]

EPOCHS = 6
ROWS = 600

# Dropout, Adam and the order of the rows depend on nothing that a driver has in its memory alone.
BEGIN = """
import os, signal, sys, threading, time
import numpy as np
from sklearn.datasets import load_digits
from pydl4j_spark import MultiLayerConfiguration, MultiLayerNetwork, NormalizerStandardize
from pydl4j_spark.callbacks import Checkpoint
folder, epochs, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
conf = MultiLayerConfiguration.from_json(sys.argv[4])
X, y = load_digits(return_X_y=True)
rows = X[:count].astype("float32"), y[:count]
network = MultiLayerNetwork(conf, normalizer=NormalizerStandardize())

def die_soon(history):
    if history.epoch[-1] == 3:
        threading.Timer(0.03, os.kill, (os.getpid(), signal.SIGKILL)).start()

def wait_for_death(history):
    if history.epoch[-1] == 4:
        time.sleep(60)

killed = [wait_for_death, Checkpoint(folder), die_soon]
"""
LOCAL = (
    BEGIN
    + """
network.fit(rows, epochs, workers=2, callbacks=killed, progress=False)
"""
)
SPARK = (
    BEGIN
    + """
from pyspark.sql import SparkSession
from pydl4j_spark import SparkDl4jMultiLayer, configure_spark
builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.log.level", "ERROR")
net = SparkDl4jMultiLayer(configure_spark(builder).getOrCreate(), network)
net.fit(rows, epochs, callbacks=killed, progress=False)
"""
)


def conf() -> MultiLayerConfiguration:
    return digits_conf(
        layers=[DenseLayer(n_out=16, activation="relu", dropout=0.7), BatchNormalization(), OutputLayer(n_out=10)]
    )


def run(script, folder):
    command = [sys.executable, "-c", script, str(folder), str(EPOCHS), str(ROWS), conf().to_json()]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def kill(script, folder):
    died = run(script, folder)
    assert died.returncode == -signal.SIGKILL, died.stderr[-3000:]
    assert last_checkpoint(folder).epoch == 3


def check_equal(fit, folder):
    """Resume, train without interruption, and compare; ``fit`` trains a network with some settings."""
    whole, resumed = (MultiLayerNetwork(conf(), normalizer=NormalizerStandardize()) for _ in range(2))
    history = fit(whole)
    again = fit(resumed, resume=folder, callbacks=[Checkpoint(folder)])
    assert again.score == history.score
    assert np.array_equal(resumed.params(), whole.params())
    assert np.array_equal(resumed.updater_state(), whole.updater_state())
    assert (resumed.epoch, resumed.iteration) == (whole.epoch, whole.iteration)
    assert last_checkpoint(folder).epoch == EPOCHS


def test_in_one_process(tmp_path, digits):
    kill(LOCAL, tmp_path / "run")
    rows = digits[0][:ROWS], digits[1][:ROWS]
    check_equal(
        lambda net, **with_: net.to("local").fit(rows, EPOCHS, workers=2, progress=False, **with_), tmp_path / "run"
    )


def test_on_spark(tmp_path, spark, digits):
    kill(SPARK, tmp_path / "run")
    rows = digits[0][:ROWS], digits[1][:ROWS]
    master = ResidentAveragingTrainingMaster(num_workers=1)  # as local[1] has by itself

    def fit(net, **settings):
        return SparkDl4jMultiLayer(spark, net, master).fit(rows, EPOCHS, progress=False, **settings)

    check_equal(fit, tmp_path / "run")
