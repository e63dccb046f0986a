"""What is asked of an export and cannot be: refused by name and value, before anything is written."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark.errors import ExportError, ModelFormatError
from pydl4j_spark.onnx import export_onnx, verify_export
from pydl4j_spark.serving.model import OnnxModel

from .cases import load


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"argmax": ["output"]}, r"argmax=\['output'\]: True or False"),
        ({"verify": "no"}, "verify='no'"),
        ({"stateful": 1}, "stateful=1"),
        ({"external_data": 0}, "external_data=0"),
        ({"opset": "15"}, "opset='15' is not one"),
        ({"atol": -1.0}, "atol=-1.0: a number of at least 0"),
        ({"rtol": float("nan")}, "rtol=nan"),
        ({"atol": "small"}, "atol='small'"),
        ({"converters": {"x": 3}}, r"converters=\{'x': 3\}"),
        ({"converters": [3]}, r"converters=\[3\]"),
        ({"labels": "abcd"}, "not 'abcd'"),
        ({"labels": {"output": 4}}, "not 4"),
        ({"labels": {"layer9": list("abcd")}}, r"labels names \['layer9'\]; the outputs are called \['layer2'\]"),
        ({"input_layout": "NHWC"}, "input_layout: 'NHWC' is no layout of what DL4J has as NC"),
        ({"input_layout": 3}, "input_layout=3: a layout such as 'NHWC'"),
        ({"output_layout": {"output": None}}, "output_layout=.* a layout such as 'NHWC'"),
        ({"output_layout": {"layer9": "NC"}}, r"output_layout names \['layer9'\]; there are \['layer2'\]"),
        ({"output_layout": ""}, "'' is no layout of what DL4J has as NC"),
    ],
)
def test_a_wrong_wish_is_named(options, told, tmp_path):
    with pytest.raises(ExportError, match=told):
        export_onnx(
            load("dense_dense_output").model, tmp_path / "model.onnx", verify=options.pop("verify", False), **options
        )
    assert not list(tmp_path.iterdir())


def test_the_output_is_called_in_wishes_as_in_the_file(tmp_path):
    model = load("rnnoutput_softmax_NCW").model
    report = export_onnx(model, tmp_path / "model.onnx", verify=False, output_layout={"output": "NWC"}, labels={})
    assert list(report.outputs) == ["output"] and report.output_shape[1] == "T"


def test_a_place_that_no_file_can_be_at(tmp_path):
    model = load("dense").model
    with pytest.raises(FileNotFoundError, match="the folder to write into is not there"):
        export_onnx(model, tmp_path / "absent" / "model.onnx")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        export_onnx(model, tmp_path)
    with pytest.raises(ExportError, match="give a local path"):
        export_onnx(model, "hdfs://somewhere/model.onnx")
    assert not list(tmp_path.iterdir())


def test_what_is_no_model_is_named(tmp_path):
    (tmp_path / "model.zip").write_bytes(b"no zip")
    for ask in (export_onnx, verify_export):
        with pytest.raises(ModelFormatError, match=r"^.*model\.zip: the model file cannot be read"):
            ask(tmp_path / "model.zip", tmp_path / "model.onnx")
        with pytest.raises(ExportError, match="model=None"):
            ask(None, tmp_path / "model.onnx")


def test_names_that_were_given_stand_in_the_file(tmp_path):
    export_onnx(load("dense_dense_output").model, tmp_path / "model.onnx", verify=False, labels=("a", "b", "c", "d"))
    assert OnnxModel(tmp_path / "model.onnx").labels == ("a", "b", "c", "d")


def test_a_file_of_another_model_is_told_apart(tmp_path):
    export_onnx(load("dense_dense_output").model, tmp_path / "model.onnx", verify=False)
    with pytest.raises(ExportError, match=r"was made of another model: it says parameters \d+, the model file has \d+"):
        verify_export(load("dense").model, tmp_path / "model.onnx")


def test_who_has_a_reference_is_not_asked_to_report_it(tmp_path):
    case = load("dense")
    with pytest.raises(ExportError) as found:
        export_onnx(case.model, tmp_path / "model.onnx", reference=lambda x: np.zeros((len(x), case.y.shape[1])))
    assert "report" not in str(found.value)
