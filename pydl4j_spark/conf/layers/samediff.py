"""What DL4J's layers on SameDiff share. They spell some settings in their own way, and know no noise or dropout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import choice, named, nested
from pydl4j_spark.conf.layers.base import Layer, LearningLayer, Undropped
from pydl4j_spark.conf.updaters import Updater
from pydl4j_spark.conf.weights import WeightInit, WeightInitLike

# SameDiff has a formula for these; DL4J throws at every other activation here.
ACTIVATIONS = {
    name: name.upper()
    for name in (
        *("cube", "elu", "gelu", "hardtanh", "identity", "leakyrelu"),
        *("relu", "sigmoid", "softmax", "softplus", "softsign", "tanh"),
    )
}
# Those that draw from a distribution, or need a square matrix, are not possible here.
WEIGHT_INITS = {
    name: name.upper()
    for name in (
        *("zero", "ones", "normal", "uniform", "sigmoid_uniform", "lecun_normal", "lecun_uniform"),
        *("relu", "relu_uniform", "xavier", "xavier_uniform", "xavier_fan_in", "xavier_legacy"),
        *("var_scaling_normal_fan_in", "var_scaling_normal_fan_out", "var_scaling_normal_fan_avg"),
        *("var_scaling_uniform_fan_in", "var_scaling_uniform_fan_out", "var_scaling_uniform_fan_avg"),
    )
}


@config()
class SameDiffLayer(Undropped, LearningLayer):
    """A layer that SameDiff computes.

    Parameters
    ----------
    weight_init : str
        By name; ``"xavier"`` by default, whatever the network's is.
    parameter_inits : dict, optional
        Other weight initialisations of single parameters, by their names; distributions too.
    """

    derived_keys: ClassVar[frozenset[str]] = Layer.derived_keys | {"layerParams"}

    updater: Updater | str | None = nested("updater", Updater, default=None, inherited=True)
    weight_init: str | None = choice("weightInit", WEIGHT_INITS, default="xavier")
    parameter_inits: Mapping[str, WeightInitLike] | None = named("paramWeightInit", WeightInit, default=None)


@config("org.deeplearning4j.nn.layers.util.IdentityLayer")
class IdentityLayer(SameDiffLayer):
    """Gives what it takes, of any shape (DL4J IdentityLayer): a place to look at, or an output without a change."""

    cannot_be_first: ClassVar[bool] = True

    weight_init: str | None = choice("weightInit", WEIGHT_INITS, default=None)
