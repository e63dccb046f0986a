import ast
import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from pydl4j_spark.engine.jar import jar_manifest, jar_path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "pydl4j_spark"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def jar() -> Path:
    return jar_path()


@pytest.fixture(scope="module")
def names(jar) -> list[str]:
    with zipfile.ZipFile(jar) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


def read(jar: Path, name: str) -> str:
    with zipfile.ZipFile(jar) as archive:
        return archive.read(name).decode("utf-8")


def stated_version() -> str:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_project_package_and_jar_are_of_one_version(jar):
    assert metadata.version("pydl4j-spark") == stated_version() == jar_manifest(jar)["Implementation-Version"]


def test_the_manifest_says_what_is_inside(jar):
    manifest = jar_manifest(jar)
    assert manifest["Main-Class"] == "org.pydl4j.spark.Main"
    assert manifest["Dl4j-Version"] == "1.0.0-M2.1"
    assert manifest["Native-Platform"]


def test_the_jar_is_small_enough_for_an_index(jar):
    assert jar.stat().st_size <= 200 * MEGABYTE


# What Spark has itself, or has in another version, must come from Spark or lie under our own name.
@pytest.mark.parametrize(
    "foreign",
    [
        "com/esotericsoftware/",
        "com/fasterxml/",
        "com/google/flatbuffers/",
        "com/google/gson/",
        "io/netty/",
        "javax/annotation/",
        "org/apache/",
        "org/joda/",
        "org/objenesis/",
        "org/slf4j/",
        "scala/",
    ],
)
def test_the_jar_has_nothing_that_spark_has(names, foreign):
    # DL4J itself puts one class into Spark's package.
    own = ("org/apache/spark/TaskContextHelper.class", "org/apache/spark/TaskContextHelper$.class")
    assert [name for name in names if name.startswith(foreign) and name not in own] == []


def test_the_jar_has_no_dead_weight(names):
    unused = ("org/bytedeco/ffmpeg/", "org/bytedeco/opencv/", "freemarker/", "it/unimi/")
    assert [name for name in names if name.startswith(unused)] == []


def test_the_native_code_is_for_one_platform(jar, names):
    platform = jar_manifest(jar)["Native-Platform"]
    system, machine = platform.split("-")[:2]
    jna = {"linux": {"x86_64": "linux-x86-64", "arm64": "linux-aarch64"}, "windows": {"x86_64": "win32-x86-64"}}
    mine = {platform, f"{system}-{machine}", jna.get(system, {}).get(machine, "darwin")}
    binary = [
        name
        for name in names
        if name.endswith((".so", ".dll", ".dylib", ".jnilib", ".a", ".lib")) or ".so." in name.rpartition("/")[2]
    ]
    assert {name.split("/")[-2] for name in binary} <= mine
    assert any("nd4jcpu" in name for name in binary)


def test_nd4j_finds_its_backend(jar):
    backend = read(jar, "META-INF/services/org.nd4j.linalg.factory.Nd4jBackend")
    assert "org.nd4j.linalg.cpu.nativecpu.CpuBackend" in backend.split()


def test_every_part_of_the_jar_is_listed_with_its_licence(jar, names):
    listing = read(jar, "META-INF/THIRD-PARTY.txt")
    for part in ("deeplearning4j-nn", "dl4j-spark3_2.12", "nd4j-native", "openblas", "javacpp", "oshi-core", "jna"):
        assert f":{part}:" in listing
    assert "unknown license" not in listing.lower()
    assert {"META-INF/LICENSE", "META-INF/NOTICE", "META-INF/THIRD-PARTY-LICENSES.txt"} <= set(names)


def test_nothing_signed_and_no_module_is_left(names):
    assert [name for name in names if name.endswith((".SF", ".DSA", ".RSA", "module-info.class"))] == []


def reaches_for_the_jvm(tree: ast.AST) -> bool:
    for node in ast.walk(tree):
        words: list[str] = []
        if isinstance(node, ast.Attribute):
            words = [node.attr]
        elif isinstance(node, ast.Name):
            words = [node.id]
        elif isinstance(node, ast.Import):
            words = [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            words = [(node.module or "").partition(".")[0], *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = [node.value]  # getattr(session, "_jvm"), import_module("py4j")
        if {"_jvm", "_jsc", "py4j", "jpype"} & set(words):
            return True
    return False


def test_only_the_engine_reaches_for_the_jvm():
    sources = [path for path in PACKAGE.rglob("*.py") if PACKAGE / "engine" not in path.parents]
    assert sources
    assert [str(path) for path in sources if reaches_for_the_jvm(ast.parse(path.read_text(encoding="utf-8")))] == []


def wheelhouse() -> Path:
    stated = os.environ.get("PYDL4J_SPARK_WHEELHOUSE")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = Path(stated) if stated else cache / "pydl4j_spark" / "wheels"
    if not place.is_dir():
        pytest.skip(f"no wheelhouse in {place}: `make venv` fills one")
    return place


@pytest.fixture(scope="module")
def wheel(jar, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory) -> Path:
    """An environment with nothing but the wheel and what it asks for, made without a network."""
    place = tmp_path_factory.mktemp("elsewhere")
    venv.create(place, with_pip=True, symlinks=True)
    python = place / "bin" / "python"
    links = wheelhouse()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "-q",
        "--no-compile",
        "--no-index",
        "-f",
        str(links),
        "-f",
        str(links / "built"),
    ]
    run = subprocess.run([*command, str(wheel)], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return python


def run_elsewhere(python: Path, *arguments: str) -> str:
    unset = ("PYTHONPATH", "PYDL4J_SPARK_JAR")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    place = python.parent.parent  # not the source tree, whose package would be found first
    run = subprocess.run(
        [str(python), *arguments], cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.slow
def test_the_wheel_is_for_one_platform_and_carries_jar_and_licences(wheel, jar):
    assert wheel.name.startswith(f"pydl4j_spark-{stated_version()}-py3-none-") and not wheel.name.endswith("-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        content = {info.filename: info.file_size for info in archive.infolist()}
    assert content["pydl4j_spark/engine/jars/pydl4j-spark.jar"] == jar.stat().st_size
    assert "pydl4j_spark/engine/jars/THIRD-PARTY.txt" in content
    assert "pydl4j_spark/py.typed" in content
    assert {Path(name).name for name in content if "/licenses/" in name} == {"LICENSE", "THIRD-PARTY-LICENSES.txt"}
    assert not [name for name in content if name.startswith(("tests/", "jvm/"))]


@pytest.mark.slow
def test_the_wheel_runs_where_there_is_nothing_else(elsewhere):
    found = Path(run_elsewhere(elsewhere, "-m", "pydl4j_spark", "jar").strip())
    assert found.is_file() and elsewhere.parent.parent in found.parents
    run_elsewhere(elsewhere, "-c", "import pydl4j_spark; from pydl4j_spark.engine.jar import *; check_jar(jar_path())")


@pytest.mark.slow
def test_the_command_is_installed_too(elsewhere):
    pydl4j = elsewhere.parent / "pydl4j"
    assert subprocess.run([str(pydl4j), "jar"], capture_output=True, text=True, check=True).stdout.strip()


# Brings up the loopback address of the network that the test runs it in, which has nothing else.
MAIN_JOB = """
import fcntl, socket, struct, sys
import numpy as np

if sys.argv[1:] == ["without-network"]:
    with socket.socket() as plug:
        fcntl.ioctl(plug, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=5)
    except OSError:
        print("NO NETWORK")

from pyspark.sql import SparkSession
import pydl4j_spark as dl4j
from pydl4j_spark.layers import DenseLayer, OutputLayer
from pydl4j_spark.updaters import Adam

builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
spark = dl4j.configure_spark(builder).getOrCreate()
X = np.random.default_rng(0).normal(size=(400, 4)).astype("float32")
y = (X[:, 0] > X[:, 1]).astype(int)
conf = dl4j.MultiLayerConfiguration(
    layers=[DenseLayer(n_out=8, activation="tanh"), OutputLayer(n_out=2)],
    input_type=dl4j.InputType.feed_forward(4), seed=1, updater=Adam(0.02))
net = dl4j.SparkDl4jMultiLayer(spark, conf)
history = net.fit((X, y), epochs=4, validation=(X, y), progress=False)
history.plot("curve.png")
net.network.save("model.zip")
report = dl4j.MultiLayerNetwork.load("model.zip").to_onnx("model.onnx", reference=net.output)
assert history.rows == [400] * 4 and history.validation[-1].accuracy > 0.9 and report.verified
print("TRAINED AND EXPORTED")
"""


@pytest.mark.slow
@pytest.mark.jvm
def test_the_wheel_trains_and_exports_without_a_network(elsewhere, monkeypatch):
    for variable in ("SPARK_HOME", "PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    apart = ["unshare", "--net", "--map-root-user"]
    can_part = shutil.which(apart[0]) and not subprocess.run([*apart, "true"], check=False).returncode
    if not can_part:
        assert "TRAINED AND EXPORTED" in run_elsewhere(elsewhere, "-c", MAIN_JOB)
        return
    run = subprocess.run(
        [*apart, str(elsewhere), "-c", MAIN_JOB, "without-network"],
        cwd=elsewhere.parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split("\n")[0] == "NO NETWORK"
    assert "TRAINED AND EXPORTED" in run.stdout
