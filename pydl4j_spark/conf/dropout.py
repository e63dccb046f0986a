"""Dropout and noise on a layer's input, and noise on its weights, all of them in training only.

A plain number stands for `Dropout`, and it is DL4J's number: **the probability of retaining** an activation.
``dropout=0.8`` keeps four of five; ``1.0`` keeps all, which is how a layer leaves the network's dropout out.
"""

from __future__ import annotations

import numbers
from typing import Any, ClassVar

from pydl4j_spark.conf.base import Config, config
from pydl4j_spark.conf.fields import flag, nested, real, scheduled
from pydl4j_spark.conf.kinds import as_real
from pydl4j_spark.conf.schedules import Schedule
from pydl4j_spark.conf.types import Number
from pydl4j_spark.conf.weights import Distribution

_DROPOUT = "org.deeplearning4j.nn.conf.dropout."
_NOISE = "org.deeplearning4j.nn.conf.weightnoise."


class InputDropout(Config):
    """The family of dropouts."""

    names: ClassVar[dict[str, Any]] = {}

    @classmethod
    def short(cls, value: Any) -> Any:
        """Make the usual dropout of the probability of retaining an activation."""
        return Dropout(as_real(value)) if isinstance(value, numbers.Real) else super().short(value)


@config(_DROPOUT + "Dropout")
class Dropout(InputDropout):
    """Sets activations to 0 and scales the others up; `p` is the probability of **retaining** one (DL4J Dropout)."""

    p: Number | Schedule = scheduled("p", "pschedule", Schedule, above=0, maximum=1, kw_only=False)
    helper_allow_fallback: bool = flag("helperAllowFallback", default=True)


@config(_DROPOUT + "AlphaDropout")
class AlphaDropout(InputDropout):
    """Dropout that keeps mean and variance, for SELU; `p` is the probability of **retaining** (DL4J AlphaDropout).

    It takes no schedule: DL4J writes one to JSON under a key that it does not read again.
    """

    p: Number = real("p", above=0, maximum=1, kw_only=False)
    alpha: Number = real("alpha", default=1.6732632423543772)
    lambda_: Number = real("lambda", default=1.0507009873554805)


@config(_DROPOUT + "GaussianDropout")
class GaussianDropout(InputDropout):
    """Multiplies by normal noise of mean 1 and variance ``rate / (1 - rate)`` (DL4J GaussianDropout)."""

    rate: Number | Schedule = scheduled("rate", "rateSchedule", Schedule, minimum=0, below=1, kw_only=False)


@config(_DROPOUT + "GaussianNoise")
class GaussianNoise(InputDropout):
    """Adds normal noise of mean 0 (DL4J GaussianNoise)."""

    stddev: Number | Schedule = scheduled("stddev", "stddevSchedule", Schedule, minimum=0, kw_only=False)


@config(_DROPOUT + "SpatialDropout")
class SpatialDropout(InputDropout):
    """Dropout of whole channels, for images and sequences; `p` is that of **retaining** (DL4J SpatialDropout)."""

    p: Number | Schedule = scheduled("p", "pschedule", Schedule, above=0, maximum=1, kw_only=False)


class WeightNoiseFamily(Config):
    """The family of noises on weights."""

    names: ClassVar[dict[str, Any]] = {}


@config(_NOISE + "DropConnect")
class DropConnect(WeightNoiseFamily):
    """Sets weights to 0; the probability is that of **retaining** one (DL4J DropConnect)."""

    weight_retain_prob: Number | Schedule = scheduled(
        "weightRetainProb", "weightRetainProbSchedule", Schedule, above=0, maximum=1, kw_only=False
    )
    apply_to_biases: bool = flag("applyToBiases", default=False)


@config(_NOISE + "WeightNoise")
class WeightNoise(WeightNoiseFamily):
    """Adds to weights, or multiplies them by, what a distribution gives (DL4J WeightNoise)."""

    distribution: Distribution = nested("distribution", Distribution, kw_only=False)
    apply_to_bias: bool = flag("applyToBias", default=False)
    additive: bool = flag("additive", default=True)
