"""The same jar and the same Python on the oldest Spark that is promised, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

PYTHON = "PYDL4J_SPARK35_PYTHON"

pytestmark = [pytest.mark.jvm, pytest.mark.slow]


@pytest.fixture
def python() -> str:
    named = os.environ.get(PYTHON)
    if not named:
        pytest.skip(f"{PYTHON} names no interpreter with Spark 3.5 (`make spark35` makes one)")
    if not os.access(named, os.X_OK):
        pytest.skip(f"{PYTHON} names {named}, which is not there (`make spark35` makes it)")
    return named


def test_the_whole_way_on_spark_3_5(python: str, tmp_path: Path) -> None:
    unset = ("SPARK_HOME", "PYTHONPATH", "PYSPARK_SUBMIT_ARGS")
    environment = {name: value for name, value in os.environ.items() if name not in unset} | {
        "PYSPARK_PYTHON": python,
        "PYSPARK_DRIVER_PYTHON": python,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    script = Path(__file__).with_name("spark35_script.py")
    done = subprocess.run(
        [python, str(script), str(tmp_path)], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["pyspark"] == found["spark"] and found["spark"].startswith("3.5."), found
    assert found["rows"] == [450, 450, 450] and found["epochs"] == [1, 2, 3]
    assert found["accuracy"] >= 0.9 and found["predicted"] == pytest.approx(found["accuracy"])
    assert found["probabilities"] == [3]
    assert found["routes_agree"] and found["verified"] and found["served_alike"]
    assert found["onnx_error"] < 1e-5
