"""DL4J's layers."""

from pydl4j_spark.conf.layers.attention import (
    LearnedSelfAttentionLayer,
    RecurrentAttentionLayer,
    SelfAttentionLayer,
)
from pydl4j_spark.conf.layers.autoencoders import AutoEncoder, VariationalAutoencoder
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.layers.capsules import CapsuleLayer, CapsuleStrengthLayer, PrimaryCapsules
from pydl4j_spark.conf.layers.convolution import ConvolutionLayer, SubsamplingLayer
from pydl4j_spark.conf.layers.feedforward import (
    ActivationLayer,
    DenseLayer,
    DropoutLayer,
    ElementWiseMultiplicationLayer,
    EmbeddingLayer,
)
from pydl4j_spark.conf.layers.normalization import BatchNormalization
from pydl4j_spark.conf.layers.output import (
    CenterLossOutputLayer,
    LossLayer,
    OCNNOutputLayer,
    OutputLayer,
    RnnLossLayer,
    RnnOutputLayer,
)
from pydl4j_spark.conf.layers.pooling import GlobalPoolingLayer
from pydl4j_spark.conf.layers.recurrent import (
    LSTM,
    Bidirectional,
    GravesBidirectionalLSTM,
    GravesLSTM,
    LastTimeStep,
    SimpleRnn,
)
from pydl4j_spark.conf.layers.samediff import IdentityLayer
from pydl4j_spark.conf.layers.sequences import (
    EmbeddingSequenceLayer,
    MaskLayer,
    MaskZeroLayer,
    RepeatVector,
    TimeDistributed,
)

__all__ = [
    "LSTM",
    "ActivationLayer",
    "AutoEncoder",
    "BatchNormalization",
    "Bidirectional",
    "CapsuleLayer",
    "CapsuleStrengthLayer",
    "CenterLossOutputLayer",
    "ConvolutionLayer",
    "DenseLayer",
    "DropoutLayer",
    "ElementWiseMultiplicationLayer",
    "EmbeddingLayer",
    "EmbeddingSequenceLayer",
    "GlobalPoolingLayer",
    "GravesBidirectionalLSTM",
    "GravesLSTM",
    "IdentityLayer",
    "LastTimeStep",
    "Layer",
    "LearnedSelfAttentionLayer",
    "LossLayer",
    "MaskLayer",
    "MaskZeroLayer",
    "OCNNOutputLayer",
    "OutputLayer",
    "PrimaryCapsules",
    "RecurrentAttentionLayer",
    "RepeatVector",
    "RnnLossLayer",
    "RnnOutputLayer",
    "SelfAttentionLayer",
    "SimpleRnn",
    "SubsamplingLayer",
    "TimeDistributed",
    "VariationalAutoencoder",
]
