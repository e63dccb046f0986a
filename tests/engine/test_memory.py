"""One setting says what the JVM in this process may take."""

from __future__ import annotations

import pytest

from pydl4j_spark import EngineError
from pydl4j_spark.engine import memory

MB, GB = 1 << 20, 1 << 30


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: 16 * GB)


@pytest.mark.parametrize(
    ("setting", "heap", "off_heap"),
    [
        ("4g", GB, 3 * GB),
        ("4GB", GB, 3 * GB),
        (" 2048m ", 512 * MB, 1536 * MB),
        ("600m", 256 * MB, 344 * MB),
        ("524288k", 256 * MB, 256 * MB),
        (None, 2 * GB, 6 * GB),
    ],
)
def test_a_quarter_is_heap_and_the_rest_for_arrays(setting, heap, off_heap):
    assert memory.memory_of(setting) == (heap, off_heap)
    assert memory.memory_of(setting).total == heap + off_heap


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("4x", "'4x' is not an amount of memory: write .* '4g'"),
        ("-1g", "'-1g' is not an amount"),
        ("4", "'4' is not an amount"),
        ("1.5g", "'1.5g' is not an amount"),
        ("", "'' is not an amount"),
        (4, "4 is not an amount"),
        ("0g", "'0g' is too little .* at least '512m'"),
        ("511m", "'511m' is too little"),
        ("17g", "'17g' is more than the 16384m that this machine has"),
    ],
)
def test_what_cannot_be_is_named_with_its_cure(setting, says):
    with pytest.raises(EngineError, match=says):
        memory.memory_of(setting)


def test_a_machine_that_does_not_tell_has_a_default_and_no_limit(monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: None)
    assert memory.memory_of(None).total == 4 * GB
    assert memory.memory_of("900g").total == 900 * GB


def test_a_containers_limit_counts(monkeypatch, tmp_path):
    monkeypatch.undo()
    (tmp_path / "unlimited").write_text("max\n")
    (tmp_path / "limit").write_text(f"{64 * MB}\n")
    monkeypatch.setattr(memory, "_CGROUP_LIMITS", (str(tmp_path / "unlimited"), str(tmp_path / "missing")))
    whole = memory.machine_memory()
    assert whole > GB // 2
    monkeypatch.setattr(memory, "_CGROUP_LIMITS", (str(tmp_path / "unlimited"), str(tmp_path / "limit")))
    assert memory.machine_memory() == 64 * MB
