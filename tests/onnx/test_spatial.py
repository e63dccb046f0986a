"""What layers over sequences, images and volumes refuse, the opset that they want, and the masks that they hand on."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve

from pydl4j_spark.errors import ExportError, ModelFormatError, UnsupportedLayer
from pydl4j_spark.onnx.build import build
from pydl4j_spark.onnx.ends import Ends
from pydl4j_spark.onnx.graph import Value
from pydl4j_spark.onnx.kernels import windowed_mask
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.onnx.verify import run_onnx

from .cases import built, load, with_settings
from .test_transposes import model_of, new_context


@pytest.mark.parametrize(
    ("case", "settings", "words"),
    [
        ("pool1d_MAX_Truncate_NCW", {"padding": [1, 1]}, "cannot pool sequences with padding"),
        ("pool1d_MAX_Truncate_NCW", {"poolingType": "SUM"}, "pooling of type SUM"),
        ("pool_gaps_AVG_NCHW", {"convolutionMode": "Causal"}, "Causal is for sequences only"),
        ("conv3d_padding_NCDHW", {"convolutionMode": "Causal"}, "Causal is for sequences only"),
        ("local1d_Same", {"cm": "Causal"}, "convolution mode Causal"),
        ("local2d_Same_NHWC", {"activation": "SWISH"}, "activation SWISH"),
    ],
)
def test_what_dl4j_cannot_run_is_refused(case, settings, words):
    with pytest.raises(UnsupportedLayer, match=words):
        built(load(case), model=with_settings(case, **settings))


def test_sequences_may_be_padded_in_convolution_mode_same():
    built(load("pool1d_MAX_Same_NCW"), model=with_settings("pool1d_MAX_Same_NCW", padding=[1, 1]))


@pytest.mark.parametrize(
    ("case", "opset"),
    [
        ("pool_dilation_AVG_Same_NCHW", 19),
        ("pool_gaps_PNORM_NHWC", 18),
        ("pool1d_dilation_AVG_NCW", 19),
        ("pool3d_dilation_AVG_NDHWC", 19),
        ("pool3d_dilation_MAX_NDHWC", 15),
        ("pool1d_AVG_Same_NWC", 15),
    ],
)
def test_without_an_opset_the_one_whose_operator_dilates_is_written(case, opset):
    assert built(load(case)).opset == opset


def test_a_layout_that_does_not_fit_the_channels_is_named():
    case = load("conv_even_Truncate_NCHW")
    with pytest.raises(ExportError, match=r"'layer0' takes 2 channels, but 7 arrive.*NCHW"):
        build(case.model, (7, 6, 2), None, default_registry(), Ends())


@pytest.mark.parametrize(
    ("case", "settings"),
    [
        ("conv1d_nobias_NCW", {"kernelSize": []}),
        ("conv3d_padding_NCDHW", {"kernelSize": [3, 2]}),
        ("conv3d_padding_NCDHW", {"dilation": [1, 0, 1]}),
        ("deconv_padding_DOUBLE", {"stride": [1, -1]}),
        ("deconv_padding_NHWC", {"padding": [-1, 2]}),
        ("local2d_Same_NCHW", {"stride": [0, 1]}),
        ("pool3d_SUM", {"kernelSize": [2, 2, 0]}),
        ("upsampling2d_NHWC", {"size": [2, 0]}),
        ("cropping3d", {"cropping": [1, 0, -2, 1, 0, 1]}),
        ("depth_NCHW", {"blockSize": 0}),
        ("batch_NCHW", {"padding": [[1, -1], [2, 0]]}),
    ],
)
def test_sizes_that_no_layer_has_are_damage(case, settings):
    with pytest.raises(ModelFormatError, match=next(iter(settings))):
        built(load(case), model=with_settings(case, **settings))


@pytest.mark.parametrize(
    ("case", "settings"),
    [
        ("deconv_padding_DOUBLE", {"stride": [10**9, 1]}),
        ("pool3d_SUM", {"kernelSize": [1000, 1000, 1], "convolutionMode": "Same"}),
    ],
)
def test_what_would_be_spelt_out_without_end_is_refused(case, settings):
    with pytest.raises(ExportError, match=r"cannot be computed|more than 30000 nodes"):
        built(load(case), model=evolve(m := with_settings(case, **settings), params=m.params.astype(np.float64)))


# Steps that count, and what DL4J's reduction of masks makes of them (measured).
STEPS = [[1, 1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0, 1, 0, 0]]


@pytest.mark.parametrize("time", [9, "T"])
@pytest.mark.parametrize(
    ("mode", "kernel", "stride", "dilation", "padding", "expected"),
    [
        ("Truncate", 2, 1, 2, 0, [[1, 1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 1, 0, 1], [1, 0, 0, 0, 1, 0, 1]]),
        ("Truncate", 4, 2, 1, 1, [[1, 1, 0, 0], [0, 1, 1, 1], [1, 0, 1, 1]]),
        ("Strict", 3, 3, 1, 0, [[1, 0, 0], [0, 1, 1], [1, 0, 1]]),
        ("Same", 2, 3, 1, 0, [[1, 0, 0], [0, 1, 0], [1, 0, 1]]),
        ("Same", 4, 2, 2, 0, [[1, 1, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]),
        ("Causal", 3, 2, 1, 0, [[1, 1, 0, 0, 0], [0, 0, 1, 0, 1], [1, 0, 0, 1, 0]]),
        ("Causal", 2, 3, 2, 1, [[1, 0, 0], [0, 0, 1], [1, 0, 1]]),
        ("Causal", 3, 1, 1, 0, STEPS),
    ],
)
def test_masks_are_reduced_as_dl4j_does(mode, kernel, stride, dilation, padding, expected, time):
    ctx, mask = new_context(), Value("x", ("N", time))
    ctx.masks = (mask,)
    settings = {"kernelSize": kernel, "stride": stride, "dilation": dilation, "padding": padding}
    layer = {"convolutionMode": mode, **{key: [value, value] for key, value in settings.items()}}
    y = ctx.op("Identity", windowed_mask(ctx, mask, layer))
    (found,) = run_onnx(model_of(ctx, y, mask).SerializeToString(), np.array(STEPS, np.float32))
    assert found.tolist() == expected


def test_no_mask_stays_none():
    assert windowed_mask(new_context(), Value("y", ("N", 2, 9)), {"convolutionMode": "Same"}) is None
