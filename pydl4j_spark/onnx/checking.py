"""Whether an ONNX file that lies there computes what a model file does."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from attrs import evolve
from onnx import ValueInfoProto, helper

from pydl4j_spark.description import NetworkDescription, parse_configuration
from pydl4j_spark.errors import ExportError
from pydl4j_spark.model_zip import ModelZip
from pydl4j_spark.onnx.export import HasModelZip, as_model_zip
from pydl4j_spark.onnx.graph import Dim, Shape, Value
from pydl4j_spark.onnx.inputs import NetworkInput, find_inputs, mask_name
from pydl4j_spark.onnx.proof import Request, compared
from pydl4j_spark.onnx.report import EMBEDDED, SCALED_BACK
from pydl4j_spark.onnx.verify import Verification
from pydl4j_spark.onnx.wiring import Orders, Wiring, is_plain
from pydl4j_spark.onnx.witness import Reference


def verify_export(
    model: str | os.PathLike[str] | ModelZip | HasModelZip,
    onnx_path: str | os.PathLike[str],
    data: Any = None,
    *,
    engine: Any = None,
    reference: Reference | None = None,
    atol: float | None = None,
    rtol: float | None = None,
) -> Verification:
    """Compare a file that `export_onnx` wrote with the model it came from.

    Parameters
    ----------
    model : path, ModelZip or object with ``to_model_zip()``
        The network.
    onnx_path : path
        The file.
    data, engine, reference, atol, rtol
        As for `export_onnx`.

    Returns
    -------
    Verification
        The largest differences.

    Raises
    ------
    ExportError
        When the outputs differ, the file is none of this network, or nobody is at hand who knows DL4J's outputs.
    ModelFormatError
        When the model file is damaged.
    EngineError
        When `engine` cannot run the network.
    """
    source = as_model_zip(model)
    network = parse_configuration(source.configuration)
    wiring = _wiring(Path(onnx_path), source, network)
    request = Request(reference=reference, engine=engine, data=data, atol=atol, rtol=rtol)
    found = compared(wiring, Path(onnx_path), source, network.kind, network.outputs, request)
    if isinstance(found, str):
        raise ExportError(f"{os.fspath(onnx_path)} cannot be compared: {found}; give engine='local'")
    return found


def _wiring(path: Path, source: ModelZip, network: NetworkDescription) -> Wiring:
    """Read the ends of a file."""
    model = _read(path)
    said = _said(model)
    for key, own in (("network", network.kind), ("parameters", str(source.params.size))):
        if said.get(key, own) != own:
            raise ExportError(f"{path} was made of another model: it says {key} {said[key]}, the model file has {own}")
    count, results = len(network.inputs), len(network.outputs)
    inputs, outputs = ([_value(one, path) for one in ends] for ends in (model.graph.input, model.graph.output))
    if len(inputs) < count or len(outputs) < results:
        raise ExportError(
            f"{path} has the inputs {', '.join(one.name for one in inputs) or 'none'} and {len(outputs)} outputs; "
            f"this network has {count} and {results}"
        )
    names = {mask_name(name): name for name in network.inputs}
    masks = {names[value.name]: value.name for value in inputs[count:] if value.name in names}
    before = [value for value in inputs[count:] if value.name not in names]
    orders = _orders(said, "input_axes", inputs[:count], path)
    shapes = {
        name: tuple(extent if isinstance(extent, int) else None for extent in _inside(value.shape, order)[1:])
        for name, value, order in zip(network.inputs, inputs, orders, strict=False)
    }
    embedded, reverted = said.get("normalizer") == EMBEDDED, said.get("outputs") == SCALED_BACK
    if (embedded or reverted) and source.normalizer is None:
        raise ExportError(f"{path} has a normalizer inside, and the model file has none: it is of another model")
    entries = zip(find_inputs(network, source.manifest, shapes), inputs, strict=False)
    return Wiring(
        entries=tuple(_with_rows(entry, value.shape[0]) for entry, value in entries),
        inputs=tuple(value.name for value in inputs[:count]),
        masks=masks,
        states=tuple(zip(before, outputs[len(outputs) - len(before) :], strict=True)),
        outputs=tuple(value.name for value in outputs[:results]),
        plain=all(is_plain(value.shape) for value in outputs[:results]),
        dtype=np.dtype(inputs[0].dtype),
        embedded=embedded,
        input_orders=orders,
        output_orders=_orders(said, "output_axes", outputs[:results], path),
        label_normalizer=source.normalizer if reverted else None,
    )


def _with_rows(entry: NetworkInput, rows: Dim) -> NetworkInput:
    """Keep the number of rows, where a network runs with that one only."""
    return evolve(entry, shape=(rows, *entry.shape[1:])) if isinstance(rows, int) and rows > 0 else entry


def has_normalizer(path: str | os.PathLike[str]) -> bool:
    """Tell whether a file takes rows as they are before normalization.

    Raises
    ------
    ExportError
        When it is no ONNX file.
    """
    return _said(_read(Path(path))).get("normalizer") == EMBEDDED


def _said(model: onnx.ModelProto) -> dict[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}


def _read(path: Path) -> onnx.ModelProto:
    content = path.read_bytes()
    try:
        return onnx.load_model_from_string(content)
    except Exception as reason:  # protobuf's own
        raise ExportError(f"{path} is no ONNX file ({reason})") from reason


def _value(info: ValueInfoProto, path: Path) -> Value:
    tensor = info.type.tensor_type
    shape = tuple(axis.dim_param or int(axis.dim_value) for axis in tensor.shape.dim)
    try:
        return Value(info.name, shape, helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    except (KeyError, ValueError):
        raise ExportError(f"{path}: {info.name!r} is no tensor of a known type; export the network again") from None


def _orders(said: Mapping[str, str], key: str, values: Sequence[Value], path: Path) -> Orders:
    """Read how the axes of inputs or outputs are reordered, as `report.properties` wrote it."""
    if key not in said:
        return (None,) * len(values)
    try:
        found = json.loads(said[key])
    except ValueError:
        found = None
    if not isinstance(found, list) or len(found) != len(values) or not all(map(_is_order, found, values)):
        raise ExportError(f"{path} says {key}={said[key]}, which its ends do not have; export the network again")
    return tuple(None if order is None else tuple(order) for order in found)


def _is_order(found: Any, value: Value) -> bool:
    axes = range(value.rank)
    return found is None or (isinstance(found, list) and len(found) == len(axes) and all(i in found for i in axes))


def _inside(shape: Shape, order: tuple[int, ...] | None) -> Shape:
    """Give a shape in DL4J's layout."""
    return shape if order is None else tuple(shape[order.index(axis)] for axis in range(len(shape)))
