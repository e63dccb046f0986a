"""What may become of a configuration: refused with a ConfigError, or kept, and then DL4J takes it or refuses it too."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import attrs

from pydl4j_spark import ComputationGraph, MultiLayerNetwork
from pydl4j_spark.conf import ComputationGraphConfiguration, InputType, MultiLayerConfiguration
from pydl4j_spark.conf.base import evolve
from pydl4j_spark.conf.inputs import InputTypeConvolutional3D, InputTypeFeedForward, InputTypeRecurrent
from pydl4j_spark.errors import ConfigError
from tests.fuzz.generate import rows

# Of this thread's own time: other work on the machine does not count.
SECONDS = 5.0

# DL4J gives layers that only have a loss rows of 0 numbers, and of these what they do not compute, as training shows.
INFERRED_WRONGLY = ("Convolution3D", "Deconvolution3D", "PoolHelperVertex", "Subsampling3DLayer")

REFUSED = "refused"
KEPT = "kept, and DL4J refuses it with the reason"
RUNS = "kept, and DL4J takes it"
REFUSED_LATE = "made, and refused with the data"
TRAINED = "trained by a step, and as DL4J describes it"


@attrs.frozen
class Verdict:
    """What became of it; `why` it was refused, `wrong` what must not happen, and the memory it took where measured."""

    outcome: str
    why: str = ""
    wrong: str = ""
    megabytes: float = 0


def judge_text(text: str | bytes, engine: Any) -> Verdict:
    """Read what may be damaged."""
    begun = time.thread_time()
    kind: Any = ComputationGraphConfiguration if _has_vertices(text) else MultiLayerConfiguration
    try:
        conf = kind.from_json(text)
    except ConfigError as refused:
        verdict = Verdict(REFUSED, why=str(refused))
    except Exception as error:
        verdict = Verdict(REFUSED, wrong=f"reading: {type(error).__name__}: {error}")
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
            return Verdict(KEPT, wrong="written and read again it is another")
        if hasattr(conf, "summary"):
            conf.summary()
    except Exception as error:
        return Verdict(KEPT, wrong=f"writing: {type(error).__name__}: {error}")
    try:
        engine.resolve(text)
    except ConfigError as refused:
        return Verdict(KEPT, why=str(refused))
    except Exception as error:
        return Verdict(KEPT, wrong=f"DL4J: {type(error).__name__}: {error}")
    return Verdict(RUNS)


def judge_drawn(draw: Callable[[], Any], engine: Any) -> Verdict:
    """Draw a configuration that is for training, compare it with what DL4J says of it, and train it by a step."""
    try:
        conf = draw()
    except ConfigError as refused:
        return Verdict(REFUSED, why=str(refused))
    except Exception as error:
        return Verdict(REFUSED, wrong=f"drawing: {type(error).__name__}: {error}")
    verdict = judge(conf, engine)
    if verdict.wrong or verdict.outcome != RUNS:
        return attrs.evolve(verdict, wrong=verdict.wrong or f"DL4J refuses what is for training: {verdict.why}")
    passed = conf.layer_types() if isinstance(conf, MultiLayerConfiguration) else conf.vertex_types()
    try:
        if different := differences(conf, passed, engine):
            return Verdict(RUNS, wrong=different)
        network: Any = (MultiLayerNetwork if isinstance(conf, MultiLayerConfiguration) else ComputationGraph)(conf)
        network.attach(engine)
        network.fit(rows(conf), epochs=1, batch_size=4, progress=False)
    except ConfigError as refused:
        return Verdict(REFUSED_LATE, why=str(refused))
    except Exception as error:
        kinds = [here.kind for here in passed]
        return Verdict(RUNS, wrong=f"training {kinds}: {type(error).__name__}: {error}")
    return Verdict(TRAINED)


def differences(conf: Any, passed: Any, engine: Any) -> str:
    """Say where DL4J counts other parameters or infers another shape, in words; nothing where it does not."""
    for here, theirs in zip(passed, engine.describe(conf.to_json()), strict=True):
        if theirs["params"] != here.n_params:
            return f"{here.kind} has {theirs['params']} parameters in DL4J, not {here.n_params}"
        if getattr(here.content, "has_loss", False) or type(here.content.at_work).__name__ in INFERRED_WRONGLY:
            return ""
        if _known(InputType.from_dict(theirs["output"])) != _known(here.output_type):
            return f"{here.kind} gives {theirs['output']} in DL4J, not {here.output_type}"
    return ""


def _known(given: Any) -> Any:
    """What DL4J never forgets of a type: not the layout of volumes, and not how long sequences are."""
    if isinstance(given, InputTypeConvolutional3D):
        return evolve(given, data_format="NCDHW")
    if isinstance(given, InputTypeFeedForward):
        return evolve(given, time_distributed_format=None)
    return evolve(given, timesteps=None) if isinstance(given, InputTypeRecurrent) else given
