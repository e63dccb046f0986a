"""Constraints on parameters, applied after every update, and regularisation of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias

from pydl4j_spark.conf.base import Config, config
from pydl4j_spark.conf.fields import flag, nested, numbers_of, real, texts
from pydl4j_spark.conf.schedules import Schedule
from pydl4j_spark.conf.types import Number
from pydl4j_spark.errors import ConfigError

_CONSTRAINT = "org.deeplearning4j.nn.conf.constraint."
_REGULARIZATION = "org.nd4j.linalg.learning.regularization."


@config()
class Constraint(Config):
    """The family of constraints.

    Parameters
    ----------
    params : str or list of str
        The parameters by DL4J's names: ``"W"`` the weights, ``"b"`` the bias, ``"RW"`` the recurrent weights.
    dimensions : int or list of int
        Over which axes a norm is taken: 1 for a dense or recurrent layer, (1, 2, 3) for a convolution.
    """

    names: ClassVar[dict[str, Any]] = {}

    params: Sequence[str] = texts("params", default=("W",))
    epsilon: Number = real("epsilon", default=1e-6, minimum=0)


@config(_CONSTRAINT + "MaxNormConstraint")
class MaxNormConstraint(Constraint):
    """Norms of at most `max_norm` (DL4J MaxNormConstraint)."""

    max_norm: Number = real("maxNorm", above=0, kw_only=False)
    dimensions: Sequence[int] | int = numbers_of("dimensions", default=(1,))


@config(_CONSTRAINT + "MinMaxNormConstraint")
class MinMaxNormConstraint(Constraint):
    """Norms between `min` and `max`, approached at `rate` (DL4J MinMaxNormConstraint)."""

    min: Number = real("min", default=0.0, minimum=0)
    max: Number = real("max", default=1.0, above=0)
    rate: Number = real("rate", default=1.0, above=0, maximum=1)
    dimensions: Sequence[int] | int = numbers_of("dimensions", default=(1,))

    def __attrs_post_init__(self) -> None:
        if self.min > self.max:
            raise ConfigError(f"MinMaxNormConstraint: min {self.min:g} must not exceed max {self.max:g}")


@config(_CONSTRAINT + "NonNegativeConstraint")
class NonNegativeConstraint(Constraint):
    """No parameter below 0 (DL4J NonNegativeConstraint)."""


@config(_CONSTRAINT + "UnitNormConstraint")
class UnitNormConstraint(Constraint):
    """Norms of 1 (DL4J UnitNormConstraint)."""

    dimensions: Sequence[int] | int = numbers_of("dimensions", default=(1,))


class Regularization(Config):
    """The family of regularisations. ``l1=…``, ``l2=…`` and ``weight_decay=…`` of a layer stand for them."""

    names: ClassVar[dict[str, Any]] = {}


@config(_REGULARIZATION + "L1Regularization")
class L1Regularization(Regularization):
    """Adds ``l1 * sign(w)`` to the gradient (DL4J L1Regularization)."""

    l1: Schedule | Number = nested("l1", Schedule, kw_only=False)


@config(_REGULARIZATION + "L2Regularization")
class L2Regularization(Regularization):
    """Adds ``l2 * w`` to the gradient (DL4J L2Regularization)."""

    l2: Schedule | Number = nested("l2", Schedule, kw_only=False)


@config(_REGULARIZATION + "WeightDecay")
class WeightDecay(Regularization):
    """Takes ``coefficient * w`` off after the updater, times the learning rate if `apply_lr` (DL4J WeightDecay)."""

    coefficient: Schedule | Number = nested("coeff", Schedule, kw_only=False)
    apply_lr: bool = flag("applyLR", default=True)


Constraints: TypeAlias = Sequence[Constraint] | Constraint
Regularizations: TypeAlias = Sequence[Regularization] | Regularization
