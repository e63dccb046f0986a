"""Activation functions: by name, ``"relu"``, or as an object where they have settings, ``LeakyReLU(alpha=0.2)``."""

from __future__ import annotations

from typing import Any, ClassVar

from pydl4j_spark.conf.base import Config, config
from pydl4j_spark.conf.fields import flag, real
from pydl4j_spark.conf.types import Number

_PACKAGE = "org.nd4j.linalg.activations.impl.Activation"


class Activation(Config):
    """The family of activation functions."""

    names: ClassVar[dict[str, Any]] = {}

    @classmethod
    def short(cls, value: Any) -> Any:
        """Make an activation of its name."""
        if value == "prelu":
            raise ValueError("its slopes are parameters that are learned, so it is a layer and not an activation")
        return super().short(value)


@config(_PACKAGE + "Cube", "cube")
class Cube(Activation):
    """``x**3`` (DL4J CUBE)."""


@config(_PACKAGE + "ELU", "elu")
class ELU(Activation):
    """``x`` above 0, ``alpha * (exp(x) - 1)`` below (DL4J ELU)."""

    alpha: Number = real("alpha", default=1.0)


@config(_PACKAGE + "GELU", "gelu")
class GELU(Activation):
    """``x * sigmoid(1.702 * x)``, or DL4J's tanh formula where `precise` (DL4J GELU)."""

    precise: bool = flag("precise", default=False)


@config(_PACKAGE + "HardSigmoid", "hardsigmoid")
class HardSigmoid(Activation):
    """``0.2 * x + 0.5``, cut at 0 and 1 (DL4J HARDSIGMOID)."""


@config(_PACKAGE + "HardTanH", "hardtanh")
class HardTanh(Activation):
    """``x``, cut at -1 and 1 (DL4J HARDTANH)."""


@config(_PACKAGE + "Identity", "identity", "linear")
class Identity(Activation):
    """``x`` (DL4J IDENTITY)."""


@config(_PACKAGE + "LReLU", "leakyrelu")
class LeakyReLU(Activation):
    """``x`` above 0, ``alpha * x`` below (DL4J LEAKYRELU)."""

    alpha: Number = real("alpha", default=0.01)


@config(_PACKAGE + "Mish", "mish")
class Mish(Activation):
    """``x * tanh(softplus(x))`` (DL4J MISH)."""


@config(_PACKAGE + "RationalTanh", "rationaltanh")
class RationalTanh(Activation):
    """A rational approximation of ``1.7159 * tanh(2 * x / 3)`` (DL4J RATIONALTANH)."""


@config(_PACKAGE + "RectifiedTanh", "rectifiedtanh")
class RectifiedTanh(Activation):
    """``max(0, tanh(x))`` (DL4J RECTIFIEDTANH)."""


@config(_PACKAGE + "ReLU", "relu")
class ReLU(Activation):
    """``max(0, x)`` (DL4J RELU).

    Parameters
    ----------
    max : float, optional
        The largest value given out.
    threshold : float, optional
        Where the rectifier begins; 0 where not set.
    negative_slope : float, optional
        The slope below the threshold; 0 where not set.
    """

    max: Number | None = real("max", default=None)
    threshold: Number | None = real("threshold", default=None)
    negative_slope: Number | None = real("negativeSlope", default=None)


@config(_PACKAGE + "ReLU6", "relu6")
class ReLU6(Activation):
    """``x``, cut at 0 and 6 (DL4J RELU6)."""


@config(_PACKAGE + "RReLU", "rrelu")
class RReLU(Activation):
    """``x`` above 0; below, a slope drawn between `lower` and `upper` in training (DL4J RRELU)."""

    lower: Number = real("l", default=1 / 8)
    upper: Number = real("u", default=1 / 3)


@config(_PACKAGE + "SELU", "selu")
class SELU(Activation):
    """The self-normalising ELU (DL4J SELU)."""


@config(_PACKAGE + "Sigmoid", "sigmoid")
class Sigmoid(Activation):
    """``1 / (1 + exp(-x))`` (DL4J SIGMOID)."""


@config(_PACKAGE + "Softmax", "softmax")
class Softmax(Activation):
    """Probabilities that add up to 1 (DL4J SOFTMAX)."""


@config(_PACKAGE + "SoftPlus", "softplus")
class SoftPlus(Activation):
    """``log(1 + exp(x))`` (DL4J SOFTPLUS)."""


@config(_PACKAGE + "SoftSign", "softsign")
class SoftSign(Activation):
    """``x / (1 + |x|)`` (DL4J SOFTSIGN)."""


@config(_PACKAGE + "Swish", "swish")
class Swish(Activation):
    """``x * sigmoid(x)`` (DL4J SWISH)."""


@config(_PACKAGE + "TanH", "tanh")
class Tanh(Activation):
    """``tanh(x)`` (DL4J TANH)."""


@config(_PACKAGE + "ThresholdedReLU", "thresholdedrelu")
class ThresholdedReLU(Activation):
    """``x`` above `theta`, 0 below (DL4J THRESHOLDEDRELU)."""

    theta: Number = real("theta", default=1.0)
