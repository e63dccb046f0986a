"""DL4J's preprocessors between layers of different kinds."""

from pydl4j_spark.conf.preprocessors import (
    CnnToFeedForwardPreProcessor,
    CnnToRnnPreProcessor,
    ComposableInputPreProcessor,
    FeedForwardToCnnPreProcessor,
    FeedForwardToRnnPreProcessor,
    KerasFlattenRnnPreprocessor,
    PermutePreprocessor,
    Preprocessor,
    ReshapePreprocessor,
    RnnToCnnPreProcessor,
    RnnToFeedForwardPreProcessor,
    TensorFlowCnnToFeedForwardPreProcessor,
)

__all__ = [
    "CnnToFeedForwardPreProcessor",
    "CnnToRnnPreProcessor",
    "ComposableInputPreProcessor",
    "FeedForwardToCnnPreProcessor",
    "FeedForwardToRnnPreProcessor",
    "KerasFlattenRnnPreprocessor",
    "PermutePreprocessor",
    "Preprocessor",
    "ReshapePreprocessor",
    "RnnToCnnPreProcessor",
    "RnnToFeedForwardPreProcessor",
    "TensorFlowCnnToFeedForwardPreProcessor",
]
