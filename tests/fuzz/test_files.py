"""Some hundreds of damaged model files; ``make fuzz`` has the thousands."""

from __future__ import annotations

from collections import Counter

from tests.fuzz.file_verdicts import AS_WHOLE, REFUSED, TAKEN, base_of, case, judge_file
from tests.fuzz.files import Damaged, unzipped, zipped


def test_a_damaged_file_is_refused_or_exported_as_it_is():
    outcomes = Counter()
    for number in range(300):
        what, verdict = case(f"suite/{number}")
        assert not verdict.wrong, f"{number}, {what}: {verdict.wrong}"
        outcomes[verdict.outcome] += 1
    assert outcomes[REFUSED + "ModelFormatError"] > 200  # or it proves little
    assert outcomes[AS_WHOLE] > 30 and outcomes[TAKEN] > 3


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
