"""DL4J's constraints on parameters, and its regularisation of them."""

from pydl4j_spark.conf.constraints import (
    Constraint,
    L1Regularization,
    L2Regularization,
    MaxNormConstraint,
    MinMaxNormConstraint,
    NonNegativeConstraint,
    Regularization,
    UnitNormConstraint,
    WeightDecay,
)

__all__ = [
    "Constraint",
    "L1Regularization",
    "L2Regularization",
    "MaxNormConstraint",
    "MinMaxNormConstraint",
    "NonNegativeConstraint",
    "Regularization",
    "UnitNormConstraint",
    "WeightDecay",
]
