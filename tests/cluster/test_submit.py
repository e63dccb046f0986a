"""Both ways to submit, on executors in JVMs of their own: a Python script, and the jar's own command line."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pydl4j_spark import MultiLayerNetwork
from pydl4j_spark.onnx import export_onnx
from pydl4j_spark.onnx.verify import run_onnx
from tests.cluster.digits_script import EPOCHS, run
from tests.cluster.standalone import Place, Standalone
from tests.conftest import digits_conf

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.jvm]

SCRIPT = Path(__file__).with_name("digits_script.py")
LOSS = Path(__file__).with_name("loss_script.py")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("cluster"))


@pytest.fixture(scope="module")
def cluster(place: Place) -> Iterator[Standalone]:
    with Standalone(place) as running:
        yield running


@pytest.fixture(scope="module")
def jar() -> str:
    """As the documented line has it: $(python -m pydl4j_spark jar)."""
    command = [sys.executable, "-m", "pydl4j_spark", "jar"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def run_script(place: Place, jar: str, master: str, name: str) -> tuple[dict[str, Any], Path]:
    out = place.folder / name
    out.mkdir()
    done = place.submit(master, "--jars", jar, str(SCRIPT), str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((out / "found.json").read_text()), out


@pytest.fixture(scope="module")
def on_standalone(place: Place, jar: str, cluster: Standalone) -> tuple[dict[str, Any], Path]:
    return run_script(place, jar, cluster.url, "standalone")


@pytest.fixture(scope="module")
def on_one_machine(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("one-machine")
    run(spark, out)
    return out


@pytest.fixture(scope="module")
def on_local_cluster(place: Place, jar: str) -> tuple[dict[str, Any], Path]:
    return run_script(place, jar, "local-cluster[2,1,2048]", "local-cluster")


def check(found: dict[str, Any]) -> None:
    for route in ("arrays", "frames"):
        part = found[route]
        assert part["rows"] == [part["given"]] * EPOCHS, route
        assert part["accuracy"] >= 0.9, route
        assert part["predicted"] == pytest.approx(part["accuracy"]), route
    assert len(found["frames"]["validation"]) == EPOCHS
    assert found["frames"]["validation"][-1] == found["frames"]["accuracy"]
    assert found["frames"]["scored"] == 360


def test_a_script_trains_evaluates_and_predicts_on_a_standalone_cluster(
    on_standalone: tuple[dict[str, Any], Path], cluster: Standalone
) -> None:
    found, _ = on_standalone
    assert found["master"] == cluster.url
    check(found)


def test_the_same_script_runs_on_a_local_cluster(on_local_cluster: tuple[dict[str, Any], Path]) -> None:
    found, _ = on_local_cluster
    assert found["master"] == "local-cluster[2,1,2048]"
    check(found)


@pytest.mark.parametrize("route", ["arrays", "frames"])
@pytest.mark.parametrize("elsewhere", ["on_standalone", "on_local_cluster"])
def test_where_training_runs_does_not_change_a_bit_of_the_parameters(
    route: str, elsewhere: str, on_one_machine: Path, request: pytest.FixtureRequest
) -> None:
    _, out = request.getfixturevalue(elsewhere)
    there, here = (MultiLayerNetwork.load(folder / f"{route}.zip") for folder in (out, on_one_machine))
    assert np.array_equal(there.params(), here.params())
    assert np.array_equal(there.updater_state(), here.updater_state())  # type: ignore[arg-type]


@pytest.mark.parametrize(("master", "route"), [("local-cluster[2,1,1024]", "frame"), ("standalone", "arrays")])
def test_lost_executors_change_nothing(master: str, route: str, place: Place, jar: str, cluster: Standalone) -> None:
    out = place.folder / f"loss-{route}"
    out.mkdir()
    url = cluster.url if master == "standalone" else master
    done = place.submit(url, "--jars", jar, str(LOSS), str(out), route)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((out / "found.json").read_text())
    assert found["killed"] == 2
    assert found["rows"] == [1797] * len(found["epochs"])
    assert found["same_params"]
    assert found["same_updater"]


def test_the_jar_alone_trains_where_there_is_no_python(
    place: Place, jar: str, cluster: Standalone, digits: tuple[np.ndarray, np.ndarray]
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    x, y = digits
    test = np.arange(len(x)) % 5 == 0
    out = place.folder / "main"
    out.mkdir()
    for name, chosen in (("train", ~test), ("test", test)):
        table = pa.table({"features": x[chosen].astype(np.float64).tolist(), "label": y[chosen]})
        pq.write_table(table, out / f"{name}.parquet")
    (out / "net.json").write_text(digits_conf().to_json())
    files = {"--conf": "net.json", "--data": "train.parquet", "--validation": "test.parquet", "--out": "model.zip"}
    words = ["train", *(word for option, name in files.items() for word in (option, str(out / name)))]
    words += ["--epochs", "5", "--workers", "2", "--averaging-frequency", "10", "--normalizer", "standardize"]
    words += ["--labels", "0,1,2,3,4,5,6,7,8,9"]
    python = {"PYSPARK_PYTHON": "/nonexistent/python", "PYSPARK_DRIVER_PYTHON": "/nonexistent/python"}
    done = place.submit(cluster.url, "--class", "org.pydl4j.spark.Main", jar, *words, **python)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert sum(line.startswith("epoch ") and f": {(~test).sum():,} rows, " in line for line in lines) == 5, done.stdout

    network = MultiLayerNetwork.load(out / "model.zip")
    assert (network.epoch, network.labels, network.conf.input_type) == (
        5,
        tuple("0123456789"),
        digits_conf().input_type,
    )
    export_onnx(network, out / "model.onnx", include_normalizer=True, verify=False)
    (predicted,) = run_onnx(out / "model.onnx", x[test])
    accuracy = float((predicted.argmax(axis=1) == y[test]).mean())
    assert accuracy >= 0.9
    assert f"validation accuracy {accuracy:.4f}" in done.stdout


def test_a_failure_of_the_jar_is_one_line_and_a_code(place: Place, jar: str, cluster: Standalone) -> None:
    words = ["train", "--conf", "absent.json", "--data", "absent.parquet", "--out", "model.zip"]
    done = place.submit(cluster.url, "--class", "org.pydl4j.spark.Main", jar, *words)
    assert done.returncode == 2
    assert "pydl4j-spark train: option --conf absent.json: there is no such file" in done.stderr
    # Spark's own log may tell of connections that closed as it ended, with their stacks; of ours there is none.
    assert "\tat org.pydl4j" not in done.stderr


def test_nothing_is_left_behind(
    place: Place, cluster: Standalone, on_standalone: object, on_local_cluster: object
) -> None:
    """After all of the above: no executor, no daemon, no folder through which arrays were passed."""
    until = time.monotonic() + 20
    while executors := {p: c for p, c in place.processes().items() if "ExecutorBackend" in c or "SparkSubmit" in c}:
        assert time.monotonic() < until, executors
        time.sleep(0.5)
    cluster.stop()
    assert place.processes() == {}
    assert not list(place.java_temp.glob("pydl4j_spark-*"))
