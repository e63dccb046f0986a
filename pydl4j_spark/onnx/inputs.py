"""The shapes of a network's inputs, which DL4J's file does not hold, and rows to try it with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import evolve, frozen

from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.description import NetworkDescription, NodeDescription
from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.graph import BATCH, TIME, Array, Dim, Shape
from pydl4j_spark.onnx.layouts import LAYOUTS, stated_layout
from pydl4j_spark.onnx.readers import Readers
from pydl4j_spark.onnx.taken import EMBEDDING_SEQUENCE, taken_by, vocabulary

# Extents to try what varies with, unlike others that are likely; several poolings fit into an image.
_TRIAL_EXTENT, _TRIAL_EXTENTS = 7, {"D": 31, "H": 33, "W": 35}


@frozen
class NetworkInput:
    """What goes in.

    Attributes
    ----------
    name : str
        DL4J's name of it.
    shape : tuple of int or str
        With the batch in front; a string is an extent that varies. The batch is a number where DL4J runs the network
        with no other.
    layout : str
        DL4J's word for it: ``"NC"``, ``"NCW"``, ``"NWC"``, ``"NCHW"``, ``"NHWC"``, ``"NCDHW"`` or ``"NDHWC"``; or
        ``"NT"`` for indices, step by step.
    indices_below : int or None
        The size of the vocabulary where the input is indices.
    """

    name: str
    shape: Shape
    layout: str
    indices_below: int | None = None

    @property
    def time_axis(self) -> int | None:
        """Where time runs, if the input is a sequence."""
        free = (axis for axis, d in enumerate(self.shape) if isinstance(d, str) and _kind(d) == TIME)
        return next(free, None) or {"NCW": 2, "NWC": 1, "NT": 1}.get(self.layout)

    def holds(self, rows: Array) -> bool:
        """Tell whether an array has rows of this shape."""
        pairs = zip(rows.shape[1:], self.shape[1:], strict=False)
        return rows.ndim == len(self.shape) and all(isinstance(b, str) or a == b for a, b in pairs)

    def draw(self, rows: int, steps: int, rng: np.random.Generator) -> Array:
        """Draw rows that the network takes, sequences of so many steps where any number will do.

        They are in single precision: that is what the way to DL4J carries.
        """
        trial = {**_TRIAL_EXTENTS, TIME: steps, BATCH: rows}
        extents = [trial.get(_kind(d), _TRIAL_EXTENT) if isinstance(d, str) else d for d in self.shape]
        if self.indices_below is not None:
            return rng.integers(0, self.indices_below, extents).astype(np.float32)
        return rng.standard_normal(extents).astype(np.float32)


def mask_name(name: str) -> str:
    """Return what the mask of an input is called in a file."""
    return f"{name}_mask"


def _kind(extent: str) -> str:
    """Return what varies; the name may also say of which input it is."""
    return extent.partition("_")[0]


def find_inputs(
    network: NetworkDescription, manifest: Mapping[str, Any] | None, input_shapes: Any = None
) -> tuple[NetworkInput, ...]:
    """Return the inputs of a network.

    Parameters
    ----------
    network : NetworkDescription
        The configuration.
    manifest : Mapping or None
        The file's ``pydl4j.json``.
    input_shapes : tuple, InputType, or Mapping from input to either, optional
        The shape of one row, without the batch; None stands for an extent that varies. Or an input type, perhaps as
        DL4J's JSON has it.

    Raises
    ------
    ExportError
        When a shape is not known, or not one that the first layer takes.
    """
    given = _by_input(network, input_shapes)
    recorded = manifest or {}
    types = recorded.get("input_types") or {network.inputs[0]: recorded.get("input_type")}
    readers = Readers(network, taken_by)
    return _told_apart([_find(readers, name, given.get(name), types.get(name)) for name in network.inputs])


def _told_apart(entries: Sequence[NetworkInput]) -> tuple[NetworkInput, ...]:
    """Name varying extents after their inputs where several have some: onnxruntime relies on one name, one number."""
    # A name that is none in arithmetic would be taken apart there.
    ends = [entry.name if entry.name.isidentifier() else str(i) for i, entry in enumerate(entries)]
    named = [{d for d in entry.shape if isinstance(d, str)} - {BATCH} for entry in entries]
    if sum(bool(names) for names in named) < 2:
        return tuple(entries)
    return tuple(
        evolve(entry, shape=tuple(f"{d}_{end}" if d in names else d for d in entry.shape))
        for entry, names, end in zip(entries, named, ends, strict=True)
    )


def _by_input(network: NetworkDescription, input_shapes: Any) -> Mapping[str, Any]:
    """Say which input each shape is of."""
    if input_shapes is None:
        return {}
    if isinstance(input_shapes, Mapping) and "@class" not in input_shapes:
        unknown = sorted(str(name) for name in input_shapes if name not in network.inputs)
        if unknown:
            raise ExportError(f"input_shapes names {unknown}; the inputs are called {list(network.inputs)}")
        return input_shapes
    if len(network.inputs) > 1:
        raise ExportError(
            f"input_shapes={input_shapes!r}: the network has the inputs {list(network.inputs)}; give a mapping from "
            "these names to shapes"
        )
    return {network.inputs[0]: input_shapes}


def _find(readers: Readers, name: str, given: Any, input_type: Mapping[str, Any] | None) -> NetworkInput:
    shape: Shape | None = None
    given = given.to_dict() if isinstance(given, InputType) else given
    if isinstance(given, Mapping):
        input_type = given
    elif given is not None:
        shape = _given(given)
        shape = _settled(shape, readers.shape(name)) if any(isinstance(d, str) for d in shape[1:]) else shape
    nodes = readers.behind(name)
    if shape is None:
        shape = readers.shape(name) if input_type is None else _of_input_type(input_type)
        if shape is None:
            raise ExportError(_unknown(name, nodes))
        if TIME in shape:
            shape = _of_length((input_type or {}).get("timeSeriesLength"), readers, shape, name)
    indices_below = next(filter(None, (vocabulary(node.dl4j_class, node.json) for node in nodes)), None)
    return NetworkInput(name, shape, _layout(nodes, shape, input_type), indices_below)


def _unknown(name: str, nodes: Sequence[NodeDescription]) -> str:
    what = "layer" if nodes and nodes[0].is_layer else "vertex"
    first = f"{what} {nodes[0].name!r}" if nodes else "nothing"
    taken, shape = (
        (first, "(3, 32, 32)") if name == "input" else (f"input {name!r} of {first}", f"{{{name!r}: (3, 32, 32)}}")
    )
    return (
        f"the model file does not say what {taken} takes; give input_shapes=, the shape of one row without the batch, "
        f"such as {shape}"
    )


def _of_length(recorded: int | None, readers: Readers, shape: Shape, name: str) -> Shape:
    """Settle the number of steps where DL4J runs the network with one only."""
    ran = readers.one_length
    if ran is None and not readers.weigh_steps(shape.index(TIME)):
        return shape
    steps = recorded if recorded and recorded > 0 else ran
    if steps:
        return tuple(int(steps) if d == TIME else d for d in shape)
    if ran is None:
        # The layer may stand where a RepeatVector has settled it.
        return shape
    raise ExportError(
        "a RecurrentAttentionLayer runs with sequences of one length, and the model file does not say which; give "
        f"input_shapes={{{name!r}: {tuple(5 if d == TIME else d for d in shape[1:])}}} with your length; or "
        "None in its place for a file that takes any, which DL4J cannot confirm"
    )


def _given(shape: Any) -> Shape:
    if not isinstance(shape, Sequence) or isinstance(shape, str) or len(shape) not in (1, 2, 3, 4):
        raise ExportError(f"input_shapes={shape!r}: the shape of one row without the batch is expected, such as (784,)")
    if not all(d is None or (isinstance(d, int | np.integer) and d > 0) for d in shape):
        raise ExportError(f"input_shapes={shape!r}: an extent is a positive integer, or None where it varies")
    unknown = iter({2: TIME, 3: "HWC", 4: "DHWC"}.get(len(shape), ""))
    return (BATCH, *(next(unknown, "U") if d is None else int(d) for d in shape))


def _settled(shape: Shape, taken: Shape | None) -> Shape:
    """Put what the layer behind takes in place of extents that may vary as far as the user is concerned."""
    if taken is None or len(taken) != len(shape):
        return shape
    return tuple(theirs if isinstance(own, str) else own for own, theirs in zip(shape, taken, strict=True))


def _of_input_type(json: Mapping[str, Any]) -> Shape | None:
    kind = str(json.get("@class", "")).rpartition("$")[2]
    try:
        if kind == "InputTypeFeedForward":
            return BATCH, int(json["size"])
        if kind == "InputTypeConvolutionalFlat":
            return BATCH, int(json["height"]) * int(json["width"]) * int(json["depth"])
        if kind == "InputTypeRecurrent":
            size = int(json["size"])
            return (BATCH, TIME, size) if json.get("format") == "NWC" else (BATCH, size, TIME)
        if kind == "InputTypeConvolutional":
            c, h, w = int(json["channels"]), int(json["height"]), int(json["width"])
            return (BATCH, h, w, c) if json.get("format") == "NHWC" else (BATCH, c, h, w)
        if kind == "InputTypeConvolutional3D":
            c, d, h, w = (int(json[key]) for key in ("channels", "depth", "height", "width"))
            return (BATCH, d, h, w, c) if json.get("dataFormat") == "NDHWC" else (BATCH, c, d, h, w)
    except (KeyError, TypeError, ValueError) as error:
        raise ExportError(f"the model file's input type {dict(json)} is not complete; give input_shapes=") from error
    return None


def _layout(readers: Sequence[NodeDescription], shape: Sequence[Dim], input_type: Mapping[str, Any] | None) -> str:
    if len(shape) == 2 and any(node.dl4j_class == EMBEDDING_SEQUENCE for node in readers):
        return "NT"
    parts = [input_type or {}, *(part for node in readers for part in (node.preprocessor or {}, node.json))]
    return stated_layout(len(shape), *parts) or LAYOUTS[len(shape)][0]
