"""The walk through a network: which preprocessors go in, what each layer takes and gives, as DL4J infers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import attrs

from pydl4j_spark.conf.base import Unknown
from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.preprocessors import FeedForwardToCnnPreProcessor, Preprocessor
from pydl4j_spark.errors import ConfigError


@attrs.frozen(kw_only=True)
class LayerType:
    """One layer as it stands in the network.

    Parameters
    ----------
    index : int or None
        Its place, from 0; None in a graph.
    layer : Layer
        With every setting filled in.
    preprocessor : Preprocessor or None
        What reshapes its input.
    input_type, output_type : InputType or None
        What goes in, after the preprocessor, and what comes out; None where it is not known.
    inputs : tuple of str
        In a graph: names of what goes in.
    """

    index: int | None
    layer: Layer
    preprocessor: Preprocessor | None
    input_type: InputType | None
    output_type: InputType | None
    inputs: tuple[str, ...] = ()

    @property
    def content(self) -> Layer:
        """The layer."""
        return self.layer

    @property
    def input_types(self) -> tuple[InputType | None, ...]:
        """What goes in, after the preprocessor."""
        return (self.input_type,)

    @property
    def name(self) -> str:
        """The layer's name."""
        return str(self.layer.name)

    @property
    def kind(self) -> str:
        """The layer's class, without its package."""
        return self.layer.label

    @property
    def n_in(self) -> int | None:
        """Numbers or channels that go in, where the layer has such a setting."""
        found = getattr(self.layer, "n_in", None)
        return found if isinstance(found, int) else None

    @property
    def frozen(self) -> bool:
        """Whether training leaves the layer as it is."""
        return self.layer.at_work is not self.layer

    @property
    def n_params(self) -> int | None:
        """How many parameters the layer has."""
        return self.layer.n_params


@contextmanager
def at_layer(index: int | None, layer: Layer) -> Iterator[None]:
    """Put a layer's place, name and class before what is wrong with it."""
    try:
        yield
    except ConfigError as why:
        if index is None:
            raise ConfigError(f"vertex '{layer.name}' ({layer.label}): {why}") from None
        raise ConfigError(f"layer {index} ({layer.name or f'layer{index}'}, {layer.label}): {why}") from None


def entrance(layers: Sequence[Layer], preprocessors: Mapping[int, Preprocessor]) -> InputType | None:
    """Infer the network's input from its first layer, where that is possible."""
    first = preprocessors.get(0)
    if first is None:
        return layers[0].input_from_n_in()
    if isinstance(first, FeedForwardToCnnPreProcessor):
        return InputType.convolutional_flat(first.input_height, first.input_width, first.num_channels)
    return None


def walk(
    layers: Sequence[Layer], given: InputType | None, preprocessors: Mapping[int, Preprocessor]
) -> tuple[LayerType, ...]:
    """Go through the layers in order.

    Parameters
    ----------
    layers : list of Layer
        Resolved layers.
    given : InputType or None
        What goes in at the entrance. Where it is not known, every layer must state its own `n_in`.
    preprocessors : dict
        Those the user gave; the others are put in here.
    """
    passed = []
    current = given
    for index, layer in enumerate(layers):
        with at_layer(index, layer):
            here = pass_layer(index, layer, current, preprocessors.get(index))
            if here.n_params is None and not isinstance(here.layer, Unknown):
                raise ConfigError(_unknown_input(index))
        passed.append(here)
        current = here.output_type
    return tuple(passed)


def pass_layer(
    index: int | None,
    layer: Layer,
    given: InputType | None,
    preprocessor: Preprocessor | None,
    inputs: tuple[str, ...] = (),
) -> LayerType:
    """Give a layer as it stands behind what is given, where that is known; `n_params` is None where too little is."""
    if preprocessor is None and given is not None:
        preprocessor = layer.preprocessor_for(given)
    entering = given if preprocessor is None else preprocessor.output_type(given)
    settled = layer if entering is None else layer.accept(entering)
    if settled.n_params is not None:
        settled.check()
    leaving = None if entering is None else settled.output_type(entering)
    return LayerType(
        index=index,
        layer=settled,
        preprocessor=preprocessor,
        input_type=entering,
        output_type=leaving,
        inputs=inputs,
    )


def _unknown_input(index: int) -> str:
    if index == 0:
        return "its input is not known; give the network input_type=InputType.…, or this layer n_in"
    return "its input cannot be inferred from the layers before; give the network input_type=InputType.…"
