"""Shapes between layers, by DL4J's arithmetic."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pydl4j_spark.conf import InputType, MultiLayerConfiguration
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.layers import (
    LSTM,
    ActivationLayer,
    BatchNormalization,
    Bidirectional,
    ConvolutionLayer,
    DenseLayer,
    EmbeddingLayer,
    GlobalPoolingLayer,
    GravesLSTM,
    LastTimeStep,
    OutputLayer,
    RnnOutputLayer,
    SubsamplingLayer,
)


def network(given, *layers, **settings):
    return MultiLayerConfiguration(list(layers), input_type=given, for_training=False, **settings)


def test_shape_of_one_example():
    assert InputType.feed_forward(784).shape == (784,)
    assert InputType.recurrent(5, 7).shape == (5, 7)
    assert InputType.recurrent(5).shape == (5, None)
    assert InputType.recurrent(5, 7, data_format="nwc").shape == (7, 5)
    assert InputType.convolutional(4, 5, 2).shape == (2, 4, 5)
    assert InputType.convolutional(4, 5, 2, data_format="NHWC").shape == (4, 5, 2)
    assert InputType.convolutional_flat(4, 5, 2).shape == (40,)


@pytest.mark.parametrize("size", [0, -1, 1.5, "4", True, None])
def test_impossible_sizes(size):
    with pytest.raises(ConfigError, match="size"):
        InputType.feed_forward(size)
    with pytest.raises(ConfigError, match="height"):
        InputType.convolutional(size, 3, 3)


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ({"kernel_size": 3}, (4, 7, 10)),
        ({"kernel_size": (2, 5)}, (4, 8, 8)),
        ({"kernel_size": (4, 2), "stride": (2, 3)}, (4, 3, 4)),
        ({"kernel_size": 3, "stride": 2, "padding": (1, 0)}, (4, 5, 5)),
        ({"kernel_size": 3, "dilation": 2}, (4, 5, 8)),
        ({"kernel_size": (4, 2), "stride": (2, 3), "convolution_mode": "same"}, (4, 5, 4)),
        ({"kernel_size": 3, "stride": (2, 3), "convolution_mode": "strict"}, (4, 4, 4)),
    ],
)
def test_convolution(settings, shape):
    conf = network(InputType.convolutional(9, 12, 2), ConvolutionLayer(n_out=4, **settings))
    assert conf.output_type.shape == shape
    height, width = conf.layers[0].kernel_size
    assert conf.n_params == 4 * 2 * height * width + 4


def test_pooling_keeps_channels():
    conf = network(InputType.convolutional(9, 12, 2), SubsamplingLayer("max", kernel_size=(2, 3)))
    assert conf.output_type.shape == (2, 4, 5)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            ConvolutionLayer(n_out=4, kernel_size=7),
            r"layer 0 \(layer0, Conv.*\): kernel \(7, 7\) does not fit",
        ),
        (ConvolutionLayer(n_out=4, kernel_size=3, dilation=3, name="conv2"), r"\(conv2, Conv.*dilated to 7"),
        (SubsamplingLayer(kernel_size=(1, 6)), "its width 6 exceeds 5"),
        (
            ConvolutionLayer(n_out=4, kernel_size=2, stride=2, convolution_mode="strict"),
            "use 'truncate' for 2 or 'same' for 3",
        ),
        (ConvolutionLayer(n_out=4, kernel_size=2, padding=1, convolution_mode="same"), "pads itself"),
        (ConvolutionLayer(n_out=4, n_in=3), "n_in is given as 3"),
        (ConvolutionLayer(n_out=4, data_format="NHWC"), "data_format is given as 'NHWC'"),
    ],
)
def test_windows_that_do_not_fit(layer, message):
    with pytest.raises(ConfigError, match=message):
        network(InputType.convolutional(5, 5, 1), layer)


@given(
    length=st.integers(1, 40),
    kernel=st.integers(1, 8),
    stride=st.integers(1, 5),
    padding=st.integers(0, 4),
    dilation=st.integers(1, 3),
)
def test_truncated_and_same_lengths(length, kernel, stride, padding, dilation):
    given = InputType.convolutional(length, 64, 1)
    wide = {"kernel_size": (kernel, 1), "stride": (stride, 1), "dilation": (dilation, 1)}
    same = network(given, ConvolutionLayer(n_out=1, convolution_mode="same", **wide))
    assert same.output_type.shape == (1, ceil(length / stride), 64)
    starts = range(-padding, length + padding - ((kernel - 1) * dilation + 1) + 1, stride)
    layer = ConvolutionLayer(n_out=1, padding=(padding, 0), **wide)
    if starts:
        assert network(given, layer).output_type.shape == (1, len(starts), 64)
    else:
        with pytest.raises(ConfigError, match="does not fit"):
            network(given, layer)


def kinds(conf):
    return [
        type(here.preprocessor).__name__.removesuffix("PreProcessor") if here.preprocessor else None
        for here in conf.layer_types()
    ]


@pytest.mark.parametrize(
    ("given", "layers", "preprocessors", "shape"),
    [
        (InputType.convolutional(4, 5, 2), [DenseLayer(n_out=3)], ["CnnToFeedForward"], (3,)),
        (InputType.convolutional_flat(4, 5, 2), [DenseLayer(n_out=3)], [None], (3,)),
        (
            InputType.convolutional_flat(4, 5, 2),
            [ConvolutionLayer(n_out=3, kernel_size=2)],
            ["FeedForwardToCnn"],
            (3, 3, 4),
        ),
        (InputType.convolutional_flat(4, 5, 2), [BatchNormalization()], ["FeedForwardToCnn"], (2, 4, 5)),
        (InputType.convolutional_flat(4, 5, 2), [GlobalPoolingLayer()], ["FeedForwardToCnn"], (2,)),
        (InputType.convolutional_flat(4, 5, 2), [LSTM(n_out=3)], ["FeedForwardToRnn"], (3, None)),
        (InputType.convolutional(4, 5, 2), [LSTM(n_out=3)], ["CnnToRnn"], (3, None)),
        (InputType.recurrent(5, 7), [DenseLayer(n_out=3)], ["RnnToFeedForward"], (3,)),
        (
            InputType.recurrent(5, 7),
            [DenseLayer(n_out=3), RnnOutputLayer(n_out=2)],
            ["RnnToFeedForward", "FeedForwardToRnn"],
            (2, None),
        ),
        (
            InputType.recurrent(5, 7, data_format="NWC"),
            [DenseLayer(n_out=3), RnnOutputLayer(n_out=2)],
            ["RnnToFeedForward", "FeedForwardToRnn"],
            (None, 2),
        ),
        (InputType.recurrent(5, 7), [LSTM(n_out=3), ActivationLayer("tanh")], [None, None], (3, 7)),
        (InputType.recurrent(5, 7), [LastTimeStep(LSTM(n_out=3))], [None], (3,)),
        (InputType.recurrent(5, 7), [Bidirectional(LSTM(n_out=3))], [None], (6, None)),
        (InputType.recurrent(5, 7), [Bidirectional(LSTM(n_out=3), "add")], [None], (3, 7)),
        (InputType.recurrent(5, 7), [Bidirectional(LastTimeStep(LSTM(n_out=3)))], [None], (6,)),
        (InputType.recurrent(5, 7), [GlobalPoolingLayer(), OutputLayer(n_out=2)], [None, "RnnToFeedForward"], (2,)),
    ],
)
def test_preprocessors_are_put_in_as_dl4j_does(given, layers, preprocessors, shape):
    conf = network(given, *layers)
    assert kinds(conf) == preprocessors
    assert conf.output_type.shape == shape


@pytest.mark.parametrize(
    ("layer", "given", "count"),
    [
        (DenseLayer(n_out=3), InputType.feed_forward(5), 18),
        (DenseLayer(n_out=3, has_bias=False), InputType.feed_forward(5), 15),
        (DenseLayer(n_out=3, has_layer_norm=True), InputType.feed_forward(5), 21),
        (EmbeddingLayer(n_in=11, n_out=3), InputType.feed_forward(1), 33),
        (EmbeddingLayer(n_in=11, n_out=3, has_bias=True), InputType.feed_forward(1), 36),
        (BatchNormalization(), InputType.feed_forward(5), 20),
        (BatchNormalization(lock_gamma_beta=True), InputType.convolutional(3, 3, 5), 10),
        (LSTM(n_out=3), InputType.recurrent(5), 108),
        (GravesLSTM(n_out=3), InputType.recurrent(5), 117),
        (Bidirectional(LSTM(n_out=3)), InputType.recurrent(5), 216),
        (LastTimeStep(LSTM(n_out=3)), InputType.recurrent(5), 108),
        (GlobalPoolingLayer(), InputType.recurrent(5), 0),
    ],
)
def test_parameters_are_counted(layer, given, count):
    assert network(given, layer).n_params == count


def test_input_follows_from_n_in():
    assert network(None, DenseLayer(n_in=4, n_out=3)).layer_types()[0].input_type == InputType.feed_forward(4)
    assert network(None, LSTM(n_in=4, n_out=3)).layer_types()[0].input_type == InputType.recurrent(4)
    assert network(None, LastTimeStep(LSTM(n_in=4, n_out=3))).output_type == InputType.feed_forward(3)
    assert network(None, EmbeddingLayer(n_in=4, n_out=3)).layer_types()[0].input_type == InputType.feed_forward(1)
