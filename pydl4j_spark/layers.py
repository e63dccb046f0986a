"""DL4J's layers."""

from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.conf.layers.convolution import ConvolutionLayer, SubsamplingLayer
from pydl4j_spark.conf.layers.feedforward import ActivationLayer, DenseLayer, DropoutLayer, EmbeddingLayer
from pydl4j_spark.conf.layers.frozen import FrozenLayer, FrozenLayerWithBackprop
from pydl4j_spark.conf.layers.normalization import BatchNormalization
from pydl4j_spark.conf.layers.output import LossLayer, OutputLayer, RnnOutputLayer
from pydl4j_spark.conf.layers.pooling import GlobalPoolingLayer
from pydl4j_spark.conf.layers.recurrent import LSTM, Bidirectional, GravesLSTM, LastTimeStep

__all__ = [
    "LSTM",
    "ActivationLayer",
    "BatchNormalization",
    "Bidirectional",
    "ConvolutionLayer",
    "DenseLayer",
    "DropoutLayer",
    "EmbeddingLayer",
    "FrozenLayer",
    "FrozenLayerWithBackprop",
    "GlobalPoolingLayer",
    "GravesLSTM",
    "LastTimeStep",
    "Layer",
    "LossLayer",
    "OutputLayer",
    "RnnOutputLayer",
    "SubsamplingLayer",
]
