"""Layers of sequences, images and volumes: shapes, parameters, JSON, and what is refused."""

import pytest

from pydl4j_spark import layers, preprocessors
from pydl4j_spark.conf import InputType, MultiLayerConfiguration
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.layers import (
    LSTM,
    BatchNormalization,
    Cnn3DLossLayer,
    Convolution1DLayer,
    Convolution3D,
    ConvolutionLayer,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Deconvolution2D,
    Deconvolution3D,
    DenseLayer,
    DepthwiseConvolution2D,
    FrozenLayer,
    GlobalPoolingLayer,
    LocallyConnected1D,
    LocallyConnected2D,
    OutputLayer,
    PReLULayer,
    RnnOutputLayer,
    SeparableConvolution2D,
    SpaceToBatchLayer,
    SpaceToDepthLayer,
    Subsampling1DLayer,
    Subsampling3DLayer,
    SubsamplingLayer,
    Upsampling1D,
    Upsampling2D,
    Upsampling3D,
    Yolo2OutputLayer,
    ZeroPadding1DLayer,
    ZeroPadding3DLayer,
    ZeroPaddingLayer,
)
from tests.conf.spatial import BOXES, NETWORKS, ONLY_RUN, image, network, sequence, volume


@pytest.mark.parametrize("name", NETWORKS | ONLY_RUN)
def test_json_and_back(name):
    conf = (NETWORKS | ONLY_RUN)[name]
    assert MultiLayerConfiguration.from_json(conf.to_json()) == conf


@pytest.mark.parametrize(
    ("given", "layer", "shape", "count"),
    [
        (sequence(), Convolution1DLayer(n_out=4, kernel_size=3), (4, 6), 3 * 3 * 4 + 4),
        (sequence(), Convolution1DLayer(n_out=4, kernel_size=3, stride=2, padding=1), (4, 4), 40),
        (sequence(), Convolution1DLayer(n_out=4, kernel_size=3, dilation=2, has_bias=False), (4, 4), 36),
        (sequence(), Convolution1DLayer(n_out=4, kernel_size=3, stride=3, convolution_mode="causal"), (4, 3), 40),
        (sequence("NWC"), Convolution1DLayer(n_out=4, kernel_size=3), (6, 4), 40),
        (sequence(length=None), Convolution1DLayer(n_out=4, kernel_size=3), (4, None), 40),
        (volume(), Convolution3D(n_out=4), (4, 3, 4, 5), 2 * 8 * 4 + 4),
        (volume("NDHWC"), Convolution3D(n_out=4, kernel_size=(1, 2, 3), stride=(1, 2, 3)), (4, 2, 2, 4), 52),
        (volume(), Convolution3D(n_out=4, stride=2, convolution_mode="same", has_bias=False), (4, 2, 3, 3), 64),
        (image(), Deconvolution2D(n_out=4, kernel_size=(3, 2), stride=2), (4, 13, 8), 2 * 6 * 4 + 4),
        (image(), Deconvolution2D(n_out=4, kernel_size=3, padding=1), (4, 6, 4), 76),
        (image("NHWC"), Deconvolution2D(n_out=4, stride=(2, 3), convolution_mode="same"), (12, 12, 4), 204),
        (volume(), Deconvolution3D(n_out=4, kernel_size=(1, 2, 3), stride=(2, 1, 1)), (4, 7, 6, 8), 52),
        (image(), DepthwiseConvolution2D(kernel_size=3, depth_multiplier=4), (8, 4, 2), 2 * 4 * 9 + 8),
        (image("NHWC"), DepthwiseConvolution2D(kernel_size=3, has_bias=False), (4, 2, 2), 18),
        (image(), SeparableConvolution2D(n_out=5, kernel_size=3, depth_multiplier=4), (5, 4, 2), 72 + 40 + 5),
        (sequence(), LocallyConnected1D(n_out=4), (4, 8), 8 * 6 * 4 + 4),
        (sequence(), LocallyConnected1D(n_out=4, stride=2, convolution_mode="truncate"), (4, 4), 4 * 6 * 4 + 4),
        (image(), LocallyConnected2D(n_out=4, convolution_mode="truncate"), (4, 5, 3), 15 * 8 * 4 + 4),
        (image("NHWC"), LocallyConnected2D(n_out=4, has_bias=False), (6, 4, 4), 24 * 8 * 4),
        (sequence(), Subsampling1DLayer(), (3, 7), 0),
        (sequence(), Subsampling1DLayer("avg", kernel_size=3, stride=3, padding=1), (3, 3), 0),
        (sequence("NWC"), Subsampling1DLayer(kernel_size=2, stride=2), (4, 3), 0),
        (sequence(), Subsampling1DLayer(kernel_size=3, convolution_mode="causal"), (3, 6), 0),
        (volume(), Subsampling3DLayer(), (2, 2, 3, 3), 0),
        (volume("NDHWC"), Subsampling3DLayer("avg", kernel_size=2, convolution_mode="truncate"), (2, 2, 3, 2), 0),
        (sequence(), Upsampling1D(3), (3, 24), 0),
        (image(), Upsampling2D((2, 3)), (2, 12, 12), 0),
        (volume("NDHWC"), Upsampling3D(2), (8, 10, 12, 2), 0),
        (sequence(), ZeroPadding1DLayer((1, 2)), (3, 11), 0),
        (sequence(length=None), ZeroPadding1DLayer(1), (3, None), 0),
        (image(), ZeroPaddingLayer((1, 2)), (2, 8, 8), 0),
        (image("NHWC"), ZeroPaddingLayer((1, 0, 2, 0)), (7, 6, 2), 0),
        (volume(), ZeroPadding3DLayer((1, 2, 3)), (2, 6, 9, 12), 0),
        (sequence(), Cropping1D((1, 2)), (3, 5), 0),
        (image(), Cropping2D(1), (2, 4, 2), 0),
        (volume(), Cropping3D((1, 0, 0, 1, 2, 2)), (2, 3, 4, 2), 0),
        (image(), SpaceToDepthLayer(2), (8, 3, 2), 0),
        (image(), SpaceToBatchLayer((3, 2)), (2, 2, 2), 0),
        (image(), SpaceToBatchLayer((4, 5), (1, 1, 0, 1)), (2, 2, 1), 0),
        (image(), PReLULayer(), (2, 6, 4), 48),
        (image(), PReLULayer(shared_axes=(2, 3)), (2, 6, 4), 2),
        (InputType.feed_forward(7), PReLULayer(), (7,), 7),
        (volume("NDHWC"), GlobalPoolingLayer(), (2,), 0),
        (volume(), GlobalPoolingLayer(collapse_dimensions=False), (2, 1, 1, 1), 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Layer) else "",
)
def test_shapes_and_parameters(given, layer, shape, count):
    conf = MultiLayerConfiguration([layer], input_type=given, for_training=False)
    assert conf.output_type.shape == shape
    assert conf.n_params == count
    assert MultiLayerConfiguration.from_json(conf.to_json()) == conf


def test_volumes():
    assert InputType.convolutional3d(4, 5, 6, 2).shape == (4, 5, 6, 2)
    assert InputType.convolutional3d(4, 5, 6, 2, data_format="NCDHW").shape == (2, 4, 5, 6)
    assert str(volume()) == "(2, 4, 5, 6)"
    assert InputType.from_dict(volume().to_dict()) == volume()


@pytest.mark.parametrize("layout", ["NCDHW", "NDHWC"])
def test_volumes_are_flattened_and_made(layout):
    conf = network(volume(layout), DenseLayer(n_out=4))
    flat = conf.layer_types()[1].preprocessor
    assert isinstance(flat, preprocessors.Cnn3DToFeedForwardPreProcessor)
    assert flat.channels_first is (layout == "NCDHW")
    made = preprocessors.FeedForwardToCnn3DPreProcessor(
        input_depth=4, input_height=5, input_width=6, num_channels=2, channels_first=layout == "NCDHW"
    )
    conf = MultiLayerConfiguration(
        [Convolution3D(n_out=3), OutputLayer(n_out=3)],
        input_type=InputType.feed_forward(240),
        preprocessors={0: made},
    )
    assert conf.layer_types()[0].input_type == volume(layout)
    with pytest.raises(ConfigError, match=r"rows of 240, but .241"):
        made.output_type(InputType.feed_forward(241))


@pytest.mark.parametrize("kind", ["Cnn3DToFeedForwardPreProcessor", "FeedForwardToCnn3DPreProcessor"])
@pytest.mark.parametrize("channels_first", [True, False])
def test_preprocessors_of_volumes_as_dl4j_writes_them(kind, channels_first):
    written = {
        "@class": f"org.deeplearning4j.nn.conf.preprocessor.{kind}",
        "inputDepth": 2,
        "inputHeight": 4,
        "inputWidth": 5,
        "numChannels": 3,
        "ncdhw": channels_first,
    }
    assert preprocessors.Preprocessor.from_dict(written).to_dict() == written


@pytest.mark.parametrize(
    ("alias", "read"),
    [
        ("Convolution1D", layers.Convolution1DLayer),
        ("Convolution2D", layers.ConvolutionLayer),
        ("Pooling1D", layers.Subsampling1DLayer),
        ("Pooling2D", layers.SubsamplingLayer),
    ],
)
def test_other_names_of_dl4j_are_read(alias, read):
    assert getattr(layers, alias) is read
    document = {"@class": "org.deeplearning4j.nn.conf.layers." + alias, "nout": 4, "kernelSize": [2, 2]}
    if alias.startswith("Pooling"):
        del document["nout"]
    assert type(Layer.from_dict(document)) is read


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Subsampling1DLayer("sum"), "Subsampling1DLayer: DL4J cannot compute pooling_type 'sum'"),
        (lambda: Subsampling3DLayer("pnorm"), "no pooling_type 'pnorm' in three dimensions; use 'max' or 'avg'"),
        (lambda: Subsampling3DLayer("sum"), "no pooling_type 'sum' in three dimensions"),
        (lambda: LocallyConnected1D(n_out=2, convolution_mode="causal"), "fails with convolution_mode 'causal'"),
        (lambda: ConvolutionLayer(n_out=2, convolution_mode="causal"), "wanted one of 'strict', 'truncate', 'same'"),
        (lambda: ZeroPaddingLayer((1, 2, 3)), "3 numbers"),
        (lambda: Yolo2OutputLayer(bounding_boxes=[(1, 2, 3)]), "rows of 2 numbers above 0"),
        (lambda: Yolo2OutputLayer(bounding_boxes=[]), "rows of 2 numbers above 0"),
        (lambda: network(sequence("NWC"), LSTM(n_out=3), ZeroPadding1DLayer(1)), "ZeroPadding1DLayer takes channels"),
        (lambda: network(sequence("NWC"), Upsampling1D(2)), "use data_format='NCW'"),
        (lambda: network(sequence("NWC"), LocallyConnected1D(n_out=2)), "use data_format='NCW'"),
        (lambda: network(volume("NDHWC"), Cropping3D(1)), "use data_format='NCDHW'"),
        (lambda: network(volume("NDHWC"), ZeroPadding3DLayer(1)), "use data_format='NCDHW'"),
        (lambda: network(volume(), BatchNormalization()), "cannot normalise volumes"),
        (lambda: network(volume("NDHWC"), GlobalPoolingLayer(collapse_dimensions=False)), "fails in DL4J on NDHWC"),
        (
            lambda: network(sequence("NWC"), Convolution1DLayer(n_out=2, kernel_size=2)),
            "cannot train Convolution1DLayer on NWC sequences",
        ),
        (lambda: network(sequence(), Convolution1DLayer(n_out=2, kernel_size=2, dilation=2)), "with a dilation on CPU"),
        (lambda: network(volume(), Deconvolution3D(n_out=2, dilation=2)), "Deconvolution3D with a dilation on CPU"),
        (lambda: network(image(), DepthwiseConvolution2D(kernel_size=2, dilation=2)), "with a dilation on CPU"),
        (
            lambda: MultiLayerConfiguration(
                [Convolution1DLayer(n_out=2, kernel_size=2), RnnOutputLayer(n_out=2)],
                input_type=sequence(),
                data_type="double",
            ),
            "float32 here, not double, and damages memory",
        ),
        (lambda: network(image(), Deconvolution2D(n_out=2, dilation=2)), "Deconvolution2D with a dilation on CPU"),
        (
            lambda: network(sequence(), Subsampling1DLayer(convolution_mode="causal")),
            "pools with convolution_mode 'causal' as with 'truncate'",
        ),
        (
            lambda: network(image(), SubsamplingLayer(kernel_size=2, padding=2)),
            "padding .* must be less than the kernel",
        ),
        (lambda: network(image(), SpaceToBatchLayer(2)), "several examples of each"),
        (lambda: network(image(), SpaceToBatchLayer((4, 2))), "its height of 6 is no multiple of the block's 4"),
        (lambda: network(image(), SpaceToDepthLayer(3)), "its width of 4 is no multiple of the block's 3"),
        (lambda: network(image(), Cropping2D(2)), "leaves nothing of images"),
        (lambda: network(image(), Deconvolution2D(n_out=2, kernel_size=1, padding=3)), "leaves nothing of the height"),
        (lambda: network(image(), PReLULayer(weight_init="xavier")), "infinite slopes"),
        (lambda: network(image(), PReLULayer(shared_axes=[4])), "go beyond the axes"),
        (lambda: network(image(), PReLULayer(input_shape=(3, 6, 5))), "input_shape is given as"),
        (lambda: network(image(), PReLULayer(shared_axes=(1, 2, 3))), "64 numbers for each slope"),
        (lambda: network(sequence(length=None), PReLULayer()), "length must be known"),
        (lambda: network(sequence(length=None), LocallyConnected1D(n_out=2)), "length must be known"),
        (lambda: network(sequence(), LocallyConnected1D(n_out=2, padding=3)), "cannot be given with .*'same'"),
        (
            lambda: network(sequence(), LocallyConnected1D(n_out=2, dilation=2, convolution_mode="truncate")),
            "windows are not dilated",
        ),
        (lambda: network(sequence(), LocallyConnected1D(n_out=2, activation="leakyrelu")), "say 'relu'"),
        (lambda: network(image(), LocallyConnected2D(n_out=2)), "use ConvolutionLayer"),
        (lambda: network(image(), Yolo2OutputLayer(bounding_boxes=BOXES)), "2 . .5 . C. channels, but 3 come in"),
        (
            lambda: network(
                volume(), Convolution3D(n_out=2, stride=(1, 2, 1), kernel_size=1, convolution_mode="strict")
            ),
            "checks the width by the stride of the height|needs",
        ),
        (
            lambda: network(image(), Convolution3D(n_out=2)),
            "it takes volumes, but images .* come in; use InputType.conv",
        ),
        (lambda: network(volume(), ConvolutionLayer(n_out=2)), "it takes images, but volumes"),
        (lambda: network(image(), Upsampling1D(2)), "it takes sequences, but images"),
        (
            lambda: network(image(), ConvolutionLayer(n_out=3, kernel_size=2, weight_init="identity")),
            "needs kernels of odd lengths",
        ),
        (
            lambda: network(image(), DepthwiseConvolution2D(kernel_size=1, weight_init="identity")),
            "makes no identity of these weights",
        ),
        *(
            (
                lambda layer=layer: MultiLayerConfiguration(
                    [layer, OutputLayer(n_out=3)], input_type=InputType.convolutional(9, 8, 1)
                ),
                "images of one channel here",
            )
            for layer in (SeparableConvolution2D(n_out=5), FrozenLayer(SeparableConvolution2D(n_out=5)))
        ),
    ],
)
def test_refusals_say_why_and_what_instead(made, message):
    with pytest.raises(ConfigError, match=message):
        made()


def test_what_dl4j_only_fails_to_train_can_be_read():
    for conf in ONLY_RUN.values():
        assert conf.output_type is not None


def test_weights_at_each_place_are_written_with_their_sizes():
    (layer,) = MultiLayerConfiguration(
        [LocallyConnected1D(n_out=4, kernel_size=3, stride=2)], input_type=sequence(), for_training=False
    ).to_dict()["confs"]
    told = {"inputSize": 8, "outputSize": 4, "featureDim": 9, "padding": 0, "paddingR": 1, "cm": "Same"}
    assert told.items() <= layer["layer"].items()
    assert layer["layer"]["activation"] == "TANH"


def test_pooling_in_time_pads_time_only():
    written = Subsampling1DLayer(kernel_size=3, padding=1).to_dict()
    assert (written["kernelSize"], written["padding"], written["stride"]) == ([3, 1], [1, 0], [1, 1])


def test_labels_are_for_what_comes_out():
    assert ExampleShape.of(NETWORKS["boxes"]).labels == (6, 6, 4)
    assert ExampleShape.with_labels(NETWORKS["Cnn3DLossLayer"]).labels == (3, 4, 5, 6)
    last_first = network(volume("NDHWC"), Cnn3DLossLayer())
    with pytest.raises(ConfigError, match=r"channels last .NDHWC.*use data_format='NCDHW'"):
        ExampleShape.with_labels(last_first)


def test_labels_of_shortened_sequences_are_shorter():
    layers = (Convolution1DLayer(n_out=4, kernel_size=3), DenseLayer(n_out=4), RnnOutputLayer(n_out=3))
    assert ExampleShape.of(network(sequence(), *layers)).labels == (3, 6)
    with pytest.raises(ConfigError, match=r"layer 1 .* makes sequences of another length"):
        ExampleShape.of(network(sequence(length=None), *layers))
    assert ExampleShape.of(network(sequence(length=None), LSTM(n_out=4))).labels == (3, None)
