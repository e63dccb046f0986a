"""The way into the driver's JVM: what it refuses, what it survives, and that it leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from pydl4j_spark import (
    ConfigError,
    EngineError,
    JarMismatch,
    ResidentAveragingTrainingMaster,
    SparkDl4jMultiLayer,
    TrainingError,
    configure_spark,
)
from pydl4j_spark.engine import spark as engine_module
from pydl4j_spark.engine.spark import SparkEngine, spark_engine
from tests.conftest import assert_no_jobs, digits_conf

pytestmark = pytest.mark.jvm


def test_versions_and_one_engine_per_context(spark):
    engine = spark_engine(spark)
    assert spark_engine(spark.newSession()) is engine
    versions = engine.versions()
    assert versions["java"].split(".")[0] >= "17"
    assert versions["backend"] == "CpuBackend"


def test_a_jar_of_another_version(spark, monkeypatch):
    monkeypatch.setattr(engine_module, "package_version", lambda: "9.9.9")
    with pytest.raises(JarMismatch, match=r"jar is pydl4j_spark .*, this package is 9\.9\.9"):
        SparkEngine(spark)


def test_a_spark_connect_session():
    connect = type("SparkSession", (), {"__module__": "pyspark.sql.connect.session"})()
    with pytest.raises(EngineError, match=r"Spark Connect.*use a classic session"):
        spark_engine(connect)


@pytest.mark.parametrize("thing", [None, "local[2]", 7])
def test_something_that_is_no_session(thing):
    with pytest.raises(EngineError, match="expected a SparkSession"):
        spark_engine(thing)


def test_configure_spark_keeps_what_is_set():
    from pyspark.sql import SparkSession

    builder = SparkSession.Builder().config("spark.jars", "/a.jar").config("spark.serializer", "x")
    configure_spark(configure_spark(builder))
    jars = builder._options["spark.jars"].split(",")
    assert jars[0] == "/a.jar"
    assert len(jars) == 2
    assert "spark.kryo.registrator" not in builder._options
    assert builder._options["spark.executorEnv.OMP_NUM_THREADS"] == "1"
    kryo = SparkSession.Builder().config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
    registrators = configure_spark(kryo)._options["spark.kryo.registrator"]
    assert registrators == "org.pydl4j.spark.NativeRegistrator,org.nd4j.kryo.Nd4jRegistrator"
    with pytest.raises(EngineError, match=r"takes a SparkSession\.builder"):
        configure_spark("local")


def test_wrong_things_in_the_constructor(spark):
    with pytest.raises(ConfigError, match="expected a MultiLayerConfiguration, got dict"):
        SparkDl4jMultiLayer(spark, {})
    with pytest.raises(ConfigError, match="expected a training master, got int"):
        SparkDl4jMultiLayer(spark, digits_conf(), 5)


def test_numpy_scalars_are_numbers(spark, digits):
    master = ResidentAveragingTrainingMaster(
        batch_size_per_worker=np.int64(16), averaging_frequency=np.int32(2), num_workers=np.uint8(2)
    )
    net = SparkDl4jMultiLayer(spark, digits_conf(), master)
    history = net.fit((digits[0][:50], digits[1][:50]), epochs=np.int64(1), progress=False)
    assert history.rows == [50]


def test_an_error_in_a_callback_ends_the_fit_and_the_session_lives(spark, digits):
    net = SparkDl4jMultiLayer(spark, digits_conf())

    def stop(history):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        net.fit((digits[0], digits[1]), epochs=50, callbacks=[stop], progress=False)
    assert_no_jobs(spark)
    assert net.fit((digits[0][:50], digits[1][:50]), progress=False).rows == [50]


def test_two_networks_train_in_two_threads_and_one_network_only_once(spark, digits):
    X, y = digits[0][:300], digits[1][:300]
    results: dict[str, object] = {}

    def train(name, net):
        try:
            results[name] = net.fit((X, y), epochs=6, progress=False).rows
        except TrainingError as error:
            results[name] = str(error)

    first, second = SparkDl4jMultiLayer(spark, digits_conf()), SparkDl4jMultiLayer(spark, digits_conf())
    threads = [threading.Thread(target=train, args=pair) for pair in (("a", first), ("b", second))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert results == {"a": [300] * 6, "b": [300] * 6}
    assert np.array_equal(first.network.params(), second.network.params())
    threads = [threading.Thread(target=train, args=pair) for pair in (("c", first), ("d", first))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    outcomes = sorted(map(str, (results["c"], results["d"])))
    assert outcomes[0] == str([300] * 6)
    assert "the network is being trained" in outcomes[1]


def left_behind(spark):
    """What Spark and the package hold for the session, whoever asked for it."""
    context = spark.sparkContext._jsc.sc()  # the test's own reach into Spark, not the package's
    rdds = context.getPersistentRDDs().keySet().mkString(" ").split()
    return {*rdds, *map(str, spark_engine(spark)._workspace.iterdir())}


def test_nothing_of_a_fit_stays_on_the_executors(spark, digits):
    before = left_behind(spark)
    cached = spark.range(3).cache()
    assert cached.count() and left_behind(spark) > before  # this would be seen
    cached.unpersist()
    net = SparkDl4jMultiLayer(spark, digits_conf())
    net.fit((digits[0][:200], digits[1][:200]), epochs=2, validation=(digits[0][:50], digits[1][:50]), progress=False)
    assert left_behind(spark) <= before


# --- a process of its own -----------------------------------------------------------------------------------------

START = """
import os, sys, time, threading
import numpy as np
from pyspark.sql import SparkSession
import pydl4j_spark as dl4j
from pydl4j_spark.layers import DenseLayer, OutputLayer

def session(jar=True):
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.extraJavaOptions", "-Djava.io.tmpdir=" + sys.argv[1])
    builder = builder.config("spark.local.dir", sys.argv[1]).config("spark.log.level", "ERROR")
    return (dl4j.configure_spark(builder) if jar else builder).getOrCreate()

conf = dl4j.MultiLayerConfiguration(
    layers=[DenseLayer(n_out=8), OutputLayer(n_out=2)], input_type=dl4j.InputType.feed_forward(4), seed=1)
X = np.random.default_rng(0).normal(size=(500, 4)).astype("float32")
y = (X[:, 0] > 0).astype(int)
"""


def run(body, folder, **options):
    script = START + body
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


def java_processes(folder):
    """JVMs whose command line names the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
                if str(folder) in line and "java" in line.split("\0")[0]:
                    found.append(int(entry.name))
    return found


def assert_nothing_is_left(folder):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and (java_processes(folder) or list(folder.glob("pydl4j*"))):
        time.sleep(0.1)
    assert java_processes(folder) == []
    assert list(folder.glob("pydl4j*")) == []


@pytest.mark.slow
def test_sessions_without_the_jar_and_stopped_sessions(tmp_path):
    process = run(
        """
plain = session(jar=False)
try:
    dl4j.SparkDl4jMultiLayer(plain, conf)
except dl4j.EngineError as error:
    assert "started without the pydl4j_spark jar" in str(error), error
    assert "configure_spark(SparkSession.builder)" in str(error), error
    assert "spark.jars  /" in str(error) and "pydl4j-spark.jar" in str(error), error
    print("REFUSED")
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    dl4j.configure_spark(SparkSession.builder)
assert any("runs already" in str(w.message) and "spark.jars  /" in str(w.message) for w in caught), caught
plain.stop()
try:
    dl4j.SparkDl4jMultiLayer(plain, conf)
except dl4j.EngineError as error:
    assert "stopped" in str(error), error
    print("STOPPED")
""",
        tmp_path,
    )
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err[-3000:]
    assert out.split() == ["REFUSED", "STOPPED"]
    assert_nothing_is_left(tmp_path)


@pytest.mark.slow
def test_ctrl_c_cancels_the_job_and_leaves_the_session_usable(tmp_path):
    process = run(
        """
from tests.conftest import assert_no_jobs
spark = session()
net = dl4j.SparkDl4jMultiLayer(spark, conf)
print("READY", flush=True)
for attempt in range(2):
    try:
        net.fit((X, y), epochs=100_000, progress=False, callbacks=[lambda h: print("EPOCH", flush=True)])
    except KeyboardInterrupt:
        assert_no_jobs(spark)
        print("INTERRUPTED", flush=True)
history = net.fit((X, y), progress=False)
assert history.rows == [500]
assert net.output(X[:3]).shape == (3, 2)
print("USABLE", flush=True)
""",
        tmp_path,
    )
    try:
        for _ in range(2):
            for line in process.stdout:
                if line.startswith("EPOCH"):
                    break
            asked = time.monotonic()
            process.send_signal(signal.SIGINT)
            for line in process.stdout:
                if line.startswith("INTERRUPTED"):
                    break
            assert time.monotonic() - asked < 30
        out, err = process.communicate(timeout=240)
    finally:
        process.kill()
    assert process.returncode == 0, err[-3000:]
    assert "USABLE" in out
    assert_nothing_is_left(tmp_path)


@pytest.mark.slow
def test_a_killed_python_takes_its_jvm_and_files_along(tmp_path):
    process = run(
        """
spark = session()
net = dl4j.SparkDl4jMultiLayer(spark, conf)
net.fit((X, y), epochs=100_000, progress=False, callbacks=[lambda h: print("EPOCH", flush=True)])
""",
        tmp_path,
    )
    for line in process.stdout:
        if line.startswith("EPOCH"):
            break
    assert java_processes(tmp_path)
    assert list(tmp_path.glob("pydl4j*"))
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    process.stdout.close()
    process.stderr.close()
    assert_nothing_is_left(tmp_path)
