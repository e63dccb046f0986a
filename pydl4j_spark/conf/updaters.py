"""Updaters: how a gradient becomes a step. Give one as an object, ``Adam(1e-3)``, or by name, ``"adam"``.

Learning rates are numbers above 0 or schedules; the defaults are DL4J's.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydl4j_spark.conf.base import Config, config
from pydl4j_spark.conf.fields import real, scheduled
from pydl4j_spark.conf.schedules import Schedule
from pydl4j_spark.conf.types import Number

_PACKAGE = "org.nd4j.linalg.learning.config."
_RATE = ("learningRate", "learningRateSchedule", Schedule)


class Updater(Config):
    """The family of updaters."""

    names: ClassVar[dict[str, Any]] = {}
    # How many numbers it keeps for each parameter.
    state_size: ClassVar[int] = 0


@config(_PACKAGE + "Sgd", "sgd")
class Sgd(Updater):
    """Plain gradient descent (DL4J Sgd)."""

    learning_rate: Number | Schedule = scheduled(*_RATE, default=1e-3, minimum=0, kw_only=False)


@config(_PACKAGE + "Adam", "adam")
class Adam(Updater):
    """Adam (DL4J Adam)."""

    state_size: ClassVar[int] = 2

    learning_rate: Number | Schedule = scheduled(*_RATE, default=1e-3, minimum=0, kw_only=False)
    beta1: Number = real("beta1", default=0.9, minimum=0, below=1)
    beta2: Number = real("beta2", default=0.999, minimum=0, below=1)
    epsilon: Number = real("epsilon", default=1e-8, minimum=0)


@config(_PACKAGE + "AdaMax", "adamax")
class AdaMax(Updater):
    """AdaMax: Adam by the largest gradient (DL4J AdaMax)."""

    state_size: ClassVar[int] = 2

    learning_rate: Number | Schedule = scheduled(*_RATE, default=1e-3, minimum=0, kw_only=False)
    beta1: Number = real("beta1", default=0.9, minimum=0, below=1)
    beta2: Number = real("beta2", default=0.999, minimum=0, below=1)
    epsilon: Number = real("epsilon", default=1e-8, minimum=0)


@config(_PACKAGE + "Nadam", "nadam")
class Nadam(Updater):
    """Adam with Nesterov's momentum (DL4J Nadam)."""

    state_size: ClassVar[int] = 2

    learning_rate: Number | Schedule = scheduled(*_RATE, default=1e-3, minimum=0, kw_only=False)
    beta1: Number = real("beta1", default=0.9, minimum=0, below=1)
    beta2: Number = real("beta2", default=0.999, minimum=0, below=1)
    epsilon: Number = real("epsilon", default=1e-8, minimum=0)


@config(_PACKAGE + "AMSGrad", "amsgrad")
class AMSGrad(Updater):
    """Adam whose step never grows again (DL4J AMSGrad)."""

    state_size: ClassVar[int] = 3

    learning_rate: Number | Schedule = scheduled(*_RATE, default=1e-3, minimum=0, kw_only=False)
    beta1: Number = real("beta1", default=0.9, minimum=0, below=1)
    beta2: Number = real("beta2", default=0.999, minimum=0, below=1)
    epsilon: Number = real("epsilon", default=1e-8, minimum=0)


@config(_PACKAGE + "AdaBelief", "adabelief")
class AdaBelief(Updater):
    """Adam by the gradient's deviation from its mean (DL4J AdaBelief). It fails in M2.1, so no network takes it."""

    state_size: ClassVar[int] = 2

    learning_rate: Number | Schedule = scheduled(*_RATE, default=1e-3, minimum=0, kw_only=False)
    beta1: Number = real("beta1", default=0.9, minimum=0, below=1)
    beta2: Number = real("beta2", default=0.999, minimum=0, below=1)
    epsilon: Number = real("epsilon", default=1e-14, minimum=0)


@config(_PACKAGE + "AdaGrad", "adagrad")
class AdaGrad(Updater):
    """AdaGrad: each parameter's step shrinks with its past gradients (DL4J AdaGrad)."""

    state_size: ClassVar[int] = 1

    learning_rate: Number | Schedule = scheduled(*_RATE, default=0.1, minimum=0, kw_only=False)
    epsilon: Number = real("epsilon", default=1e-6, minimum=0)


@config(_PACKAGE + "AdaDelta", "adadelta")
class AdaDelta(Updater):
    """AdaDelta, which has no learning rate (DL4J AdaDelta)."""

    state_size: ClassVar[int] = 2

    rho: Number = real("rho", default=0.95, minimum=0, below=1, kw_only=False)
    epsilon: Number = real("epsilon", default=1e-6, minimum=0)


@config(_PACKAGE + "RmsProp", "rmsprop")
class RmsProp(Updater):
    """RmsProp (DL4J RmsProp)."""

    state_size: ClassVar[int] = 1

    learning_rate: Number | Schedule = scheduled(*_RATE, default=0.1, minimum=0, kw_only=False)
    rms_decay: Number = real("rmsDecay", default=0.95, minimum=0, below=1)
    epsilon: Number = real("epsilon", default=1e-8, minimum=0)


@config(_PACKAGE + "Nesterovs", "nesterovs")
class Nesterovs(Updater):
    """Gradient descent with Nesterov's momentum (DL4J Nesterovs): ``Nesterovs(0.01, 0.9)``."""

    state_size: ClassVar[int] = 1

    learning_rate: Number | Schedule = scheduled(*_RATE, default=0.1, minimum=0, kw_only=False)
    momentum: Number | Schedule = scheduled(
        "momentum", "momentumISchedule", Schedule, default=0.9, minimum=0, maximum=1, kw_only=False
    )


@config(_PACKAGE + "NoOp", "no_op", "noop", "none")
class NoOp(Updater):
    """No step at all: the gradient itself is subtracted (DL4J NoOp)."""
