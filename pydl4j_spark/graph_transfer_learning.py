"""New graphs out of trained ones: some vertices kept, some frozen, some replaced."""

from __future__ import annotations

from typing import Any, Self

import attrs

from pydl4j_spark.conf.base import evolve
from pydl4j_spark.conf.fine_tune import FineTuneConfiguration
from pydl4j_spark.conf.graph import ComputationGraphConfiguration
from pydl4j_spark.conf.graph_walk import at_vertex
from pydl4j_spark.conf.kinds import shown, suggestion
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.layers.frozen import Frozen, FrozenLayer
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.shapes import LayerType
from pydl4j_spark.conf.surgery import entered, is_automatic, opened, projects, resized
from pydl4j_spark.conf.topology import Placed
from pydl4j_spark.conf.vertices.base import GraphVertex
from pydl4j_spark.conf.vertices.frozen import FrozenVertex
from pydl4j_spark.conf.weights import WeightInitLike
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.graph_network import ComputationGraph
from pydl4j_spark.transfer_learning import UNKNOWN_INPUT, inherit, spans


@attrs.frozen(kw_only=True)
class _Place:
    """A vertex of the new graph; `original` tells that it is one of the source, and `keeps` that its parameters are."""

    content: Layer | GraphVertex
    inputs: tuple[str, ...]
    original: bool = False
    keeps: bool = False
    preprocessor: Preprocessor | None = None


class TransferLearningGraph:
    """Changes to a trained graph, which `build` makes a new graph of (DL4J TransferLearning.GraphBuilder).

    Every call gives a new object, and the source graph stays as it is. What a layer's parameters are is not touched
    unless a call says so: all others are the source's, to the bit.

    Parameters
    ----------
    graph : ComputationGraph
        Trained here, or read from a model zip or from Keras. Its layers and vertices must be known here.

    Raises
    ------
    ConfigError
        By every call, before anything is made: for vertices that are not there, and changes that do not fit.
    """

    def __init__(self, graph: ComputationGraph) -> None:
        if not isinstance(graph, ComputationGraph):
            raise ConfigError(
                f"TransferLearningGraph starts from a ComputationGraph, not from a {type(graph).__name__}"
            )
        self._source = graph
        self._conf = graph.conf
        self._inputs = self._conf.input_types
        self._outputs = self._conf.output_names
        self._places = _places(self._conf)
        self._fine_tune = FineTuneConfiguration()
        self._extractors: tuple[str, ...] = ()

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

    def set_feature_extractor(self, *names: str) -> Self:
        """Freeze vertices, and all that they are computed from."""
        for name in names:
            content = self._place(name).content
            if isinstance(content, Layer) and content.has_loss:
                raise ConfigError(f"'{name}' is an output or loss layer, and those cannot be frozen")
        return self._changed(_extractors=names)

    def n_out_replace(
        self,
        name: str,
        n_out: int,
        weight_init: WeightInitLike | None = None,
        weight_init_next: WeightInitLike | None = None,
    ) -> Self:
        """Change how many numbers, or channels, a layer gives. It and the layers that take them are initialised anew.

        Parameters are those of `TransferLearning.n_out_replace`. What is given goes through vertices without a size of
        their own, such as a MergeVertex, to the layers behind them.
        """
        places = dict(self._places)
        places[name] = self._resized(name, "n_out", n_out, weight_init)
        following = weight_init if weight_init_next is None else weight_init_next
        reached = {name}
        for after in self._conf_order():
            place = places[after]
            if after == name or not reached.intersection(place.inputs):
                continue
            with at_vertex(after, place.content):
                if None in self._inputs.values():
                    raise ConfigError(UNKNOWN_INPUT)
                if not isinstance(place.content, Layer):
                    reached.add(after)
                    continue
                places[after] = attrs.evolve(place, content=opened(place.content, following))
                if not projects(place.content):
                    reached.add(after)
        return self._changed(_places=places)

    def n_in_replace(self, name: str, n_in: int, weight_init: WeightInitLike | None = None) -> Self:
        """Change how many numbers, or channels, a layer takes; it is initialised anew.

        Of a layer behind an input, that is what the graph takes there: a normalizer of the source does not fit any
        more, and is left out. What other layers take follows from the vertices before them.
        """
        changed = self._resized(name, "n_in", n_in, weight_init)
        inputs = dict(self._inputs)
        given = inputs.get(changed.inputs[0])
        first = next((here for here in self._conf.vertex_types() if here.name == name), None)
        if given is not None and isinstance(first, LayerType) and isinstance(changed.content, Layer):
            inputs[changed.inputs[0]] = entered(given, first, changed.content, n_in)
        return self._changed(_places=self._places | {name: changed}, _inputs=inputs)

    def remove_vertex_and_connections(self, name: str) -> Self:
        """Take a vertex away, and all connections to and from it; of an output, the output too."""
        self._place(name)
        gone = {name, f"{name}-merge"} & set(self._places)
        places = {
            other: attrs.evolve(place, inputs=tuple(one for one in place.inputs if one not in gone))
            for other, place in self._places.items()
            if other not in gone
        }
        return self._changed(_places=places, _outputs=tuple(one for one in self._outputs if one not in gone))

    def remove_vertex_keep_connections(self, name: str) -> Self:
        """Take a vertex away whose name another will have, added next: what took its outputs will take that one's."""
        self._place(name)
        return self._changed(_places={other: place for other, place in self._places.items() if other != name})

    def add_layer(self, name: str, layer: Layer, *inputs: str, preprocessor: Preprocessor | None = None) -> Self:
        """Add a layer; its settings win over those of a FineTuneConfiguration. Several inputs are merged before it."""
        if not isinstance(layer, Layer):
            raise ConfigError(f"add_layer('{name}'): {shown(layer)} is no layer; a vertex is added with add_vertex")
        if preprocessor is not None and not isinstance(preprocessor, Preprocessor):
            raise ConfigError(f"add_layer('{name}'): expected a preprocessor, got {shown(preprocessor)}")
        return self._added(name, _Place(content=layer, inputs=inputs, preprocessor=preprocessor))

    def add_vertex(self, name: str, vertex: GraphVertex, *inputs: str) -> Self:
        """Add a vertex that is no layer."""
        if not isinstance(vertex, GraphVertex):
            raise ConfigError(f"add_vertex('{name}'): {shown(vertex)} is no vertex; a layer is added with add_layer")
        return self._added(name, _Place(content=vertex, inputs=inputs))

    def set_outputs(self, *names: str) -> Self:
        """Name all outputs, in the order of their arrays."""
        return self._changed(_outputs=names)

    def set_input_preprocessor(self, name: str, preprocessor: Preprocessor) -> Self:
        """Put a preprocessor before a layer, where another is wanted than that put in automatically."""
        if not isinstance(preprocessor, Preprocessor):
            raise ConfigError(f"expected a preprocessor, got {shown(preprocessor)}")
        changed = attrs.evolve(self._place(name), preprocessor=preprocessor)
        return self._changed(_places=self._places | {name: changed})

    # --- what comes of it --------------------------------------------------------------------------------------------

    def configuration(self, *, for_training: bool = True) -> ComputationGraphConfiguration:
        """Give the new graph's configuration, which needs no JVM.

        Parameters
        ----------
        for_training : bool
            False for a graph that is only to compute, such as one whose output layer was removed.
        """
        frozen = self._frozen()
        return evolve(
            self._conf,
            **self._fine_tune.network_settings(),
            inputs=self._inputs,
            outputs=self._outputs,
            vertices={
                name: Placed(self._settled(name, place, name in frozen), place.inputs)
                for name, place in self._places.items()
            },
            preprocessors={
                name: place.preprocessor for name, place in self._places.items() if place.preprocessor is not None
            },
            order=None,
            layer_states={},
            iteration_count=0,
            epoch_count=0,
            for_training=for_training,
        )

    def _settled(self, name: str, place: _Place, frozen: bool) -> Layer | GraphVertex:
        content = place.content
        if isinstance(content, GraphVertex):
            return FrozenVertex(content) if frozen and not isinstance(content, FrozenVertex) else content
        if frozen and not isinstance(content, Frozen):
            return FrozenLayer(content, name=name)
        return self._fine_tune.applied(content) if place.original else content

    def _frozen(self) -> set[str]:
        """Name all that the feature extractors are computed from, themselves included."""
        found: set[str] = set()
        left = [name for name in self._extractors if self._place(name)]
        while left:
            name = left.pop()
            if name in self._places and name not in found:
                found.add(name)
                left.extend(self._places[name].inputs)
        return found

    def kept(self) -> tuple[str, ...]:
        """Name the layers and vertices whose parameters are those of the source graph."""
        return tuple(self._kept(self.configuration(for_training=False)))

    def build(self, *, for_training: bool = True) -> ComputationGraph:
        """Make the new graph, in the JVM that the source is in, or else in that at hand.

        Its updater begins anew. The normalizer comes along unless the graph takes other inputs; the names of the
        classes come along for outputs that are the source's, with as many numbers.

        Parameters
        ----------
        for_training : bool
            As for `configuration`.
        """
        conf, source = self.configuration(for_training=for_training), self._source
        normalizer = source._normalizer or source.normalizer
        before, after = self._conf.output_types, conf.output_types
        same = {
            name for name, given in after.items() if self._places[name].original and before.get(name, given) == given
        }
        labels = {name: classes for name, classes in (source.labels or {}).items() if name in same}
        graph = ComputationGraph(
            conf,
            labels=labels or None,
            normalizer=normalizer if conf.input_types == self._conf.input_types else None,
        )
        inherit(graph, source, list(self._kept(conf).values()))
        return graph

    def _kept(self, conf: ComputationGraphConfiguration) -> dict[str, tuple[slice, slice]]:
        """Give where the parameters that are kept lie in the new graph, and where in the source."""
        theirs, mine = _named_spans(self._conf), _named_spans(conf)
        return {
            name: (mine[name], theirs[name])
            for name, place in self._places.items()
            if place.keeps and _length(mine[name]) == _length(theirs[name])
        }

    # --- which vertex ------------------------------------------------------------------------------------------------

    def _place(self, name: str) -> _Place:
        if name not in self._places:
            raise ConfigError(f"there is no layer or vertex {name!r}; {suggestion(name, self._places)}")
        return self._places[name]

    def _resized(self, name: str, setting: str, value: int, weight_init: WeightInitLike | None) -> _Place:
        place = self._place(name)
        with at_vertex(name, place.content):
            if not isinstance(place.content, Layer):
                raise ConfigError(f"it is no layer, and has no {setting} to replace")
            changed = resized(place.content, setting, value, weight_init)
        return attrs.evolve(place, content=changed, keeps=False)

    def _added(self, name: str, place: _Place) -> Self:
        if not isinstance(name, str) or not name:
            raise ConfigError(f"{shown(name)} is no name; wanted a text that is not empty")
        if name in self._places or name in self._inputs:
            raise ConfigError(
                f"there is a '{name}' in the graph already; take it away first (remove_vertex_keep_connections), or"
                " give another name"
            )
        return self._changed(_places=self._places | {name: place})

    def _conf_order(self) -> list[str]:
        """Give the places in an order in which each comes after what goes into it."""
        ordered: list[str] = []
        left = dict(self._places)
        while left:
            ready = [name for name, place in left.items() if not set(place.inputs) & set(left)]
            for name in ready or list(left):  # a cycle is refused when the configuration is made
                ordered.append(name)
                del left[name]
        return ordered


def _places(conf: ComputationGraphConfiguration) -> dict[str, _Place]:
    found = {here.name: here for here in conf.vertex_types()}
    given = conf.input_types | {name: here.output_type for name, here in found.items()}
    places = {}
    for name in conf.vertices:
        here = found[name]
        stated = None
        if isinstance(here, LayerType) and not is_automatic(here, given[here.inputs[0]]):
            stated = conf.preprocessors.get(name)
        places[name] = _Place(content=here.content, inputs=here.inputs, original=True, keeps=True, preprocessor=stated)
    return places


def _named_spans(conf: ComputationGraphConfiguration) -> dict[str, slice]:
    passed = conf.vertex_types()
    return dict(zip((here.name for here in passed), spans(passed), strict=True))


def _length(span: slice) -> int:
    return int(span.stop - span.start)
