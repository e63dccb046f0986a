"""DL4J's preprocessors between layers of different kinds."""

from pydl4j_spark.conf.preprocessors import (
    Cnn3DToFeedForwardPreProcessor,
    CnnToFeedForwardPreProcessor,
    CnnToRnnPreProcessor,
    ComposableInputPreProcessor,
    FeedForwardToCnn3DPreProcessor,
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
    "Cnn3DToFeedForwardPreProcessor",
    "CnnToFeedForwardPreProcessor",
    "CnnToRnnPreProcessor",
    "ComposableInputPreProcessor",
    "FeedForwardToCnn3DPreProcessor",
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
