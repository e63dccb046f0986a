"""An ONNX graph that is there, and what is known of it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import IO

import onnx
from attrs import field, frozen
from onnx import ModelProto, helper

from pydl4j_spark.description import NetworkDescription
from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.graph import Array, GraphBuilder, Value
from pydl4j_spark.onnx.inputs import NetworkInput
from pydl4j_spark.onnx.storage import skeleton, write_model

IR_VERSIONS = {13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10}


@frozen
class Built:
    """A graph that is valid, and what is known of it.

    Attributes
    ----------
    network : NetworkDescription
        What it was built from.
    inputs : tuple of NetworkInput
        What goes in, masks and states aside.
    graph_inputs, graph_outputs : tuple of Value
        Everything that goes in and comes out, in the order of the file: the network's own ends first, then masks
        or further outputs, then states.
    input_orders, output_orders : tuple of (tuple of int or None)
        How the axes of the network's own ends are reordered from DL4J's layout to the file's.
    masks : Mapping from str to Value
        The masks that go in, by the name of their input.
    states : tuple of (Value, Value)
        What goes in as the state of a recurrent layer, and comes out.
    activations : Mapping from str to Value
        What comes out of each layer and vertex.
    opset : int
        The opset that was written for.
    """

    network: NetworkDescription
    inputs: tuple[NetworkInput, ...]
    graph_inputs: tuple[Value, ...]
    graph_outputs: tuple[Value, ...]
    input_orders: tuple[tuple[int, ...] | None, ...]
    output_orders: tuple[tuple[int, ...] | None, ...]
    masks: Mapping[str, Value]
    states: tuple[tuple[Value, Value], ...]
    activations: Mapping[str, Value] = field(repr=False)
    opset: int
    builder: GraphBuilder = field(repr=False)

    def _parts(self, outputs: Sequence[Value]) -> tuple[ModelProto, dict[str, Array]]:
        nodes, arrays = self.builder.used(outputs)
        model = helper.make_model(
            self.builder.graph(nodes, "pydl4j_spark", self.graph_inputs, outputs),
            producer_name="pydl4j_spark",
            producer_version=own_version(),
            opset_imports=[helper.make_opsetid("", self.opset)],
            ir_version=IR_VERSIONS[self.opset],
        )
        return model, arrays

    def write(self, stream: IO[bytes], beside: IO[bytes] | None = None, place: str = "") -> None:
        """Write the model; `beside` takes the weights, where one file does not hold them."""
        write_model(*self._parts(self.graph_outputs), stream, beside, place)

    def to_bytes(self, outputs: Sequence[Value] | None = None) -> bytes:
        """Return the model as bytes, perhaps with other outputs."""
        stream = io.BytesIO()
        write_model(*self._parts(self.graph_outputs if outputs is None else outputs), stream)
        return stream.getvalue()

    @property
    def model(self) -> ModelProto:
        """The model as onnx has it."""
        return onnx.load_model_from_string(self.to_bytes())

    @property
    def nodes(self) -> int:
        """How many nodes it has."""
        return len(self.builder.used(self.graph_outputs)[0])

    def check(self) -> None:
        """Raise ExportError unless the graph is valid ONNX."""
        try:
            onnx.checker.check_model(skeleton(*self._parts(self.graph_outputs)), full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, ValueError) as error:
            raise ExportError(f"the graph is not valid ONNX of opset {self.opset}: {error}") from error


def own_version() -> str:
    """Return the version of this package, where it is installed."""
    try:
        return version("pydl4j-spark")
    except PackageNotFoundError:
        return "unknown"
