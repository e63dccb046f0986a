"""A type checker sees the public classes as users write them."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

pytestmark = pytest.mark.slow


def mypy(path, cache):
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}", str(path)]
    return subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent.parent)


def test_what_is_right_is_accepted(tmp_path):
    found = mypy(HERE / "accepted.py", tmp_path)
    assert "accepted.py" not in found.stdout, found.stdout
    assert runpy.run_path(str(HERE / "accepted.py"))["n_params"] > 0


def test_every_mistake_is_found(tmp_path):
    found = {int(line) for line in re.findall(r"refused\.py:(\d+): error", mypy(HERE / "refused.py", tmp_path).stdout)}
    lines = (HERE / "refused.py").read_text().splitlines()
    assert found == {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}
