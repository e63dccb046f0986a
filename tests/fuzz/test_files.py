"""Some hundreds of damaged model files; ``make fuzz`` has the thousands."""

from __future__ import annotations

from collections import Counter

import numpy as np

from pydl4j_spark.errors import ExportError
from tests.fuzz.file_verdicts import AS_WHOLE, REFUSED, TAKEN, base_of, case, judge_file, numbers, size_case
from tests.fuzz.files import Damaged, unzipped, zipped


def test_a_damaged_file_is_refused_or_exported_as_it_is():
    outcomes = Counter()
    for number in range(250):
        what, verdict = case(f"suite/{number}")
        assert not verdict.wrong, f"{number}, {what}: {verdict.wrong}"
        outcomes[verdict.outcome] += 1
    assert outcomes[REFUSED + "ModelFormatError"] > 150  # or it proves little
    assert outcomes[AS_WHOLE] > 25 and outcomes[TAKEN]


def test_an_enormous_number_is_refused_in_no_time():
    for number in range(0, len(numbers()), 11):
        what, verdict = size_case(f"suite/{number}")
        assert not verdict.wrong, f"{number}, {what}: {verdict.wrong}"


def test_the_verdict_sees_another_network():
    base = base_of("dense", False)
    entries = unzipped(base.raw)
    entries["configuration.json"] = entries["configuration.json"].replace(b"ActivationTanH", b"ActivationCube")
    other = zipped(entries)
    assert judge_file(base, Damaged("", base.raw, told=True)).outcome == AS_WHOLE
    assert judge_file(base, Damaged("", other, told=False)).outcome == TAKEN
    assert "checksums tell" in judge_file(base, Damaged("", other, told=True)).wrong


def test_the_verdict_sees_another_exception(monkeypatch):
    def fail(*_, **__):
        raise KeyError("nin")

    base = base_of("dense", False)
    monkeypatch.setattr("tests.fuzz.file_verdicts.export_onnx", fail)
    assert "KeyError" in judge_file(base, Damaged("", base.raw, told=True)).wrong


def test_the_verdict_sees_what_memory_a_case_takes(monkeypatch):
    def take(*_, **__):
        np.ones(30_000_000)
        raise ExportError("too large")

    base = base_of("dense", False)
    monkeypatch.setattr("tests.fuzz.file_verdicts.MEGABYTES", 100)
    assert not judge_file(base, Damaged("", base.raw[:50], told=True)).wrong
    monkeypatch.setattr("tests.fuzz.file_verdicts.export_onnx", take)
    for _ in range(2):
        assert "MB" in judge_file(base, Damaged("", base.raw, told=True)).wrong
