"""What is told of an export: to the caller, and in the file itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from rich.console import Console

from pydl4j_spark.description import NetworkDescription
from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.model_zip import NORMALIZER, ModelZip
from pydl4j_spark.normalizers import Normalizer
from pydl4j_spark.onnx.built import IR_VERSIONS, Built, own_version
from pydl4j_spark.onnx.ends import Ends
from pydl4j_spark.onnx.graph import Shape
from pydl4j_spark.onnx.layouts import output_layout
from pydl4j_spark.onnx.verify import Verification

DL4J_VERSION = "1.0.0-M2.1"
# What a file says of its ends, for `verify_export` to read.
EMBEDDED = "embedded"
SCALED_BACK = "scaled back as the labels were"


@frozen
class ExportReport:
    """What was written, and how well it agrees.

    Attributes
    ----------
    path : Path
        The ONNX file.
    opset, ir_version : int
        Versions of the file.
    verified : bool
        Whether it was compared with DL4J.
    verified_by : str or None
        With whom: ``"engine"``, a JVM; ``"probe"``, what DL4J gave when the network was saved; or ``"reference"``.
    max_abs_error, max_rel_error : float or None
        The largest differences found; None where nothing was compared.
    nodes, layers, parameters : int
        Sizes of the graph and of the network.
    inputs, outputs : dict from str to tuple of (int or str)
        Shapes by name; names in them stand for extents that vary.
    normalizer : str
        ``"none"``, ``"embedded"``, or that the rows must be normalized before they go in.
    """

    path: Path
    opset: int
    ir_version: int
    verified: bool
    verified_by: str | None
    max_abs_error: float | None
    max_rel_error: float | None
    nodes: int
    layers: int
    parameters: int
    inputs: dict[str, Shape]
    outputs: dict[str, Shape]
    normalizer: str

    @property
    def input_shape(self) -> Shape:
        """The shape of the first input."""
        return next(iter(self.inputs.values()))

    @property
    def output_shape(self) -> Shape:
        """The shape of the first output."""
        return next(iter(self.outputs.values()))


def report(
    path: Path, built: Built, source: ModelZip, normalizer: Normalizer | None, found: Verification | None
) -> ExportReport:
    """Sum an export up."""
    return ExportReport(
        path=path,
        opset=built.opset,
        ir_version=IR_VERSIONS[built.opset],
        verified=found is not None,
        verified_by=None if found is None else found.by,
        max_abs_error=None if found is None else found.max_abs_error,
        max_rel_error=None if found is None else found.max_rel_error,
        nodes=built.nodes,
        layers=len(built.network.layers),
        parameters=int(source.params.size),
        inputs={value.name: value.shape for value in built.graph_inputs},
        outputs={value.name: value.shape for value in built.graph_outputs},
        normalizer=_normalizer_state(source, normalizer),
    )


def properties(built: Built, source: ModelZip, ends: Ends, found: Verification | None) -> dict[str, str]:
    """Return what the file says of itself: where it comes from, and last how it was checked."""
    manifest = source.manifest or {}
    dtype = source.params.dtype
    nodes = {node.name: node.json for node in built.network.nodes}
    ranks = [len(value.shape) for value in built.graph_outputs]
    before = [output_layout(built.network, *each) for each in zip(built.network.outputs, ranks, strict=False)]
    said = {
        "exporter": f"pydl4j_spark {own_version()}",
        "dl4j_version": str(manifest.get("dl4j") or DL4J_VERSION),
        "network": built.network.kind,
        "dtype": str(dtype),
        "source_sha256": source.sha256,
        "layers": str(len(built.network.layers)),
        "parameters": str(source.params.size),
        "input_layout": ",".join(map(_ordered, [entry.layout for entry in built.inputs], built.input_orders)),
        "output_layout": ",".join(map(_ordered, before, built.output_orders)),
        "task": ",".join(ExampleShape.meaning(nodes.get(name, {}))[0] for name in built.network.outputs),
        "normalizer": _normalizer_state(source, ends.normalizer),
    }
    for key, orders in (("input_axes", built.input_orders), ("output_axes", built.output_orders)):
        if any(orders):
            said[key] = json.dumps(orders)
    if ends.label_normalizer is not None:
        said["outputs"] = SCALED_BACK
    labels = _labels(built.network, manifest.get("labels") or {}, ends)
    if labels:
        said["labels"] = json.dumps(labels, ensure_ascii=False)
    return {**said, **_record(found)}


def _labels(network: NetworkDescription, recorded: Any, ends: Ends) -> Any:
    """Name the classes of each output: those that the model file has, and before them what this export was given."""
    first = network.outputs[0]
    given = {**(recorded if isinstance(recorded, Mapping) else {first: recorded}), **ends.labels}
    found = {name: list(map(str, labels)) for name, labels in given.items() if len(labels)}
    return found if network.kind == "ComputationGraph" else found.get(first)


def _record(found: Verification | None) -> dict[str, str]:
    """Say how a file was checked. It stands last, so that the same export is the same bytes up to here."""
    if found is None:
        return {"verified": "false"}
    return {
        "verified": "probe" if found.by == "probe" else "true",
        "verify_against": str(found.by),
        "verify_tolerance": f"atol={found.atol:g} rtol={found.rtol:g}",
        "verify_rows": str(found.rows),
        "verify_batches": ",".join(map(str, found.batches)),
        "verify_seed": "none" if found.seed is None else str(found.seed),
        "verify_max_abs_error": f"{found.max_abs_error:.3g}",
        "verify_max_rel_error": f"{found.max_rel_error:.3g}",
    }


def tell(path: Path, found: Verification, *, visible: bool) -> None:
    """Say on the terminal how well a file agrees with DL4J."""
    console = Console(stderr=True, quiet=not visible)
    source = "what DL4J gave when the network was saved" if found.by == "probe" else "DL4J"
    console.print(f"{path} equals {source}: {found}", highlight=False, markup=False, soft_wrap=True)


def _ordered(layout: str, axes: tuple[int, ...] | None) -> str:
    """Return the layout that the file has, of DL4J's."""
    return layout if axes is None else "".join(layout[axis] for axis in axes)


def _normalizer_state(source: ModelZip, embedded: Normalizer | None) -> str:
    if embedded is not None:
        return EMBEDDED
    if source.normalizer is not None or NORMALIZER in source.ignored:
        return "not embedded: normalize the rows before they go in"
    return "none"
