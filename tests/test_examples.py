"""The examples and the README, run as a user runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from matplotlib.image import imread

from pydl4j_spark import MultiLayerNetwork

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"

spark_run = [pytest.mark.slow, pytest.mark.jvm]


def run(example: str, *options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples" / example), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=550)


def environment() -> dict[str, str]:
    return {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", "COLUMNS": "120"}


def finished(example: str, out: Path, *options: object) -> str:
    """Run an example to its end, hold its files to what they are for, and give what it printed."""
    master = () if example.endswith("_local.py") else ("--master", "local[2]")
    done = run(example, *master, "--out", out, *options)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr and "WARN " not in done.stderr, done.stderr[-3000:]
    assert number("Largest difference between DL4J and onnxruntime.*", done.stdout) <= 1e-5
    assert MultiLayerNetwork.load(out / "model.zip").iteration > 0
    onnx.checker.check_model(out / "model.onnx", full_check=True)
    assert_drawn(out / "training.png")
    assert done.stdout.splitlines()[-1].startswith(f"In {out}/: model.zip")
    return done.stdout


def number(before: str, text: str) -> float:
    found = re.search(rf"^{before}: ([-+.e\d]+)$", text, re.MULTILINE)
    assert found, f"no line {before!r} in:\n{text}"
    return float(found[1])


def assert_drawn(path: Path) -> None:
    pixels = imread(path)[..., :3]
    assert min(pixels.shape[:2]) >= 200
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20, f"{path.name} is blank"


def shared(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this checkout")
    return path


class TestDigitsMlp:
    pytestmark = spark_run

    def test_reaches_its_accuracy_and_leaves_as_onnx(self, tmp_path):
        printed = finished("digits_mlp.py", tmp_path)
        assert number("Held-out accuracy", printed) >= 0.95
        assert "1,437 images to train on, 360 held out" in printed
        assert "Confusion matrix" in printed
        assert_drawn(tmp_path / "confusion.png")

    def test_its_options_make_another_network(self, tmp_path):
        finished("digits_mlp.py", tmp_path, "--hidden", 7, 5, "--epochs", 1, "--batch-size", 50, "--rows", 200)
        widths = [layer.n_out for layer in MultiLayerNetwork.load(tmp_path / "model.zip").conf.layers]
        assert widths == [7, 5, 10]


class TestDigitsCnn:
    pytestmark = spark_run

    def test_reaches_its_accuracy_and_leaves_as_onnx(self, tmp_path):
        printed = finished("digits_cnn.py", tmp_path, "--epochs", 5)
        assert number("Held-out accuracy", printed) >= 0.95
        assert_drawn(tmp_path / "confusion.png")

    def test_takes_bytes_from_a_file(self, tmp_path):
        data = shared("mnist10k.npz")
        printed = finished("digits_cnn.py", tmp_path, "--data", data, "--rows", 1200, "--epochs", 2)
        assert number("Held-out accuracy", printed) >= 0.85
        assert "960 images to train on, 240 held out" in printed


class TestDigitsLocal:
    pytestmark = spark_run

    def test_reaches_its_accuracy_and_leaves_as_onnx(self, tmp_path):
        printed = finished("digits_local.py", tmp_path, "--workers", 2)
        assert number("Held-out accuracy", printed) >= 0.95
        assert "1,437 images to train on, 360 held out" in printed
        assert_drawn(tmp_path / "confusion.png")

    def test_takes_bytes_from_a_file(self, tmp_path):
        data = shared("mnist10k.npz")
        printed = finished("digits_local.py", tmp_path, "--data", data, "--rows", 1200, "--epochs", 4)
        assert number("Held-out accuracy", printed) >= 0.8


class TestCharModel:
    pytestmark = spark_run

    def test_learns_more_than_frequencies(self, tmp_path):
        printed = finished("char_model.py", tmp_path, "--epochs", 6, "--chars", 8000)
        assert number("Held-out loss per character", printed) < number("Unigram baseline", printed)

    def test_takes_a_text_of_ones_own(self, tmp_path):
        text = shared("sentences.txt")
        printed = finished("char_model.py", tmp_path, "--data", text, "--chars", 2000, "--epochs", 1, "--sample", 20)
        assert printed.startswith("2,000 characters")


class TestTextGeneration:
    pytestmark = spark_run

    def test_learns_more_than_frequencies_and_writes(self, tmp_path):
        text = tmp_path / "text.txt"
        text.write_text("The cat sat.\n\nA dog ran to the cat .\n" * 60, encoding="utf-8")
        options = ("--data", text, "--out", tmp_path, "--epochs", 4, "--hidden", 24, "--sample", 3, "--tbptt", 9)
        done = run("text_generation.py", "--master", "local[2]", *options)
        assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr[-3000:]
        assert "Time steps in a sentence: 13 to 23; " in done.stdout
        assert number("Held-out loss per character", done.stdout) < number("Unigram baseline", done.stdout)
        assert re.search(
            r"^\d+ of its \d+ words stand in the training text; \d of its sentences do$", done.stdout, re.M
        )
        assert MultiLayerNetwork.load(tmp_path / "model.zip").epoch == 4
        assert_drawn(tmp_path / "training.png")


@pytest.mark.parametrize(
    ("example", "options", "reason"),
    [
        ("digits_mlp.py", ["--epochs", "0"], "argument --epochs: expected a whole number of at least 1, got '0'"),
        ("digits_mlp.py", ["--hidden", "wide"], "argument --hidden: expected a whole number of at least 1, got 'wide'"),
        ("digits_local.py", ["--workers", "0"], "argument --workers: expected a whole number of at least 1, got '0'"),
        ("digits_local.py", ["--master", "local[2]"], "unrecognized arguments: --master local[2]"),
        ("digits_cnn.py", ["--data", "nowhere.npz"], "argument --data: there is no file nowhere.npz"),
        ("digits_cnn.py", ["--data", __file__], "is no .npz file with the arrays images and labels"),
        ("char_model.py", ["--chars", "100"], "the text has 100 characters; it needs"),
        ("text_generation.py", ["--data", __file__, "--longest", "1"], "lines of 1 to 1 characters; 20 are the least"),
        ("text_generation.py", ["--temperature", "0"], "argument --temperature: expected a number above 0, got '0'"),
        ("char_model.py", ["--speed", "11"], "unrecognized arguments: --speed 11"),
    ],
)
def test_a_bad_option_is_told_in_one_line(example, options, reason):
    done = run(example, *options)
    assert done.returncode != 0
    assert done.stdout == ""
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.slow
@pytest.mark.jvm
def test_the_readme_does_what_it_says(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.M)
    assert len(blocks) >= 4
    script = tmp_path / "readme.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path, env=environment(), timeout=550
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Confusion matrix" in done.stdout
    assert {"model.zip", "model.onnx", "training.png", "confusion.png"} <= {path.name for path in tmp_path.iterdir()}
