"""A network whose layers stand in one row, and its JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.checks import check_network
from pydl4j_spark.conf.fields import indexed, nested, nested_list
from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.memory import Memory, memory
from pydl4j_spark.conf.network_settings import LayerState, NetworkSettings, rows_of_batch
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.resolve import resolve
from pydl4j_spark.conf.shapes import LayerType, at_layer, entrance, walk
from pydl4j_spark.conf.summary import layer_table
from pydl4j_spark.conf.trainable import check_trainable
from pydl4j_spark.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@config()
class MultiLayerConfiguration(NetworkSettings):
    """A network whose layers stand in one row. Frozen; built and checked without a JVM.

    Every setting from `activation` to `convolution_mode` is a default for the layers, with DL4J's own defaults, and a
    layer's own setting wins. The defaults reach layers inside wrappers too. Whatever does not fit together is refused
    here, with the layer's place and name.

    Parameters
    ----------
    layers : list of Layer
        In order; the last is an output or loss layer.
    input_type : InputType, optional
        What one example looks like. Where not given, `n_in` of a dense, output or recurrent first layer tells, and
        it is filled in.
    preprocessors : dict, optional
        Preprocessors by layer index, where others are wanted than those put in automatically.
    settings
        As of `NetworkSettings`, by name: `seed`, `updater`, `weight_init`, `l2`, `backprop_type`, `data_type`, ...
    """

    layers: Sequence[Layer] = nested_list(None, Layer, default=attrs.NOTHING, kw_only=False)
    input_type: InputType | None = nested(None, InputType, default=None)
    preprocessors: Mapping[int, Preprocessor] = indexed(None, Preprocessor, default=attrs.Factory(dict))
    layer_states: Sequence[LayerState] = nested_list(None, LayerState, default=())

    _passed: tuple[LayerType, ...] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.layers:
            raise ConfigError("MultiLayerConfiguration.layers: a network needs one layer at least")
        beyond = [index for index in self.preprocessors if index >= len(self.layers)]
        if beyond:
            raise ConfigError(
                f"MultiLayerConfiguration.preprocessors: there is no layer {beyond[0]};"
                f" the last is {len(self.layers) - 1}"
            )
        if self.layer_states and len(self.layer_states) != len(self.layers):
            raise ConfigError("MultiLayerConfiguration.layer_states: there must be one for each layer, or none")
        self._settle_lengths()
        resolved = self._resolved()
        given = self.input_type or entrance(resolved, self.preprocessors)
        passed = walk(resolved, given, self.preprocessors)
        check_network(passed, outputs=self.validate_output_layer and self.for_training, truncated=self.truncated)
        if self.for_training:
            check_trainable(passed, given, truncated=self.truncated, data_type=self.data_type)
        object.__setattr__(self, "input_type", given)
        object.__setattr__(self, "_passed", passed)

    def _resolved(self) -> list[Layer]:
        names: dict[str, int] = {}
        resolved = []
        for index, layer in enumerate(self.layers):
            name = layer.name or f"layer{index}"
            with at_layer(index, layer):
                if name in names:
                    raise ConfigError(f"its name is that of layer {names[name]}; every layer needs its own")
                names[name] = index
                resolved.append(resolve(layer, self, name))
        return resolved

    def __eq__(self, other: object) -> bool:
        """Tell whether both describe the same network, however they were written down."""
        if not isinstance(other, MultiLayerConfiguration):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(self.to_json())

    @property
    def n_params(self) -> int:
        """How many parameters the network has."""
        return sum(here.n_params or 0 for here in self._passed)

    @property
    def output_type(self) -> InputType | None:
        """What comes out of the last layer; None where the network's input is not known."""
        return self._passed[-1].output_type

    def layer_types(self) -> tuple[LayerType, ...]:
        """Give each layer as it stands in the network: settings filled in, preprocessor, input and output type.

        Returns
        -------
        tuple of LayerType
            In the order of the layers.
        """
        return self._passed

    def memory(self, batch_size: int = 16) -> Memory:
        """Give how much memory training a minibatch takes, without what operations need while they run.

        Parameters
        ----------
        batch_size : int
            Rows in the minibatch.
        """
        given = {"input": self.input_type}
        return memory(self._passed, given, rows=rows_of_batch(batch_size), data_type=self.data_type)

    def summary(self, batch_size: int = 16) -> str:
        """Give a table of layers, shapes and parameters, in plain text unless it goes to a terminal.

        Parameters
        ----------
        batch_size : int
            Rows in the minibatch whose memory stands below the table.
        """
        return layer_table(self._passed, self.input_type, self.memory(batch_size))

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw the network, by matplotlib: a box for each layer with its name, type, shape and parameters.

        Parameters
        ----------
        path : str or path, optional
            Where to save the picture; its ending says in which format.
        """
        from pydl4j_spark.conf.picture import picture

        before = "input"
        chained = []
        for here in self._passed:
            chained.append(attrs.evolve(here, inputs=(before,)))
            before = here.name
        return picture(chained, {"input": self.input_type}, [before], path)

    def to_dict(self) -> dict[str, Any]:
        """Give what `to_json` writes, as a dict."""
        common = self._common_entry()
        states = self.layer_states or [LayerState(epoch_count=self.epoch_count)] * len(self.layers)
        document = self._network_entry() | {
            "confs": [
                self._layer_entry(common, here.layer, state) for here, state in zip(self._passed, states, strict=True)
            ],
            "inputPreProcessors": {
                str(here.index): here.preprocessor.to_dict() for here in self._passed if here.preprocessor is not None
            },
        }
        return document if self.input_type is None else document | {"inputType": self.input_type.to_dict()}

    def to_json(self) -> str:
        """Give the network in DL4J's JSON spelling, with an ``inputType`` of ours that DL4J passes over.

        Returns
        -------
        str
            Every setting that is known; the same text for equal networks.
        """
        return json.dumps(self.to_dict(), indent=2, sort_keys=True, allow_nan=False)

    _STRUCTURE: ClassVar[dict[str, type]] = {"confs": list, "inputPreProcessors": dict, "inputType": dict}

    @classmethod
    def from_dict(cls, document: Any) -> MultiLayerConfiguration:
        """Read what `to_dict` gave."""
        settings = cls._read_document(document)
        confs = document.get("confs") or []
        layers, states = [], []
        for index, conf in enumerate(confs):
            try:
                layer, state = cls._read_layer(conf)
            except ConfigError as why:
                raise ConfigError(f"layer {index}: {why}") from None
            layers.append(layer)
            states.append(state)
        if confs:
            settings |= cls._read_common(confs[0])
        given = document.get("inputType")
        read = {
            index: Preprocessor.from_dict(item) for index, item in (document.get("inputPreProcessors") or {}).items()
        }
        if not all(index.isdecimal() for index in read):
            raise ConfigError("MultiLayerConfiguration: the keys of 'inputPreProcessors' must be layer indices")
        return cls(
            layers=tuple(layers),
            input_type=None if given is None else InputType.from_dict(given),
            preprocessors={int(index): item for index, item in read.items()},
            layer_states=tuple(states),
            for_training=False,
            **settings,
        )
