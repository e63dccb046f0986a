"""From DL4J's model file to a checked and compared ONNX file."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from attrs import frozen
from onnx import ModelProto, helper

from pydl4j_spark.description import parse_configuration
from pydl4j_spark.errors import ExportError
from pydl4j_spark.files import written_aside
from pydl4j_spark.model_zip import ModelZip, read_model_zip
from pydl4j_spark.normalizers import Normalizer
from pydl4j_spark.onnx.build import IR_VERSIONS, Built, build, own_version
from pydl4j_spark.onnx.converter import Converter
from pydl4j_spark.onnx.graph import Array, Shape
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.onnx.verify import TOLERANCES, Verification, verify_onnx

DL4J_VERSION = "1.0.0-M2.1"
SEED = 20210608

Reference: TypeAlias = Callable[[Array], Array]


@runtime_checkable
class HasModelZip(Protocol):
    """Anything that can become a model file, such as a network."""

    def to_model_zip(self) -> ModelZip:
        """Return the content of its model file."""


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
    max_abs_error, max_rel_error : float or None
        The largest differences found; None where nothing was compared.
    nodes, layers, parameters : int
        Sizes of the graph and of the network.
    input_shape, output_shape : tuple of int or str
        Names stand for extents that vary.
    normalizer : str
        ``"none"``, ``"embedded"``, or that the rows must be normalized before they go in.
    """

    path: Path
    opset: int
    ir_version: int
    verified: bool
    max_abs_error: float | None
    max_rel_error: float | None
    nodes: int
    layers: int
    parameters: int
    input_shape: Shape
    output_shape: Shape
    normalizer: str


def export_onnx(
    model: str | os.PathLike[str] | ModelZip | HasModelZip,
    path: str | os.PathLike[str],
    *,
    input_shapes: Any = None,
    opset: int | None = None,
    masks: bool = False,
    verify: bool = True,
    converters: Mapping[str, Converter] | None = None,
    include_normalizer: bool = False,
    reference: Reference | None = None,
    data: Any = None,
) -> ExportReport:
    """Write a trained network as ONNX, without a JVM.

    Parameters
    ----------
    model : path, ModelZip or object with ``to_model_zip()``
        The network.
    path : path
        The file to write; it appears only once everything has been checked.
    input_shapes : tuple or Mapping, optional
        The shape of one row without the batch, None where an extent varies; or an input type as DL4J's JSON has
        it. Needed only where neither the file nor the first layer tells, as for images in a file that DL4J wrote.
    opset : int, optional
        By default 15, or the lowest above it that the converters need; 13 to 21. A given one is kept.
    masks : bool, default False
        Inputs for masks; not in this version.
    verify : bool, default True
        Compare with DL4J where `reference` is given; warn where it is not.
    converters : Mapping from str to Converter, optional
        Converters by Java class, for layers, preprocessors and activations that are not built in, or to replace
        one that is.
    include_normalizer : bool, default False
        Put the model's normalizer in front, so that the file takes rows as they were before normalization.
    reference : callable, optional
        DL4J's output for a batch of (normalized) rows.
    data : array, optional
        Rows to compare with, in place of drawn ones.

    Returns
    -------
    ExportReport
        What was written.

    Raises
    ------
    UnsupportedLayer
        When layers have no converter; all of them are named.
    ExportError
        When something else cannot be exported, or the result differs from DL4J.
    ModelFormatError
        When the model file is damaged.

    Warns
    -----
    UserWarning
        When the file could not be compared with DL4J.
    """
    if masks:
        raise ExportError("masks=True is not supported in this version yet; export without masks")
    source = _as_model_zip(model)
    normalizer = _normalizer_to_embed(source) if include_normalizer else None
    built = build(source, input_shapes, opset, {**default_registry(), **(converters or {})}, normalizer)
    found = _verify(built, normalizer, reference, data) if verify and reference is not None else None
    if verify and found is None:
        warnings.warn(
            f"{os.fspath(path)} was not compared with DL4J, because no engine is at hand; it is marked so. "
            "Export from a running network, or call verify_onnx with DL4J's outputs",
            UserWarning,
            stacklevel=2,
        )
    _describe(built, source, normalizer, found)
    _write(built.model, Path(path))
    return ExportReport(
        path=Path(path),
        opset=built.opset,
        ir_version=IR_VERSIONS[built.opset],
        verified=found is not None,
        max_abs_error=None if found is None else found.max_abs_error,
        max_rel_error=None if found is None else found.max_rel_error,
        nodes=len(built.model.graph.node),
        layers=len(parse_configuration(source.configuration).layers),
        parameters=int(source.params.size),
        input_shape=built.input.shape,
        output_shape=built.output_shape,
        normalizer=_normalizer_state(source, normalizer),
    )


def _as_model_zip(model: Any) -> ModelZip:
    if isinstance(model, ModelZip):
        return model
    if isinstance(model, HasModelZip):
        return model.to_model_zip()
    return read_model_zip(model)


def _normalizer_to_embed(source: ModelZip) -> Normalizer:
    if source.normalizer is not None and source.normalizer.fitted:
        return source.normalizer
    reason = source.ignored_because.get("normalizer.bin", "the model file has no fitted one")
    raise ExportError(f"include_normalizer=True, but there is none to include: {reason}")


def _verify(built: Built, normalizer: Normalizer | None, reference: Reference, data: Any) -> Verification:
    """Compare one row and three, or all of the given ones."""
    dtype = helper.tensor_dtype_to_np_dtype(built.model.graph.input[0].type.tensor_type.elem_type)
    if data is None:
        rows = built.input.draw(3, np.random.default_rng(SEED), dtype)
        if normalizer is not None:
            rows = normalizer.revert(rows).astype(dtype)
    else:
        rows = np.asarray(data).astype(dtype)
        if rows.ndim != len(built.input.shape) or not len(rows):
            raise ExportError(f"data of shape {rows.shape} are no rows for an input of {built.input.shape}")
    content = built.model.SerializeToString(deterministic=True)
    found = []
    for batch in (rows[:1], rows):
        expected = reference(batch if normalizer is None else normalizer.transform(batch))
        found.append(verify_onnx(content, batch, expected))
    return Verification(max(f.max_abs_error for f in found), max(f.max_rel_error for f in found), len(rows))


def _describe(built: Built, source: ModelZip, normalizer: Normalizer | None, found: Verification | None) -> None:
    """Write into the file where it comes from and how it was checked."""
    manifest = source.manifest or {}
    dtype = source.params.dtype
    properties = {
        "exporter": f"pydl4j_spark {own_version()}",
        "dl4j_version": str(manifest.get("dl4j") or DL4J_VERSION),
        "network": "MultiLayerNetwork",
        "dtype": str(dtype),
        "source_sha256": source.sha256,
        "layers": str(len(parse_configuration(source.configuration).layers)),
        "parameters": str(source.params.size),
        "input_layout": built.input.layout,
        "normalizer": _normalizer_state(source, normalizer),
        "verified": "true" if found is not None else "false",
    }
    if manifest.get("labels"):
        properties["labels"] = json.dumps(manifest["labels"], ensure_ascii=False)
    if found is not None:
        atol, rtol = TOLERANCES[dtype]
        properties["verify_tolerance"] = f"atol={atol:g} rtol={rtol:g}"
        properties["verify_rows"] = str(found.rows)
        properties["verify_seed"] = str(SEED)
        properties["verify_max_abs_error"] = f"{found.max_abs_error:.3g}"
        properties["verify_max_rel_error"] = f"{found.max_rel_error:.3g}"
    helper.set_model_props(built.model, properties)


def _normalizer_state(source: ModelZip, embedded: Normalizer | None) -> str:
    if embedded is not None:
        return "embedded"
    if source.normalizer is not None or "normalizer.bin" in source.ignored:
        return "not embedded: normalize the rows before they go in"
    return "none"


def _write(model: ModelProto, path: Path) -> None:
    with written_aside(path) as stream:
        stream.write(model.SerializeToString(deterministic=True))
