"""Masks as inputs: what is declared, what padding may hold, and what is refused because DL4J cannot run it."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pydl4j_spark.errors import ExportError, UnsupportedLayer
from pydl4j_spark.onnx import Converter
from pydl4j_spark.onnx.layers.recurrent import LSTM
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.onnx.verify import run_onnx

from .cases import assert_parity, built, changed, load

MASKS = arrays(np.float32, (5, 6), elements=st.sampled_from([0.0, 1.0])).filter(lambda mask: mask.any(axis=1).all())


def settings_inside(case, **settings):
    """The model with settings of its first layer changed where it has them, also inside wrappers."""

    def change(layer):
        for key, inner in layer.items():
            if key in ("underlying", "fwd", "bwd"):
                change(inner)
            elif key in settings:
                layer[key] = settings[key]

    return changed(case, lambda configuration: change(configuration["confs"][0]["layer"]))


@pytest.mark.parametrize("name", ["mask_simplernn_NCW", "mask_simplernn_NWC", "mask_embeddingsequence_NCW"])
def test_a_mask_has_rows_and_steps(name):
    content = built(load(name), masks=True).to_bytes()
    ends = {one.name: one.type.tensor_type for one in onnx.load_model_from_string(content).graph.input}
    assert list(ends) == ["input", "input_mask"]
    dims = [d.dim_param or d.dim_value for d in ends["input_mask"].shape.dim]
    assert dims[0] == "N" and dims[1] in ("T", 6)
    assert ends["input_mask"].elem_type == ends["input"].elem_type


def test_masks_of_images_are_not_offered():
    with pytest.raises(ExportError, match="all sequences have masks then, and only they"):
        built(load("lenet_NCHW"), masks={"input": (1, 6, 7)})


def test_every_sequence_has_its_mask():
    graph = built(load("example_graph"), masks=True).model.graph
    assert [one.name for one in graph.input] == ["rows", "series", "series_mask"]


@pytest.mark.parametrize(
    "name", ["mask_last_graves", "mask_bidirectional_simplernn_NWC", "mask_global_MAX", "mask_attention"]
)
@settings(max_examples=10, deadline=None)
@given(mask=MASKS)
def test_padding_may_hold_anything(name, mask):
    case = load(name)
    content = built(case, masks=True).to_bytes()
    present = np.expand_dims(mask, 2 if name.endswith("NWC") else 1)
    (y,) = run_onnx(content, case.x, mask)
    (other,) = run_onnx(content, np.where(present, case.x, np.float32(7)), mask)
    if y.ndim == 3:
        y, other = y * present, other * present
    np.testing.assert_allclose(y, other, atol=1e-5)


@pytest.mark.parametrize("name", ["mask_last_lstm_NCW", "mask_simplernn_NCW", "mask_global_behind"])
def test_time_stays_free(name):
    case = load(name)
    content = built(case, masks=True).to_bytes()
    (y,) = run_onnx(content, case.x, case.masks[0])
    longer, mask = np.concatenate([case.x] * 2, 2), np.concatenate([case.masks[0], 0 * case.masks[0]], 1)
    (other,) = run_onnx(content, longer, mask)
    np.testing.assert_allclose(other[:, :, :6] if y.ndim == 3 else other, y, atol=1e-5)


def test_a_row_of_padding_ends_at_zero():
    """DL4J raises an error for such a row; a graph cannot."""
    case = load("mask_last_lstm_NCW")
    mask = case.masks[0] * [[1], [0], [1], [1], [1]]
    (y,) = run_onnx(built(case, masks=True).to_bytes(), case.x, mask.astype(np.float32))
    assert not y[1].any()
    np.testing.assert_allclose(np.delete(y, 1, 0), np.delete(case.outputs[0], 1, 0), atol=1e-5)


def test_what_dl4j_cannot_mask_is_refused():
    for name in ("gpool_MAX_NWC", "gpool_AVG_NWC"):
        with pytest.raises(ExportError, match="DL4J itself cannot apply a mask"):
            built(load(name), masks=True)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (settings_inside("zero_last_NCW", rnnDataFormat="NWC"), "wrong axis of NWC"),
        (settings_inside("zero_bidirectional_NCW", rnnDataFormat="NWC", rnndataFormat="NWC"), "wrong axis of NWC"),
        (settings_inside("simplernn_NCW", hasLayerNorm=True), "cannot run a SimpleRnn with layer normalization"),
        (
            settings_inside("mask_last_bidirectional_simplernn_NCW", hasLayerNorm=True),
            "SimpleRnn with layer normalization",
        ),
    ],
)
def test_what_dl4j_cannot_run_is_refused(model, says):
    with pytest.raises(UnsupportedLayer, match=says):
        built(load("simplernn_NCW"), model=model)


def test_a_wrapper_runs_the_converter_of_what_is_inside():
    """One that the user gives takes the place of ours inside wrappers too, with the wrapper's mask."""
    registry, right = default_registry(), default_registry()[LSTM]
    seen = []

    def emit(ctx, x, layer, params):
        seen.append(ctx.mask)
        return right.emit(ctx, x, layer, params)

    registry[LSTM] = Converter(LSTM, emit, right.params)
    assert_parity(load("last_lstm_NWC"), registry=registry)
    built(load("mask_last_lstm_NCW"), registry=registry, masks=True)
    assert seen[-1] is not None
    with pytest.raises(ExportError, match="backward, as Bidirectional needs it"):
        built(load("bidirectional_lstm_ADD_NCW"), registry=registry)
