"""The commands: what they print, what they write, and that whatever fails is one line on stderr."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import onnx
import pytest

from pydl4j_spark import (
    ComputationGraph,
    ComputationGraphConfiguration,
    Input,
    InputType,
    MultiLayerNetwork,
    cli,
)
from pydl4j_spark import __main__ as command
from pydl4j_spark.errors import EngineError
from pydl4j_spark.layers import LSTM, LastTimeStep, OutputLayer
from pydl4j_spark.model_zip import read_model_zip, write_model_zip
from pydl4j_spark.onnx import export_onnx
from pydl4j_spark.onnx.verify import run_onnx
from pydl4j_spark.probe import Probe, Trial
from pydl4j_spark.updaters import Adam
from pydl4j_spark.vertices import MergeVertex
from tests.conftest import digits_conf

FIXTURES = Path(__file__).parent / "onnx" / "fixtures"


@pytest.fixture
def conf_file(tmp_path: Path) -> Path:
    path = tmp_path / "net.json"
    path.write_text(digits_conf().to_json())
    return path


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A dense network as DL4J wrote it."""
    with zipfile.ZipFile(FIXTURES / "act_dense_relu.zip") as case:
        return case.extract("model.zip", tmp_path)


def failed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Give the one line that a failing command says."""
    assert command.main(words) == 1
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith(f"pydl4j {words[0]}: ")
    return line


# --- without a JVM --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "COMMAND"),
        (["dance"], "invalid choice: 'dance'"),
        (["export", "model.zip"], "the following arguments are required: onnx"),
        (["export", "a.zip", "a.onnx", "--opset", "new"], "argument --opset: invalid int value: 'new'"),
        (["summary", "a.json", "--input-shape", "big"], "'big' is no shape such as 784"),
        (["train", "--data", "a.npz", "--out", "a.zip"], "one of the arguments --conf --resume is required"),
    ],
)
def test_a_misspelt_command_line_ends_with_two(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["--version"]])
def test_help_and_version_end_with_zero(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 0
    assert "pydl4j" in capsys.readouterr().out


def test_summary_of_a_configuration(conf_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["summary", str(conf_file)]) == 0
    assert capsys.readouterr().out == digits_conf().summary() + "\n"


def test_summary_of_a_graphs_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = Input("rows", InputType.feed_forward(4))
    conf = ComputationGraphConfiguration(inputs=[rows], outputs=[OutputLayer(n_out=3)(rows)])
    path = tmp_path / "graph.json"
    path.write_text(conf.to_json(), encoding="utf-8")
    assert cli.main(["summary", str(path)]) == 0
    assert capsys.readouterr().out == conf.summary() + "\n"


def test_summary_of_a_model_says_how_far_it_is_trained(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["summary", model]) == 0
    said = capsys.readouterr().out
    assert MultiLayerNetwork.load(model).summary() in said
    assert "epochs" in said and "iterations" in said


def test_summary_of_a_graph(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(FIXTURES / "graph_siamese.zip") as case:
        path = case.extract("model.zip", tmp_path)
    assert cli.main(["summary", path]) == 0
    said = capsys.readouterr().out
    assert ComputationGraph.load(path).summary() in said
    assert "trained for 0 epochs" in said
    assert "holds a graph, whose inputs have their shapes" in failed(capsys, "summary", path, "--input-shape", "4")


def test_a_model_elsewhere_is_to_be_copied_here(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("evaluate", "hdfs://there/model.zip", "--data", "rows.npz")
    assert "hdfs://there/model.zip: a model zip is read on" in failed(capsys, *words)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"PK\x03\x04 damaged", b"\xff\xfe"])
def test_summary_of_what_is_neither(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "strange"
    path.write_bytes(content)
    failed(capsys, "summary", str(path))


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no file absent.zip" in failed(capsys, "summary", "absent.zip")
    assert "there is no file absent.zip" in failed(capsys, "export", "absent.zip", "out.onnx")
    assert "there is no file absent.json" in failed(
        capsys, "train", "--conf", "absent.json", "--data", "absent.npz", "--out", "a.zip"
    )


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where no Java is installed."""

    def refuse() -> None:
        raise EngineError("no Java is here")

    monkeypatch.setattr("pydl4j_spark.engine.local.local_engine", refuse)
    monkeypatch.setattr("pydl4j_spark.onnx.proof.running_engine", lambda: None)


@pytest.mark.filterwarnings("default")
def test_export_without_an_engine_says_that_nothing_was_compared(
    model: str, tmp_path: Path, no_java: None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.onnx"
    assert cli.main(["export", model, str(path), "--opset", "17"]) == 0
    said = capsys.readouterr()
    assert f"wrote {path}" in said.out and "opset 17" in said.out and said.out.endswith("unverified\n")
    assert "no Java is here" in said.err and "was not compared with DL4J" in said.err
    exported = onnx.load(path)
    assert exported.opset_import[0].version == 17
    assert {p.key: p.value for p in exported.metadata_props}["verified"] == "false"
    assert "no Java is here" in failed(capsys, "export", model, str(path), "--verify")
    assert "no Java is here" in failed(capsys, "verify", model, str(path))
    assert cli.main(["export", model, str(path), "--no-verify"]) == 0
    assert capsys.readouterr().err == ""


def test_export_of_a_model_with_a_probe_is_verified_on_that(
    model: str, tmp_path: Path, no_java: None, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = read_model_zip(model)
    export_onnx(whole, tmp_path / "model.onnx", verify=False)
    rows = np.random.default_rng(0).normal(size=(4, 7)).astype(np.float32)
    probe = Probe(((Trial((rows,)), (run_onnx(tmp_path / "model.onnx", rows)[0],)),))
    write_model_zip(attrs.evolve(whole, manifest={"probe": probe.to_json()}), tmp_path / "probed.zip")
    words = ["export", str(tmp_path / "probed.zip"), str(tmp_path / "model.onnx"), "--argmax", "--output-layout", "NC"]
    assert cli.main(words) == 0
    said = capsys.readouterr()
    assert "verified on the recorded probe: largest difference from Deeplearning4j 0" in said.out and said.err == ""
    assert [one.name for one in onnx.load(tmp_path / "model.onnx").graph.output] == ["output", "output_class"]
    assert "input [N, 7], output [N, 9], [N]\n" in said.out
    words = ["verify", str(tmp_path / "probed.zip"), str(tmp_path / "model.onnx")]
    assert cli.main(words) == 0
    said = capsys.readouterr()
    assert said.out.startswith("4 rows of the recorded probe agree: ") and "no Java is here" in said.err
    np.save(tmp_path / "rows.npy", rows)
    assert "no Java is here" in failed(capsys, *words, "--data", str(tmp_path / "rows.npy"))


def test_what_export_refuses(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "model.onnx")
    assert "opset" in failed(capsys, "export", model, out, "--opset", "3")
    assert "no normalizer to write" in failed(capsys, "export", model, out, "--include-normalizer")
    assert "there is no file rows.npz" in failed(capsys, "export", model, out, "--data", "rows.npz")
    assert "as .npz or .npy" in failed(capsys, "export", model, out, "--data", "rows.parquet")
    assert "inputs are called" in failed(capsys, "export", model, out, "--input-shape", "a=7", "--no-verify")
    shapes = ["--input-shape", "a=7", "--input-shape", "8"]
    assert "given once, or with names" in failed(capsys, "export", model, out, *shapes)
    assert "no ONNX file" in failed(capsys, "verify", model, model)
    assert not Path(out).exists()


def test_arrays_that_are_missing_in_an_npz_are_named(
    conf_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "rows.npz"
    np.savez(rows, pixels=np.zeros((3, 64)))
    words = ["train", "--conf", str(conf_file), "--data", str(rows), "--out", str(tmp_path / "model.zip")]
    assert "has no array X or x or features; it has pixels" in failed(capsys, *words)
    rows.write_bytes(b"no zip")
    assert "cannot be read" in failed(capsys, *words)


def test_the_file_to_write_is_looked_at_before_training(conf_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--conf", str(conf_file), "--data", "rows.npz", "--out", "/no/such/folder/model.zip"]
    assert "its folder is not there; create it first" in failed(capsys, *words)


# --- with Spark ----------------------------------------------------------------------------------------------------


@pytest.mark.jvm
@pytest.mark.slow
def test_a_network_goes_all_the_way_on_the_command_line(
    conf_file: Path,
    tmp_path: Path,
    digits: tuple[np.ndarray, np.ndarray],
    spark: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The session of the whole test run is used, and must outlive this. Its JVM stays where it was started, so that
    # names without a folder are Python's alone.
    monkeypatch.setattr(type(spark), "stop", lambda self: None)
    monkeypatch.chdir(tmp_path)
    x, y = digits
    test = np.arange(len(x)) % 5 == 0
    np.savez("train.npz", X=x[~test], y=y[~test])
    np.savez("test.npz", X=x[test], y=y[test])
    frame = [(i, a.tolist(), int(b)) for i, (a, b) in enumerate(zip(x[test], y[test], strict=True))]
    spark.createDataFrame(frame, "id int, features array<float>, label int").write.parquet(
        str(tmp_path / "test.parquet")
    )

    def run(*words: str) -> str:
        assert cli.main(words) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    local = ["--master", "local[2]"]
    words = ["train", "--conf", str(conf_file), "--data", "train.npz", "--out", "model.zip", "--epochs", "3", *local]
    words += [
        "--normalizer",
        "standardize",
        "--labels",
        "0,1,2,3,4,5,6,7,8,9",
        "--validation",
        str(tmp_path / "test.parquet"),
    ]
    assert run(*words) == "wrote model.zip\n"
    assert "trained for 3 epochs" in run("summary", "model.zip")
    run("train", "--resume", "model.zip", "--data", "train.npz", "--out", "model.zip", *local)
    assert MultiLayerNetwork.load("model.zip").epoch == 4
    assert "has one already" in failed(
        capsys, "train", "--resume", "model.zip", "--data", "train.npz", "--out", "a.zip", "--normalizer", "min_max"
    )

    assert run("evaluate", "model.zip", "--data", "test.npz", *local) == run(
        "evaluate", "model.zip", "--data", str(tmp_path / "test.parquet"), *local
    )
    run("predict", "model.zip", "--data", "test.npz", "--out", "classes.npy", *local)
    classes = np.load("classes.npy")
    assert (classes == y[test]).mean() >= 0.9
    scored = str(tmp_path / "scored.parquet")
    run("predict", "model.zip", "--data", str(tmp_path / "test.parquet"), "--out", scored, *local)
    assert [row.prediction for row in spark.read.parquet(scored).orderBy("id").collect()] == classes.tolist()

    for more in ([], ["--include-normalizer"]):
        assert "verified: largest difference" in run("export", "model.zip", "model.onnx", *local, *more)
        assert "3 rows agree" in run("verify", "model.zip", "model.onnx", *local)
        assert "360 rows agree" in run("verify", "model.zip", "model.onnx", "--data", "test.npz", *local)
    shutil.copy("model.zip", "other.zip")
    run("train", "--resume", "other.zip", "--data", "train.npz", "--out", "other.zip", *local)
    assert "differs from DL4J" in failed(capsys, "verify", "other.zip", "model.onnx", *local)
    assert json.loads(conf_file.read_text())["inputType"]["size"] == 64


@pytest.mark.jvm
@pytest.mark.slow
def test_a_graph_goes_all_the_way_too(
    tmp_path: Path, spark: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(type(spark), "stop", lambda self: None)
    monkeypatch.chdir(tmp_path)
    rows, more = Input("rows", InputType.feed_forward(4)), Input("more", InputType.feed_forward(3))
    both = MergeVertex()(rows, more)
    kind = OutputLayer(n_out=2)(both, name="kind")
    size = OutputLayer(n_out=1, loss="mse", activation="identity")(both, name="size")
    conf = ComputationGraphConfiguration(inputs=[rows, more], outputs=[kind, size], seed=3, updater=Adam(0.05))
    Path("graph.json").write_text(conf.to_json(), encoding="utf-8")
    rng = np.random.default_rng(0)
    arrays = {"rows": rng.normal(size=(200, 4)), "more": rng.normal(size=(200, 3))}
    arrays |= {"kind": (arrays["more"][:, 0] > 0).astype(int), "size": arrays["rows"][:, :1]}
    np.savez("rows.npz", **arrays)
    columns = (arrays["rows"].tolist(), arrays["more"].tolist(), arrays["kind"].tolist(), arrays["size"].tolist())
    frame = spark.createDataFrame(
        list(zip(*columns, strict=True)), "rows array<float>, more array<float>, kind int, size array<float>"
    )
    frame.repartition(1).write.parquet(str(tmp_path / "rows.parquet"))

    def run(*words: str) -> str:
        assert cli.main([*words, "--master", "local[2]"]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    run("train", "--conf", "graph.json", "--data", "rows.npz", "--out", "model.zip", "--epochs", "10")
    assert ComputationGraph.load("model.zip").epoch == 10
    frame_words = ["--data", str(tmp_path / "rows.parquet"), "--features-col", "rows,more"]
    labelled = [*frame_words, "--label-col", "kind,size"]
    run("train", "--resume", "model.zip", *labelled, "--out", "model.zip")
    assert ComputationGraph.load("model.zip").epoch == 11

    for output in ([], ["--output", "size"]):
        found = run("evaluate", "model.zip", "--data", "rows.npz", *output)
        assert found == run("evaluate", "model.zip", *labelled, *output)
        assert ("Regression evaluation of 200 rows" if output else "accuracy") in found
    assert "no output 'price'" in failed(capsys, "evaluate", "model.zip", *labelled, "--output", "price")
    run("predict", "model.zip", "--data", "rows.npz", "--out", "kinds.npy")
    run("predict", "model.zip", "--data", "rows.npz", "--out", "sizes.npy", "--output", "size")
    kinds, sizes = np.load("kinds.npy"), np.load("sizes.npy")
    assert (kinds == arrays["kind"]).mean() > 0.8
    assert np.abs(sizes - arrays["size"].ravel()).mean() < 0.3
    run("predict", "model.zip", *frame_words, "--out", str(tmp_path / "scored.parquet"))
    scored = spark.read.parquet(str(tmp_path / "scored.parquet")).collect()
    assert [row.prediction_kind for row in scored] == kinds.tolist()
    np.testing.assert_allclose([row.prediction_size for row in scored], sizes, atol=1e-6)
    np.savez("rows.npz", rows=arrays["rows"])
    assert "has no array more; it has rows" in failed(
        capsys, "predict", "model.zip", "--data", "rows.npz", "--out", "kinds.npy"
    )


# --- in this process ------------------------------------------------------------------------------------------------


@pytest.mark.jvm
def test_a_graph_is_exported_and_verified_without_spark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("jpype")
    monkeypatch.chdir(tmp_path)
    rows, steps = Input("rows", InputType.feed_forward(4)), Input("steps", InputType.recurrent(3))
    last = LastTimeStep(LSTM(n_out=5, activation="tanh"))(steps)
    conf = ComputationGraphConfiguration(
        inputs=[rows, steps], outputs=[OutputLayer(n_out=3)(MergeVertex()(rows, last))]
    )
    ComputationGraph(conf).to("local").save("model.zip", probe=False)

    def run(*words: str) -> str:
        assert cli.main(words) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    rng = np.random.default_rng(0)
    np.savez("rows.npz", rows=rng.normal(size=(6, 4)), steps=rng.normal(size=(6, 3, 9)), y=np.zeros(6))
    assert "verified: largest difference" in run("export", "model.zip", "model.onnx", "--data", "rows.npz")
    assert "3 rows agree" in run("verify", "model.zip", "model.onnx")
    assert "6 rows agree: largest difference" in run("verify", "model.zip", "model.onnx", "--data", "rows.npz")
    static = ["--input-shape", "steps=3,5", "--input-shape", "rows=4", "--verify", "--external-data"]
    assert "[N, 3, 5]" in run("export", "model.zip", "static.onnx", *static)
    assert Path("static.onnx.data").exists()
    np.savez("rows.npz", rows=rng.normal(size=(6, 4)))
    assert "'steps' is missing" in failed(capsys, "verify", "model.zip", "model.onnx", "--data", "rows.npz")
