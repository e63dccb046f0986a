"""The native code: what the jar holds, and that it is set up in the JVM before anything computes."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pydl4j_spark import InputType, MultiLayerConfiguration, MultiLayerNetwork
from pydl4j_spark.engine.jar import jar_manifest, jar_path
from pydl4j_spark.engine.spark import spark_engine
from pydl4j_spark.layers import OutputLayer, SubsamplingLayer

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def hatch_build(monkeypatch):
    for name in ("PYDL4J_SPARK_NATIVE_PLATFORM", "PYDL4J_SPARK_NATIVE_EXTENSION"):
        monkeypatch.delenv(name, raising=False)
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "jvm" / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("platform", "extension"),
    [
        ("linux-x86_64", "-onednn-avx2"),
        ("windows-x86_64", "-onednn-avx2"),
        ("macosx-x86_64", "-onednn-avx2"),
        ("linux-arm64", ""),
        ("macosx-arm64", ""),
    ],
)
def test_onednn_and_avx2_by_default_where_there_are_any(hatch_build, monkeypatch, platform, extension):
    monkeypatch.setenv("PYDL4J_SPARK_NATIVE_PLATFORM", platform)
    assert hatch_build.native_extension() == extension


@pytest.mark.parametrize("stated", ["", "-onednn-avx512"])
def test_the_build_option_rules(hatch_build, monkeypatch, stated):
    monkeypatch.setenv("PYDL4J_SPARK_NATIVE_EXTENSION", stated)
    assert hatch_build.native_extension() == stated


@pytest.mark.jvm
def test_the_session_tells_what_its_native_code_is(spark):
    native = spark_engine(spark).versions()["native"]
    assert native["platform"] + native["extension"] == jar_manifest(jar_path())["Native-Platform"]
    assert native["one_dnn"] == ("-onednn" in native["extension"])
    assert native["in_time"] and native["helpers"]
    assert native["omp_threads"] == int(os.environ["OMP_NUM_THREADS"])
    # As much as the heap, at least: more than JavaCPP's own limit wherever the machine has it.
    assert native["off_heap_bytes"] >= native["heap_bytes"] > 0


@pytest.mark.jvm
@pytest.mark.parametrize("pooling_type", ["max", "avg"])
def test_dilated_pooling_is_dilated(spark, tmp_path, pooling_type):
    # oneDNN, as ND4J calls it, forgets the dilation; onnxruntime does not.
    conf = MultiLayerConfiguration(
        [
            SubsamplingLayer(pooling_type=pooling_type, kernel_size=(2, 2), stride=(1, 1), dilation=(2, 2)),
            OutputLayer(n_out=3),
        ],
        input_type=InputType.convolutional(7, 7, 2),
    )
    network = MultiLayerNetwork(conf)
    network.attach(spark_engine(spark))
    assert network.to_onnx(tmp_path / "model.onnx").verified


SCRIPT = """
import json, sys, warnings
from pyspark.sql import SparkSession
import pydl4j_spark as dl4j
from pydl4j_spark.engine.spark import spark_engine

builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
for setting in sys.argv[2:]:
    builder = builder.config(*setting.split("="))
spark = dl4j.configure_spark(builder).getOrCreate()
if sys.argv[1] == "used-before":
    spark.sparkContext._jvm.org.nd4j.linalg.factory.Nd4j.getBackend()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    native = spark_engine(spark).versions()["native"]
print("FOUND", json.dumps({"native": native, "warnings": [str(each.message) for each in caught]}))
"""


def found_by(*arguments: str) -> dict:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("FOUND ")]
    return json.loads(line.removeprefix("FOUND "))


@pytest.mark.slow
@pytest.mark.jvm
def test_kryo_brings_nd4j_up_prepared():
    found = found_by("", "spark.serializer=org.apache.spark.serializer.KryoSerializer")
    assert found["native"]["in_time"]
    assert not [each for each in found["warnings"] if "ND4J" in each]


@pytest.mark.slow
@pytest.mark.jvm
def test_what_the_user_set_stays():
    options = "-Dorg.bytedeco.javacpp.maxbytes=700m -Dorg.eclipse.deeplearning4j.helpers.disable=true"
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, ""],
        cwd=ROOT,
        env={**os.environ, "JDK_JAVA_OPTIONS": options, "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    native = json.loads(run.stdout.partition("FOUND ")[2])["native"]
    assert native["off_heap_bytes"] == 700 << 20
    assert native["helpers"] is False
    assert native["omp_threads"] == 2


@pytest.mark.slow
@pytest.mark.jvm
def test_a_session_that_used_nd4j_before_is_told_the_lines():
    found = found_by("used-before")
    assert not found["native"]["in_time"]
    (warning,) = [each for each in found["warnings"] if "ND4J" in each]
    assert "spark.driver.extraJavaOptions    -Dopexec=org.pydl4j.spark.NativeExecutioner" in warning
    assert "spark.executor.extraJavaOptions" in warning
