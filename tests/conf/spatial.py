"""Networks with each layer of sequences, images and volumes, in each mode and layout that DL4J has for it."""

from __future__ import annotations

from pydl4j_spark.conf import InputType, MultiLayerConfiguration
from pydl4j_spark.layers import (
    LSTM,
    Cnn3DLossLayer,
    CnnLossLayer,
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
    GlobalPoolingLayer,
    LocallyConnected1D,
    LocallyConnected2D,
    LocalResponseNormalization,
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

BOXES = [(1, 2), (2, 1.5)]


def sequence(data_format="NCW", length=8):
    return InputType.recurrent(3, length, data_format=data_format)


def image(data_format="NCHW", channels=2):
    return InputType.convolutional(6, 4, channels, data_format=data_format)


def volume(data_format="NCDHW"):
    return InputType.convolutional3d(4, 5, 6, 2, data_format=data_format)


def network(given, *layers, **settings):
    """A network whose input layer mixes channels, so that gradients pass through all of `layers`."""
    if isinstance(given, type(volume())):
        first = Convolution3D(n_out=3, kernel_size=1, activation="tanh")
    elif isinstance(given, type(image())):
        first = ConvolutionLayer(n_out=3, kernel_size=1, activation="tanh")
    else:
        first = LSTM(n_out=3, activation="tanh")
    if not getattr(layers[-1], "has_loss", False):
        pooled = isinstance(layers[-1], GlobalPoolingLayer) or not isinstance(given, type(sequence()))
        layers = (*layers, OutputLayer(n_out=3) if pooled else RnnOutputLayer(n_out=3))
    return MultiLayerConfiguration([first, *layers], input_type=given, **{"seed": 5} | settings)


def sliding(length, *more):
    """Settings of windows; kernels are of odd and even lengths."""
    kernel = 3 if length == 1 else (2, 3, 2)[:length]
    stride = 2 if length == 1 else (1, 2, 1)[:length]
    yield "truncate", {"kernel_size": kernel, "convolution_mode": "truncate", "stride": 1}
    yield "padded", {"kernel_size": kernel, "convolution_mode": "truncate", "padding": 1, "stride": stride}
    yield "strict", {"kernel_size": kernel, "convolution_mode": "strict", "stride": 1}
    for mode in ("same", *more):
        yield mode, {"kernel_size": kernel, "convolution_mode": mode, "stride": stride}


TRAINED = {
    **{
        f"{kind.__name__}, {name}, {layout}": (image(layout), kind(activation="tanh", **window, **more))
        for layout in ("NCHW", "NHWC")
        for name, window in sliding(2)
        for kind, more in (
            (ConvolutionLayer, {"n_out": 4}),
            (Deconvolution2D, {"n_out": 4}),
            (DepthwiseConvolution2D, {"depth_multiplier": 2}),
            (SeparableConvolution2D, {"n_out": 4, "depth_multiplier": 2}),
        )
    },
    **{
        f"pooling, {kind}, {name}, {layout}": (image(layout), SubsamplingLayer(kind, pnorm=2, **window))
        for layout in ("NCHW", "NHWC")
        for name, window in sliding(2)
        for kind in (("max", "avg", "pnorm") if name == "padded" else ("avg",))
    },
    **{
        f"Convolution1D, {name}": (sequence(), Convolution1DLayer(n_out=4, activation="tanh", **window))
        for name, window in sliding(1, "causal")
    },
    **{
        f"Pooling1D, {kind}, {name}": (sequence(), Subsampling1DLayer(kind, pnorm=2, **window))
        for name, window in sliding(1)
        for kind in (("max", "avg", "pnorm") if name == "padded" else ("avg",))
    },
    **{
        f"{kind.__name__}, {name}, {layout}": (volume(layout), kind(n_out=4, activation="tanh", **window))
        for layout in ("NCDHW", "NDHWC")
        for name, window in sliding(3)
        for kind in (Convolution3D, Deconvolution3D)
    },
    **{
        f"pooling of volumes, {kind}, {name}, {layout}": (volume(layout), Subsampling3DLayer(kind, **window))
        for layout in ("NCDHW", "NDHWC")
        for name, window in sliding(3)
        for kind in (("max", "avg") if name == "padded" else ("avg",))
    },
    **{
        f"{type(layer).__name__}, {layout}": (image(layout), layer)
        for layout in ("NCHW", "NHWC")
        for layer in (
            LocalResponseNormalization(n=3, alpha=0.01),
            ZeroPaddingLayer((1, 2, 0, 1)),
            Cropping2D((1, 2, 0, 1)),
            Upsampling2D((2, 3)),
            SpaceToDepthLayer(2),
            PReLULayer(),
            GlobalPoolingLayer("avg"),
        )
    },
    **{
        f"LocallyConnected1D, {name}": (sequence(), LocallyConnected1D(n_out=4, **window))
        for name, window in sliding(1)
    },
    **{
        type(layer).__name__: (sequence(), layer)
        for layer in (ZeroPadding1DLayer((1, 2)), Cropping1D((1, 2)), Upsampling1D(2), GlobalPoolingLayer("max"))
    },
    "PReLULayer of sequences": (sequence(), PReLULayer(shared_axes=[2])),
    **{
        f"{type(layer).__name__}, NCDHW": (volume(), layer)
        for layer in (
            ZeroPadding3DLayer((1, 2, 0, 1, 1, 0)),
            Cropping3D((1, 2, 0, 1, 1, 0)),
            GlobalPoolingLayer("sum", collapse_dimensions=False),
            PReLULayer(),
        )
    },
    **{
        f"{type(layer).__name__} of volumes, {layout}": (volume(layout), layer)
        for layout in ("NCDHW", "NDHWC")
        for layer in (Upsampling3D((2, 1, 3)), GlobalPoolingLayer("max"))
    },
    **{
        f"{type(layer).__name__}, dilated, {layout}": (image(layout), layer)
        for layout in ("NCHW", "NHWC")
        for layer in (
            ConvolutionLayer(n_out=4, kernel_size=2, dilation=(2, 1)),
            SeparableConvolution2D(n_out=4, kernel_size=2, dilation=(2, 1)),
            SubsamplingLayer("avg", kernel_size=2, dilation=(2, 1)),
        )
    },
    "CnnLossLayer": (image(), CnnLossLayer(activation="softmax")),
    "CnnLossLayer of numbers": (image(), CnnLossLayer(activation="tanh", loss="mse")),
    "Cnn3DLossLayer": (volume(), Cnn3DLossLayer(activation="softmax")),
}
MANY = {
    "dense behind a convolution in time": network(
        sequence(), Convolution1DLayer(n_out=4, kernel_size=3), DenseLayer(n_out=5), RnnOutputLayer(n_out=3)
    ),
    "boxes": network(
        image(),
        ConvolutionLayer(n_out=14, kernel_size=1, activation="identity"),
        Yolo2OutputLayer(bounding_boxes=BOXES),
    ),
}
NETWORKS = {name: network(*case) for name, case in TRAINED.items()} | MANY
# What DL4J computes, but fails to train or trains wrongly.
ONLY_RUN = {
    f"{type(layer).__name__}, {given.data_format}, {number}": network(given, layer, for_training=False)
    for number, (given, layer) in enumerate(
        (
            *(
                (image(layout), LocallyConnected2D(n_out=4, **window))
                for layout in ("NCHW", "NHWC")
                for _, window in sliding(2)
            ),
            *((image(layout), SpaceToBatchLayer((2, 3), (0, 0, 1, 1))) for layout in ("NCHW", "NHWC")),
            (sequence("NWC"), Convolution1DLayer(n_out=4, kernel_size=3)),
            (sequence("NWC"), Subsampling1DLayer("avg")),
            *((image(layout), PReLULayer(shared_axes=axes)) for layout, axes in (("NCHW", (2, 3)), ("NHWC", (1, 2)))),
        )
    )
}
