"""What cannot be exported is named all at once, and a converter of one's own serves wherever its class stands."""

from __future__ import annotations

import json

import pytest
from attrs import evolve

from pydl4j_spark.description import parse_configuration
from pydl4j_spark.errors import ExportError, ModelFormatError, UnsupportedLayer
from pydl4j_spark.onnx import Converter
from pydl4j_spark.onnx.build import build
from pydl4j_spark.onnx.ends import Ends
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.onnx.verify import run_onnx

from .cases import assert_parity, built, changed, load, renamed

LAYERS = "org.deeplearning4j.nn.conf.layers."
RECURRENT = LAYERS + "recurrent."
TIME_DISTRIBUTED = RECURRENT + "TimeDistributed"
FROZEN = LAYERS + "misc.FrozenLayer"
TANH = "org.nd4j.linalg.activations.impl.ActivationTanH"


def own(*converters):
    return {**default_registry(), **{one.dl4j_class: one for one in converters}}


def under_another_name(name, new):
    return own(evolve(default_registry()[name], dl4j_class=new))


def refusal(name, model, registry=None):
    with pytest.raises(UnsupportedLayer) as caught:
        built(load(name), model=model, registry=registry)
    return str(caught.value).splitlines()


def test_everything_of_a_graph():
    def change(configuration):
        vertices = configuration["vertices"]
        vertices["sum"] = {"@class": "com.acme.MyVertex"}
        vertices["relu"]["layerConf"]["layer"]["activationFn"] = {"@class": "com.acme.MyActivation"}
        vertices["relu"]["preProcessor"] = {"@class": "com.acme.MyPreprocessor"}
        inner = {"@class": "com.acme.MyLayer", "layerName": "mine"}
        vertices["second"]["layerConf"]["layer"] = {"@class": TIME_DISTRIBUTED, "underlying": inner}
        vertices["first"]["layerConf"]["layer"]["@class"] = "org.deeplearning4j.nn.conf.layers.samediff.SameDiffLayer"

    java = "its behaviour is Java code that is not in the file"
    assert refusal("overwriting_nothing", changed("overwriting_nothing", change)) == [
        "this network cannot be exported as ONNX:",
        f"  layer 0 ('first', {LAYERS}samediff.SameDiffLayer): {java}; pass converters={{'{LAYERS}samediff."
        f"SameDiffLayer': Converter('{LAYERS}samediff.SameDiffLayer', emit, params)}}",
        f"  preprocessor of layer 1 (com.acme.MyPreprocessor): {java}; "
        "pass converters={'com.acme.MyPreprocessor': Converter('com.acme.MyPreprocessor', emit)}",
        f"  layer 1 ('relu', {LAYERS}ActivationLayer): activation com.acme.MyActivation is not known; "
        "pass converters={'com.acme.MyActivation': Converter('com.acme.MyActivation', emit)}",
        f"  com.acme.MyLayer in layer 2 ('second', {TIME_DISTRIBUTED}): {java}; "
        "pass converters={'com.acme.MyLayer': Converter('com.acme.MyLayer', emit, params)}",
        f"  vertex 3 ('sum', com.acme.MyVertex): {java}; "
        "pass converters={'com.acme.MyVertex': Converter('com.acme.MyVertex', emit, params, many=True)}",
    ]


def test_layers_inside_wrappers_inside_wrappers():
    dense = load("distributed_dense_NCW").model.configuration["confs"][0]["layer"]["underlying"]
    odd = {**dense, "activationFn": {"@class": "com.acme.MyActivation"}}
    unknown = {"@class": LAYERS + "NewLayer"}

    one = {"@class": TIME_DISTRIBUTED, "underlying": odd}

    def change(configuration):
        configuration["confs"] = [{"layer": {"@class": "com.acme.Wrapper", "one": one, "two": unknown}}]

    wrapper = Converter("com.acme.Wrapper", None, inside=lambda layer: {"a": layer["one"], "b": layer["two"]})
    found = refusal("distributed_dense_NCW", changed("distributed_dense_NCW", change), own(wrapper))
    assert len(found) == 3
    assert f"  {LAYERS}DenseLayer in {TIME_DISTRIBUTED} in layer 0 ('layer0', com.acme.Wrapper): activation" in found[1]
    assert f"  {LAYERS}NewLayer in layer 0 ('layer0', com.acme.Wrapper): has no converter in this version" in found[2]


@pytest.mark.parametrize(
    "layer",
    [
        {"@class": RECURRENT + "LastTimeStep", "underlying": {"@class": "com.acme.MyRnn"}},
        {
            "@class": RECURRENT + "Bidirectional",
            "fwd": {"@class": LAYERS + "LSTM"},
            "bwd": {"@class": "com.acme.MyRnn"},
        },
        {"@class": RECURRENT + "TimeDistributed", "underlying": {"@class": "com.acme.MyRnn"}},
        {
            "@class": RECURRENT + "LastTimeStep",
            "underlying": {"@class": FROZEN, "layer": {"@class": "com.acme.MyRnn"}},
        },
    ],
)
def test_layers_of_ones_own_in_wrappers_are_named(layer):
    def change(configuration):
        configuration["confs"] = [{"layer": layer}]

    found = refusal("dense", changed("dense", change))
    assert any(line.startswith("  com.acme.MyRnn in layer 0 ('layer0', ") for line in found)
    assert any(
        "pass converters={'com.acme.MyRnn': Converter('com.acme.MyRnn', emit, params)}" in line for line in found
    )


def test_every_activation_of_a_layer():
    model = renamed("variational_gaussian", "org.nd4j.linalg.activations.impl.ActivationSigmoid", "com.acme.Mean")
    model = evolve(model, configuration=json.loads(json.dumps(model.configuration).replace(TANH, "com.acme.Encoder")))
    found = refusal("variational_gaussian", model)
    assert [name for name in ("com.acme.Mean", "com.acme.Encoder") if any(name in line for line in found)] == [
        "com.acme.Mean",
        "com.acme.Encoder",
    ]


def test_a_distribution_of_ones_own_has_parameters_that_nobody_can_count():
    name = LAYERS + "variational.BernoulliReconstructionDistribution"
    for case in ("variational_bernoulli", "variational_composite"):
        found = refusal(case, renamed(case, name, "com.acme.MyDistribution"))
        assert "how many parameters the distribution com.acme.MyDistribution has is Java code" in found[1]


@pytest.mark.parametrize("layout", ["NCW", "NWC"])
def test_a_layer_of_ones_own_in_a_wrapper(layout):
    case = f"distributed_dense_{layout}"
    model = renamed(case, LAYERS + "DenseLayer", "com.acme.MyDense")
    assert_parity(load(case), model=model, registry=under_another_name(LAYERS + "DenseLayer", "com.acme.MyDense"))


def test_a_layer_of_ones_own_in_a_wrapper_needs_its_opset():
    case = "distributed_dense_NCW"
    model = renamed(case, LAYERS + "DenseLayer", "com.acme.MyDense")
    converter = evolve(default_registry()[LAYERS + "DenseLayer"], dl4j_class="com.acme.MyDense", since_opset=18)
    assert built(load(case), model=model, registry=own(converter)).opset == 18
    with pytest.raises(ExportError, match=r"com\.acme\.MyDense in layer 0 .* needs 18"):
        built(load(case), 17, model=model, registry=own(converter))


def test_an_activation_of_ones_own_needs_its_opset_and_may_object():
    model = renamed("dense", TANH, "com.acme.MyTanh")
    mine = Converter("com.acme.MyTanh", lambda ctx, x, settings, params: ctx.op("Tanh", x), since_opset=18)
    assert built(load("dense"), model=model, registry=own(mine)).opset == 18
    with pytest.raises(ExportError, match=r"activation com\.acme\.MyTanh of layer 0 .* needs 18"):
        built(load("dense"), 17, model=model, registry=own(mine))
    choosy = evolve(mine, objection=lambda settings: "it is too steep")
    assert refusal("dense", model, own(choosy))[1].startswith("  activation com.acme.MyTanh of layer 0 ('layer0', ")


@pytest.mark.parametrize("given", [None, 5, "x"])
def test_a_converter_that_gives_no_value(given):
    mine = Converter(LAYERS + "DenseLayer", lambda *all_of_it: given, default_registry()[LAYERS + "DenseLayer"].params)
    with pytest.raises(
        ExportError, match=r"layer 0 \('layer0', .*DenseLayer\): its converter gave .* a Value is expected"
    ):
        built(load("dense"), registry=own(mine))


def test_a_vertex_of_ones_own():
    name = "org.deeplearning4j.nn.conf.graph.ElementWiseVertex"
    registry = own(Converter("com.acme.Sum", lambda ctx, xs, json, params: ctx.op("Sum", *xs), many=True))
    assert_parity(
        load("overwriting_nothing"), model=renamed("overwriting_nothing", name, "com.acme.Sum"), registry=registry
    )


def test_a_preprocessor_of_ones_own():
    name = "org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor"
    model = renamed("rnn_dense_NCW", name, "com.acme.Flatten")
    assert_parity(load("rnn_dense_NCW"), model=model, registry=under_another_name(name, "com.acme.Flatten"))


@pytest.mark.parametrize(
    "case",
    [
        "dense",
        "conv_nobias_NHWC",
        "lstm_NCW",
        "simplernn_NWC",
        "bidirectional_lstm_CONCAT_NCW",
        "last_lstm_NCW",
        "bidirectional_last_NWC",
        "element_wise",
        "variational_gaussian",
        "variational_loss",
        "distributed_dense_NWC",
        "embedding_sequence_bias_NCW",
        "embedding_bias_tanh",
        "rnn_loss_tanh_NWC",
        "cnn_loss_tanh_NCHW",
        "cnn3d_loss_tanh_NDHWC",
        "loss_cnn_tanh_NHWC",
        "frozen_dense",
        "act_output_DOUBLE",
        "act_loss_HALF",
        "conv_DOUBLE",
        "lstm_DOUBLE",
        "lstm_HALF",
    ],
)
def test_an_activation_of_ones_own_wherever_one_is_taken(case):
    registry = own(Converter("com.acme.MyTanh", lambda ctx, x, settings, params: ctx.op("Tanh", x)))
    model = renamed(case, TANH, "com.acme.MyTanh")
    for opset in (13, 21):
        assert_parity(load(case), opset, model=model, registry=registry)
    assert any("activation com.acme.MyTanh is not known" in line for line in refusal(case, model)[1:])


@pytest.mark.parametrize(
    ("case", "name"),
    [
        ("dense_dense_output", "Softmax"),
        ("dense_dense_output", "TanH"),
        ("lstm_NCW", "TanH"),
        ("simplernn_NWC", "TanH"),
    ],
)
def test_a_converter_in_place_of_one_that_is_built_in(case, name):
    replaced = Converter(
        "org.nd4j.linalg.activations.impl.Activation" + name, lambda ctx, x, settings, params: ctx.op("Neg", x)
    )
    with pytest.raises(ExportError, match="differs from DL4J"):
        assert_parity(load(case), registry=own(replaced))


# --- what DL4J itself refuses


def test_rows_where_sequences_arrive():
    with pytest.raises(ExportError, match="takes rows of rank 2, but rank 3 arrives; is a preprocessor missing"):
        built(load("rnn_dense_NCW"), model=changed("rnn_dense_NCW", lambda c: c["inputPreProcessors"].clear()))


@pytest.mark.parametrize("n", [4, 3])
def test_channels_second_in_sequences_are_not_normalized(n):
    """Where there are as many rows as channels, DL4J runs and normalizes over the rows."""

    def change(configuration):
        configuration["confs"][0]["layer"]["cnn2DFormat"] = "NCHW"

    case = load("bn_rnn_locked_NWC")
    with pytest.raises(ExportError, match="cannot normalize channels of rank 3"):
        built(case, model=changed("bn_rnn_locked_NWC", change))


def test_pooling_that_cannot_keep_its_axes():
    def change(configuration):
        configuration["confs"][0]["layer"].update(poolingDimensions=[1], collapseDimensions=False)

    with pytest.raises(ExportError, match="cannot keep the axes"):
        built(load("gpool_keep_AVG_NCW"), model=changed("gpool_keep_AVG_NCW", change))


def test_slopes_of_another_rank():
    def change(configuration):
        configuration["confs"][0]["layer"]["inputShape"] = [7, 1]

    with pytest.raises(ExportError, match="takes 2 axes beside the rows, but"):
        built(load("prelu_first"), model=changed("prelu_first", change))


def test_indices_that_are_no_sequence():
    with pytest.raises(ExportError, match=r"indices as \[N, T\] or \[N, 1, T\]"):
        build(load("embedding_sequence_NCW").model, (2, 5), None, default_registry(), Ends())


def test_several_indices_for_an_embedding_of_one():
    with pytest.raises(ExportError, match=r"takes indices as \[N, 1\], but \('N', 2\) arrives"):
        build(load("embedding").model, (2,), None, default_registry(), Ends())


@pytest.mark.parametrize("case", ["embedding_bias_tanh", "embedding_sequence_bias_NCW", "distributed_embedding_NWC"])
@pytest.mark.parametrize("index", [-1, 11])
def test_indices_that_are_not_in_the_vocabulary(case, index):
    """As DL4J refuses them; below zero, ONNX itself would count from the end."""
    x = load(case).x.copy()
    content = built(load(case)).to_bytes()
    run_onnx(content, x)
    x.flat[1] = index
    with pytest.raises(ExportError, match="out of data bounds"):
        run_onnx(content, x)


# --- frozen layers


def test_frozen_layers_inside_wrappers():
    (layer,) = parse_configuration(load("distributed_frozen_NCW").model.configuration).layers
    assert layer.json["underlying"]["@class"] == LAYERS + "DenseLayer"


def test_wrappers_without_end():
    layer = {"@class": LAYERS + "DenseLayer"}
    for _ in range(30):
        layer = {"@class": TIME_DISTRIBUTED, "underlying": layer}

    def change(configuration):
        configuration["confs"] = [{"layer": layer}]

    with pytest.raises(ModelFormatError, match="layers inside layers without end"):
        built(load("dense"), model=changed("dense", change))
