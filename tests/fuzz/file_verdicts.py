"""What may become of a damaged model file: refused, or exported as if it were whole, or as what it says now."""

from __future__ import annotations

import functools
import io
import json
import resource
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import attrs
import numpy as np
import onnx

from pydl4j_spark.description import parse_configuration
from pydl4j_spark.errors import ExportError, ModelFormatError
from pydl4j_spark.model_zip import CONFIGURATION, ModelZip, write_model_zip
from pydl4j_spark.onnx import export_onnx
from pydl4j_spark.onnx.registry import default_registry
from tests.fixtures.dl4j_json import written
from tests.fuzz.damage import at, places, put
from tests.fuzz.files import UNREAD, Damaged, damaged_file, unzipped, zipped
from tests.fuzz.verdicts import Verdict
from tests.onnx.cases import NAMES, load

# Of this thread's own time; and by the clock, for a case that does not end.
SECONDS, PATIENCE = 5.0, 60
# What a case may need while it lasts.
MEGABYTES = 700
OLDER = b"an older export"

# What a network may take that does not say so.
SHAPES: tuple[Any, ...] = (
    *(None, (1,), (2,), (3,), (4,), (5,)),
    *((channels, 9, 8) for channels in (1, 2, 3, 4)),
    *((9, 8, 2), (3, 6), (2, 6), (6, 3)),
    *((3, 4, 4, 2), (2, 4, 5, 4), (4, 5, 4, 2)),
)

DOUBLE = ", double"
SIZES = (30_000_000, 3_000, 10**9)

REFUSED = "refused: "
AS_WHOLE = "exported as if it were whole"
TAKEN = "exported as what it says now, which no checksum contradicts"


class TooLong(BaseException):
    """Nothing in the package catches this."""


@attrs.frozen
class Base:
    """A model file that is whole, and its export."""

    name: str
    raw: bytes
    input_shapes: Any
    normalizer: bool
    graph: bytes


def _export(raw: bytes, target: Path, input_shapes: Any, normalizer: bool) -> None:
    source = target.with_name("model.zip")
    source.write_bytes(raw)
    export_onnx(source, target, input_shapes=input_shapes, verify=False, include_normalizer=normalizer)


def _graph(path: Path) -> bytes:
    """What a file computes, without what it says of itself."""
    content: bytes = onnx.load_model(path).graph.SerializeToString(deterministic=True)
    return content


def _written(model: ModelZip, recorded: bool) -> bytes:
    stream = io.BytesIO()
    manifest = {"labels": ["a", "b"], "version": "0"} if recorded else None
    write_model_zip(attrs.evolve(model, manifest=manifest), stream)
    return stream.getvalue()


@functools.cache
def _documents() -> list[str]:
    """DL4J's own configurations: one for each set of classes that a network has."""
    kinds: dict[frozenset[str], str] = {}
    for name, document in written("m2.1").items():
        if name.endswith("/initialised") or "vertices" in document:
            kinds.setdefault(frozenset(_classes(document)), name)
    return sorted([*kinds.values(), *(name + DOUBLE for name in kinds.values())])


def _classes(document: Any) -> Iterator[str]:
    if isinstance(document, Mapping):
        if ".conf." in str(document.get("@class")):
            yield document["@class"]
        for inside in document.values():
            yield from _classes(inside)
    elif isinstance(document, list):
        for inside in document:
            yield from _classes(inside)


def _of_document(name: str) -> ModelZip:
    """A network as a document of DL4J's describes it, with drawn parameters, perhaps in double precision."""
    document, double = written("m2.1")[name.removesuffix(DOUBLE)], name.endswith(DOUBLE)
    if double:
        document = {**document, "dataType": "DOUBLE"}
    registry = default_registry()
    nodes = parse_configuration(document).nodes
    size = sum(spec.size for node in nodes for spec in registry[node.dl4j_class].param_specs(node.json))
    kind = {"DOUBLE": np.float64, "HALF": np.float16}.get(str(document.get("dataType")), np.float32)
    params = np.random.default_rng(0).standard_normal(size).astype(kind)
    return ModelZip(document, json.dumps(document, indent=2), params)


@functools.cache
def base_of(name: str, recorded: bool) -> Base | None:
    """A fixture, or a document of DL4J's, as a base; None where that cannot be exported."""
    if name in NAMES:
        model, shapes = load(name).model, [load(name).input_shapes]
    else:
        try:
            model = _of_document(name)
        except (KeyError, TypeError, ValueError):
            return None
        names = model.configuration.get("networkInputs")
        shapes = [shape if names is None else dict.fromkeys(names, shape) for shape in SHAPES]
    raw = _written(model, recorded) if recorded or name not in NAMES else load(name).raw
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "model.onnx")
        for shape in shapes:
            try:
                _export(raw, target, shape, model.normalizer is not None)
            except (ExportError, ModelFormatError):
                continue
            return Base(name, raw, shape, model.normalizer is not None, _graph(target))
    return None


def case(name: str) -> tuple[str, Verdict]:
    """Draw a base and its damage by the name of a case, and export what is left."""
    rng = Random(name)
    base = None
    while base is None:
        base = base_of(rng.choice((*NAMES, *_documents())), rng.random() < 0.3)
    damaged = damaged_file(rng, base.raw)
    return f"{base.name}: {damaged.what}", judge_file(base, damaged)


@functools.cache
def numbers() -> list[tuple[str, tuple[Any, ...]]]:
    """Where the documents that can be exported have a number that an export reads."""
    return [
        (name, place)
        for name in _documents()
        if (base := base_of(name, False))
        for place, value in _values(json.loads(unzipped(base.raw)[CONFIGURATION]))
        if isinstance(value, int) and not isinstance(value, bool) and not any(key in UNREAD for key in place)
    ]


def _values(document: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    return ((place, at(document, place)) for place in places(document))


def size_case(name: str) -> tuple[str, Verdict]:
    """Put an enormous number in the place of one: all of them in turn, by the number of the case."""
    number = int(name.rpartition("/")[2])
    of, place = numbers()[number % len(numbers())]
    size = SIZES[number // len(numbers()) % len(SIZES)]
    base = base_of(of, False)
    assert base is not None
    entries = unzipped(base.raw)
    document = json.loads(entries[CONFIGURATION])
    put(document, place, size)
    entries[CONFIGURATION] = json.dumps(document).encode()
    what = f"{size} at {'/'.join(map(str, place))}"
    return f"{of}: {what}", judge_file(base, Damaged(what, zipped(entries), told=False))


def judge_file(base: Base, damaged: Damaged) -> Verdict:
    """Export a damaged file over an older one."""
    _forget_peak()
    begun, before = time.thread_time(), _peak()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "model.onnx")
        target.write_bytes(OLDER)
        verdict = _judge(base, damaged, target)
        left = {path.name for path in Path(folder).iterdir()} - {"model.zip", target.name}
    seconds, grown = time.thread_time() - begun, _peak() - before
    wrong = verdict.wrong or (f"left behind: {left}" if left else "")
    wrong = wrong or (f"{seconds:.1f} s" if seconds > SECONDS else "")
    wrong = wrong or (f"{grown:.0f} MB" if grown > MEGABYTES else "")
    return attrs.evolve(verdict, wrong=wrong, megabytes=grown)


def _judge(base: Base, damaged: Damaged, target: Path) -> Verdict:
    try:
        with _patience(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _export(damaged.raw, target, base.input_shapes, base.normalizer)
    except (ModelFormatError, ExportError) as refused:
        kind = type(refused).__name__
        older = target.read_bytes() == OLDER
        return Verdict(REFUSED + kind, why=str(refused), wrong="" if older else "the older file is gone")
    except TooLong:
        return Verdict(REFUSED, wrong=f"more than {PATIENCE} s")
    except Exception as error:
        return Verdict(REFUSED, wrong=f"{type(error).__name__}: {error}")
    if _graph(target) == base.graph:
        return Verdict(AS_WHOLE)
    return Verdict(TAKEN, wrong="another network, though checksums tell" if damaged.told else "")


@contextmanager
def _patience() -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _peak() -> float:
    """The most memory that the process had, in MB, since its peak was forgotten or since it began."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _forget_peak() -> None:
    """Begin anew with what there is now; elsewhere than on Linux only more than ever is seen."""
    with suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")
