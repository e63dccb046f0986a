"""DL4J's layers, by family. All are imported here, so that JSON finds every class."""

from pydl4j_spark.conf.layers import convolution, feedforward, normalization, output, pooling, recurrent

__all__ = ["convolution", "feedforward", "normalization", "output", "pooling", "recurrent"]
