"""Weight initialisation: by name, ``"xavier"``, as an object with settings, or drawn from a distribution."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, TypeAlias

from pydl4j_spark.conf.base import Config, config
from pydl4j_spark.conf.fields import nested, real, whole
from pydl4j_spark.conf.types import Number
from pydl4j_spark.errors import ConfigError

_WEIGHTS = "org.deeplearning4j.nn.weights.WeightInit"
_DISTRIBUTIONS = "org.deeplearning4j.nn.conf.distribution."


class Distribution(Config):
    """The family of distributions that weights and noise are drawn from."""

    type_key: ClassVar[str] = "type"
    names: ClassVar[dict[str, Any]] = {}


@config(_DISTRIBUTIONS + "BinomialDistribution")
class BinomialDistribution(Distribution):
    """How many of a number of trials succeed (DL4J BinomialDistribution)."""

    number_of_trials: int = whole("numberOfTrials", minimum=1)
    probability_of_success: Number = real("probabilityOfSuccess", minimum=0, maximum=1)


@config(_DISTRIBUTIONS + "ConstantDistribution")
class ConstantDistribution(Distribution):
    """One value (DL4J ConstantDistribution)."""

    value: Number = real("value", kw_only=False)


@config(_DISTRIBUTIONS + "LogNormalDistribution")
class LogNormalDistribution(Distribution):
    """Log-normal (DL4J LogNormalDistribution)."""

    mean: Number = real("mean", default=0.0, kw_only=False)
    std: Number = real("std", default=1.0, above=0, kw_only=False)


@config(_DISTRIBUTIONS + "NormalDistribution")
class NormalDistribution(Distribution):
    """Normal (DL4J NormalDistribution)."""

    mean: Number = real("mean", default=0.0, kw_only=False)
    std: Number = real("std", default=1.0, above=0, kw_only=False)


@config(_DISTRIBUTIONS + "GaussianDistribution")
class GaussianDistribution(NormalDistribution):
    """Normal, under its older name (DL4J GaussianDistribution)."""


@config(_DISTRIBUTIONS + "OrthogonalDistribution")
class OrthogonalDistribution(Distribution):
    """An orthogonal matrix times `gain` (DL4J OrthogonalDistribution)."""

    gain: Number = real("gain", default=1.0, kw_only=False)


@config(_DISTRIBUTIONS + "TruncatedNormalDistribution")
class TruncatedNormalDistribution(Distribution):
    """Normal, cut at two standard deviations (DL4J TruncatedNormalDistribution)."""

    mean: Number = real("mean", default=0.0, kw_only=False)
    std: Number = real("std", default=1.0, above=0, kw_only=False)


@config(_DISTRIBUTIONS + "UniformDistribution")
class UniformDistribution(Distribution):
    """Uniform between `lower` and `upper` (DL4J UniformDistribution)."""

    lower: Number = real("lower", kw_only=False)
    upper: Number = real("upper", kw_only=False)

    def __attrs_post_init__(self) -> None:
        if self.lower >= self.upper:
            raise ConfigError(f"UniformDistribution: lower {self.lower:g} must be less than upper {self.upper:g}")


class WeightInit(Config):
    """The family of weight initialisations."""

    names: ClassVar[dict[str, Any]] = {}

    @classmethod
    def short(cls, value: Any) -> Any:
        """Make an initialisation of its name, or of the distribution to draw from."""
        return WeightInitDistribution(value) if isinstance(value, Distribution) else super().short(value)


@config(_WEIGHTS + "Constant")
class WeightInitConstant(WeightInit):
    """Every weight the same (DL4J ZERO, ONES)."""

    value: Number = real("value", default=0.0, kw_only=False)


WeightInit.names |= {"zero": WeightInitConstant, "ones": partial(WeightInitConstant, 1.0)}


@config(_WEIGHTS + "Distribution")
class WeightInitDistribution(WeightInit):
    """Drawn from a distribution (DL4J DISTRIBUTION)."""

    distribution: Distribution = nested("distribution", Distribution, kw_only=False)


@config(_WEIGHTS + "Identity", "identity")
class WeightInitIdentity(WeightInit):
    """The identity matrix times `scale`; weights must be square (DL4J IDENTITY)."""

    scale: Number | None = real("scale", default=None)


@config(_WEIGHTS + "LecunUniform", "lecun_uniform")
class WeightInitLecunUniform(WeightInit):
    """Uniform within ``sqrt(3 / fan_in)`` (DL4J LECUN_UNIFORM)."""


@config(_WEIGHTS + "Normal", "normal", "lecun_normal", "xavier_fan_in")
class WeightInitNormal(WeightInit):
    """Normal with variance ``1 / fan_in`` (DL4J NORMAL, LECUN_NORMAL, XAVIER_FAN_IN)."""


@config(_WEIGHTS + "Relu", "relu")
class WeightInitRelu(WeightInit):
    """Normal with variance ``2 / fan_in``, He's (DL4J RELU)."""


@config(_WEIGHTS + "ReluUniform", "relu_uniform")
class WeightInitReluUniform(WeightInit):
    """Uniform within ``sqrt(6 / fan_in)`` (DL4J RELU_UNIFORM)."""


@config(_WEIGHTS + "SigmoidUniform", "sigmoid_uniform")
class WeightInitSigmoidUniform(WeightInit):
    """Uniform within ``4 * sqrt(6 / (fan_in + fan_out))`` (DL4J SIGMOID_UNIFORM)."""


@config(_WEIGHTS + "Uniform", "uniform")
class WeightInitUniform(WeightInit):
    """Uniform within ``1 / sqrt(fan_in)`` (DL4J UNIFORM)."""


@config(_WEIGHTS + "Xavier", "xavier")
class WeightInitXavier(WeightInit):
    """Normal with variance ``2 / (fan_in + fan_out)``, Glorot's (DL4J XAVIER)."""


@config(_WEIGHTS + "XavierLegacy", "xavier_legacy")
class WeightInitXavierLegacy(WeightInit):
    """Normal with variance ``1 / (fan_in + fan_out)`` (DL4J XAVIER_LEGACY)."""


@config(_WEIGHTS + "XavierUniform", "xavier_uniform")
class WeightInitXavierUniform(WeightInit):
    """Uniform within ``sqrt(6 / (fan_in + fan_out))`` (DL4J XAVIER_UNIFORM)."""


@config(_WEIGHTS + "VarScalingNormalFanIn", "var_scaling_normal_fan_in")
class WeightInitVarScalingNormalFanIn(WeightInit):
    """Truncated normal with variance ``scale / fan_in`` (DL4J VAR_SCALING_NORMAL_FAN_IN)."""

    scale: Number | None = real("scale", default=None, above=0)


@config(_WEIGHTS + "VarScalingNormalFanOut", "var_scaling_normal_fan_out")
class WeightInitVarScalingNormalFanOut(WeightInit):
    """Truncated normal with variance ``scale / fan_out`` (DL4J VAR_SCALING_NORMAL_FAN_OUT)."""

    scale: Number | None = real("scale", default=None, above=0)


@config(_WEIGHTS + "VarScalingNormalFanAvg", "var_scaling_normal_fan_avg")
class WeightInitVarScalingNormalFanAvg(WeightInit):
    """Truncated normal, scaled by the mean of both fans (DL4J VAR_SCALING_NORMAL_FAN_AVG)."""

    scale: Number | None = real("scale", default=None, above=0)


@config(_WEIGHTS + "VarScalingUniformFanIn", "var_scaling_uniform_fan_in")
class WeightInitVarScalingUniformFanIn(WeightInit):
    """Uniform, scaled by fan_in (DL4J VAR_SCALING_UNIFORM_FAN_IN)."""

    scale: Number | None = real("scale", default=None, above=0)


@config(_WEIGHTS + "VarScalingUniformFanOut", "var_scaling_uniform_fan_out")
class WeightInitVarScalingUniformFanOut(WeightInit):
    """Uniform, scaled by fan_out (DL4J VAR_SCALING_UNIFORM_FAN_OUT)."""

    scale: Number | None = real("scale", default=None, above=0)


@config(_WEIGHTS + "VarScalingUniformFanAvg", "var_scaling_uniform_fan_avg")
class WeightInitVarScalingUniformFanAvg(WeightInit):
    """Uniform, scaled by the mean of both fans (DL4J VAR_SCALING_UNIFORM_FAN_AVG)."""

    scale: Number | None = real("scale", default=None, above=0)


# What may be written for one: its name, or the distribution to draw from.
WeightInitLike: TypeAlias = WeightInit | Distribution | str


@config("org.deeplearning4j.nn.weights.embeddings.WeightInitEmbedding")
class WeightInitEmbedding(WeightInit):
    """Vectors of words that a network was given in Java (DL4J WeightInitEmbedding).

    They are not in DL4J's JSON, so that only a network with its parameters has them.
    """
