"""Normalizers as DL4J saved them with its networks: their steps in numpy, and built into the file."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark.multi_normalizers import MultiNormalizer
from pydl4j_spark.onnx.build import build
from pydl4j_spark.onnx.ends import Ends
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.onnx.verify import compare, verify_onnx

from . import cases
from .cases import load

NAMES = [name for name in cases.NAMES if name.startswith("norm_")]


def is_half(case):
    return case.model.params.dtype == np.float16


def assert_equal(case, got, wanted):
    got = got if isinstance(got, list) else [got]
    for a, b in zip(got, wanted, strict=True):
        compare(np.asarray(a, b.dtype), b, *((5e-3, 5e-3) if is_half(case) else ()))


@pytest.mark.parametrize("name", NAMES)
def test_what_dl4j_computed(name):
    case = load(name)
    normalizer = case.model.normalizer
    several = isinstance(normalizer, MultiNormalizer)
    assert several == (len(case.inputs) > 1)
    assert_equal(case, normalizer.transform(case.inputs if several else case.x), case.normalized_inputs)
    if case.reverted:
        outputs = case.outputs if several else case.outputs[0]
        assert_equal(case, normalizer.revert_labels(outputs), case.reverted)


@pytest.mark.parametrize("name", NAMES)
def test_built_into_the_file(name):
    case = load(name)
    model = case.model
    scaled_back = model.normalizer if case.reverted else None
    ends = Ends(normalizer=model.normalizer, label_normalizer=scaled_back)
    # With the extents of every axis: statistics are of axis 1, which is time in NWC.
    content = build(model, case.shapes, None, default_registry(), ends).to_bytes()
    inputs = [x.astype(model.params.dtype) for x in case.inputs]
    verify_onnx(content, inputs, case.reverted or case.outputs)
    verify_onnx(content, [x[:1] for x in inputs], [y[:1] for y in case.reverted or case.outputs])
