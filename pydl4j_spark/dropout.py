"""DL4J's dropouts, and its noises on weights. A probability is that of **retaining**."""

from pydl4j_spark.conf.dropout import (
    AlphaDropout,
    DropConnect,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    InputDropout,
    SpatialDropout,
    WeightNoise,
    WeightNoiseFamily,
)

__all__ = [
    "AlphaDropout",
    "DropConnect",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "InputDropout",
    "SpatialDropout",
    "WeightNoise",
    "WeightNoiseFamily",
]
