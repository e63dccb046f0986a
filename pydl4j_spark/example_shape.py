"""What one example of a network is: the shapes of its features and labels, and what its output means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from pydl4j_spark.errors import ConfigError

if TYPE_CHECKING:
    from pydl4j_spark.conf.inputs import InputType
    from pydl4j_spark.conf.layers.base import Layer
    from pydl4j_spark.conf.multilayer import MultiLayerConfiguration

Shape = tuple[int | None, ...]
"""Of one example; None stands for a length that only the data can tell."""


def shape_text(shape: Shape) -> str:
    """Write a shape, with a T for time steps and a question mark for what else is not known."""
    unknown = "T" if len(shape) == 2 else "?"
    return ", ".join(unknown if n is None else str(n) for n in shape)


_SOME = 9973
_CLASS_LOSSES = {"LossMCXENT", "LossNegativeLogLikelihood", "LossSparseMCXENT"}


def _length(given: InputType) -> int | None:
    return getattr(given, "timesteps", None)


def _length_at_the_end(conf: MultiLayerConfiguration) -> int | None:
    """Give the length of sequences behind the last layer that knows it: DL4J forgets it in places."""
    length = _length(conf.input_type) if conf.input_type is not None else None
    for here in conf.layer_types():
        given = here.input_type
        if length is None and given is not None and _makes_another_length(here.layer, given):
            raise ConfigError(
                f"layer {here.index} ({here.name}) makes sequences of another length, so that theirs must be known: use"
                " InputType.recurrent(size, timesteps)"
            )
        if here.output_type is not None:
            length = _length(here.output_type) or _carried(here.layer, given, length)
    return length


def _carried(layer: Layer, given: Any, length: int | None) -> int | None:
    """Give what a layer makes of a length that its own input type does not tell."""
    if length is None or not hasattr(given, "timesteps"):
        return length
    return _length(layer.output_type(given.resized((length,), given.size))) or length


def _makes_another_length(layer: Layer, given: Any) -> bool:
    if not hasattr(given, "timesteps"):
        return False
    return _length(layer.output_type(given.resized((_SOME,), given.size))) not in (None, _SOME)


def _class(layer: Mapping[str, Any], key: str) -> str:
    part = layer.get(key)
    return str(part.get("@class", "")).rpartition(".")[2] if isinstance(part, Mapping) else ""


@frozen(kw_only=True)
class ExampleShape:
    """Shapes of one example; None stands for a number of time steps that only the data can tell."""

    features: Shape
    """Nothing for an output of a graph, whose length of sequences is its own."""
    labels: Shape
    task: str
    """``"CLASSIFICATION"``, ``"BINARY"`` (one or several yes/no outputs) or ``"REGRESSION"``."""
    sparse: bool
    """The loss itself takes class indices, as DL4J's LossSparseMCXENT does."""

    @classmethod
    def of(cls, conf: MultiLayerConfiguration) -> ExampleShape:
        """Read the shapes off a configuration.

        Raises
        ------
        ConfigError
            When the configuration has no input type, and none could be inferred.
        """
        if conf.input_type is None:
            raise ConfigError(
                "the network's input type is not known (DL4J's files do not record it); pass input_type=InputType... "
                "when loading the network"
            )
        last = json.loads(conf.to_json())["confs"][-1]["layer"]
        passed = conf.layer_types()
        if passed[-1].input_type is None:
            raise ConfigError("the shape of the network's output is not known; pass input_type=InputType...")
        features, labels = conf.input_type.shape, passed[-1].layer.label_type(passed[-1].input_type).shape
        if len(features) == len(labels) == 2 and None in labels:
            labels = tuple(_length_at_the_end(conf) if n is None else n for n in labels)
        if _class(last, "lossFn") == "LossMixtureDensity":
            labels = (last["lossFn"]["labelWidth"], *labels[1:])
        task, sparse = cls.meaning(last)
        return cls(features=features, labels=labels, task=task, sparse=sparse)

    @staticmethod
    def meaning(layer: Mapping[str, Any]) -> tuple[str, bool]:
        """Tell the task from the JSON of an output layer, and whether its loss takes class indices."""
        loss = _class(layer, "lossFn")
        if loss in _CLASS_LOSSES or _class(layer, "activationFn") == "ActivationSoftmax":
            task = "CLASSIFICATION"
        else:
            task = "BINARY" if loss == "LossBinaryXENT" else "REGRESSION"
        return task, loss == "LossSparseMCXENT"

    @classmethod
    def with_labels(cls, conf: MultiLayerConfiguration) -> ExampleShape:
        """Read the shapes off a configuration whose labels and predictions are wanted too.

        Raises
        ------
        ConfigError
            As `of`; and when the outputs are sequences, images or volumes with channels last.
        """
        layout = getattr(conf.output_type, "data_format", "NC")
        if not layout.startswith("NC"):
            first = {"NWC": "NCW", "NHWC": "NCHW", "NDHWC": "NCDHW"}[layout]
            raise ConfigError(
                f"the network's outputs have their channels last ({layout}); labels and predictions have them first"
                f" here: use data_format={first!r}"
            )
        return cls.of(conf)

    @property
    def classes(self) -> int:
        """How many outputs the network has at each position; 0 where only the labels can tell."""
        return int(self.labels[0] or 0) if self.labels else 0

    @property
    def evaluation(self) -> str:
        """The kind of evaluation that goes with the task."""
        return "REGRESSION" if self.task == "REGRESSION" else "CLASSIFICATION"

    @property
    def roc(self) -> str:
        """The kind of ROC curves that goes with the number of classes."""
        return "ROC_BINARY" if self.classes in (1, 2) else "ROC_MULTI_CLASS"

    def predictions(self, output: NDArray[Any]) -> NDArray[Any]:
        """Read classes, or values, off the network's outputs.

        Parameters
        ----------
        output : numpy.ndarray
            ``[N, n_out]``, for sequences ``[N, n_out, T]``.

        Returns
        -------
        numpy.ndarray
            Class indices ``[N]`` (sequences: ``[N, T]``), or values as they are, without the axis of a single one.
        """
        if self.task == "REGRESSION":
            return output[:, 0] if output.ndim == 2 and output.shape[1] == 1 else output
        if output.shape[1] == 1:
            return (output[:, 0] >= 0.5).astype(np.int64)
        classes: NDArray[np.int64] = np.argmax(output, axis=1)
        return classes

    def with_timesteps(self, steps: int) -> ExampleShape:
        """Settle the number of time steps of the labels."""
        return _with_timesteps(self, steps) if None in self.labels else self


@lru_cache(maxsize=256)
def _with_timesteps(shape: ExampleShape, steps: int) -> ExampleShape:
    return evolve(shape, labels=tuple(steps if n is None else n for n in shape.labels))


def class_names(labels: list[str] | tuple[str, ...], shape: ExampleShape) -> tuple[str, ...]:
    """Check the names of an output's classes.

    Raises
    ------
    ConfigError
        When there are more or fewer than the output tells apart.
    """
    names = tuple(str(label) for label in labels)
    expected = 2 if shape.classes == 1 and shape.task == "BINARY" else shape.classes
    if len(names) != expected:
        raise ConfigError(f"{len(names)} labels {names}, but the network tells {expected} classes apart")
    return names
