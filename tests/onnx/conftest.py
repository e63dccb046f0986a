"""Exports here are compared with what a test says, not with a JVM that another test has started."""

from __future__ import annotations

import pytest

from pydl4j_spark.errors import ExportError

from .cases import assert_parity, load


@pytest.fixture
def path(tmp_path):
    """Where a file is written."""
    return tmp_path / "model.onnx"


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch):
    monkeypatch.setattr("pydl4j_spark.onnx.proof.running_engine", lambda: None)


@pytest.fixture
def noticed(monkeypatch):
    """Put something wrong in the place of a name, and expect that a fixture tells."""

    def check(case, owner, name, wrong):
        assert_parity(load(case))
        (monkeypatch.setitem if isinstance(owner, dict) else monkeypatch.setattr)(owner, name, wrong)
        with pytest.raises(ExportError, match="differs"):
            assert_parity(load(case))

    return check
