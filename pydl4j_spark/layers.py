"""DL4J's layers."""

from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.layers.convolution import (
    Convolution1DLayer,
    Convolution3D,
    ConvolutionLayer,
    Deconvolution2D,
    Deconvolution3D,
    DepthwiseConvolution2D,
    SeparableConvolution2D,
)
from pydl4j_spark.conf.layers.feedforward import ActivationLayer, DenseLayer, DropoutLayer, EmbeddingLayer
from pydl4j_spark.conf.layers.image_output import Cnn3DLossLayer, CnnLossLayer, Yolo2OutputLayer
from pydl4j_spark.conf.layers.locally_connected import LocallyConnected1D, LocallyConnected2D
from pydl4j_spark.conf.layers.normalization import BatchNormalization, LocalResponseNormalization
from pydl4j_spark.conf.layers.output import LossLayer, OutputLayer, RnnOutputLayer
from pydl4j_spark.conf.layers.pooling import GlobalPoolingLayer
from pydl4j_spark.conf.layers.prelu import PReLULayer
from pydl4j_spark.conf.layers.recurrent import LSTM, Bidirectional, GravesLSTM, LastTimeStep
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
from pydl4j_spark.conf.layers.subsampling import Subsampling1DLayer, Subsampling3DLayer, SubsamplingLayer

# DL4J's other names.
Convolution1D = Convolution1DLayer
Convolution2D = ConvolutionLayer
Pooling1D = Subsampling1DLayer
Pooling2D = SubsamplingLayer

__all__ = [
    "LSTM",
    "ActivationLayer",
    "BatchNormalization",
    "Bidirectional",
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
    "EmbeddingLayer",
    "GlobalPoolingLayer",
    "GravesLSTM",
    "LastTimeStep",
    "Layer",
    "LocalResponseNormalization",
    "LocallyConnected1D",
    "LocallyConnected2D",
    "LossLayer",
    "OutputLayer",
    "PReLULayer",
    "Pooling1D",
    "Pooling2D",
    "RnnOutputLayer",
    "SeparableConvolution2D",
    "SpaceToBatchLayer",
    "SpaceToDepthLayer",
    "Subsampling1DLayer",
    "Subsampling3DLayer",
    "SubsamplingLayer",
    "Upsampling1D",
    "Upsampling2D",
    "Upsampling3D",
    "Yolo2OutputLayer",
    "ZeroPadding1DLayer",
    "ZeroPadding3DLayer",
    "ZeroPaddingLayer",
]
