"""DL4J's layers, by family. All are imported here, so that JSON finds every class."""

from pydl4j_spark.conf.layers import (
    attention,
    autoencoders,
    capsules,
    convolution,
    feedforward,
    normalization,
    output,
    pooling,
    recurrent,
    samediff,
    sequences,
)

__all__ = [
    "attention",
    "autoencoders",
    "capsules",
    "convolution",
    "feedforward",
    "normalization",
    "output",
    "pooling",
    "recurrent",
    "samediff",
    "sequences",
]
