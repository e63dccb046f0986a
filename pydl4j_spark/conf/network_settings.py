"""What a network is beside its layers: settings of training, defaults of the layers, and DL4J's JSON of them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import attrs

from pydl4j_spark.conf.activations import Activation
from pydl4j_spark.conf.base import Config, config, evolve, read_settings
from pydl4j_spark.conf.dropout import InputDropout, WeightNoiseFamily
from pydl4j_spark.conf.fields import choice, flag, nested, real, whole
from pydl4j_spark.conf.kinds import LONG_MAX, shown, suggestion
from pydl4j_spark.conf.layers.base import GRADIENT_NORMALIZATIONS, Layer
from pydl4j_spark.conf.layers.spatial import CONVOLUTION_MODES
from pydl4j_spark.conf.types import Number
from pydl4j_spark.conf.updaters import Updater
from pydl4j_spark.conf.weights import WeightInit, WeightInitLike
from pydl4j_spark.errors import ConfigError

# DL4J takes its old words "single" and "separate" for "enabled".
_WORKSPACES = {"enabled": "ENABLED", "none": "NONE", "single": "SINGLE", "separate": "SEPARATE"}
_CACHES = {"none": "NONE", "host": "HOST", "device": "DEVICE"}
_ALGORITHMS = {
    "stochastic_gradient_descent": "STOCHASTIC_GRADIENT_DESCENT",
    "line_gradient_descent": "LINE_GRADIENT_DESCENT",
    "conjugate_gradient": "CONJUGATE_GRADIENT",
    "lbfgs": "LBFGS",
}
_STEP_FUNCTIONS = {
    "default": "default",
    "gradient": "gradient",
    "negative_default": "negativeDefault",
    "negative_gradient": "negativeGradient",
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
    [
        *("seed", "mini_batch", "minimize", "cache_mode", "data_type"),
        *("optimization_algo", "max_num_line_search_iterations", "step_function"),
    ]
)


@config()
class LayerState(Config):
    """What DL4J keeps with a layer that has been built or trained: parameter names and counts of pretraining."""

    variables: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    iteration_count: int = whole("iterationCount", default=0)
    epoch_count: int = whole("epochCount", default=0)


@config()
class NetworkSettings(Config):
    """Settings of every network. Those from `activation` to `convolution_mode` are defaults of its layers.

    Parameters
    ----------
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
    optimization_algo, max_num_line_search_iterations, step_function : optional
        DL4J's solver.
    data_type : str
        ``"float"``, ``"double"`` or ``"half"``.
    validate_output_layer : bool
        Whether the pair of activation and loss is checked, as DL4J does.
    for_training : bool
        Whether the network must end with a loss whose pair with the activation makes sense, and DL4J be able to train
        it. It is not asked of what is read from JSON, which may have been trained elsewhere with DL4J's faults and is
        shown as it is.
    """

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
    step_function: str | None = choice("stepFunction", _STEP_FUNCTIONS, default=None, wrapped=True)
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

    # The JSON keys of the document, each with the kind of value it has, beside those of the settings.
    _STRUCTURE: ClassVar[dict[str, type]] = {}

    def _settle_lengths(self) -> None:
        """Let `tbptt_length` be both lengths."""
        if self.tbptt_length is not None:
            for field in ("tbptt_fwd_length", "tbptt_back_length"):
                object.__setattr__(self, field, self.tbptt_length)
            object.__setattr__(self, "tbptt_length", None)

    @property
    def truncated(self) -> bool:
        """Whether sequences are trained in pieces."""
        return self.backprop_type == "truncated_bptt"

    def to_dict(self) -> dict[str, Any]:
        """Give what `to_json` writes, as a dict."""
        raise NotImplementedError

    @classmethod
    def from_dict(cls, document: Any) -> Self:
        """Read what `to_dict` gave."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, text: str | bytes | os.PathLike[str]) -> Self:
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
            raise ConfigError(f"{cls.__name__}: this is not JSON ({why})") from None
        return cls.from_dict(document)

    # --- DL4J's JSON -------------------------------------------------------------------------------------------------

    def _network_entry(self) -> dict[str, Any]:
        """Give the settings that DL4J writes once for the network."""
        return self._written(_WITH_NETWORK)

    def _common_entry(self) -> dict[str, Any]:
        """Give the settings that DL4J writes with every layer."""
        return self._written(_WITH_LAYER)

    def _written(self, names: frozenset[str]) -> dict[str, Any]:
        settings = dict(self.settings)
        made: dict[str, Any] = {}
        for name in names:
            made |= settings[name].to_json(getattr(self, name))
        return made

    def _layer_entry(self, common: Mapping[str, Any], layer: Layer, state: LayerState) -> dict[str, Any]:
        """Give a layer's NeuralNetConfiguration."""
        if not state.variables and layer.variables:
            state = evolve(state, variables=layer.variables)
        return {**common, "layer": layer.to_dict(), **self._state_entry(state)}

    @staticmethod
    def _state_entry(state: LayerState) -> dict[str, Any]:
        """Give what DL4J keeps with a layer."""
        return {
            "variables": list(state.variables),
            "iterationCount": state.iteration_count,
            "epochCount": state.epoch_count,
        }

    @classmethod
    def _read_document(cls, document: Any) -> dict[str, Any]:
        """Check the keys of the whole document, and read the settings that DL4J writes once for the network."""
        _check_keys(cls.__name__, document, _keys(cls, _WITH_NETWORK) | set(cls._STRUCTURE))
        for key, wanted in cls._STRUCTURE.items():
            if not isinstance(document.get(key) or wanted(), wanted):
                raise ConfigError(f"{cls.__name__}: {key!r} must be a JSON {wanted.__name__}")
        return read_settings(cls, document, _WITH_NETWORK)

    @classmethod
    def _read_common(cls, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Read the settings that DL4J writes with every layer."""
        return read_settings(cls, entry, _WITH_LAYER)

    @classmethod
    def _read_layer(cls, entry: Any) -> tuple[Layer, LayerState]:
        """Read a layer's NeuralNetConfiguration."""
        _check_keys(
            "NeuralNetConfiguration",
            entry,
            _keys(cls, _WITH_LAYER) | {"layer", "variables", "iterationCount", "epochCount"},
        )
        return Layer.from_dict(entry.get("layer")), cls._read_state(entry)

    @staticmethod
    def _read_state(entry: Mapping[str, Any]) -> LayerState:
        """Read what DL4J keeps with a layer."""
        return LayerState(variables=_names(entry.get("variables")), **read_settings(LayerState, entry))


def rows_of_batch(batch_size: int) -> int:
    """Check a number of rows."""
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ConfigError(f"batch_size = {shown(batch_size)}: wanted a whole number of at least 1")
    return batch_size


def _keys(cls: type[Config], names: frozenset[str]) -> set[str]:
    return {key for name, kind in cls.settings if name in names for key in kind.keys}


def _check_keys(what: str, document: Any, known: set[str]) -> None:
    if not isinstance(document, Mapping):
        raise ConfigError(f"{what}: expected a JSON object, found {shown(document)}")
    for key, value in document.items():
        if key not in known and value is not None:
            raise ConfigError(f"{what}: unknown JSON key {key!r}; {suggestion(key, known)}")


def _names(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ConfigError("'variables' must be a list of names")
    return tuple(value)
