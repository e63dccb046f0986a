"""What shape a value must have for what takes it: a layer right behind, or one behind vertices and preprocessors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from attrs import evolve

from pydl4j_spark.description import NetworkDescription, NodeDescription
from pydl4j_spark.onnx.graph import BATCH, TIME, Dim, Shape

Taken: TypeAlias = Callable[[NodeDescription], Shape | None]

_LAYERS, _VERTICES = "org.deeplearning4j.nn.conf.layers.", "org.deeplearning4j.nn.conf.graph."
_OF_ONE_LENGTH = _LAYERS + "RecurrentAttentionLayer"
_LOCALLY_CONNECTED, _PRELU = _LAYERS + "LocallyConnected1D", _LAYERS + "PReLULayer"
_MERGE = _VERTICES + "MergeVertex"
# What comes out of these is shaped as what went in, the number of rows aside.
_ALIKE = {
    _VERTICES + "ElementWiseVertex",
    _VERTICES + "ScaleVertex",
    _VERTICES + "ShiftVertex",
    _VERTICES + "L2NormalizeVertex",
    _VERTICES + "StackVertex",
    _VERTICES + "UnstackVertex",
    _VERTICES + "rnn.ReverseTimeSeriesVertex",
    _LAYERS + "ActivationLayer",
    _LAYERS + "BatchNormalization",
    _LAYERS + "DropoutLayer",
}
_AS_WIDE = {*_ALIKE, _VERTICES + "rnn.LastTimeStepVertex", _VERTICES + "rnn.DuplicateToTimeSeriesVertex"}


class Readers:
    """What the nodes of a network take.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    taken : callable
        Returns the shape that a layer takes, where its JSON tells.
    """

    def __init__(self, network: NetworkDescription, taken: Taken) -> None:
        self.nodes = {node.name: node for node in network.nodes}
        self.taken = taken
        self.of: dict[str, list[NodeDescription]] = {}
        self._shapes: dict[str, Shape | None] = {}
        for node in network.nodes:
            for name in dict.fromkeys(node.inputs):
                self.of.setdefault(name, []).append(node)

    @property
    def one_length(self) -> int | None:
        """The length of the sequences that DL4J ran the network with, where it takes no other; 0 before it ran."""
        lengths = (node.json.get("timeSteps") for node in self.nodes.values() if node.dl4j_class == _OF_ONE_LENGTH)
        return max((int(length or 0) for length in lengths), default=None)

    def weigh_steps(self, time_axis: int) -> bool:
        """Tell whether some layer has weights for each step, which then are as many as they were."""
        return any(_weighs_steps(node, time_axis) for node in self.nodes.values())

    def behind(self, name: str) -> list[NodeDescription]:
        """Return what takes a value, also from those that hand it on with its axes as they are."""
        found: dict[str, NodeDescription] = {}
        waiting = [name]
        for place in waiting:
            for node in self.of.get(place, ()):
                if node.name not in found:
                    found[node.name] = node
                    waiting += [node.name] if node.dl4j_class in _ALIKE or node.dl4j_class == _MERGE else []
        return list(found.values())

    def shape(self, name: str) -> Shape | None:
        """Return the shape that a value must have, where its readers tell."""
        if name not in self._shapes:
            found = (self._by(node, name) for node in self.of.get(name, ()))
            self._shapes[name] = next((shape for shape in found if shape is not None), None)
        return self._shapes[name]

    def _by(self, node: NodeDescription, name: str) -> Shape | None:
        shape = self.taken(node) if node.is_layer else None
        if shape is not None or node.preprocessor is not None:
            return shape
        if node.dl4j_class in _ALIKE:
            return self.shape(node.name)
        kind = node.dl4j_class.removeprefix(_VERTICES)
        return _THROUGH[kind](self, node, name) if kind in _THROUGH else None

    def _merged(self, node: NodeDescription, name: str) -> Shape | None:
        """Subtract the others from what all of them together must be."""
        whole = self.shape(node.name)
        if whole is None or node.inputs.count(name) > 1:
            return None
        axis = int(node.json.get("mergeAxis", 1)) % len(whole)
        size: Dim | None = whole[axis]
        for other in node.inputs:
            width = 0 if other == name else self._width(other)
            size = size - width if isinstance(size, int) and width is not None else None
        return (*whole[:axis], size, *whole[axis + 1 :]) if size is not None else None

    def _width(self, name: str) -> int | None:
        """Return how many numbers or channels come out of a node."""
        node = self.nodes.get(name)
        if node is None:
            return None
        if node.dl4j_class in _AS_WIDE:
            return self._width(node.inputs[0])
        return int(node.json["nout"]) if node.json.get("nout") else None

    def _last(self, node: NodeDescription, name: str) -> Shape | None:
        row = self.shape(node.name)
        return None if row is None else (*row, TIME)

    def _duplicated(self, node: NodeDescription, name: str) -> Shape | None:
        steps = self.shape(node.name)
        return None if steps is None else steps[:2]

    def _attended(self, node: NodeDescription, name: str) -> Shape | None:
        key = ("ninQueries", "ninKeys", "ninValues")[node.inputs.index(name)]
        return BATCH, int(node.json[key]), TIME

    def _prepared(self, node: NodeDescription, name: str) -> Shape | None:
        """Let the layers behind a preprocessor in a vertex tell, as if it stood in front of them."""
        inner = node.json["preProcessor"]
        found = (self.taken(evolve(reader, preprocessor=inner)) for reader in self.of.get(node.name, ()))
        return next((shape for shape in found if shape is not None), None)


def _weighs_steps(node: NodeDescription, time_axis: int) -> bool:
    if node.dl4j_class == _PRELU:
        return len(node.json["inputShape"]) == 2 and time_axis not in (node.json.get("sharedAxes") or ())
    return node.dl4j_class == _LOCALLY_CONNECTED


_THROUGH: Mapping[str, Callable[[Readers, NodeDescription, str], Shape | None]] = {
    "MergeVertex": Readers._merged,
    "AttentionVertex": Readers._attended,
    "PreprocessorVertex": Readers._prepared,
    "rnn.LastTimeStepVertex": Readers._last,
    "rnn.DuplicateToTimeSeriesVertex": Readers._duplicated,
}
