"""What stands around the network in the file: layouts, classes, labels, scaled-back outputs."""

from __future__ import annotations

import struct

import numpy as np
import onnx
import pytest
from attrs import evolve

from pydl4j_spark.errors import ExportError
from pydl4j_spark.model_zip import ModelZip
from pydl4j_spark.multi_normalizers import MultiNormalizer
from pydl4j_spark.normalizer_bin import normalizer_from_bytes
from pydl4j_spark.normalizers import NormalizerMinMaxScaler, NormalizerStandardize, VGG16ImagePreProcessor
from pydl4j_spark.onnx import export_onnx
from pydl4j_spark.onnx.verify import run_onnx
from tests.fixtures.dl4j_json import written
from tests.test_multi_normalizers import MIN_MAX, STANDARDIZE, hybrid, numbered, stats

from .cases import load


def export(case, path, **options):
    """Export, compared with the fixture's own rows by the exporter itself."""
    report = export_onnx(
        case.model,
        path,
        input_shapes=case.input_shapes,
        reference=lambda x: case.y[: len(x)],
        data=case.x,
        **options,
    )
    assert report.verified
    return report


@pytest.mark.parametrize(
    ("name", "given", "perm"),
    [
        ("lenet_NCHW", "NHWC", (0, 2, 3, 1)),
        ("lenet_NHWC", "NCHW", (0, 3, 1, 2)),
        ("lstm_NCW", "NWC", (0, 2, 1)),
        ("lstm_NWC", "NCW", (0, 2, 1)),
    ],
)
def test_another_layout_at_the_input(path, name, given, perm):
    case = load(name)
    report = export(case, path, input_layout=given)
    assert report.input_shape[1:] == tuple(np.array(case.x.shape)[list(perm)][1:]) or "T" in report.input_shape
    (y,) = run_onnx(path, case.x.transpose(perm))
    np.testing.assert_allclose(y, case.y, atol=1e-5)
    if name == "lenet_NHWC":
        # DL4J's own layout is what costs here; the file's folds into it.
        assert sum(n.op_type == "Transpose" for n in onnx.load(path).graph.node) < sum(
            n.op_type == "Transpose" for n in exported(case, path).graph.node
        )


def exported(case, path):
    export_onnx(case.model, path, input_shapes=case.input_shapes, verify=False)
    return onnx.load(path)


@pytest.mark.parametrize(("name", "given"), [("conv_even_Same_NCHW", "NHWC"), ("rnnoutput_softmax_NCW", "NWC")])
def test_another_layout_at_the_output(path, name, given):
    case = load(name)
    report = export(case, path, output_layout=given)
    (y,) = run_onnx(path, case.x)
    last = np.moveaxis(case.y, 1, -1)
    assert len(report.output_shape) == last.ndim
    np.testing.assert_allclose(y, last, atol=1e-5)


@pytest.mark.parametrize("layout", ["CNHW", "NWC", "nhwc", ""])
def test_a_layout_that_is_none(path, layout):
    with pytest.raises(ExportError, match="is no layout of what DL4J has as NCHW"):
        export(load("lenet_NCHW"), path, input_layout=layout)


@pytest.mark.parametrize("end", ["input_layout", "output_layout"])
def test_a_layout_that_nothing_can_have(path, end):
    with pytest.raises(ExportError, match=f"{end}: 'NHWC' is no layout of what DL4J has as NC"):
        export(load("dense"), path, **{end: "NHWC"})
    with pytest.raises(ExportError, match="a layout such as 'NHWC' is expected"):
        export(load("dense"), path, **{end: 5})


def test_one_word_is_for_the_ends_that_have_so_many_axes(path):
    case = load("example_graph")
    report = export_onnx(case.model, path, input_layout="NWC", verify=False)
    assert list(report.inputs.values()) == [("N", 7), ("N", "T", 4)]
    with pytest.raises(ExportError, match="input_layout of 'rows': 'NWC' is no layout of what DL4J has as NC"):
        export_onnx(case.model, path, input_layout={"rows": "NWC"}, verify=False)


def test_a_layout_of_what_is_not_there(path):
    with pytest.raises(ExportError, match=r"input_layout names \['image'\]"):
        export(load("lenet_NCHW"), path, input_layout={"image": "NHWC"})


def test_classes_and_labels_follow_the_output(path):
    case = load("dense_dense_output")
    names = ["a", "b", "c", "dé"]
    report = export(case, path, argmax=True, labels=names)
    assert list(report.outputs) == ["output", "output_class", "output_label"]
    y, classes, labels = run_onnx(path, case.x)
    assert classes.dtype == np.int64 and classes.tolist() == case.y.argmax(1).tolist()
    assert labels.tolist() == [names[i] for i in case.y.argmax(1)]
    np.testing.assert_allclose(y, case.y, atol=1e-5)


def test_classes_of_every_time_step(path):
    case = load("rnnoutput_softmax_NCW")
    export(case, path, argmax=True)
    assert (run_onnx(path, case.x)[1] == case.y.argmax(1)).all()


def test_a_single_probability_is_of_the_second_class(path):
    case = load("output_sigmoid_nobias")
    model = case.model
    configuration = model.configuration
    configuration["confs"][0]["layer"]["nout"] = 1
    model = evolve(model, configuration=configuration, params=model.params[:7])
    export_onnx(model, path, argmax=True, labels=["no", "yes"], verify=False)
    y, classes, labels = run_onnx(path, case.x)
    assert classes.tolist() == [int(p >= 0.5) for (p,) in y]
    assert labels.tolist() == [["no", "yes"][c] for c in classes]


def test_labels_of_the_file(path):
    case = load("dense_dense_output")
    model = evolve(case.model, manifest={"labels": list("abcd")})
    export_onnx(model, path, labels=True, verify=False)
    assert set(run_onnx(path, case.x)[1]) <= set("abcd")


@pytest.mark.parametrize(
    ("labels", "message"),
    [(True, "the model file has none"), (["a"], "has 4 classes, 1 labels"), ({"other": ["a"]}, "outputs are called")],
)
def test_labels_that_do_not_fit(path, labels, message):
    with pytest.raises(ExportError, match=message):
        export(load("dense_dense_output"), path, labels=labels)


@pytest.mark.parametrize("kind", [NormalizerStandardize, NormalizerMinMaxScaler])
def test_outputs_scaled_back(path, kind):
    case = load("dense_dense_output")
    statistics = np.arange(1, 5, dtype=np.float32)
    names = ("mean", "std", "label_mean", "label_std")
    if kind is NormalizerMinMaxScaler:
        names = ("min", "max", "label_min", "label_max")
    own = np.arange(1, 8, dtype=np.float32)
    normalizer = kind(**dict(zip(names, (own, own + 1, statistics, statistics * 3), strict=True)))
    model = evolve(case.model, normalizer=normalizer)
    export_onnx(model, path, revert_labels=True, reference=lambda x: case.y[: len(x)], data=case.x)
    np.testing.assert_allclose(run_onnx(path, case.x)[0], normalizer.revert_labels(case.y), atol=1e-5)


def test_nothing_to_scale_back_by(path):
    with pytest.raises(ExportError, match="revert_labels=True, but there is no normalizer"):
        export(load("dense"), path, revert_labels=True)


BOTH = numbered(_0=STANDARDIZE + stats([1, 2, 3], [2, 2, 4]), _1=MIN_MAX + stats([1, 2, 3], [2, 4, 4]))


@pytest.mark.parametrize(
    ("normalizer", "shape"),
    [
        (normalizer_from_bytes(hybrid(BOTH, own=numbered(_0=STANDARDIZE, _1=MIN_MAX + struct.pack(">dd", -1, 1)))), 2),
        (normalizer_from_bytes(hybrid(BOTH, own=numbered(_0=STANDARDIZE))), 2),
        (VGG16ImagePreProcessor(), 4),
    ],
)
def test_each_input_is_normalized_by_its_own(path, normalizer, shape):
    document = written("m2.1")["graph_vertex_elementwise/built"]
    model = ModelZip(document, "", np.zeros(0, np.float32), normalizer=normalizer)
    rows = [np.random.default_rng(seed).random((4, 3, 5, 6)[:shape]).astype(np.float32) for seed in (0, 1)]
    shapes = dict.fromkeys(document["networkInputs"], rows[0].shape[1:])
    export_onnx(model, path, input_shapes=shapes, include_normalizer=True, reference=np.add)
    own = normalizer.transform(rows) if isinstance(normalizer, MultiNormalizer) else map(normalizer.transform, rows)
    np.testing.assert_allclose(run_onnx(path, *rows)[0], sum(own), rtol=1e-6)
