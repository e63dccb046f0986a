"""DL4J's reconstruction distributions of a variational autoencoder."""

from pydl4j_spark.conf.reconstruction import (
    BernoulliReconstructionDistribution,
    CompositeReconstructionDistribution,
    ExponentialReconstructionDistribution,
    GaussianReconstructionDistribution,
    LossFunctionWrapper,
    ReconstructionDistribution,
)

__all__ = [
    "BernoulliReconstructionDistribution",
    "CompositeReconstructionDistribution",
    "ExponentialReconstructionDistribution",
    "GaussianReconstructionDistribution",
    "LossFunctionWrapper",
    "ReconstructionDistribution",
]
