"""What DL4J fails at in training is refused, and its neighbour, which it trains, is not."""

import pytest

from pydl4j_spark.conf import ComputationGraphConfiguration, InputType, MultiLayerConfiguration
from pydl4j_spark.dropout import DropConnect, SpatialDropout
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.layers import (
    LSTM,
    ActivationLayer,
    Bidirectional,
    CapsuleLayer,
    CapsuleStrengthLayer,
    CenterLossOutputLayer,
    CnnLossLayer,
    Convolution1DLayer,
    Convolution3D,
    ConvolutionLayer,
    Cropping1D,
    Cropping2D,
    Deconvolution2D,
    DenseLayer,
    DropoutLayer,
    EmbeddingSequenceLayer,
    FrozenLayer,
    FrozenLayerWithBackprop,
    GlobalPoolingLayer,
    LearnedSelfAttentionLayer,
    LocallyConnected1D,
    OutputLayer,
    PReLULayer,
    PrimaryCapsules,
    RecurrentAttentionLayer,
    RepeatVector,
    RnnOutputLayer,
    SelfAttentionLayer,
    SpaceToBatchLayer,
    Subsampling1DLayer,
    Subsampling3DLayer,
    SubsamplingLayer,
    TimeDistributed,
    Upsampling1D,
    VariationalAutoencoder,
)
from pydl4j_spark.preprocessors import CnnToRnnPreProcessor
from pydl4j_spark.vertices import L2NormalizeVertex, L2Vertex, PreprocessorVertex, UnstackVertex

ROWS = InputType.feed_forward(5)
STEPS = InputType.recurrent(3, 6)
STEPS_FIRST = InputType.recurrent(3, 6, data_format="NWC")
IMAGES = InputType.convolutional(4, 4, 2)
VOLUMES = InputType.convolutional3d(4, 4, 4, 2, data_format="NCDHW")
UNEVEN = InputType.convolutional3d(4, 5, 4, 2)
CUT = {"backprop_type": "truncated_bptt", "tbptt_length": 2}
DOUBLE = {"data_type": "double"}
SAME = {"kernel_size": 1, "stride": 4, "convolution_mode": "same"}
ALMOST = SAME | {"stride": 3}
ONCE, EACH = OutputLayer(n_out=3), RnnOutputLayer(n_out=3)
FLATTENED = CnnToRnnPreProcessor(input_height=4, input_width=4, num_channels=2)
TANH = ActivationLayer("tanh")


def net(given, *layers, **settings):
    return lambda: MultiLayerConfiguration(list(layers), input_type=given, seed=1, **settings)


def graph(inputs, vertices, **settings):
    return lambda: ComputationGraphConfiguration(inputs=inputs, vertices=vertices, outputs=["out"], seed=1, **settings)


def steps(*layers, **settings):
    return net(STEPS, *layers, EACH, **settings)


def once(*layers, given=STEPS, **settings):
    return net(given, *layers, ONCE, **settings)


def images(*layers, **settings):
    return net(IMAGES, *layers, ONCE, **settings)


def joined(vertex, **settings):
    dense = {"d": (DenseLayer(n_out=3), "a"), "e": (DenseLayer(n_out=3), "b")}
    return [
        graph({"a": ROWS, "b": ROWS}, {"v": (vertex, *ends), "out": (ONCE, "v")} | more, **settings)
        for ends, more in ((("a", "b"), {}), (("d", "e"), dense))
    ]


def conv(kind, **settings):
    return kind(n_out=2, **settings)


def capsules(**settings):
    first = PrimaryCapsules(capsule_dimensions=2, channels=1, **settings)
    return images(first, CapsuleLayer(capsules=3, capsule_dimensions=2), CapsuleStrengthLayer())


# What is refused, its neighbour that is not, and a part of the reason.
PAIRS = {
    "convolution": (images(conv(ConvolutionLayer, **SAME)), images(conv(ConvolutionLayer, **ALMOST)), "no padding"),
    "pooling": (images(SubsamplingLayer(**SAME)), images(SubsamplingLayer(**ALMOST)), "no padding"),
    "pooling of volumes": (
        once(conv(Convolution3D, **SAME), given=VOLUMES),
        once(Subsampling3DLayer(**SAME), conv(Convolution3D, kernel_size=1), given=VOLUMES),
        "no padding",
    ),
    "strict convolution of volumes": (
        once(conv(Convolution3D, stride=(2, 1, 1), convolution_mode="strict"), given=UNEVEN),
        once(conv(Convolution3D, stride=(2, 1, 1)), given=UNEVEN),
        "by kernel, stride and padding of the depth",
    ),
    "convolution in time": (
        net(InputType.recurrent(3, 4), conv(Convolution1DLayer, **SAME), EACH),
        net(InputType.recurrent(3, 4), conv(Convolution1DLayer, **ALMOST), EACH),
        "no padding",
    ),
    "deconvolution": (
        images(conv(Deconvolution2D, **ALMOST)),
        images(conv(Deconvolution2D, **SAME | {"stride": 2})),
        "no padding",
    ),
    "frozen deconvolution": (
        images(FrozenLayer(conv(ConvolutionLayer, **SAME))),
        images(FrozenLayer(conv(Deconvolution2D, **ALMOST))),
        "no padding",
    ),
    "deconvolution, frozen with a way back": (
        images(FrozenLayerWithBackprop(conv(Deconvolution2D, **ALMOST))),
        images(FrozenLayerWithBackprop(conv(Deconvolution2D, **SAME | {"stride": 2}))),
        "no padding",
    ),
    "frozen recurrent attention": (
        net(InputType.recurrent(3), FrozenLayer(RecurrentAttentionLayer(n_out=2)), EACH),
        steps(FrozenLayer(RecurrentAttentionLayer(n_out=2))),
        "one known length",
    ),
    "capsules": (capsules(**SAME), capsules(**ALMOST), "no padding"),
    "dilated capsules": (capsules(kernel_size=2, dilation=2), capsules(kernel_size=2), "with a dilation"),
    "pooled channels": (
        once(LSTM(n_out=3), GlobalPoolingLayer(pooling_dimensions=[1])),
        once(LSTM(n_out=3), GlobalPoolingLayer(pooling_dimensions=[2])),
        r"say \[2\]",
    ),
    "pooled channels, frozen": (
        once(FrozenLayer(GlobalPoolingLayer(pooling_dimensions=[2])), given=STEPS_FIRST),
        once(FrozenLayer(GlobalPoolingLayer(pooling_dimensions=[1])), given=STEPS_FIRST),
        r"say \[1\]",
    ),
    "pooled but kept": (
        once(GlobalPoolingLayer(pooling_dimensions=[1], collapse_dimensions=False), given=STEPS_FIRST),
        once(GlobalPoolingLayer(collapse_dimensions=False)),
        "fails in DL4J on NWC",
    ),
    "activation of what was pooled": (
        once(LSTM(n_out=3), GlobalPoolingLayer(), TANH),
        once(LSTM(n_out=3), GlobalPoolingLayer(), DenseLayer(n_out=3), TANH),
        "put it behind a DenseLayer",
    ),
    "dropout of what was pooled": (
        once(LSTM(n_out=3), GlobalPoolingLayer(), DropoutLayer(0.5)),
        once(LSTM(n_out=3), GlobalPoolingLayer(collapse_dimensions=False), DropoutLayer(0.5)),
        "put it behind a DenseLayer",
    ),
    "repeated after pooling": (
        once(LSTM(n_out=3), GlobalPoolingLayer(), RepeatVector(2)),
        steps(LSTM(n_out=3), GlobalPoolingLayer(), RepeatVector(2)),
        "use RnnOutputLayer",
    ),
    "repeated, frozen": (
        steps(LSTM(n_out=3), FrozenLayerWithBackprop(RepeatVector(2))),
        steps(LSTM(n_out=3), GlobalPoolingLayer(), FrozenLayerWithBackprop(RepeatVector(2))),
        "row of its own",
    ),
    "whole sequences in a graph": (
        graph({"a": STEPS}, {"v": (LocallyConnected1D(n_out=2), "a"), "out": (EACH, "v")}, **CUT),
        graph({"a": STEPS}, {"v": (LSTM(n_out=2), "a"), "out": (EACH, "v")}, **CUT),
        "whole sequences",
    ),
    "frozen attention": (
        steps(FrozenLayerWithBackprop(LearnedSelfAttentionLayer(n_queries=2))),
        steps(FrozenLayerWithBackprop(SelfAttentionLayer())),
        "fails to compute it",
    ),
    "frozen embedding": (
        net(ROWS, DropoutLayer(0.5), FrozenLayerWithBackprop(EmbeddingSequenceLayer(n_in=2, n_out=2)), EACH),
        net(ROWS, FrozenLayerWithBackprop(EmbeddingSequenceLayer(n_in=2, n_out=2)), EACH),
        "make it the first layer",
    ),
    "frozen embedding of images": (
        net(IMAGES, FrozenLayerWithBackprop(EmbeddingSequenceLayer(n_in=2, n_out=2)), EACH),
        net(IMAGES, FrozenLayer(EmbeddingSequenceLayer(n_in=2, n_out=2)), EACH),
        "behind a preprocessor",
    ),
    "frozen blocks": (
        images(FrozenLayer(SpaceToBatchLayer(2))),
        images(FrozenLayer(SpaceToBatchLayer(1))),
        "several examples of each",
    ),
    "dropout of blocks": (
        images(SpaceToBatchLayer(1, dropout=0.5)),
        images(SpaceToBatchLayer(1), dropout=0.5),
        "put a DropoutLayer before",
    ),
    "frozen in place": (steps(FrozenLayer(TANH), LSTM(n_out=2)), steps(TANH, LSTM(n_out=2)), "begin with Act"),
    "frozen in place, flattened": (
        images(FrozenLayer(PReLULayer()), DenseLayer(n_out=2)),
        images(FrozenLayer(PReLULayer())),
        "begin with Act",
    ),
    "cropping of nothing": (
        images(Cropping2D(0), DenseLayer(n_out=2)),
        images(Cropping2D(1), DenseLayer(n_out=2)),
        "begin with Act",
    ),
    "cropping in time": (
        images(Cropping2D(1), TANH),
        steps(Cropping1D(1), TANH),
        "begin with Act",
    ),
    "slopes in double": (
        net(ROWS, PReLULayer(), CenterLossOutputLayer(n_out=3), **DOUBLE),
        net(ROWS, PReLULayer(), ONCE, **DOUBLE),
        "float32 here, not double",
    ),
    "distance in double": (*joined(L2Vertex(), **DOUBLE), "float32 here, not double"),
    "length in double": (*joined(L2NormalizeVertex(), **DOUBLE), "float32 here, not double"),
    "F-measure in double": (
        net(ROWS, OutputLayer(n_out=2, loss="fmeasure"), **DOUBLE),
        net(ROWS, OutputLayer(n_out=2, loss="fmeasure")),
        "float only, not double",
    ),
    "noise of an autoencoder": (
        steps(VariationalAutoencoder(n_out=2, weight_noise=DropConnect(0.5)), **CUT),
        images(TANH, VariationalAutoencoder(n_out=2, weight_noise=DropConnect(0.5))),
        "with weight_noise where",
    ),
    "class indices of pixels": (
        net(IMAGES, PReLULayer(), CnnLossLayer(loss="sparse_mcxent", activation="softmax")),
        net(IMAGES, PReLULayer(), CnnLossLayer(activation="softmax")),
        "use loss='mcxent'",
    ),
    "spatial dropout inside": (
        steps(TimeDistributed(DenseLayer(n_out=2, dropout=SpatialDropout(0.5)))),
        steps(TimeDistributed(DenseLayer(n_out=2, dropout=0.5))),
        "what comes inside are rows",
    ),
    "one step of images": (
        once(Subsampling1DLayer(kernel_size=2, stride=1), GlobalPoolingLayer(), given=IMAGES),
        once(Subsampling1DLayer(kernel_size=1, stride=1), GlobalPoolingLayer(), given=IMAGES),
        "does not fit",
    ),
    "parts of volumes": (
        graph({"a": VOLUMES}, {"v": (UnstackVertex(index=0, stack_size=1), "a"), "out": (ONCE, "v")}),
        graph({"a": IMAGES}, {"v": (UnstackVertex(index=0, stack_size=1), "a"), "out": (ONCE, "v")}),
        "parts of stacked volumes",
    ),
    "sequences of flat images": (
        graph(
            {"a": InputType.convolutional_flat(4, 4, 2)},
            {"v": (PreprocessorVertex(FLATTENED), "a"), "out": (EACH, "v")},
        ),
        graph({"a": IMAGES}, {"v": (PreprocessorVertex(FLATTENED), "a"), "out": (EACH, "v")}),
        "put a FeedForwardToCnnPreProcessor before",
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_refused_and_its_neighbour_is_not(name):
    refused, allowed, words = PAIRS[name]
    allowed()
    with pytest.raises(ConfigError, match=words):
        refused()


def test_labels_are_as_long_as_what_comes_of_a_length_that_dl4j_forgot():
    conf = steps(Bidirectional(LSTM(n_out=2)), Upsampling1D(5))()
    assert ExampleShape.with_labels(conf).labels == (3, 30)
