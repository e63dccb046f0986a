"""Files, and arrays through them."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from pydl4j_spark import ConfigError, DataError, EngineError, ModelFormatError, OnnxModel
from pydl4j_spark.onnx import export_onnx
from pydl4j_spark.serving import session
from tests.onnx.cases import load
from tests.serving.models import classifier, tensor, two_ends, written

W = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
X = np.random.default_rng(1).normal(size=(7, 4)).astype(np.float32)


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


@pytest.mark.parametrize("name", ["dense", "conv_conv_NCHW", "conv_conv_NHWC", "conv_DOUBLE", "act_lstm_elu"])
def test_exported_networks_score_as_dl4j(name, tmp_path):
    case = load(name)
    export_onnx(case.model, tmp_path / "model.onnx", input_shapes=case.input_shapes, verify=False)
    model = OnnxModel(tmp_path / "model.onnx", batch_size=2)
    assert model.metadata["network"] == "MultiLayerNetwork"
    np.testing.assert_allclose(model.output(case.x), case.y, atol=1e-5)


def test_classes_values_and_answers(tmp_path):
    z = X @ W
    model = OnnxModel(classifier(tmp_path / "m.onnx", W, labels='["a", "b", "c"]'))
    assert (model.inputs, model.outputs, model.labels) == (("input",), ("output",), ("a", "b", "c"))
    assert repr(model) == "OnnxModel('m.onnx', input → output)"
    np.testing.assert_allclose(model.output(X.tolist()), softmax(z), atol=1e-6)
    np.testing.assert_array_equal(model.predict(X), z.argmax(1))
    yes = OnnxModel(classifier(tmp_path / "m.onnx", W[:, :1], "Sigmoid")).predict(X)
    np.testing.assert_array_equal(yes, z[:, 0] >= 0)
    np.testing.assert_allclose(OnnxModel(classifier(tmp_path / "m.onnx", W, "Tanh")).predict(X), np.tanh(z), atol=1e-6)


def test_what_an_output_means_is_told_by_the_caller_or_the_file(tmp_path):
    path = classifier(tmp_path / "m.onnx", W, "Sigmoid")
    assert OnnxModel(path).predict(X).shape == (7,)
    assert OnnxModel(path, task="regression").predict(X).shape == (7, 3)
    assert OnnxModel(path, task={"output": "regression"}).predict(X).shape == (7, 3)
    assert OnnxModel(classifier(tmp_path / "m.onnx", W, "Sigmoid", task="REGRESSION")).predict(X).shape == (7, 3)
    with pytest.raises(ConfigError, match="task='ranking': an output means 'classification', 'binary' or 'regression'"):
        OnnxModel(path, task="ranking")
    with pytest.raises(ConfigError, match="task names an output 'outptu'; the model has 'output'"):
        OnnxModel(path, task={"outptu": "regression"})


def test_several_inputs_and_outputs(tmp_path):
    model = OnnxModel(two_ends(tmp_path / "m.onnx"))
    # A mask is no input of its own, and a class index no output to score.
    assert (model.inputs, model.outputs) == (("left", "steps"), ("kind", "sum", "each"))
    assert model.labels == {"kind": ("a", "b", "c", "d", "e")}
    left, steps = X[:, :3], np.random.default_rng(2).normal(size=(7, 2, 4)).astype(np.float32)
    mask = np.arange(4) < np.array([[1], [2], [3], [4], [1], [2], [3]])
    kind, total, each = model.output({"steps": steps, "left": left}, features_mask={"steps": mask})
    together = np.hstack([left, (steps * mask[:, None]).sum(2)])
    np.testing.assert_allclose(kind, softmax(together), atol=1e-6)
    np.testing.assert_allclose(total, together.sum(1, keepdims=True), atol=1e-6)
    np.testing.assert_array_equal(model.predict([left, steps], features_mask=[None, mask]), together.argmax(1))
    np.testing.assert_allclose(model.predict([left, steps], output="each"), steps, atol=1e-6)
    # Sequences of different lengths are padded and masked.
    ragged = [one[:, keep] for one, keep in zip(steps, mask, strict=True)]
    np.testing.assert_allclose(model.output([left, ragged])[1], total, atol=1e-6)
    assert each.shape == (7, 2, 4)
    for output in ("class", 3, True):
        with pytest.raises(ConfigError, match=r"there is no output .*; the model has 'kind', 'sum', 'each'"):
            model.predict([left, steps], output=output)


def test_arrays_that_do_not_fit(tmp_path):
    model = OnnxModel(classifier(tmp_path / "m.onnx", W))
    with pytest.raises(DataError, match=r"each row has shape \[5\], the network takes \[4\]"):
        model.output(np.ones((2, 5)))
    with pytest.raises(DataError, match="has no rows"):
        model.predict(np.ones((0, 4)))
    path = written(
        tmp_path / "s.onnx",
        [helper.make_node("Tanh", ["x"], ["y"])],
        [tensor("x", "N", 2, "T")],
        [tensor("y", "N", 2, "T")],
    )
    with pytest.raises(DataError, match="the model has no input for a mask of 'x': export it with masks=True"):
        OnnxModel(path).output([np.ones((2, 3)), np.ones((2, 4))])
    with pytest.raises(ConfigError, match="batch_size=0: a whole number of at least 1"):
        OnnxModel(path, batch_size=0)


def test_indices_in_time_need_no_mask_where_the_model_takes_one(tmp_path):
    case = load("mask_embeddingsequence_NCW")
    export_onnx(case.model, tmp_path / "model.onnx", masks=True, verify=False)
    np.testing.assert_allclose(OnnxModel(tmp_path / "model.onnx").output(case.x), case.y, atol=1e-5)


def test_an_index_that_is_not_in_the_vocabulary(tmp_path):
    case = load("embedding")
    export_onnx(case.model, tmp_path / "model.onnx", verify=False)
    with pytest.raises(DataError, match=r"the model cannot score these rows: .* out of data bounds"):
        OnnxModel(tmp_path / "model.onnx").output(np.full_like(case.x, 99))


def test_channels_last_are_not_predicted(tmp_path):
    ends = [tensor("x", "N", "T", 2)], [tensor("y", "N", "T", 2)]
    nodes = [helper.make_node("Softmax", ["x"], ["y"], axis=2)]
    model = OnnxModel(written(tmp_path / "m.onnx", nodes, *ends, input_layout="NWC", output_layout="NWC"))
    assert model.output(np.ones((3, 5, 2))).shape == (3, 5, 2)
    with pytest.raises(ConfigError, match=r"output 'y' has its channels last \(NWC\)"):
        model.predict(np.ones((3, 5, 2)))


def test_sequences_with_time_first_go_in(tmp_path):
    ends = [tensor("x", "N", 5, 2)], [tensor("y", "N", 2)]
    nodes = [helper.make_node("ReduceSum", ["x", "one"], ["y"], keepdims=0)]
    model = OnnxModel(written(tmp_path / "m.onnx", nodes, *ends, {"one": np.array([1])}, input_layout="NWC"))
    steps = [np.ones((5, 2)), np.zeros((5, 2))]
    np.testing.assert_array_equal(model.predict(steps), [[5, 5], [0, 0]])
    with pytest.raises(DataError, match="the longest sequence has 6 time steps, the network takes 5"):
        model.predict([np.ones((6, 2))])


def test_a_variant_with_states_is_not_for_rows(tmp_path):
    ends = [tensor("x", "N", 2), tensor("x_h", "N", 2)], [tensor("y", "N", 2)]
    nodes = [helper.make_node("Add", ["x", "x_h"], ["y"])]
    with pytest.raises(ModelFormatError, match=r"takes states of recurrent layers \(x_h\), which rows do not have"):
        OnnxModel(written(tmp_path / "m.onnx", nodes, *ends, input_layout="NC"))


def test_a_normalizer_that_was_left_out_is_told_of(tmp_path):
    path = classifier(tmp_path / "m.onnx", W, normalizer="not embedded: normalize the rows before they go in")
    with pytest.warns(UserWarning, match="has no normalizer in it, though the network was trained with one"):
        OnnxModel(path)
    OnnxModel(classifier(path, W, normalizer="embedded"))


def test_weights_in_other_files(tmp_path):
    path = classifier(tmp_path / "m.onnx", W)
    kept = onnx.load(path)
    onnx.save(kept, path, save_as_external_data=True, location="m.weights", size_threshold=0)
    np.testing.assert_allclose(OnnxModel(path).output(X), softmax(X @ W), atol=1e-6)
    (tmp_path / "m.weights").rename(tmp_path / "elsewhere")
    with pytest.raises(ModelFormatError, match=r"keeps weights in 'm\.weights', which is not beside it"):
        OnnxModel(path)
    kept = onnx.load(path, load_external_data=False)
    for outside in ("../elsewhere", "/etc/passwd", "..", "m.onnx"):
        kept.graph.initializer[0].external_data[0].value = outside
        path.write_bytes(kept.SerializeToString())
        with pytest.raises(ModelFormatError, match="which is no file beside it"):
            OnnxModel(path)


def test_files_that_are_no_models_of_rows(tmp_path):
    with pytest.raises(FileNotFoundError):
        OnnxModel(tmp_path / "none.onnx")
    path = tmp_path / "m.onnx"
    whole = classifier(path, W).read_bytes()
    for content in (b"", b"no model", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(ModelFormatError, match=r"m\.onnx"):
            OnnxModel(path)
    tanh, softmax_of = helper.make_node("Tanh", ["x"], ["y"]), helper.make_node("ArgMax", ["x"], ["y"], axis=1)
    with pytest.raises(ModelFormatError, match="'x' has batches of just 8"):
        OnnxModel(written(path, [tanh], [tensor("x", 8, 2)], [tensor("y", 8, 2)]))
    with pytest.raises(ModelFormatError, match="no outputs of numbers"):
        indices = tensor("y", "N", 1, kind=TensorProto.INT64)
        OnnxModel(written(path, [softmax_of], [tensor("x", "N", 2)], [indices]))
    unknown = OnnxModel(written(path, [tanh], [tensor("x", "N", "F")], [tensor("y", "N", "F")]))
    assert unknown.output(X).shape == (7, 4)
    with pytest.raises(ConfigError, match="output 'y' does not say how many values or classes it has"):
        unknown.predict(X)
    refused = written(path, [helper.make_node("Tan", ["x"], ["y"], to=1)], [tensor("x", "N", 2)], [tensor("y", "N", 2)])
    with pytest.raises(ModelFormatError, match="onnxruntime refuses the model"):
        OnnxModel(refused).output(X[:, :2])


def test_sessions_are_kept_and_let_go(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "_SESSIONS", {})
    for columns in range(1, 7):
        model = OnnxModel(classifier(tmp_path / "m.onnx", np.ones((4, columns), np.float32)))
        model.output(X)
        model.output(X)
        assert len(session._SESSIONS) == min(columns, session._KEPT)
    (last,) = [key for key in session._SESSIONS if key[0] == model._file.digest]
    assert last[1] == 1 and session._SESSIONS[last].get_session_options().intra_op_num_threads == 1
    model.close()
    assert last not in session._SESSIONS and len(session._SESSIONS) == session._KEPT - 1
    assert model.output(X).shape == (7, 6)


def test_onnxruntime_is_missed_by_name(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr(session, "_SESSIONS", {})
    model = OnnxModel(classifier(tmp_path / "m.onnx", W))
    with pytest.raises(EngineError, match="has no onnxruntime, which runs the model: pip install onnxruntime"):
        model.output(X)


def test_a_worker_without_this_package_says_so():
    from pyspark.cloudpickle import dumps

    from pydl4j_spark.serving.on_spark import Plan, _work

    plan = pickle.dumps(Plan("digest", 1, 256, (), 0, (), (), (), ()))
    script = "import pickle, sys; sys.modules['pydl4j_spark'] = None; pickle.load(sys.stdin.buffer)(iter([]))"
    done = subprocess.run(
        [sys.executable, "-c", script], input=dumps(_work(None, plan)), capture_output=True, check=False
    )
    said = done.stderr.decode().splitlines()[-1]
    assert "ImportError: " in said and "install pydl4j_spark, pyarrow and onnxruntime on every machine" in said
