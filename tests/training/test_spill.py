"""Rows that do not fit into memory go to disk, are trained all the same, and leave nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.jvm
@pytest.mark.slow
def test_more_rows_than_memory(tmp_path: Path) -> None:
    script = Path(__file__).with_name("spill_script.py")
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    for route in ("arrays", "frame"):
        seen = found[route]
        assert seen["rows"] == [100_000, 100_000]
        assert max(seen["on_disk"]) > 0
        assert seen["held"] == 0
        assert seen["left"] == []
    assert found["arrays"]["params"] == found["frame"]["params"]
