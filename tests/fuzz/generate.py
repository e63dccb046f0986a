"""Configurations drawn from the declarations themselves: every layer and vertex, with any of its settings.

What a setting may be is found by trying: of a pool of values, those that its declaration accepts. A new layer, or a new
setting of one, is drawn without a word here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import attrs
import numpy as np

from pydl4j_spark.conf import ComputationGraphConfiguration, InputType, MultiLayerConfiguration
from pydl4j_spark.conf.base import _BY_JAVA_CLASS, Config
from pydl4j_spark.conf.kinds import Kind
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.vertices.base import GraphVertex
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.layers import Cnn3DLossLayer, CnnLossLayer, LossLayer, OutputLayer, RnnLossLayer, RnnOutputLayer
from tests.conf import catalogue

# Gives one of some values: Hypothesis's, or a seeded random generator's.
Draw = Callable[[Sequence[Any]], Any]

NUMBERS = (1, 2, 3, 4, 0, 5, 0.5, 0.1, 0.9, 1.0, 2.0, 1e-3)
TUPLES = ((1, 1), (2, 2), (2, 1), (1, 2), (3, 2), (0, 1), (1, 1, 1), (2, 1, 2), (1, 2, 2), (2,), (3, 4))
PAIRED = ((0, 1, 1, 0), (1, 1, 1, 1), (1, 0, 0, 1, 1, 0), ((1, 2), (2.5, 1)), ((1, 1),), {"W": "relu"})
POOL: tuple[Any, ...] = (*NUMBERS, True, False, *TUPLES, *PAIRED, *catalogue.EVERYTHING)

INPUTS = (
    *(InputType.feed_forward(size) for size in (1, 2, 5)),
    InputType.convolutional_flat(4, 5, 2),
    *(InputType.convolutional(6, 5, 2, data_format=layout) for layout in ("NCHW", "NHWC")),
    InputType.convolutional(4, 4, 12),
    InputType.convolutional(9, 8, 1),
    *(InputType.convolutional3d(4, 5, 4, 2, data_format=layout) for layout in ("NCDHW", "NDHWC")),
    *(InputType.recurrent(3, 6, data_format=layout) for layout in ("NCW", "NWC")),
    InputType.recurrent(1, 4),
)
NETWORK = (
    {},
    {},
    {"updater": "adam"},
    {"l2": 0.01, "weight_init": "relu", "activation": "tanh"},
    {"convolution_mode": "same"},
    {"convolution_mode": "strict"},
    {"gradient_normalization": "clip_l2_per_layer", "data_type": "double"},
    {"backprop_type": "truncated_bptt", "tbptt_length": 2},
    {"dropout": 0.8},
)

PLAIN_ENDINGS = (
    *(OutputLayer(n_out=3), OutputLayer(n_out=1, loss="mse", activation="tanh")),
    *(RnnOutputLayer(n_out=3), CnnLossLayer(loss="mse"), Cnn3DLossLayer(data_format="NCDHW", loss="mse")),
    *(LossLayer(loss="mse"), RnnLossLayer(loss="mse")),
)


@cache
def _concrete(family: type[Config]) -> tuple[type[Config], ...]:
    """Every class of a family that DL4J has, each once."""
    found = {kind: None for _, kind in sorted(_BY_JAVA_CLASS.items()) if issubclass(kind, family)}
    return tuple(found)


@cache
def _accepted(kind: Kind, family: type[Config] | None) -> tuple[Any, ...]:
    """What a setting may be, of the pool and of the words that it names itself."""
    found = []
    for value in (*re.findall(r"'(\w+)'", kind.wants), *POOL):
        try:
            kind.convert(value)
        except (ConfigError, TypeError, ValueError, AttributeError):
            continue
        found.append(value)
    return tuple(found)


def _setting(draw: Draw, field: Any, deep: int) -> Any:
    kind: Kind = field.metadata["kind"]
    if kind.wants == "a Layer":
        return layer(draw, deep + 1)
    if kind.wants == "a GraphVertex":
        return vertex(draw)
    if kind.wants.startswith("a list of"):
        return [draw(found)] if (found := _accepted_of_list(kind)) else []
    found = _accepted(kind, None)
    if not found:
        raise ConfigError(f"{field.name}: nothing in the pool is {kind.wants}")
    return draw(found)


@cache
def _accepted_of_list(kind: Kind) -> tuple[Any, ...]:
    return _accepted(attrs.evolve(kind, convert=lambda value: kind.convert([value])), None)


def _made(draw: Draw, kind: type[Config], deep: int) -> Any:
    chosen = {}
    for field in attrs.fields(kind):
        if not field.init or "kind" not in field.metadata or field.name == "name":
            continue
        if field.default is attrs.NOTHING or draw((False,) * 5 + (True,)):
            chosen[field.name] = _setting(draw, field, deep)
    return kind(**chosen)


def layer(draw: Draw, deep: int = 0) -> Layer:
    """Any layer, with any of its settings; a wrapper with a layer inside."""
    if deep > 2:
        raise ConfigError("wrapped often enough")
    made: Layer = _made(draw, draw(_concrete(Layer)), deep)
    return made


def ending(draw: Draw) -> Layer:
    """Any layer with a loss."""
    made: Layer = _made(draw, draw([kind for kind in _concrete(Layer) if kind.has_loss]), 0)
    return made


def vertex(draw: Draw) -> GraphVertex:
    """Any vertex, with any of its settings."""
    made: GraphVertex = _made(draw, draw(_concrete(GraphVertex)), 0)
    return made


def _next(made: Callable[[Any], Any], content: Callable[[Draw], Any], draw: Draw, tries: int) -> Any:
    """The first of some that goes with what is there already, and the configuration with it."""
    refused: ConfigError | None = None
    for _ in range(tries):
        try:
            one = content(draw)
            return one, made(one)
        except ConfigError as why:
            assert str(why)
            refused = why
    raise refused or ConfigError("nothing fits")


def network(draw: Draw) -> MultiLayerConfiguration:
    """Layers in a row, each of which goes with those before; ConfigError where none was found."""
    settings = draw(NETWORK)
    wanted = draw(_concrete(Layer))
    given: Any = None
    layers: list[Layer] = []

    def with_next(one: Layer, *, trained: bool = False) -> MultiLayerConfiguration:
        return MultiLayerConfiguration([*layers, one], input_type=given, seed=1, for_training=trained, **settings)

    def begun(draw: Draw) -> Layer:
        nonlocal given
        given = draw(INPUTS)
        made: Layer = _made(draw, wanted, 0)
        return made

    first, _ = _next(with_next, begun, draw, 40)
    if not first.has_loss:
        layers.append(first)
    for _ in range(draw((0, 0, 1, 2))):
        try:
            one, _ = _next(with_next, layer, draw, 8)
        except ConfigError:
            continue
        if not one.has_loss:
            layers.append(one)
    own = (lambda draw: first) if first.has_loss and not layers else ending
    try:
        _, conf = _next(lambda one: with_next(one, trained=True), own, draw, 30)
    except ConfigError:
        # Most layers come before rows, and then any of these will do.
        _, conf = _next(lambda one: with_next(one, trained=True), lambda draw: draw(PLAIN_ENDINGS), draw, 8)
    return conf


def graph(draw: Draw) -> ComputationGraphConfiguration:
    """Layers and vertices, each behind some before it; ConfigError where none was found."""
    settings = draw(NETWORK)
    wanted = draw((*_concrete(GraphVertex), *_concrete(GraphVertex), *_concrete(Layer)))
    names: tuple[str, ...] = draw((("a",), ("a", "b"), ("a", "b", "c")))
    inputs: dict[str, InputType] = {}
    vertices: dict[str, Any] = {}

    def behind(name: str, *, trained: bool = False) -> Callable[[Any], ComputationGraphConfiguration]:
        def made(placed: Any) -> ComputationGraphConfiguration:
            found = {**vertices, name: placed}
            ends = [one for one in found if not any(one in fed[1:] for fed in found.values())]
            used = {one: given for one, given in inputs.items() if any(one in fed[1:] for fed in found.values())}
            return ComputationGraphConfiguration(
                inputs=used, vertices=found, outputs=ends, seed=1, for_training=trained, **settings
            )

        return made

    def begun(draw: Draw) -> Any:
        same = draw(INPUTS)
        inputs.update((name, same if draw((True, True, False)) else draw(INPUTS)) for name in names)
        return (_made(draw, wanted, 0), *names)

    def onward(content: Callable[[Draw], Any]) -> Callable[[Draw], Any]:
        return lambda draw: (content(draw), [*vertices][-1] if vertices else names[0])

    first, _ = _next(behind("v0"), begun, draw, 60)
    vertices["v0"] = first
    for number in range(1, draw((1, 1, 2, 3))):
        try:
            vertices[f"v{number}"], _ = _next(behind(f"v{number}"), onward(draw((layer, vertex))), draw, 8)
        except ConfigError:
            continue
    if getattr(vertices[[*vertices][-1]][0], "has_loss", False):
        name, placed = vertices.popitem()
        return behind(name, trained=True)(placed)
    try:
        _, conf = _next(behind("out", trained=True), onward(ending), draw, 20)
    except ConfigError:
        _, conf = _next(behind("out", trained=True), onward(lambda draw: draw(PLAIN_ENDINGS)), draw, 8)
    return conf


def rows(conf: MultiLayerConfiguration | ComputationGraphConfiguration, count: int = 4) -> tuple[Any, Any]:
    """Data for one step: whole numbers 0 and 1, which are indices too, and labels that the losses can take."""
    rng = np.random.default_rng(1)
    if isinstance(conf, MultiLayerConfiguration):
        first: Any = conf.layer_types()[0].layer
        lowest = getattr(first, "n_in", None) or 2
        shape = ExampleShape.with_labels(conf)
        return _features(rng, count, shape.features, lowest), _labels(rng, count, shape)
    features = [_features(rng, count, given.shape, 1) for given in conf.input_types.values() if given is not None]
    passed = {here.name: here for here in conf.vertex_types()}
    labels = []
    for name in conf.output_names:
        layer: Any = passed[name].content
        task, sparse = ExampleShape.meaning(layer.to_dict())
        given = layer.label_type(passed[name].input_types[0])
        labels.append(_labels(rng, count, ExampleShape(features=(), labels=given.shape, task=task, sparse=sparse)))
    return features if len(features) > 1 else features[0], labels if len(labels) > 1 else labels[0]


def _features(rng: np.random.Generator, count: int, shape: tuple[int | None, ...], words: int) -> Any:
    return rng.integers(0, 2 if words > 1 else 1, (count, *shape)).astype(np.float32)


def _labels(rng: np.random.Generator, count: int, shape: ExampleShape) -> Any:
    if shape.sparse:
        return rng.integers(0, shape.classes, (count, *shape.labels[1:]))
    if shape.task == "REGRESSION" or shape.classes == 1:
        return rng.integers(0, 2, (count, *shape.labels)).astype(np.float32)
    hot = np.zeros((count, *shape.labels), np.float32)
    hot[:, 0] = 1
    return hot
