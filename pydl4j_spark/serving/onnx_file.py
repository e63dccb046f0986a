"""What an ONNX file says of itself: inputs, outputs, what they mean, and which files belong to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import onnx
from attrs import field, frozen

from pydl4j_spark.ends import Ends
from pydl4j_spark.errors import ConfigError, ModelFormatError
from pydl4j_spark.example_shape import ExampleShape, Shape

_TASKS = ("CLASSIFICATION", "BINARY", "REGRESSION")
_FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16)
_LAST_OPS = {"Softmax": "CLASSIFICATION", "Sigmoid": "BINARY"}
# Behind an activation, these change nothing but the shape.
_SHAPING = {"Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Cast"}
_MASK = "_mask"


@frozen
class Tensor:
    """An input or output of the graph.

    Attributes
    ----------
    name : str
        Its name in the file.
    dtype : str
        numpy's name of its type.
    shape : Shape
        Of one row; None stands for an extent that varies.
    """

    name: str
    dtype: str
    shape: Shape


@frozen(kw_only=True, eq=False)
class OnnxFile:
    """An ONNX model as it is in its file, and what it says of itself.

    Attributes
    ----------
    files : Mapping from str to bytes
        The model itself, first, and what it keeps outside, by their names.
    digest : str
        SHA-256 of all of them.
    inputs, outputs : tuple of Tensor
        What goes in, masks aside, and the outputs that are numbers: a class index or a label's name is not scored.
    masks : Mapping from str to Tensor
        The masks of inputs that have one, by the input's name.
    metadata : Mapping from str to str
        What the exporter wrote down.
    last_ops : Mapping from str to str
        The operator that makes each output.
    """

    files: Mapping[str, bytes] = field(repr=False)
    digest: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    masks: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    last_ops: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> OnnxFile:
        """Read a model, and the files beside it that it keeps its weights in.

        Raises
        ------
        FileNotFoundError
            When it is not there.
        ModelFormatError
            When it is no ONNX model, its weights are missing or outside its folder, or it takes no batches of rows.
        """
        content = path.read_bytes()
        try:
            model = onnx.load_model_from_string(content)
        except Exception as error:  # protobuf's own
            raise ModelFormatError(f"{path} is no ONNX model: {error}") from error
        graph = model.graph
        if not graph.node or not graph.output:
            raise ModelFormatError(f"{path} is no ONNX model: it has no nodes or no outputs")
        files = {path.name: content, **_outside(path, graph)}
        weights = {each.name for each in graph.initializer}
        given = {each.name: _tensor(each, path) for each in graph.input if each.name not in weights}
        metadata = {entry.key: entry.value for entry in model.metadata_props}
        # Of what the exporter wrote, the network's own inputs stand first.
        own = metadata["input_layout"].count(",") + 1 if "input_layout" in metadata else 0
        masks = {name: given[name + _MASK] for name in given if name + _MASK in list(given)[own:]}
        inputs = tuple(each for each in given.values() if each not in masks.values())
        outputs = tuple(_tensor(each, path) for each in graph.output if each.type.tensor_type.elem_type in _FLOATS)
        if own and (states := inputs[own:]):
            raise ModelFormatError(
                f"{path} takes states of recurrent layers ({', '.join(each.name for each in states)}), which rows do "
                "not have; export the network without stateful=True"
            )
        if not inputs or not outputs:
            raise ModelFormatError(f"{path} scores nothing: it has no {'outputs of numbers' if inputs else 'inputs'}")
        digest = hashlib.sha256()
        for each in files.values():
            digest.update(each)
        return cls(
            files=files,
            digest=digest.hexdigest(),
            inputs=inputs,
            outputs=outputs,
            masks=masks,
            metadata=metadata,
            last_ops={each.name: _last_op(graph, each.name) for each in outputs},
        )

    @property
    def _is_graph(self) -> bool:
        return self.metadata.get("network") == "ComputationGraph" or len(self.inputs) > 1 or len(self.outputs) > 1

    def _noted(self, key: str, ends: Sequence[Tensor]) -> Sequence[str]:
        """Give what the exporter noted of each input or output, in their order; nothing where it did not."""
        noted = self.metadata.get(key, "").split(",")
        return noted if len(noted) == len(ends) else [""] * len(ends)

    @cached_property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names of the classes of the outputs that have them."""
        try:
            found = json.loads(self.metadata.get("labels", "{}"))
        except ValueError:
            return {}
        by_name = found if isinstance(found, dict) else {self.outputs[0].name: found}
        return {name: tuple(map(str, labels)) for name, labels in by_name.items() if isinstance(labels, list)}

    @cached_property
    def channels_last(self) -> Mapping[str, str]:
        """The layouts of outputs that are sequences, images or volumes with their channels last."""
        layouts = self._noted("output_layout", self.outputs)
        return {
            output.name: layout
            for output, layout in zip(self.outputs, layouts, strict=True)
            if len(layout) > 2 and layout.endswith("C")
        }

    def _tasks(self) -> list[str]:
        """Tell what each output means: by what the exporter noted, or else by its activation."""
        return [
            noted if noted in _TASKS else _LAST_OPS.get(self.last_ops[output.name], "REGRESSION")
            for noted, output in zip(self._noted("task", self.outputs), self.outputs, strict=True)
        ]

    def ends(self, task: str | Mapping[str, str] | None) -> Ends:
        """Give the inputs and outputs as a network's.

        Parameters
        ----------
        task : str or Mapping from str to str, optional
            What the outputs mean, or some of them by name, where the file does not tell.

        Raises
        ------
        ConfigError
            For a task or an output that there is none of.
        """
        strange = [name for name in task if name not in self.last_ops] if isinstance(task, Mapping) else []
        if strange:
            raise ConfigError(
                f"task names an output {strange[0]!r}; the model has {', '.join(map(repr, self.last_ops))}"
            )
        given = task if isinstance(task, Mapping) else dict.fromkeys((each.name for each in self.outputs), task)
        shapes = []
        for output, task_of_file in zip(self.outputs, self._tasks(), strict=True):
            wanted = given.get(output.name)
            if wanted is not None and str(wanted).upper() not in _TASKS:
                raise ConfigError(f"task={wanted!r}: an output means 'classification', 'binary' or 'regression'")
            meaning = task_of_file if wanted is None else str(wanted).upper()
            shapes.append(ExampleShape(features=(), labels=output.shape, task=meaning, sparse=False))
        return Ends(
            inputs=tuple(each.name for each in self.inputs) if self._is_graph else (None,),
            input_shapes=tuple(each.shape for each in self.inputs),
            outputs=tuple(each.name for each in self.outputs) if self._is_graph else (None,),
            output_shapes=tuple(shapes),
            time_first="NWC" in self._noted("input_layout", self.inputs),
        )


def _tensor(info: onnx.ValueInfoProto, path: Path) -> Tensor:
    kind = info.type.tensor_type
    if not info.type.HasField("tensor_type") or not kind.HasField("shape") or not kind.shape.dim:
        raise ModelFormatError(f"{path}: '{info.name}' is no tensor of rows; export the network with export_onnx")
    batch, *each = ((dim.dim_value if dim.HasField("dim_value") else None) for dim in kind.shape.dim)
    if batch is not None:
        raise ModelFormatError(f"{path}: '{info.name}' has batches of just {batch}; export it with a batch that varies")
    try:
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
    except (KeyError, ValueError):
        raise ModelFormatError(f"{path}: '{info.name}' is of a type that there is none of, {kind.elem_type}") from None
    return Tensor(info.name, dtype.name, tuple(each))


def _outside(path: Path, graph: onnx.GraphProto) -> dict[str, bytes]:
    """Read what the model keeps in other files, which lie beside it."""
    names = {
        entry.value
        for tensor in _tensors(graph)
        if tensor.data_location == onnx.TensorProto.EXTERNAL
        for entry in tensor.external_data
        if entry.key == "location"
    }
    for name in sorted(names):
        if name != Path(name).name or name in ("", ".", "..", path.name):
            raise ModelFormatError(f"{path} keeps weights in {name!r}, which is no file beside it")
        if not (path.parent / name).is_file():
            raise ModelFormatError(f"{path} keeps weights in {name!r}, which is not beside it")
    return {name: (path.parent / name).read_bytes() for name in sorted(names)}


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            if attribute.HasField("g"):
                yield from _tensors(attribute.g)


def _last_op(graph: onnx.GraphProto, output: str) -> str:
    makers = {name: node for node in graph.node for name in node.output}
    name = output
    while (node := makers.get(name)) is not None:
        if node.op_type not in _SHAPING:
            return str(node.op_type)
        name = node.input[0]
    return ""
