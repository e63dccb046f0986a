"""The public way out: files, metadata, refusals, hooks."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import onnx
import pytest
from attrs import evolve

from pydl4j_spark.errors import Dl4jError, ExportError, ModelFormatError, UnsupportedLayer
from pydl4j_spark.model_zip import read_model_zip
from pydl4j_spark.onnx import Converter, ParamSpec, export_onnx, verify_onnx

from .cases import as_onnx, built, changed, load, props


def as_dl4j(case):
    """An engine that knows the fixture's three rows and nothing else."""

    def reference(x):
        np.testing.assert_array_equal(x, case.normalized[: len(x)])
        return case.y if len(x) == len(case.x) else case.first(case.y)

    return reference


def test_verified_export(path):
    case = load("dense_dense_output")
    report = export_onnx(case.model, path, reference=as_dl4j(case), data=case.x)
    assert report.verified and report.max_abs_error < 1e-6 and report.max_rel_error < 1e-4
    assert (report.path, report.opset, report.ir_version, report.layers) == (path, 15, 8, 3)
    assert report.parameters == case.model.params.size and report.nodes == len(onnx.load(path).graph.node)
    assert report.input_shape == ("N", 7) and report.output_shape == ("N", 4)
    written = props(path)
    assert written["verified"] == "true" and float(written["verify_max_abs_error"]) < 1e-6
    assert written["source_sha256"] == case.model.sha256 and written["dl4j_version"] == "1.0.0-M2.1"
    assert written["layers"] == "3" and written["input_layout"] == "NC" and written["normalizer"] == "none"
    assert "pydl4j_spark" in written["exporter"] and "atol" in written["verify_tolerance"]
    onnx.checker.check_model(str(path), full_check=True)
    assert [v.name for v in onnx.load(path).graph.input] == ["input"]
    assert [v.name for v in onnx.load(path).graph.output] == ["output"]


@pytest.mark.parametrize(
    "name", ["dense_DOUBLE", "lstm_HALF", "embedding", "lenet_NHWC", "lstm_NWC", "rnn_dense_rnn_NCW"]
)
def test_rows_are_drawn_where_none_are_given(path, name):
    case = load(name)
    report = export_onnx(case.model, path, input_shapes=case.input_shapes, reference=as_onnx(case))
    assert report.verified and report.max_abs_error == 0


def test_without_dl4j_a_warning_and_a_mark(path):
    case = load("dense")
    with pytest.warns(UserWarning, match="not compared"):
        report = export_onnx(case.model, path)
    assert not report.verified and report.max_abs_error is None
    assert props(path)["verified"] == "false"


def test_verify_off_is_silent(path):
    assert not export_onnx(load("dense").model, path, verify=False).verified
    assert props(path)["verified"] == "false"


def test_a_difference_leaves_no_file(path):
    case = load("dense")
    path.write_bytes(b"the old one")
    with pytest.raises(ExportError, match=r"differs from DL4J in \d+ of"):
        export_onnx(case.model, path, reference=as_onnx(case, off_by=1e-3))
    assert path.read_bytes() == b"the old one"
    assert list(path.parent.iterdir()) == [path]


def test_a_reference_of_another_shape(path):
    with pytest.raises(ExportError, match="shape"):
        export_onnx(load("dense").model, path, reference=lambda x: x)


def test_sources_of_a_model(path, tmp_path):
    case = load("dense")
    file = tmp_path / "model.zip"
    file.write_bytes(case.raw)

    class Network:
        def to_model_zip(self):
            return case.model

    contents = set()
    for source in (file, str(file), case.model, Network()):
        export_onnx(source, path, verify=False)
        contents.add(path.read_bytes())
    assert len(contents) == 1


@pytest.mark.parametrize("name", ["lenet_NHWC", "gate_graves_swish", "bidirectional_graves_CONCAT_NCW"])
def test_bytes_are_the_same_every_time(tmp_path, name):
    case = load(name)
    contents = set()
    for i in range(3):
        path = tmp_path / f"{i}.onnx"
        export_onnx(case.model, path, input_shapes=case.input_shapes, reference=as_onnx(case))
        contents.add(path.read_bytes())
    assert len(contents) == 1


@pytest.mark.parametrize("name", ["norm_standardize", "norm_minmax", "norm_image"])
def test_normalizer_in_front(path, name):
    case = load(name)
    report = export_onnx(
        case.model, path, input_shapes=case.input_shapes, include_normalizer=True, reference=as_onnx(case)
    )
    assert report.verified
    found = verify_onnx(path, case.x, case.y)
    assert found.max_abs_error < 1e-5 and found.rows == 3
    assert props(path)["normalizer"] == "embedded"


def test_normalizer_left_out_is_said(path):
    report = export_onnx(load("norm_standardize").model, path, verify=False)
    assert report.normalizer == props(path)["normalizer"]
    assert props(path)["normalizer"].startswith("not embedded")


def test_no_normalizer_to_embed(path):
    with pytest.raises(ExportError, match="no normalizer to write"):
        export_onnx(load("dense").model, path, include_normalizer=True)


# --- shapes


def test_images_need_their_size(path):
    with pytest.raises(ExportError, match="input_shapes"):
        export_onnx(load("lenet_NCHW").model, path)


def with_manifest(case, input_type, **fields):
    stream = io.BytesIO(case.raw)
    kind = "org.deeplearning4j.nn.conf.inputs.InputType$" + input_type.pop("@class")
    manifest = {"format": 1, "input_type": {"@class": kind, **input_type}, **fields}
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("pydl4j.json", json.dumps(manifest))
    return read_model_zip(stream.getvalue())


def images(layout):
    return {"@class": "InputTypeConvolutional", "height": 6, "width": 7, "channels": 2, "format": layout}


def flat_images():
    return {"@class": "InputTypeConvolutionalFlat", "height": 6, "width": 7, "depth": 2}


def series(layout):
    return {"@class": "InputTypeRecurrent", "size": 4, "timeSeriesLength": 9, "format": layout}


@pytest.mark.parametrize(
    ("name", "input_type", "shape", "layout"),
    [
        ("dense", {"@class": "InputTypeFeedForward", "size": 7}, ("N", 7), "NC"),
        ("lstm_NCW", series("NCW"), ("N", 4, "T"), "NCW"),
        ("lstm_NWC", series("NWC"), ("N", "T", 4), "NWC"),
        ("lenet_NCHW", images("NCHW"), ("N", 2, 6, 7), "NCHW"),
        ("lenet_NHWC", images("NHWC"), ("N", 6, 7, 2), "NHWC"),
        ("flat_images", flat_images(), ("N", 84), "NC"),
    ],
)
def test_the_manifest_tells_the_shape(path, name, input_type, shape, layout):
    case = load(name)
    model = with_manifest(case, dict(input_type), labels=["cat", "dög"])
    report = export_onnx(model, path, reference=as_dl4j(case), data=case.x)
    assert report.input_shape == shape
    assert props(path)["input_layout"] == layout
    assert json.loads(props(path)["labels"]) == ["cat", "dög"]


def test_an_input_type_is_a_shape_too(path):
    case = load("lenet_NHWC")
    given = {**images("NHWC"), "@class": "org.deeplearning4j.nn.conf.inputs.InputType$InputTypeConvolutional"}
    report = export_onnx(case.model, path, input_shapes=given, reference=as_dl4j(case), data=case.x)
    assert report.input_shape == ("N", 6, 7, 2)
    with pytest.raises(ExportError, match="not complete"):
        export_onnx(case.model, path, input_shapes={"@class": given["@class"]})


def test_a_static_length_of_sequences(path):
    case = load("lstm_NCW")
    report = export_onnx(case.model, path, input_shapes={"input": (4, 5)}, reference=as_dl4j(case), data=case.x)
    assert report.input_shape == ("N", 4, 5) and report.output_shape == ("N", 2, 5)


@pytest.mark.parametrize("shapes", ["abc", (), (1, 2, 3, 4, 5), (0,), (1.5,), {"other": (7,)}, 7])
def test_shapes_that_are_none(path, shapes):
    with pytest.raises(ExportError, match=r"input_shapes|inputs are called"):
        export_onnx(load("dense").model, path, input_shapes=shapes, verify=False)


@pytest.mark.parametrize(
    ("name", "shapes"), [("dense", (7, 3)), ("dense", (8,)), ("lenet_NCHW", (6, 7)), ("lstm_NCW", (4,))]
)
def test_shapes_that_do_not_fit(path, name, shapes):
    with pytest.raises(ExportError):
        export_onnx(load(name).model, path, input_shapes=shapes, verify=False)


# --- opsets


def test_opset_is_kept_or_refused(path):
    case = load("dense")
    assert export_onnx(case.model, path, opset=21, verify=False).ir_version == 10
    for wrong in (12, 22, "15", True):
        with pytest.raises(ExportError, match="not one of those"):
            export_onnx(case.model, path, opset=wrong, verify=False)


def relu_converter(since):
    return Converter("com.acme.MyLayer", lambda ctx, x, layer, params: ctx.op("Relu", x), since_opset=since)


def custom(case, name="com.acme.MyLayer"):
    def change(configuration):
        configuration["confs"].append({"layer": {"@class": name, "layerName": "mine"}, "variables": []})

    return changed(case.name, change)


def test_opset_follows_what_converters_need(path):
    model = custom(load("dense"))
    converters = {"com.acme.MyLayer": relu_converter(18)}
    assert export_onnx(model, path, converters=converters, verify=False).opset == 18
    with pytest.raises(ExportError, match="needs 18"):
        export_onnx(model, path, converters=converters, opset=15, verify=False)


# --- hooks and refusals


def test_a_layer_of_ones_own(path):
    """With parameters, which come behind those of the layers before it."""
    case = load("dense")
    model = custom(case)
    own = np.arange(6, dtype=np.float32)
    model = evolve(model, params=np.concatenate([model.params, own]))

    def emit(ctx, x, layer, params):
        return ctx.op("Mul", x, ctx.const("s", params["s"]))

    converters = {"com.acme.MyLayer": Converter("com.acme.MyLayer", emit, lambda layer: [ParamSpec("s", (6,))])}
    export_onnx(model, path, converters=converters, reference=lambda x: as_onnx(case)(x) * own)
    assert any(n.name.startswith("mine/") for n in onnx.load(path).graph.node)
    plain = {"com.acme.MyLayer": Converter("com.acme.MyLayer", emit, lambda layer: [("s", (6,), "c")])}
    export_onnx(model, path, converters=plain, reference=lambda x: as_onnx(case)(x) * own)


@pytest.mark.parametrize("part", ["emit", "params", "objection", "best_opset", "mask", "inside"])
def test_a_converter_of_ones_own_that_fails(path, part):
    """The file is not to blame."""

    def wrong(*given):
        raise KeyError("size")

    name = "com.acme.MyLayer"
    converter = evolve(relu_converter(15), **{part: wrong})
    said = rf"given for com\.acme\.MyLayer: its {part} for 'mine' failed \(KeyError: 'size'\)"
    with pytest.raises(ExportError, match=said) as caught:
        export_onnx(custom(load("dense")), path, converters={name: converter}, verify=False)
    assert isinstance(caught.value.__cause__, KeyError)
    assert not path.exists()


def test_an_activation_of_ones_own(path):
    case = load("dense")
    name = "com.acme.MyActivation"

    def change(configuration):
        configuration["confs"][0]["layer"]["activationFn"] = {"@class": name}

    model = changed(case.name, change)
    with pytest.raises(UnsupportedLayer, match=r"com\.acme\.MyActivation"):
        export_onnx(model, path, verify=False)
    converter = Converter(name, lambda ctx, x, settings, params: ctx.op("Tanh", x))
    export_onnx(model, path, converters={name: converter}, reference=as_dl4j(case), data=case.x)


def test_everything_unsupported_is_named_at_once(path):
    learned = "org.deeplearning4j.nn.conf.layers.LearnedSelfAttentionLayer"
    raw_operation = "org.deeplearning4j.nn.modelimport.keras.layers.TFOpLayer"
    composed = "org.deeplearning4j.nn.conf.preprocessor.ComposableInputPreProcessor"

    def change(configuration):
        confs = configuration["confs"]
        for name in ("org.deeplearning4j.nn.conf.layers.Unheard", "com.acme.MyLayer", learned, raw_operation):
            confs.append({"layer": {"@class": name}})
        confs.append({"layer": {**confs[0]["layer"], "activationFn": {"@class": "com.acme.MyActivation"}}})
        confs.append({"layer": {"@class": "org.deeplearning4j.nn.conf.layers.SubsamplingLayer", "poolingType": "SUM"}})
        inner = {"@class": composed, "inputPreProcessors": [{"@class": "com.acme.MyInnerPreprocessor"}]}
        configuration["inputPreProcessors"] = {"1": {"@class": "com.acme.MyPreprocessor"}, "2": inner}

    with pytest.raises(UnsupportedLayer) as caught:
        export_onnx(changed("dense", change), path)
    message = str(caught.value)
    for part in (
        "layer 1 ('layer1', org.deeplearning4j.nn.conf.layers.Unheard): has no converter",
        "layer 2 ('layer2', com.acme.MyLayer): its behaviour is Java code",
        "com.acme.MyActivation",
        "SUM",
        "preprocessor of layer 1 (com.acme.MyPreprocessor)",
        f"com.acme.MyInnerPreprocessor in preprocessor of layer 2 ({composed}): its behaviour is Java code",
        f"layer 3 ('layer3', {learned}): DL4J itself cannot run it",
        f"layer 4 ('layer4', {raw_operation}): it runs an operation of TensorFlow",
        "converters={'com.acme.MyLayer'",
    ):
        assert part in message
    assert not path.exists()


def test_vertices_of_the_user_are_named_with_their_recipe(path):
    """As subclasses of SameDiffVertex are: Java code, of which the file has the settings only."""
    case, name = load("graph_siamese"), "com.acme.MyDistance"
    raw = case.model.configuration
    distance = {**raw["vertices"]["distance"], "@class": name}
    model = evolve(case.model, configuration={**raw, "vertices": {**raw["vertices"], "distance": distance}})
    with pytest.raises(UnsupportedLayer) as caught:
        export_onnx(model, path, verify=False)
    assert f"vertex 4 ('distance', {name}): its behaviour is Java code" in str(caught.value)
    assert f"converters={{'{name}': Converter('{name}', emit, params, many=True)}}" in str(caught.value)

    def emit(ctx, inputs, json, params):
        apart = ctx.op("Sub", *inputs)
        squares = ctx.reduce("ReduceSum", ctx.op("Mul", apart, apart), [1], keepdims=True)
        return ctx.op("Sqrt", squares)

    export_onnx(model, path, verify=False, converters={name: Converter(name, emit, many=True)})
    verify_onnx(path, case.inputs, case.outputs)


def test_wrappers_of_what_cannot_be_wrapped(path):
    dense = {"@class": "org.deeplearning4j.nn.conf.layers.DenseLayer", "nin": 7, "nout": 6}
    wrapper = "org.deeplearning4j.nn.conf.layers.recurrent."

    def change(configuration):
        configuration["confs"].append({"layer": {"@class": wrapper + "LastTimeStep", "underlying": dense}})
        configuration["confs"].append({"layer": {"@class": wrapper + "Bidirectional", "fwd": dense, "bwd": dense}})

    with pytest.raises(UnsupportedLayer, match=r"LastTimeStep of DenseLayer[\s\S]*Bidirectional of DenseLayer"):
        export_onnx(changed("dense", change), path)


def test_masks_are_for_sequences(path):
    with pytest.raises(ExportError, match="masks=True, but no input is a sequence"):
        export_onnx(load("dense").model, path, masks=True)


@pytest.mark.parametrize("change", [-1, 1])
def test_parameters_that_do_not_fit_the_configuration(path, change):
    model = load("dense").model
    params = model.params[:change] if change < 0 else np.append(model.params, np.float32(0))
    with pytest.raises(ModelFormatError, match=r"coefficients\.bin has"):
        export_onnx(evolve(model, params=params), path)


def test_sequence_normalization_that_dl4j_cannot_run(path):
    def change(configuration):
        layer = {
            "@class": "org.deeplearning4j.nn.conf.layers.BatchNormalization",
            "nin": 2,
            "nout": 2,
            "lockGammaBeta": True,
        }
        configuration["confs"].append({"layer": layer, "variables": ["mean", "var"]})

    model = changed("lstm_NCW", change)
    model = evolve(model, params=np.append(model.params, np.ones(4, np.float32)))
    with pytest.raises(ExportError, match="NWC"):
        export_onnx(model, path)


def test_only_a_network_of_identities(path):
    def change(configuration):
        configuration["confs"] = [{"layer": {"@class": "org.deeplearning4j.nn.conf.layers.DropoutLayer"}}]

    model = evolve(changed("dense", change), params=np.zeros(0, np.float32))
    export_onnx(model, path, input_shapes=(7,), reference=lambda x: x)


# --- robustness


STRANGE = ["x", None, -1, 0, 10**30, [], {}]


@pytest.mark.parametrize(
    "name",
    [
        "dense_layernorm",
        "lenet_NHWC",
        "bidirectional_graves_ADD_NCW",
        "bidirectional_last_NCW",
        "bn_cnn_NCHW",
        "pool_PNORM_Same_NCHW",
        "last_lstm_NCW",
        "embedding",
        "gpool_AVG_NCHW",
        "rnn_cnn_rnn_NCW",
        "act_dense_relu_all",
        "gate_lstm_swish",
        "capsules_routing_2",
        "vertex_reshape_open",
        "preprocessor_volumes_NCDHW",
    ],
)
def test_a_strange_configuration_is_an_error_of_the_family(name):
    """Each setting in turn gone or replaced: an export or an error that is ours, never another one."""
    case = load(name)

    def places(part, way=()):
        if isinstance(part, dict):
            for key in part:
                if key not in ("iupdater", "weightInitFn", "biasUpdater", "weightInitFnRecurrent", "lossFn"):
                    yield (*way, key)
                    yield from places(part[key], (*way, key))

    configuration = json.loads(case.model.configuration_text)
    layers = enumerate(configuration.get("confs", ()))
    parts = [("confs", i, "layer", *w) for i, c in layers for w in places(c["layer"])]
    for key in ("inputPreProcessors", "vertices", "vertexInputs"):
        parts += [(key, *w) for w in places(configuration.get(key))]
    for way in parts:
        for value in ["gone", *STRANGE]:
            changed = json.loads(case.model.configuration_text)
            at = changed
            for step in way[:-1]:
                at = at[step]
            if value == "gone":
                del at[way[-1]]
            else:
                at[way[-1]] = value
            try:
                built(case, model=evolve(case.model, configuration=changed))
            except Dl4jError:
                pass
            except Exception as error:
                raise AssertionError(f"{way} = {value!r}: {type(error).__name__}: {error}") from error
