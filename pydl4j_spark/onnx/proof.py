"""The comparison of an exported file with DL4J, on rows that are given, drawn or recorded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, SupportsFloat

import attrs
import numpy as np
from attrs import field, frozen

from pydl4j_spark.at_hand import engine_of, running_engine
from pydl4j_spark.errors import Dl4jError, ExportError
from pydl4j_spark.model_zip import ModelZip
from pydl4j_spark.onnx import trials
from pydl4j_spark.onnx.blame import first_difference
from pydl4j_spark.onnx.built import Built
from pydl4j_spark.onnx.ends import Ends
from pydl4j_spark.onnx.graph import Array
from pydl4j_spark.onnx.verify import OnnxSession, Verification, compare, tolerance
from pydl4j_spark.onnx.wiring import Wiring
from pydl4j_spark.onnx.witness import CalledWitness, EngineWitness, ProbeWitness, Reference, Witness, restored
from pydl4j_spark.probe import Trial

_Explain = Callable[[Witness, Trial], str]


def _tolerated(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and not (isinstance(value, SupportsFloat) and 0 <= float(value) < math.inf):
        raise ExportError(f"{attribute.name}={value!r}: a number of at least 0 is expected, or None")


@frozen
class Request:
    """What a user asks of the comparison; see `pydl4j_spark.onnx.export_onnx`."""

    reference: Reference | None = None
    engine: Any = None
    data: Any = None
    atol: float | None = field(default=None, validator=_tolerated)
    rtol: float | None = field(default=None, validator=_tolerated)


def prove(built: Built, path: Path, source: ModelZip, ends: Ends, request: Request) -> Verification | str:
    """Compare a file that was just written with DL4J.

    Parameters
    ----------
    built : Built
        The graph.
    path : Path
        The file.
    source : ModelZip
        What it was made from.
    ends : Ends
        What stands around the network.
    request : Request
        With whom, on what and how closely to compare.

    Returns
    -------
    Verification or str
        The largest differences; or why nobody could tell what DL4J gives.

    Raises
    ------
    ExportError
        When the file computes something else than DL4J, with the first layer that does.
    """
    wiring = Wiring.of_built(built, ends)

    def explain(witness: Witness, trial: Trial) -> str:
        return first_difference(built, wiring, witness, trial, request.atol, request.rtol)

    return compared(wiring, path, source, built.network.kind, built.network.outputs, request, explain)


def compared(
    wiring: Wiring,
    path: Path,
    source: ModelZip,
    kind: str,
    names: Sequence[str],
    request: Request,
    explain: _Explain = lambda witness, trial: "",
) -> Verification | str:
    """Compare a file with the first who knows DL4J's outputs; see `prove`."""
    reasons = []
    given = None if request.data is None else trials.given(wiring.entries, set(wiring.masks), request.data)
    for asked, find in _witnesses(wiring, source, kind, names, request):
        try:
            witness = find()
            return _compared(wiring, path, witness, _trials(wiring, source, witness, given), request, explain)
        except ExportError:
            raise
        except Dl4jError as reason:
            if asked:
                raise
            reasons.append(f"DL4J could not tell ({reason})")
    return "; ".join(reasons) or "no engine is at hand, and no probe is in the model file"


def _witnesses(
    wiring: Wiring, source: ModelZip, kind: str, names: Sequence[str], request: Request
) -> Iterator[tuple[bool, Callable[[], Witness]]]:
    """Find who may know: whether to insist on it, and how to get at it."""
    if request.reference is not None:
        reference = request.reference
        yield True, lambda: CalledWitness(reference, wiring.dtype)
        return
    named = request.engine is not None and not hasattr(request.engine, "restore_network")
    engine = engine_of(request.engine) if named else request.engine or running_engine()
    if engine is not None:
        layered, plain = kind == "MultiLayerNetwork", wiring.plain
        yield (
            named,
            lambda: EngineWitness(
                engine, restored(engine, source), wiring.entries, names, layered=layered, plain=plain
            ),
        )
    if source.probe is not None:
        witness = ProbeWitness(source.probe, wiring.entries, len(names))
        yield False, lambda: witness


def _trials(wiring: Wiring, source: ModelZip, witness: Witness, given: list[Trial] | None) -> list[Trial]:
    masked = set(wiring.masks)
    settle = partial(
        trials.normalized, normalizer=source.normalizer, embedded=wiring.embedded, dtype=np.dtype(wiring.dtype)
    )
    if isinstance(witness, ProbeWitness):
        return [trials.as_recorded(one, settle(one)) for one in witness.trials(bool(masked))]
    return [settle(one) for one in (trials.drawn(wiring.entries, masked) if given is None else given)]


def _compared(
    wiring: Wiring,
    path: Path,
    witness: Witness,
    some: Sequence[Trial],
    request: Request,
    explain: _Explain,
) -> Verification | str:
    session = OnnxSession(path)
    largest, numbers = [0.0, 0.0], False
    for trial in some:
        for got, wanted in _outputs(wiring, session, witness, trial):
            if len(got) != len(wanted):
                raise ExportError(f"the exported network has {len(got)} outputs, DL4J {len(wanted)}")
            for one, other in zip(got, wiring.seen(wanted), strict=True):
                try:
                    found = compare(one, other, request.atol, request.rtol)
                except ExportError as difference:
                    # Who gives a reference of their own may be wrong themselves.
                    cure = "" if request.reference is not None else "Please report it"
                    said = [str(difference), explain(witness, trial), cure]
                    raise ExportError(". ".join(filter(None, said))) from None
                largest = list(map(max, largest, found))
                numbers |= bool(np.isfinite(other).any())
    if not numbers:
        return "both give no numbers, but NaN or infinity; has the training diverged?"
    atol, rtol = tolerance(wiring.dtype, request.atol, request.rtol)
    sizes = tuple(trial.rows for trial in some)
    seed = witness.seed if isinstance(witness, ProbeWitness) else trials.SEED if request.data is None else None
    return Verification(largest[0], largest[1], max(sizes), sizes, atol, rtol, seed, witness.by)


def _outputs(
    wiring: Wiring, session: OnnxSession, witness: Witness, trial: Trial
) -> Iterator[tuple[list[Array], list[Array]]]:
    """Give what the file and DL4J make of some rows; of a file with states, piece by piece."""
    pieces = wiring.pieces(trial) if wiring.states else [trial]
    wanted = witness.steps(pieces) if wiring.states else None
    if wanted is None:
        # From states of zero a whole sequence is what it is without states.
        pieces, wanted = [trial], [witness.outputs(trial)]
    yield from zip(wiring.run(session, pieces), wanted, strict=True)
