"""What fine-tuning changes in the layers of a network that is trained already."""

from __future__ import annotations

from typing import Any, cast

import attrs

from pydl4j_spark.conf.activations import Activation
from pydl4j_spark.conf.base import Config, config, evolve
from pydl4j_spark.conf.constraints import (
    Constraint,
    Constraints,
    L1Regularization,
    L2Regularization,
    Regularization,
    WeightDecay,
)
from pydl4j_spark.conf.dropout import InputDropout, WeightNoiseFamily
from pydl4j_spark.conf.fields import choice, nested, nested_list, real, whole
from pydl4j_spark.conf.kinds import LONG_MAX
from pydl4j_spark.conf.layers.base import GRADIENT_NORMALIZATIONS, BaseLayer, Layer
from pydl4j_spark.conf.layers.frozen import Frozen
from pydl4j_spark.conf.layers.spatial import CONVOLUTION_MODES
from pydl4j_spark.conf.types import Number
from pydl4j_spark.conf.updaters import Updater
from pydl4j_spark.conf.weights import WeightInit, WeightInitLike
from pydl4j_spark.errors import ConfigError

_OF_WEIGHTS = ("l1", "l2", "weight_decay")
_OF_BIASES = ("l1_bias", "l2_bias", "weight_decay_bias")
_KINDS = (L1Regularization, L2Regularization, WeightDecay)
_OF_NETWORK = (
    "seed",
    "mini_batch",
    "minimize",
    "optimization_algo",
    "max_num_line_search_iterations",
    "backprop_type",
    "tbptt_fwd_length",
    "tbptt_back_length",
    "training_workspace_mode",
    "inference_workspace_mode",
)


@config()
class FineTuneConfiguration(Config):
    """Settings for all layers that are not frozen (DL4J FineTuneConfiguration). What is not set stays as it is.

    What is set here wins over what layers of the source network say for themselves, and is the default of layers that
    are added. Settings are those of `MultiLayerConfiguration`.

    Parameters
    ----------
    activation : str or Activation, optional
        Output and loss layers keep their own.
    weight_init, bias_init : optional
        For parameters that are initialised anew.
    l1, l2, weight_decay, l1_bias, l2_bias, weight_decay_bias : float, optional
        As in DL4J, a value above 0 takes the place of all regularisation that a layer has (of weights, or of biases);
        0 takes away what the layer has of that kind.
    updater, bias_updater, dropout, weight_noise, constraints : optional
        As in a layer. Their state begins anew.
    gradient_normalization, gradient_normalization_threshold, convolution_mode : optional
        As in a layer.
    seed, mini_batch, minimize, optimization_algo, max_num_line_search_iterations : optional
        Of the network.
    backprop_type, tbptt_fwd_length, tbptt_back_length : optional
        Of the network.
    training_workspace_mode, inference_workspace_mode : str, optional
        ``"enabled"`` or ``"none"``.
    """

    activation: Activation | str | None = nested(None, Activation, default=None)
    weight_init: WeightInitLike | None = nested(None, WeightInit, default=None)
    bias_init: Number | None = real(None, default=None)
    updater: Updater | str | None = nested(None, Updater, default=None)
    bias_updater: Updater | str | None = nested(None, Updater, default=None)
    dropout: InputDropout | Number | None = nested(None, InputDropout, default=None)
    weight_noise: WeightNoiseFamily | None = nested(None, WeightNoiseFamily, default=None)
    constraints: Constraints | None = nested_list(None, Constraint, default=None)
    l1: Number | None = real(None, default=None, minimum=0)
    l2: Number | None = real(None, default=None, minimum=0)
    weight_decay: Number | None = real(None, default=None, minimum=0)
    l1_bias: Number | None = real(None, default=None, minimum=0)
    l2_bias: Number | None = real(None, default=None, minimum=0)
    weight_decay_bias: Number | None = real(None, default=None, minimum=0)
    gradient_normalization: str | None = choice(None, GRADIENT_NORMALIZATIONS, default=None)
    gradient_normalization_threshold: Number | None = real(None, default=None, above=0)
    convolution_mode: str | None = choice(None, CONVOLUTION_MODES, default=None)
    seed: int | None = whole(None, default=None, minimum=-LONG_MAX - 1, maximum=LONG_MAX)
    mini_batch: bool | None = attrs.field(default=None, kw_only=True)
    minimize: bool | None = attrs.field(default=None, kw_only=True)
    optimization_algo: str | None = attrs.field(default=None, kw_only=True)
    max_num_line_search_iterations: int | None = whole(None, default=None, minimum=1)
    backprop_type: str | None = attrs.field(default=None, kw_only=True)
    tbptt_fwd_length: int | None = whole(None, default=None, minimum=1)
    tbptt_back_length: int | None = whole(None, default=None, minimum=1)
    training_workspace_mode: str | None = attrs.field(default=None, kw_only=True)
    inference_workspace_mode: str | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        for _, l2, decay in (_OF_WEIGHTS, _OF_BIASES):
            if getattr(self, l2) and getattr(self, decay):
                raise ConfigError(
                    f"FineTuneConfiguration: {l2} and {decay} exclude each other in DL4J; give one of them"
                )

    def network_settings(self) -> dict[str, Any]:
        """Give what is set, as settings of a network: its own, and the defaults of added layers."""
        named = (*_OF_NETWORK, *_of_layers(self))
        given = {name: getattr(self, name) for name in named if getattr(self, name) is not None}
        for names in (_OF_WEIGHTS, _OF_BIASES):
            given |= {name: getattr(self, name) for name in names if getattr(self, name) is not None}
            if any(getattr(self, name) for name in names):
                given |= {name: getattr(self, name) for name in names}
        return given

    def applied(self, layer: Layer) -> Layer:
        """Give a resolved layer of the source network with what is set here; a frozen layer as it is."""
        if isinstance(layer, Frozen):
            return layer
        changed: dict[str, Any] = {field: self.applied(inner) for field, inner in layer.children.items()}
        for name in _of_layers(self):
            owner = Layer if name == "convolution_mode" else BaseLayer
            if getattr(self, name) is not None and name in layer.inherited and isinstance(layer, owner):
                changed[name] = getattr(self, name)
        if isinstance(layer, BaseLayer):
            changed["regularization"] = self._regularized(layer.regularization, _OF_WEIGHTS)
            changed["regularization_bias"] = self._regularized(layer.regularization_bias, _OF_BIASES)
        constraints = cast("tuple[Constraint, ...]", self.constraints or ())
        meant = [each for each in constraints if set(each.params) & set(layer.parameter_ranks)]
        if meant and not layer.children:
            changed["constraints"] = meant
        return evolve(layer, **changed)

    def _regularized(self, given: Any, names: tuple[str, ...]) -> tuple[Regularization, ...]:
        values = [getattr(self, name) for name in names]
        if any(values):
            return tuple(kind(value) for kind, value in zip(_KINDS, values, strict=True) if value)
        gone = tuple(kind for kind, value in zip(_KINDS, values, strict=True) if value == 0)
        return tuple(each for each in given or () if not isinstance(each, gone))


def _of_layers(settings: FineTuneConfiguration) -> list[str]:
    """Name the settings that a network hands down to its layers, but for regularisation."""
    others = {*_OF_NETWORK, *_OF_WEIGHTS, *_OF_BIASES, "constraints"}
    return [name for name, _ in settings.settings if name not in others]
