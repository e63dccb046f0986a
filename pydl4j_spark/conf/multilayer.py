"""A network whose layers stand in one row, and its JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import attrs

from pydl4j_spark.conf.activations import Activation
from pydl4j_spark.conf.base import Config, config
from pydl4j_spark.conf.checks import check_network
from pydl4j_spark.conf.dropout import InputDropout, WeightNoiseFamily
from pydl4j_spark.conf.fields import choice, flag, indexed, nested, nested_list, real, whole
from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.kinds import LONG_MAX, shown, suggestion
from pydl4j_spark.conf.layers.base import GRADIENT_NORMALIZATIONS, Layer
from pydl4j_spark.conf.layers.spatial import CONVOLUTION_MODES
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.resolve import resolve
from pydl4j_spark.conf.shapes import LayerType, at_layer, entrance, walk
from pydl4j_spark.conf.summary import table
from pydl4j_spark.conf.trainable import check_trainable
from pydl4j_spark.conf.types import Number
from pydl4j_spark.conf.updaters import Updater
from pydl4j_spark.conf.weights import WeightInit, WeightInitLike
from pydl4j_spark.errors import ConfigError

_WORKSPACES = {"enabled": "ENABLED", "none": "NONE"}
_CACHES = {"none": "NONE", "host": "HOST", "device": "DEVICE"}
_ALGORITHMS = {
    "stochastic_gradient_descent": "STOCHASTIC_GRADIENT_DESCENT",
    "line_gradient_descent": "LINE_GRADIENT_DESCENT",
    "conjugate_gradient": "CONJUGATE_GRADIENT",
    "lbfgs": "LBFGS",
}
_TYPES = {"float": "FLOAT", "double": "DOUBLE", "half": "HALF"}

# Where DL4J writes a setting: once for the network, with every layer, or both.
_WITH_NETWORK = frozenset(
    [
        "backprop_type",
        "tbptt_fwd_length",
        "tbptt_back_length",
        "cache_mode",
        "data_type",
        "training_workspace_mode",
        "inference_workspace_mode",
        "validate_output_layer",
        "iteration_count",
        "epoch_count",
    ]
)
_WITH_LAYER = frozenset(
    ["seed", "mini_batch", "minimize", "max_num_line_search_iterations", "optimization_algo", "cache_mode", "data_type"]
)


@config()
class LayerState(Config):
    """What DL4J keeps with a layer that has been built or trained: parameter names and counts of pretraining."""

    variables: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    iteration_count: int = whole("iterationCount", default=0)
    epoch_count: int = whole("epochCount", default=0)


@config()
class MultiLayerConfiguration(Config):
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
    seed : int, optional
        Of initialisation and dropout; DL4J takes the clock where not given.
    activation, weight_init, bias_init, gain_init, updater, bias_updater, dropout, weight_noise : optional
        Defaults of the layers: sigmoid, xavier, 0, 1, Sgd(1e-3), and none of the others.
        `dropout` as a number is the probability of **retaining** an activation.
    l1, l2, l1_bias, l2_bias, weight_decay, weight_decay_bias : float, optional
        Regularisation of the layers' weights and biases.
    gradient_normalization, gradient_normalization_threshold : optional
        Defaults of the layers: none, and 1.
    convolution_mode : str
        ``"truncate"``, ``"strict"`` or ``"same"``.
    backprop_type : str
        ``"standard"`` or ``"truncated_bptt"``.
    tbptt_fwd_length, tbptt_back_length : int
        Time steps of a piece of a sequence, forwards and backwards; `tbptt_length` sets both.
    mini_batch, minimize : bool
        Whether gradients are divided by the minibatch size, and whether the loss is made small.
    optimization_algo, max_num_line_search_iterations : optional
        DL4J's solver.
    data_type : str
        ``"float"``, ``"double"`` or ``"half"``.
    validate_output_layer : bool
        Whether the pair of activation and loss is checked, as DL4J does.
    for_training : bool
        Whether the network must end with a loss, and DL4J be able to train it. It is not asked of what is read from
        JSON, which may have been trained elsewhere with DL4J's faults and is shown as it is.
    """

    layers: Sequence[Layer] = nested_list(None, Layer, default=attrs.NOTHING, kw_only=False)
    input_type: InputType | None = nested(None, InputType, default=None)
    preprocessors: Mapping[int, Preprocessor] = indexed(None, Preprocessor, default=attrs.Factory(dict))
    seed: int | None = whole("seed", default=None, minimum=-LONG_MAX - 1, maximum=LONG_MAX)

    activation: Activation | str = nested(None, Activation, default="sigmoid")
    weight_init: WeightInitLike = nested(None, WeightInit, default="xavier")
    bias_init: Number = real(None, default=0.0)
    gain_init: Number = real(None, default=1.0)
    updater: Updater | str = nested(None, Updater, default="sgd")
    bias_updater: Updater | str | None = nested(None, Updater, default=None)
    dropout: InputDropout | Number | None = nested(None, InputDropout, default=None)
    weight_noise: WeightNoiseFamily | None = nested(None, WeightNoiseFamily, default=None)
    l1: Number | None = real(None, default=None, minimum=0)
    l2: Number | None = real(None, default=None, minimum=0)
    l1_bias: Number | None = real(None, default=None, minimum=0)
    l2_bias: Number | None = real(None, default=None, minimum=0)
    weight_decay: Number | None = real(None, default=None, minimum=0)
    weight_decay_bias: Number | None = real(None, default=None, minimum=0)
    gradient_normalization: str = choice(None, GRADIENT_NORMALIZATIONS, default="none")
    gradient_normalization_threshold: Number = real(None, default=1.0, above=0)
    convolution_mode: str = choice(None, CONVOLUTION_MODES, default="truncate")

    backprop_type: str = choice(
        "backpropType", {"standard": "Standard", "truncated_bptt": "TruncatedBPTT"}, default="standard"
    )
    tbptt_length: int | None = whole(None, default=None, minimum=1)
    tbptt_fwd_length: int = whole("tbpttFwdLength", default=20, minimum=1)
    tbptt_back_length: int = whole("tbpttBackLength", default=20, minimum=1)
    mini_batch: bool = flag("miniBatch", default=True)
    minimize: bool = flag("minimize", default=True)
    optimization_algo: str = choice("optimizationAlgo", _ALGORITHMS, default="stochastic_gradient_descent")
    max_num_line_search_iterations: int = whole("maxNumLineSearchIterations", default=5, minimum=1)
    data_type: str = choice(
        "dataType",
        _TYPES,
        default="float",
        also={"float32": "float", "float64": "double", "float16": "half"},
    )
    cache_mode: str = choice("cacheMode", _CACHES, default="none")
    training_workspace_mode: str = choice("trainingWorkspaceMode", _WORKSPACES, default="enabled")
    inference_workspace_mode: str = choice("inferenceWorkspaceMode", _WORKSPACES, default="enabled")
    validate_output_layer: bool = flag("validateOutputLayerConfig", default=True)
    for_training: bool = flag(None, default=True)
    iteration_count: int = whole("iterationCount", default=0)
    epoch_count: int = whole("epochCount", default=0)
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
        if self.tbptt_length is not None:
            for field in ("tbptt_fwd_length", "tbptt_back_length"):
                object.__setattr__(self, field, self.tbptt_length)
            object.__setattr__(self, "tbptt_length", None)
        resolved = self._resolved()
        given = self.input_type or entrance(resolved, self.preprocessors)
        passed = walk(resolved, given, self.preprocessors)
        truncated = self.backprop_type == "truncated_bptt"
        check_network(passed, outputs=self.validate_output_layer, truncated=truncated)
        if self.for_training:
            check_trainable(passed, given, truncated=truncated, data_type=self.data_type)
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

    def summary(self) -> str:
        """Give a table of layers, shapes and parameters, in plain text unless it goes to a terminal."""
        return table(self._passed, self.input_type)

    def to_dict(self) -> dict[str, Any]:
        """Give what `to_json` writes, as a dict."""
        settings = dict(self.settings)

        def written(names: frozenset[str]) -> dict[str, Any]:
            made: dict[str, Any] = {}
            for name in names:
                made |= settings[name].to_json(getattr(self, name))
            return made

        common = written(_WITH_LAYER)
        states = self.layer_states or [LayerState(epoch_count=self.epoch_count)] * len(self.layers)
        document = written(_WITH_NETWORK) | {
            "confs": [
                common
                | {
                    "layer": here.layer.to_dict(),
                    "variables": list(state.variables or here.layer.variables),
                    "iterationCount": state.iteration_count,
                    "epochCount": state.epoch_count,
                }
                for here, state in zip(self._passed, states, strict=True)
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

    @classmethod
    def from_json(cls, text: str | bytes | os.PathLike[str]) -> MultiLayerConfiguration:
        """Read what `to_json` or DL4J's own ``toJson`` wrote.

        Parameters
        ----------
        text : str, bytes or path
            The JSON, or the path of a file with it.

        Raises
        ------
        ConfigError
            Where it is damaged, or names a class or a setting that is not supported.
        """
        if isinstance(text, os.PathLike):
            text = Path(text).read_bytes()
        try:
            document = json.loads(text)
        except (ValueError, TypeError, RecursionError) as why:
            raise ConfigError(f"MultiLayerConfiguration: this is not JSON ({why})") from None
        return cls.from_dict(document)

    _STRUCTURE: ClassVar[dict[str, type]] = {"confs": list, "inputPreProcessors": dict, "inputType": dict}

    @classmethod
    def from_dict(cls, document: Any) -> MultiLayerConfiguration:
        """Read what `to_dict` gave."""
        _check_keys("MultiLayerConfiguration", document, _keys(cls, _WITH_NETWORK) | set(cls._STRUCTURE))
        for key, wanted in cls._STRUCTURE.items():
            if not isinstance(document.get(key) or wanted(), wanted):
                raise ConfigError(f"MultiLayerConfiguration: {key!r} must be a JSON {wanted.__name__}")
        confs = document.get("confs") or []
        layers, states = [], []
        for index, conf in enumerate(confs):
            try:
                _check_keys(
                    "NeuralNetConfiguration",
                    conf,
                    _keys(cls, _WITH_LAYER) | {"layer", "variables", "iterationCount", "epochCount"},
                )
                layers.append(Layer.from_dict(conf.get("layer")))
                states.append(LayerState(variables=_names(conf.get("variables")), **_read(LayerState, conf)))
            except ConfigError as why:
                raise ConfigError(f"layer {index}: {why}") from None
        settings = _read(cls, document, _WITH_NETWORK) | (_read(cls, confs[0], _WITH_LAYER) if confs else {})
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


def _keys(cls: type[Config], names: frozenset[str]) -> set[str]:
    return {key for name, kind in cls.settings if name in names for key in kind.keys}


def _check_keys(what: str, document: Any, known: set[str]) -> None:
    if not isinstance(document, Mapping):
        raise ConfigError(f"{what}: expected a JSON object, found {shown(document)}")
    for key, value in document.items():
        if key not in known and value is not None:
            raise ConfigError(f"{what}: unknown JSON key {key!r}; {suggestion(key, known)}")


def _read(cls: type[Config], document: Mapping[str, Any], names: frozenset[str] | None = None) -> dict[str, Any]:
    read = {
        name: kind.from_json(document) for name, kind in cls.settings if kind.key and (names is None or name in names)
    }
    return {name: value for name, value in read.items() if value is not attrs.NOTHING}


def _names(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ConfigError("'variables' must be a list of names")
    return tuple(value)
