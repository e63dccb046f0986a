"""What a variational autoencoder takes its input for: the distribution that its decoder gives the parameters of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import attrs

from pydl4j_spark.conf.activations import Activation
from pydl4j_spark.conf.base import Config, config
from pydl4j_spark.conf.fields import nested, nested_list, numbers_of, whole
from pydl4j_spark.conf.losses import Loss
from pydl4j_spark.errors import ConfigError

_PACKAGE = "org.deeplearning4j.nn.conf.layers.variational."


class ReconstructionDistribution(Config):
    """The family of reconstruction distributions."""

    names: ClassVar[dict[str, Any]] = {}

    def n_parameters(self, size: int) -> int:
        """Give how many numbers the decoder must give.

        Parameters
        ----------
        size : int
            How many numbers are reconstructed.
        """
        return size


@config(_PACKAGE + "BernoulliReconstructionDistribution", "bernoulli")
class BernoulliReconstructionDistribution(ReconstructionDistribution):
    """Numbers 0 and 1, or between: a probability for each (DL4J BernoulliReconstructionDistribution)."""

    activation: Activation | str = nested("activationFn", Activation, default="sigmoid", kw_only=False)


@config(_PACKAGE + "ExponentialReconstructionDistribution", "exponential")
class ExponentialReconstructionDistribution(ReconstructionDistribution):
    """Numbers above 0: the logarithm of a rate for each (DL4J ExponentialReconstructionDistribution)."""

    activation: Activation | str = nested("activationFn", Activation, default="identity", kw_only=False)


@config(_PACKAGE + "GaussianReconstructionDistribution", "gaussian")
class GaussianReconstructionDistribution(ReconstructionDistribution):
    """Any numbers: a mean and the logarithm of a variance for each (DL4J GaussianReconstructionDistribution)."""

    activation: Activation | str = nested("activationFn", Activation, default="identity", kw_only=False)

    def n_parameters(self, size: int) -> int:
        """Give two for each number."""
        return 2 * size


@config(_PACKAGE + "LossFunctionWrapper")
class LossFunctionWrapper(ReconstructionDistribution):
    """No distribution but a loss of the reconstruction (DL4J LossFunctionWrapper)."""

    loss: Loss | str = nested("lossFunction", Loss, kw_only=False)
    activation: Activation | str = nested("activationFn", Activation, default="identity", kw_only=False)


@config(_PACKAGE + "CompositeReconstructionDistribution")
class CompositeReconstructionDistribution(ReconstructionDistribution):
    """Another distribution for each part of a row, in order (DL4J CompositeReconstructionDistribution).

    Parameters
    ----------
    sizes : list of int
        How many numbers each part has.
    distributions : list of ReconstructionDistribution
        One for each part.
    """

    sizes: Sequence[int] = numbers_of("distributionSizes", minimum=1)
    distributions: Sequence[ReconstructionDistribution | str] = nested_list(
        "reconstructionDistributions", ReconstructionDistribution
    )
    size: int = whole("totalSize", default=attrs.Factory(lambda self: sum(self.sizes), takes_self=True))

    def __attrs_post_init__(self) -> None:
        if len(self.sizes) != len(self.distributions) or not self.sizes:
            raise ConfigError(
                f"CompositeReconstructionDistribution: {len(self.sizes)} sizes and {len(self.distributions)}"
                " distributions; give one size for each distribution"
            )
        if self.size != sum(self.sizes):
            raise ConfigError(
                f"CompositeReconstructionDistribution: sizes add up to {sum(self.sizes)}, not {self.size}"
            )

    def n_parameters(self, size: int) -> int:
        """Give those of all parts."""
        if size != self.size:
            raise ConfigError(f"the distributions' sizes add up to {self.size}, but rows of {size} come in")
        parts: Any = zip(self.distributions, self.sizes, strict=True)
        return sum(part.n_parameters(length) for part, length in parts)
