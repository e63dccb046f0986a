"""What may become of a configuration: refused with a ConfigError, or kept, and then DL4J says the same or refuses too."""

from __future__ import annotations

import time
from typing import Any

import attrs

from pydl4j_spark.conf import ComputationGraphConfiguration, MultiLayerConfiguration
from pydl4j_spark.errors import ConfigError

# Of this thread's own time: other work on the machine does not count.
SECONDS = 5.0


@attrs.frozen
class Verdict:
    """What became of it; `why` it was refused, and `wrong` what must not happen."""

    kept: bool
    runs: bool = False
    why: str = ""
    wrong: str = ""


def judge_text(text: str | bytes, engine: Any) -> Verdict:
    """Read what may be damaged."""
    begun = time.thread_time()
    kind: Any = ComputationGraphConfiguration if _has_vertices(text) else MultiLayerConfiguration
    try:
        conf = kind.from_json(text)
    except ConfigError as refused:
        verdict = Verdict(False, why=str(refused))
    except Exception as error:
        verdict = Verdict(False, wrong=f"reading: {type(error).__name__}: {error}")
    else:
        verdict = judge(conf, engine)
    seconds = time.thread_time() - begun
    return attrs.evolve(verdict, wrong=f"{seconds:.1f} s") if seconds > SECONDS and not verdict.wrong else verdict


def _has_vertices(text: str | bytes) -> bool:
    return "vertices" in text if isinstance(text, str) else b"vertices" in text.replace(b"\0", b"")


def judge(conf: Any, engine: Any) -> Verdict:
    """Write a configuration, read it again, show it, and hand it to DL4J."""
    try:
        text = conf.to_json()
        if type(conf).from_json(text) != conf:
            return Verdict(True, wrong="written and read again it is another")
        if hasattr(conf, "summary"):
            conf.summary()
    except Exception as error:
        return Verdict(True, wrong=f"writing: {type(error).__name__}: {error}")
    try:
        engine.resolve(text)
    except ConfigError as refused:
        return Verdict(True, why=str(refused))
    except Exception as error:
        return Verdict(True, wrong=f"DL4J: {type(error).__name__}: {error}")
    return Verdict(True, runs=True)
