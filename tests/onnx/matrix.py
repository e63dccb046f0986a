"""The support matrix: every class of the registry, at which opsets and how closely it was seen to equal DL4J.

``python -m tests.onnx.matrix`` runs all fixtures at all opsets and writes ``docs/onnx-support.md`` anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field

from pydl4j_spark.description import parse_configuration
from pydl4j_spark.errors import ExportError
from pydl4j_spark.model_zip import ModelZip
from pydl4j_spark.onnx.activations import FUNCTIONS, SOFTMAX
from pydl4j_spark.onnx.converter import Converter, no_mask, same_mask
from pydl4j_spark.onnx.refusals import OPSETS, REASONS
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.onnx.verify import TOLERANCES

from .cases import NAMES, Case, assert_parity, built, load, under_another_name

DOCUMENT = Path(__file__).parents[2] / "docs" / "onnx-support.md"
TYPES = [np.dtype(kind) for kind in ("f4", "f8", "f2")]
# Where their classes are; what is nowhere here is a layer.
_KINDS = {
    "Layers": "org.deeplearning4j.nn.conf.layers.",
    "Vertices": "org.deeplearning4j.nn.conf.graph.",
    "Preprocessors": ".preprocessor",
    "Activations": "org.nd4j.linalg.activations.",
}
_NOT_AT_ALL = [
    "- `SameDiffLayer` and other bases of user-written layers, and classes that are not DL4J's: what they do is Java",
    "  code that is not in the file.",
    "- Attention in half precision, for which DL4J computes no numbers, and networks in BFLOAT16.",
    "- Settings that DL4J itself fails at, such as pooling by SUM or layer normalization in `SimpleRnn`; the error",
    "  names layer and setting.",
    "- Masks of images, and masks together with `stateful=True`.",
]


@define
class Seen:
    """What the fixtures showed of one class."""

    errors: dict[np.dtype[Any], float] = field(factory=dict)
    opsets: set[int] = field(factory=set)
    refused: set[int] = field(factory=set)
    best: int = OPSETS[0]
    applies_mask: bool = False
    fixtures: int = 0


def classes() -> list[str]:
    """Everything that can be exported: layers, vertices, preprocessors, activations."""
    return sorted({*default_registry(), *FUNCTIONS, SOFTMAX})


def used_in(json: Any) -> Iterator[str]:
    """Go through the classes that a configuration names, at any depth."""
    if isinstance(json, Mapping):
        if isinstance(json.get("@class"), str):
            yield json["@class"]
        for value in json.values():
            yield from used_in(value)
    elif isinstance(json, list):
        for value in json:
            yield from used_in(value)


def measure(names: Iterable[str] = NAMES, opsets: Iterable[int] = OPSETS) -> dict[str, Seen]:
    """Run fixtures; every class in one of them is held against its largest difference."""
    found: dict[str, Seen] = defaultdict(Seen)
    for case, model in _models(names):
        here = set(used_in(model.configuration)) & set(classes())
        for each in here:
            found[each].fixtures += 1
        for opset in opsets:
            try:
                error = assert_parity(case, opset, model=model)
            except ExportError as reason:
                if "is too low" not in str(reason):
                    raise
                for each in here:
                    found[each].refused.add(opset)
                continue
            for each in here:
                seen = found[each]
                seen.opsets.add(opset)
                kind = model.params.dtype
                seen.errors[kind] = max(seen.errors.get(kind, 0.0), error)
        for node in parse_configuration(model.configuration).nodes:
            for part in (node.json, node.preprocessor):
                if part is not None:
                    seen = found[part["@class"]]
                    seen.best = max(seen.best, default_registry()[part["@class"]].best_opset(part))
        if case.masks:
            for each in _apply_masks(case):
                found[each].applies_mask = True
    return found


def _models(names: Iterable[str]) -> Iterator[tuple[Case, ModelZip]]:
    """Go through the fixtures, and some of them with the other names that DL4J's classes have."""
    for name in names:
        for model in (load(name).model, *under_another_name(name)):
            yield load(name), model


def _apply_masks(case: Case) -> Iterator[str]:
    """Go through the nodes whose own computation reads a mask, or what was made of one alone."""
    network = built(case, masks=True)
    data = {value.name for value in network.graph_inputs if not value.name.endswith("_mask")}
    masks = {value.name for value in network.graph_inputs} - data
    makers = {}
    for node in network.builder.used([*network.graph_outputs, *network.activations.values()])[0]:
        makers.update(dict.fromkeys(node.output, node))
        if masks.intersection(node.input) and not data.intersection(node.input):
            masks.update(node.output)
        elif data.intersection(node.input):
            data.update(node.output)
    for node in network.network.nodes:
        waiting = [network.activations[node.name].name]
        for name in waiting:
            maker = makers.get(name)
            if name in masks:
                yield node.dl4j_class
                break
            if maker is not None and maker.name.startswith(f"{node.name}/"):
                waiting += [one for one in maker.input if one not in waiting]


def _mask_text(converter: Converter | None, seen: Seen) -> str:
    if converter is None:
        return ""
    passed = {same_mask: "handed on", no_mask: "ends here"}.get(converter.mask, "reshaped")
    return f"applied, {passed}" if seen.applies_mask else passed


def _opsets_text(seen: Seen) -> str:
    known = sorted(seen.opsets - seen.refused)
    if not known:
        return "not measured"
    text = f"{known[0]}–{known[-1]}"
    return text + (f" (one operator from {seen.best})" if seen.best > OPSETS[0] else "")


def _error_text(seen: Seen, kind: np.dtype[Any]) -> str:
    return f"{seen.errors[kind]:.1e}" if kind in seen.errors else "–"


def document(found: Mapping[str, Seen]) -> str:
    """Write the matrix as Markdown."""
    registry = default_registry()
    tolerances = "; ".join(f"{kind} {atol:g} + {rtol:g} × |value|" for kind, (atol, rtol) in TOLERANCES.items())
    lines = [
        "# What leaves as ONNX",
        "",
        "Made by `python -m tests.onnx.matrix` of the converters' registry and the fixtures that DL4J wrote: every",
        "class, at which opsets its fixtures ran, what becomes of a mask, and the largest absolute difference from",
        "DL4J in any network that has it, by data type. A mask is *applied* where the class itself reads it.",
        f"Allowed are {tolerances}.",
        "`FrozenLayer`, `FrozenLayerWithBackprop` and `FrozenVertex` leave as what is inside them.",
    ]
    for title, start in _KINDS.items():
        own = [name for name in in_order() if kind_of(name) == start]
        lines += ["", f"## {title} ({len(own)})", ""]
        lines += ["| class | opsets | masks | float32 | float64 | float16 | fixtures |", "| --- " * 7 + "|"]
        for name in own:
            seen = found.get(name, Seen())
            parts = [f"`{short(name)}`", _opsets_text(seen), _mask_text(registry.get(name), seen)]
            parts += [_error_text(seen, kind) for kind in TYPES]
            lines.append("| " + " | ".join([*parts, str(seen.fixtures)]) + " |")
    lines += ["", "## What does not leave", "", "Unless a converter is registered for it:", ""]
    lines += [f"- `{short(name)}`: {reason}." for name, reason in REASONS.items()]
    lines += _NOT_AT_ALL
    return "\n".join(lines) + "\n"


def kind_of(name: str) -> str:
    """Tell layers, vertices, preprocessors and activations apart."""
    return next((start for start in _KINDS.values() if start in name), _KINDS["Layers"])


def in_order() -> list[str]:
    """Everything that can be exported, in the order of the document."""
    return [name for start in _KINDS.values() for name in classes() if kind_of(name) == start]


def short(name: str) -> str:
    """Return what tells a class apart within its kind."""
    start = kind_of(name)
    return name.removeprefix(start) if name.startswith(start) else name.rpartition(".")[2]


if __name__ == "__main__":
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(document(measure()), encoding="utf-8")
