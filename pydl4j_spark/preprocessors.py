"""DL4J's preprocessors between layers of different kinds."""

from pydl4j_spark.conf.preprocessors import (
    Cnn3DToFeedForwardPreProcessor,
    CnnToFeedForwardPreProcessor,
    CnnToRnnPreProcessor,
    ComposableInputPreProcessor,
    FeedForwardToCnn3DPreProcessor,
    FeedForwardToCnnPreProcessor,
    FeedForwardToRnnPreProcessor,
    Preprocessor,
    RnnToCnnPreProcessor,
    RnnToFeedForwardPreProcessor,
)

__all__ = [
    "Cnn3DToFeedForwardPreProcessor",
    "CnnToFeedForwardPreProcessor",
    "CnnToRnnPreProcessor",
    "ComposableInputPreProcessor",
    "FeedForwardToCnn3DPreProcessor",
    "FeedForwardToCnnPreProcessor",
    "FeedForwardToRnnPreProcessor",
    "Preprocessor",
    "RnnToCnnPreProcessor",
    "RnnToFeedForwardPreProcessor",
]
