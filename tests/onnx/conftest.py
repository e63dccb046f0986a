"""Exports here are compared with what a test says, not with a JVM that another test has started."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch):
    monkeypatch.setattr("pydl4j_spark.onnx.proof.running_engine", lambda: None)
