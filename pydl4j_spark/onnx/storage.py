"""ONNX files written as a stream: the weights never stand in memory a second time.

A ``ModelProto`` is a sequence of fields, each a tag, a length and that many bytes, in any order. Everything but the
weights is small and serialised by onnx itself; the weights follow, one array after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO

import numpy as np
from attrs import frozen
from onnx import GraphProto, ModelProto, StringStringEntryProto, TensorProto, helper

from pydl4j_spark.onnx.graph import Array

# Tags of length-delimited fields: number << 3 | 2.
_MODEL_GRAPH, _GRAPH_INITIALIZER, _TENSOR_RAW_DATA = 7 << 3 | 2, 5 << 3 | 2, 9 << 3 | 2

# The limit of a protobuf message, with some room for the graph around the weights.
LARGEST_FILE = (1 << 31) - (16 << 20)
# What is smaller stays in the file, for shapes and axes are read before the weights are at hand.
_SMALLEST_OUTSIDE = 1024
# Runtimes map the weights into memory by pages.
_PAGE = 4096


@frozen
class _Record:
    """One initializer: its bytes but for the weights, and the weights that follow, if any."""

    head: bytes
    array: Array | None

    def __len__(self) -> int:
        return len(self.head) + (0 if self.array is None else self.array.nbytes)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _field(tag: int, length: int) -> bytes:
    return bytes([tag]) + _varint(length)


def _tensor(name: str, array: Array) -> TensorProto:
    tensor = TensorProto(name=name, dims=array.shape)
    tensor.data_type = TensorProto.STRING if array.dtype.kind == "U" else helper.np_dtype_to_tensor_dtype(array.dtype)
    return tensor


def _inside(name: str, array: Array) -> _Record:
    tensor = _tensor(name, array)
    if array.dtype.kind == "U":
        tensor.string_data.extend(text.encode() for text in array.ravel())
        return _Record(tensor.SerializeToString(deterministic=True), None)
    return _Record(tensor.SerializeToString(deterministic=True) + _field(_TENSOR_RAW_DATA, array.nbytes), array)


def _outside(name: str, array: Array, place: str, offset: int) -> _Record:
    tensor = _tensor(name, array)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", place), ("offset", offset), ("length", array.nbytes)):
        tensor.external_data.append(StringStringEntryProto(key=key, value=str(value)))
    return _Record(tensor.SerializeToString(deterministic=True), None)


def _raw(array: Array) -> Array:
    """Return the bytes of an array, a copy only where it is not laid out as ONNX has it."""
    raw: Array = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1).view(np.uint8)
    return raw


def _write_array(stream: IO[bytes], array: Array) -> None:
    stream.write(_raw(array).data)


def is_outside(array: Array) -> bool:
    """Whether an array goes into the file beside, where there is one."""
    return array.dtype.kind != "U" and array.nbytes >= _SMALLEST_OUTSIDE


def write_model(
    model: ModelProto,
    arrays: Mapping[str, Array],
    stream: IO[bytes],
    beside: IO[bytes] | None = None,
    place: str = "",
) -> None:
    """Write a model and its initializers.

    Parameters
    ----------
    model : ModelProto
        The model without initializers.
    arrays : Mapping from str to array
        The initializers.
    stream : binary file object
        Where to.
    beside : binary file object, optional
        Where the larger initializers go, for models that one file does not hold.
    place : str, optional
        The name of that file as the model states it.
    """
    records = []
    offset = 0
    for name, array in arrays.items():
        if beside is None or not is_outside(array):
            records.append(_inside(name, array))
            continue
        padding = -offset % _PAGE
        beside.write(b"\0" * padding)
        offset += padding
        records.append(_outside(name, array, place, offset))
        _write_array(beside, array)
        offset += array.nbytes
    _write_records(model, records, stream)


def _write_records(model: ModelProto, records: Iterable[_Record], stream: IO[bytes]) -> None:
    graph = model.graph.SerializeToString(deterministic=True)
    heads = [_field(_GRAPH_INITIALIZER, len(record)) for record in records]
    outer = ModelProto()
    outer.CopyFrom(model)
    outer.ClearField("graph")
    stream.write(outer.SerializeToString(deterministic=True))
    length = len(graph) + sum(len(head) + len(record) for head, record in zip(heads, records, strict=True))
    stream.write(_field(_MODEL_GRAPH, length) + graph)
    for head, record in zip(heads, records, strict=True):
        stream.write(head + record.head)
        if record.array is not None:
            _write_array(stream, record.array)


def write_properties(properties: Mapping[str, str], stream: IO[bytes]) -> None:
    """Append metadata to a model that is written already: fields of a message may follow it."""
    tail = ModelProto()
    helper.set_model_props(tail, dict(properties))
    stream.write(tail.SerializeToString(deterministic=True))


def skeleton(model: ModelProto, arrays: Mapping[str, Array]) -> ModelProto:
    """Return the model with its weights as inputs, for checks that need not see their values."""
    whole = ModelProto()
    whole.CopyFrom(model)
    graph: GraphProto = whole.graph
    for name, array in arrays.items():
        if is_outside(array):
            kind = helper.np_dtype_to_tensor_dtype(array.dtype)
            graph.input.append(helper.make_tensor_value_info(name, kind, array.shape))
        else:
            record = _inside(name, array)
            raw = b"" if record.array is None else _raw(array).tobytes()
            graph.initializer.append(TensorProto.FromString(record.head + raw))
    return whole
