"""What DL4J's layers on SameDiff share. They spell some settings in their own way, and know no noise or dropout."""

from __future__ import annotations

from typing import ClassVar

from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.dropout import InputDropout
from pydl4j_spark.conf.fields import choice, nested
from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.layers.base import Layer, LearningLayer
from pydl4j_spark.conf.types import Number
from pydl4j_spark.conf.updaters import Updater
from pydl4j_spark.errors import ConfigError

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
class SameDiffLayer(LearningLayer):
    """A layer that SameDiff computes. DL4J applies no dropout to it, so that the network's does not reach it.

    Parameters
    ----------
    weight_init : str
        By name; ``"xavier"`` by default, whatever the network's is.
    """

    derived_keys: ClassVar[frozenset[str]] = Layer.derived_keys | {"layerParams", "paramWeightInit"}

    dropout: InputDropout | Number | None = nested("idropout", InputDropout, default=None)
    updater: Updater | str | None = nested("updater", Updater, default=None, inherited=True)
    weight_init: str | None = choice("weightInit", WEIGHT_INITS, default="xavier")

    def check_training(self, given: InputType | None) -> None:
        """Refuse dropout, which DL4J leaves out without a word."""
        if self.dropout is not None:
            raise ConfigError("DL4J applies no dropout to this layer; put a DropoutLayer before it")
