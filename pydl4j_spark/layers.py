"""DL4J's layers."""

from pydl4j_spark.conf.layers.attention import LearnedSelfAttentionLayer, RecurrentAttentionLayer, SelfAttentionLayer
from pydl4j_spark.conf.layers.autoencoders import AutoEncoder, VariationalAutoencoder
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.layers.capsules import CapsuleLayer, CapsuleStrengthLayer, PrimaryCapsules
from pydl4j_spark.conf.layers.convolution import (
    Convolution1DLayer,
    Convolution3D,
    ConvolutionLayer,
    Deconvolution2D,
    Deconvolution3D,
    DepthwiseConvolution2D,
    SeparableConvolution2D,
)
from pydl4j_spark.conf.layers.feedforward import (
    ActivationLayer,
    DenseLayer,
    DropoutLayer,
    ElementWiseMultiplicationLayer,
    EmbeddingLayer,
)
from pydl4j_spark.conf.layers.frozen import FrozenLayer, FrozenLayerWithBackprop
from pydl4j_spark.conf.layers.image_output import Cnn3DLossLayer, CnnLossLayer, Yolo2OutputLayer
from pydl4j_spark.conf.layers.locally_connected import LocallyConnected1D, LocallyConnected2D
from pydl4j_spark.conf.layers.normalization import BatchNormalization, LocalResponseNormalization
from pydl4j_spark.conf.layers.output import (
    CenterLossOutputLayer,
    LossLayer,
    OCNNOutputLayer,
    OutputLayer,
    RnnLossLayer,
    RnnOutputLayer,
)
from pydl4j_spark.conf.layers.pooling import GlobalPoolingLayer
from pydl4j_spark.conf.layers.prelu import PReLULayer
from pydl4j_spark.conf.layers.recurrent import (
    LSTM,
    Bidirectional,
    GravesBidirectionalLSTM,
    GravesLSTM,
    LastTimeStep,
    SimpleRnn,
)
from pydl4j_spark.conf.layers.resizing import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    SpaceToBatchLayer,
    SpaceToDepthLayer,
    Upsampling1D,
    Upsampling2D,
    Upsampling3D,
    ZeroPadding1DLayer,
    ZeroPadding3DLayer,
    ZeroPaddingLayer,
)
from pydl4j_spark.conf.layers.samediff import IdentityLayer
from pydl4j_spark.conf.layers.sequences import (
    EmbeddingSequenceLayer,
    MaskLayer,
    MaskZeroLayer,
    RepeatVector,
    TimeDistributed,
)
from pydl4j_spark.conf.layers.subsampling import Subsampling1DLayer, Subsampling3DLayer, SubsamplingLayer

# DL4J's other names.
Convolution1D = Convolution1DLayer
Convolution2D = ConvolutionLayer
Pooling1D = Subsampling1DLayer
Pooling2D = SubsamplingLayer

__all__ = [
    "LSTM",
    "ActivationLayer",
    "AutoEncoder",
    "BatchNormalization",
    "Bidirectional",
    "CapsuleLayer",
    "CapsuleStrengthLayer",
    "CenterLossOutputLayer",
    "Cnn3DLossLayer",
    "CnnLossLayer",
    "Convolution1D",
    "Convolution1DLayer",
    "Convolution2D",
    "Convolution3D",
    "ConvolutionLayer",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Deconvolution2D",
    "Deconvolution3D",
    "DenseLayer",
    "DepthwiseConvolution2D",
    "DropoutLayer",
    "ElementWiseMultiplicationLayer",
    "EmbeddingLayer",
    "EmbeddingSequenceLayer",
    "FrozenLayer",
    "FrozenLayerWithBackprop",
    "GlobalPoolingLayer",
    "GravesBidirectionalLSTM",
    "GravesLSTM",
    "IdentityLayer",
    "LastTimeStep",
    "Layer",
    "LearnedSelfAttentionLayer",
    "LocalResponseNormalization",
    "LocallyConnected1D",
    "LocallyConnected2D",
    "LossLayer",
    "MaskLayer",
    "MaskZeroLayer",
    "OCNNOutputLayer",
    "OutputLayer",
    "PReLULayer",
    "Pooling1D",
    "Pooling2D",
    "PrimaryCapsules",
    "RecurrentAttentionLayer",
    "RepeatVector",
    "RnnLossLayer",
    "RnnOutputLayer",
    "SelfAttentionLayer",
    "SeparableConvolution2D",
    "SimpleRnn",
    "SpaceToBatchLayer",
    "SpaceToDepthLayer",
    "Subsampling1DLayer",
    "Subsampling3DLayer",
    "SubsamplingLayer",
    "TimeDistributed",
    "Upsampling1D",
    "Upsampling2D",
    "Upsampling3D",
    "VariationalAutoencoder",
    "Yolo2OutputLayer",
    "ZeroPadding1DLayer",
    "ZeroPadding3DLayer",
    "ZeroPaddingLayer",
]
