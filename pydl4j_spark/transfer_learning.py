"""New networks out of trained ones: some layers kept, some frozen, some replaced."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import attrs
import numpy as np

from pydl4j_spark.at_hand import engine_at_hand
from pydl4j_spark.conf.base import evolve
from pydl4j_spark.conf.fine_tune import FineTuneConfiguration
from pydl4j_spark.conf.graph_walk import VertexType
from pydl4j_spark.conf.kinds import shown, suggestion
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.layers.frozen import Frozen, FrozenLayer
from pydl4j_spark.conf.multilayer import MultiLayerConfiguration
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.shapes import LayerType, at_layer
from pydl4j_spark.conf.surgery import entered, is_automatic, opened, projects, resized
from pydl4j_spark.conf.weights import WeightInitLike
from pydl4j_spark.errors import ConfigError, ModelFormatError
from pydl4j_spark.network import MultiLayerNetwork
from pydl4j_spark.network_state import NetworkState
from pydl4j_spark.training import whole_number

UNKNOWN_INPUT = (
    "what takes its outputs cannot follow, since the source network does not say what goes in:"
    " MultiLayerNetwork.load(path, input_type=InputType...)"
)


@attrs.frozen(kw_only=True)
class _Place:
    """A layer of the new network; `origin` is its place in the source, None where it was added."""

    layer: Layer
    origin: int | None = None
    keeps: bool = False
    preprocessor: Preprocessor | None = None


class TransferLearning:
    """Changes to a trained network of layers, which `build` makes a new network of (DL4J TransferLearning.Builder).

    Every call gives a new object, and the source network stays as it is. What a layer's parameters are is not touched
    unless a call says so: all others are the source's, to the bit.

    ``TransferLearning(network).set_feature_extractor("layer1").remove_output_layer().add_layer(OutputLayer(n_out=3))``

    Parameters
    ----------
    network : MultiLayerNetwork
        Trained here, or read from a model zip or from Keras. Of a zip that DL4J wrote, say what it takes where layers
        change their sizes: ``MultiLayerNetwork.load(path, input_type=...)``.

    Raises
    ------
    ConfigError
        By every call, before anything is made: for layers that are not there, and changes that do not fit.
    """

    def __init__(self, network: MultiLayerNetwork) -> None:
        if not isinstance(network, MultiLayerNetwork):
            raise ConfigError(f"TransferLearning starts from a MultiLayerNetwork, not from a {type(network).__name__}")
        self._source = network
        self._input_type = network.conf.input_type
        self._places = _places(network.conf)
        self._fine_tune = FineTuneConfiguration()
        self._extractor: str | None = None

    def _changed(self, **changes: Any) -> Self:
        changed = object.__new__(type(self))
        changed.__dict__.update(self.__dict__, **changes)
        return changed

    # --- what to change ----------------------------------------------------------------------------------------------

    def fine_tune_configuration(self, settings: FineTuneConfiguration) -> Self:
        """Give all layers that are not frozen other settings, such as a smaller learning rate."""
        if not isinstance(settings, FineTuneConfiguration):
            raise ConfigError(f"expected a FineTuneConfiguration, got {shown(settings)}")
        return self._changed(_fine_tune=settings)

    def set_feature_extractor(self, layer: int | str) -> Self:
        """Freeze a layer, by its place or name, and all before it."""
        index = self._index(layer)
        if self._places[index].layer.has_loss:
            raise ConfigError(
                f"layer {index} ({self._names[index]}) is an output or loss layer, and those cannot be frozen"
            )
        return self._changed(_extractor=self._names[index])

    def n_out_replace(
        self,
        layer: int | str,
        n_out: int,
        weight_init: WeightInitLike | None = None,
        weight_init_next: WeightInitLike | None = None,
    ) -> Self:
        """Change how many numbers, or channels, a layer gives. It and the layers that take them are initialised anew.

        Parameters
        ----------
        layer : int or str
            Its place or name.
        n_out : int
            How many there will be.
        weight_init, weight_init_next : str, WeightInit or Distribution, optional
            For this layer and for the next one with weights, whose default is that of this one; the layers' own where
            not given.
        """
        index = self._index(layer)
        places = list(self._places)
        with at_layer(index, places[index].layer):
            changed = resized(places[index].layer, "n_out", n_out, weight_init)
            if self._input_type is None and index + 1 < len(places):
                raise ConfigError(UNKNOWN_INPUT)
        places[index] = attrs.evolve(places[index], layer=changed, keeps=False)
        following = weight_init if weight_init_next is None else weight_init_next
        for after in range(index + 1, len(places)):
            with at_layer(after, places[after].layer):
                places[after] = attrs.evolve(places[after], layer=opened(places[after].layer, following))
            if projects(places[after].layer):
                break
        return self._changed(_places=tuple(places))

    def n_in_replace(self, layer: int | str, n_in: int, weight_init: WeightInitLike | None = None) -> Self:
        """Change how many numbers, or channels, a layer takes; it is initialised anew.

        Of the first layer, that is what the network takes: a normalizer of the source does not fit any more, and is
        left out. What other layers take follows from the layers before them.
        """
        index = self._index(layer)
        places = list(self._places)
        with at_layer(index, places[index].layer):
            changed = resized(places[index].layer, "n_in", n_in, weight_init)
        places[index] = attrs.evolve(places[index], layer=changed, keeps=False)
        given = self._input_type
        if index == 0 and given is not None:
            given = entered(given, self._source.conf.layer_types()[0], changed, n_in)
        return self._changed(_places=tuple(places), _input_type=given)

    def remove_output_layer(self) -> Self:
        """Take the last layer away."""
        return self.remove_layers_from_output(1)

    def remove_layers_from_output(self, n: int) -> Self:
        """Take the last `n` layers away."""
        count = whole_number("n", n)
        if count > len(self._places):
            raise ConfigError(f"{count} layers cannot be removed: there are {len(self._places)}")
        return self._changed(_places=self._places[:-count])

    def add_layer(self, layer: Layer) -> Self:
        """Put a new layer at the end; its settings win over those of a FineTuneConfiguration."""
        if not isinstance(layer, Layer):
            raise ConfigError(f"add_layer takes a layer, such as OutputLayer(n_out=3), not {shown(layer)}")
        return self._changed(_places=(*self._places, _Place(layer=layer)))

    def set_input_preprocessor(self, layer: int | str, preprocessor: Preprocessor) -> Self:
        """Put a preprocessor before a layer, where another is wanted than that put in automatically."""
        if not isinstance(preprocessor, Preprocessor):
            raise ConfigError(f"expected a preprocessor, got {shown(preprocessor)}")
        index = self._index(layer)
        places = list(self._places)
        places[index] = attrs.evolve(places[index], preprocessor=preprocessor)
        return self._changed(_places=tuple(places))

    # --- what comes of it --------------------------------------------------------------------------------------------

    def configuration(self, *, for_training: bool = True) -> MultiLayerConfiguration:
        """Give the new network's configuration, which needs no JVM.

        Parameters
        ----------
        for_training : bool
            False for a network that is only to compute, such as one whose output layer was removed.
        """
        frozen = 0 if self._extractor is None else self._index(self._extractor) + 1
        layers: list[Layer] = []
        for index, place in enumerate(self._places):
            if index < frozen and not isinstance(place.layer, Frozen):
                layers.append(FrozenLayer(place.layer, name=self._names[index]))
            else:
                layers.append(place.layer if place.origin is None else self._fine_tune.applied(place.layer))
        return evolve(
            self._source.conf,
            **self._fine_tune.network_settings(),
            layers=layers,
            input_type=self._input_type,
            preprocessors={
                index: place.preprocessor for index, place in enumerate(self._places) if place.preprocessor is not None
            },
            layer_states=(),
            iteration_count=0,
            epoch_count=0,
            for_training=for_training,
        )

    def kept(self) -> tuple[str, ...]:
        """Name the layers whose parameters are those of the source network."""
        return tuple(self._names[index] for index in self._kept(self.configuration(for_training=False)))

    def build(self, *, for_training: bool = True) -> MultiLayerNetwork:
        """Make the new network, in the JVM that the source is in, or else in that at hand.

        Its updater begins anew. The normalizer comes along unless the network takes other inputs; the names of the
        classes come along where the output layer is the source's, with as many outputs.

        Parameters
        ----------
        for_training : bool
            As for `configuration`.
        """
        conf, source = self.configuration(for_training=for_training), self._source
        same_inputs = conf.input_type == source.conf.input_type
        normalizer = source._normalizer or source.normalizer
        network = MultiLayerNetwork(
            conf,
            labels=source.labels if self._same_outputs(conf) else None,
            normalizer=normalizer if same_inputs else None,
        )
        kept = self._kept(conf)
        theirs, mine = spans(source.conf.layer_types()), spans(conf.layer_types())
        inherit(network, source, [(mine[index], theirs[origin]) for index, origin in kept.items()])
        return network

    def _kept(self, conf: MultiLayerConfiguration) -> dict[int, int]:
        """Give the places of layers that keep their parameters, and where these are in the source."""
        before, after = self._source.conf.layer_types(), conf.layer_types()
        return {
            index: place.origin
            for index, place in enumerate(self._places)
            if place.origin is not None and place.keeps and before[place.origin].n_params == after[index].n_params
        }

    def _same_outputs(self, conf: MultiLayerConfiguration) -> bool:
        source = self._source.conf
        return self._places[-1].origin == len(source.layers) - 1 and conf.output_type == source.output_type

    # --- which layer -------------------------------------------------------------------------------------------------

    @property
    def _names(self) -> list[str]:
        return [place.layer.name or f"layer{index}" for index, place in enumerate(self._places)]

    def _index(self, layer: int | str) -> int:
        names = self._names
        if isinstance(layer, str):
            if layer in names:
                return names.index(layer)
            raise ConfigError(f"there is no layer {layer!r}; {suggestion(layer, names)}")
        if isinstance(layer, bool) or not isinstance(layer, int | np.integer):
            raise ConfigError(f"a layer is named by its place or its name, not by {shown(layer)}")
        if not 0 <= layer < len(names):
            raise ConfigError(f"there is no layer {layer}; the last is {len(names) - 1} ({names[-1]})")
        return int(layer)


def _places(conf: MultiLayerConfiguration) -> tuple[_Place, ...]:
    passed = conf.layer_types()
    before = [conf.input_type, *(here.output_type for here in passed)]
    return tuple(
        _Place(
            layer=here.layer,
            origin=index,
            keeps=True,
            preprocessor=None if is_automatic(here, before[index]) else conf.preprocessors.get(index),
        )
        for index, here in enumerate(passed)
    )


def spans(passed: Sequence[LayerType | VertexType]) -> list[slice]:
    """Give where the parameters of each are among all, in the order in which they lie."""
    ends = np.cumsum([0, *(here.n_params or 0 for here in passed)]).tolist()
    return [slice(start, end) for start, end in pairwise(ends)]


def inherit(network: NetworkState, source: NetworkState, kept: Sequence[tuple[slice, slice]]) -> None:
    """Make a new network in the JVM that its source is in, or in that at hand, and hand down parameters.

    Parameters
    ----------
    network, source : NetworkState
        The new one, and the one that stays as it is.
    kept : list of pairs of slices
        Where parameters are in the new network, and where in the source.
    """
    given = source.params()
    if len(given) != source.n_params:
        raise ModelFormatError(
            f"the source network has {len(given)} parameters, and its configuration {source.n_params}"
        )
    network.attach(source._live[0] if source._live is not None else engine_at_hand())
    params = network.params()
    for mine, theirs in kept:
        params[mine] = given[theirs]
    network.set_params(params)
