"""Graphs: one for each vertex, and the ones that people build."""

from pydl4j_spark.conf import ComputationGraphConfiguration, Input, InputType
from pydl4j_spark.layers import (
    LSTM,
    ActivationLayer,
    BatchNormalization,
    ConvolutionLayer,
    DenseLayer,
    DropoutLayer,
    EmbeddingLayer,
    GlobalPoolingLayer,
    OutputLayer,
    RnnOutputLayer,
    SubsamplingLayer,
)
from pydl4j_spark.preprocessors import CnnToFeedForwardPreProcessor
from pydl4j_spark.updaters import Adam
from pydl4j_spark.vertices import (
    AttentionVertex,
    DuplicateToTimeSeriesVertex,
    ElementWiseVertex,
    L2NormalizeVertex,
    L2Vertex,
    LastTimeStepVertex,
    MergeVertex,
    PoolHelperVertex,
    PreprocessorVertex,
    ReshapeVertex,
    ReverseTimeSeriesVertex,
    ScaleVertex,
    ShiftVertex,
    StackVertex,
    SubsetVertex,
    UnstackVertex,
)

FEED, SEQUENCE, IMAGE = InputType.feed_forward(6), InputType.recurrent(4, 5), InputType.convolutional(7, 7, 3)


def graph(outputs, *inputs, **settings):
    settings = {"seed": 7, "updater": Adam(0.01), "activation": "tanh"} | settings
    return ComputationGraphConfiguration(inputs=inputs, outputs=outputs, **settings)


def classes(node):
    return OutputLayer(n_out=3)(node, name="out")


def steps(node):
    return RnnOutputLayer(n_out=3)(node, name="out")


def of_rows(make):
    """Two dense layers, what is made of them, and an output."""
    rows = Input("rows", FEED)
    return graph(classes(make(DenseLayer(n_out=6)(rows), DenseLayer(n_out=6)(rows))), rows)


def of_sequences(make, ending=steps, given=SEQUENCE, **settings):
    """Two recurrent layers, what is made of them and the input's name, and an output."""
    sequence = Input("sequence", given)
    return graph(ending(make(LSTM(n_out=5)(sequence), LSTM(n_out=5)(sequence))), sequence, **settings)


def convolved(node, n_out=4, **settings):
    return ConvolutionLayer(n_out=n_out, kernel_size=3, convolution_mode="same", **settings)(node)


def of_images(make, given=IMAGE):
    """Two convolutions, what is made of them, and an output."""
    image = Input("image", given)
    layout = {"data_format": given.data_format}
    return graph(classes(make(convolved(image, **layout), convolved(image, **layout))), image)


def residual():
    """A small ResNet: two blocks with a shortcut each, the second with a projection."""
    image = Input("image", IMAGE)
    before = convolved(image)
    for width, stride in ((4, 1), (6, 2)):
        h = BatchNormalization()(convolved(before, width, stride=stride))
        h = BatchNormalization()(convolved(ActivationLayer("relu")(h), width))
        shortcut = before if stride == 1 else convolved(before, width, stride=stride)
        before = ActivationLayer("relu")(ElementWiseVertex("add")(h, shortcut))
    return graph(classes(GlobalPoolingLayer("avg")(before)), image)


def siamese():
    """Two inputs through the same layers, and their distance."""
    left, right = Input("left", FEED), Input("right", FEED)
    h = DenseLayer(n_out=8)(StackVertex()(left, right))
    one, other = (L2NormalizeVertex()(UnstackVertex(place, 2)(h)) for place in range(2))
    y = OutputLayer(n_out=1, activation="sigmoid", loss="xent")(L2Vertex()(one, other), name="out")
    return graph(y, left, right)


def translating():
    """Encoder and decoder: the last state of one sequence goes to every step of another."""
    source, target = Input("source", InputType.recurrent(4, 6)), Input("target", SEQUENCE)
    thought = LastTimeStepVertex("source")(LSTM(n_out=5)(source))
    repeated = DuplicateToTimeSeriesVertex("target")(thought)
    return graph(steps(LSTM(n_out=6)(target, repeated, name="decoder")), source, target)


def several():
    """Two inputs of different kinds, two outputs."""
    rows, image = Input("rows", FEED), Input("image", IMAGE)
    seen = DenseLayer(n_out=5)(SubsamplingLayer(kernel_size=2, stride=2)(convolved(image)))
    both = DropoutLayer(0.9)(MergeVertex()(DenseLayer(n_out=4)(rows), seen))
    kind = OutputLayer(n_out=3)(both, name="kind")
    value = OutputLayer(n_out=2, activation="identity", loss="mse")(both, name="value")
    return graph([kind, value], rows, image, l2=1e-3)


def wide():
    """One layer that feeds many: there Java's sets are no longer in order."""
    rows = Input("rows", FEED)
    first = DenseLayer(n_out=3)(rows)
    many = [DenseLayer(n_out=2)(first, name=f"branch{place}") for place in range(30)]
    return graph(classes(MergeVertex()(*many)), rows)


ROWS = {
    **{op: of_rows(ElementWiseVertex(op)) for op in ("add", "subtract", "product", "average", "max")},
    "merge": of_rows(MergeVertex()),
    "l2": of_rows(L2Vertex()),
    "l2 normalize": of_rows(lambda a, b: L2NormalizeVertex()(a)),
    "scale": of_rows(lambda a, b: ScaleVertex(2.5)(a)),
    "shift": of_rows(lambda a, b: ShiftVertex(-1.25)(a, b)),
    "subset": of_rows(lambda a, b: SubsetVertex(2, 4)(a)),
    "stack": of_rows(lambda a, b: UnstackVertex(1, 2)(DenseLayer(n_out=4)(StackVertex()(a, b)))),
    "reshape": of_rows(lambda a, b: DenseLayer(n_out=3)(ReshapeVertex((-1, 1, 2, 3), reshape_order="f")(a))),
    "broadcast": of_rows(lambda a, b: ElementWiseVertex("product")(a, DenseLayer(n_out=1)(b))),
    "implicit merge": of_rows(lambda a, b: DenseLayer(n_out=3)(a, b)),
}
SEQUENCES = {
    **{f"{op} in time": of_sequences(ElementWiseVertex(op)) for op in ("add", "average", "max")},
    "merge in time": of_sequences(MergeVertex()),
    "subset in time": of_sequences(lambda a, b: SubsetVertex(1, 3)(a)),
    "stack in time": of_sequences(lambda a, b: UnstackVertex(0, 2)(LSTM(n_out=4)(StackVertex()(a, b)))),
    "l2 normalize in time": of_sequences(lambda a, b: L2NormalizeVertex()(a)),
    "scale in time": of_sequences(lambda a, b: ScaleVertex(0.5)(a)),
    "reverse": of_sequences(lambda a, b: ReverseTimeSeriesVertex()(a)),
    "last step": of_sequences(lambda a, b: LastTimeStepVertex("sequence")(a), classes),
    "attention": of_sequences(lambda a, b: AttentionVertex(n_out=6, n_heads=2)(a, b, b)),
    "plain attention": of_sequences(lambda a, b: AttentionVertex(n_out=5, project_input=False)(a, b, b)),
    "dense in time": of_sequences(lambda a, b: DenseLayer(n_out=3)(a, b)),
}
IMAGES = {
    **{f"{op} of images": of_images(ElementWiseVertex(op)) for op in ("add", "product", "max")},
    "merge of images": of_images(MergeVertex()),
    "merge NHWC": of_images(MergeVertex(), InputType.convolutional(7, 7, 3, data_format="NHWC")),
    "subset of images": of_images(lambda a, b: convolved(SubsetVertex(1, 2)(a))),
    "stack of images": of_images(lambda a, b: UnstackVertex(1, 2)(StackVertex()(a, b))),
    "l2 normalize of images": of_images(lambda a, b: L2NormalizeVertex()(a)),
    "l2 of images": of_images(L2Vertex()),
    "pool helper": of_images(lambda a, b: PoolHelperVertex()(a)),
    "preprocessor": of_images(
        lambda a, b: PreprocessorVertex(CnnToFeedForwardPreProcessor(input_height=7, input_width=7, num_channels=4))(a)
    ),
    "reshape of images": of_images(lambda a, b: DenseLayer(n_out=4)(ReshapeVertex((-1, 196))(a))),
}
BUILT = {
    "residual": residual(),
    "siamese": siamese(),
    "translating": translating(),
    "several": several(),
    "wide": wide(),
    "embedding": graph(
        classes(EmbeddingLayer(n_in=11, n_out=4)(word := Input("word", InputType.feed_forward(1)))), word
    ),
}
GRAPHS = ROWS | SEQUENCES | IMAGES | BUILT
