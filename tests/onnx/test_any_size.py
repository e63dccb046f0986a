"""Images, sequences and volumes of any size, where the layers allow it."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark.description import parse_configuration
from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.build import build
from pydl4j_spark.onnx.ends import Ends
from pydl4j_spark.onnx.inputs import find_inputs
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.onnx.verify import run_onnx, verify_onnx

from .cases import load

# In double precision the other way round, or cut up by the size.
FIXED = ["deconv_DOUBLE", "batch_NCHW"]
FREE = [
    "conv_even_Truncate_NCHW",
    "conv_even_Same_NHWC",
    "conv_stride_Same_NCHW",
    "conv_padding_Strict_NHWC",
    "conv_DOUBLE",
    "conv1d_stride_Same_NWC",
    "conv1d_stride_Causal_NCW",
    "conv1d_padding_NCW",
    "conv1d_DOUBLE",
    "conv3d_dilation_Same_NDHWC",
    "conv3d_stride_Truncate_NCDHW",
    "conv3d_DOUBLE",
    "deconv_stride_Same_NCHW",
    "deconv_padding_NHWC",
    "deconv3d_stride_Same_NDHWC",
    "depthwise_padding_NHWC",
    "depthwise_HALF",
    "separable_stride_Same_NCHW",
    "pool_MAX_Same_NHWC",
    "pool_AVG_Same_NCHW",
    "pool_padding_AVG_NHWC",
    "pool_dilation_AVG_Truncate_NCHW",
    "pool_gaps_MAX_NHWC",
    "pool_gaps_AVG_NCHW",
    "padding2d_pool_MAX_NCHW",
    "pool1d_AVG_Same_NCW",
    "pool3d_padding_AVG_NCDHW",
    "gpool_AVG_NCHW",
    "gpool_PNORM_NHWC",
    "resizing_DOUBLE",
    "upsampling2d_NHWC",
    "upsampling3d_NCDHW",
    "padding2d_NCHW",
    "cropping2d_NHWC",
    "cropping1d_NCW",
    "depth_NHWC",
    "yolo_NHWC",
]


def exported(case, shape):
    return build(case.model, shape, None, default_registry(), Ends()).model.SerializeToString()


def channel_axis(case):
    """Of a row: the axis that is not free."""
    return -1 if case.name.endswith(("NHWC", "NDHWC", "NWC")) else 0


def free_shape(case):
    """What varies as None."""
    shape = [None] * (case.x.ndim - 1)
    shape[channel_axis(case)] = case.x.shape[1:][channel_axis(case)]
    return tuple(shape)


@pytest.mark.parametrize("name", FREE)
def test_one_file_takes_every_size(name):
    case = load(name)
    anywhere = exported(case, free_shape(case))
    verify_onnx(anywhere, case.x.astype(case.model.params.dtype), case.y)
    # Three times as large along each free axis, which a file for that size knows, too.
    x = np.tile(case.x, [3 if d is None else 1 for d in (1, *free_shape(case))]).astype(case.model.params.dtype)
    (expected,) = run_onnx(exported(case, x.shape[1:]), x)
    verify_onnx(anywhere, x, expected)


def test_rows_are_drawn_that_poolings_fit_into():
    (images,) = find_inputs(parse_configuration(load("lenet_NHWC").model.configuration), None, (None, None, 2))
    shape = images.draw(3, 7, np.random.default_rng(1)).shape
    assert (shape[0], shape[3]) == (3, 2)
    assert 30 < shape[1] < shape[2] < 40


@pytest.mark.parametrize("name", FIXED)
def test_a_layer_that_needs_the_size_says_so(name):
    case = load(name)
    with pytest.raises(ExportError, match=r"'layer0'.*input_shapes"):
        exported(case, free_shape(case))


def test_weights_for_each_place_tell_the_size():
    case = load("local2d_Same_NCHW")
    (images,) = find_inputs(parse_configuration(case.model.configuration), None, free_shape(case))
    assert images.shape == ("N", *case.x.shape[1:])
