"""Wrong readings of DL4J's format, put in on purpose, and the expectation that the comparison notices them."""

from __future__ import annotations

import pytest
from attrs import evolve

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.converter import ParamSpec
from pydl4j_spark.onnx.registry import default_registry

from .cases import assert_parity, load

LAYERS = "org.deeplearning4j.nn.conf.layers."
VERTICES = "org.deeplearning4j.nn.conf.graph."
PREPROCESSORS = "org.deeplearning4j.nn.conf.preprocessor."
ACTIVATION = "org.nd4j.linalg.activations.impl.Activation"


def with_params(name, change):
    """The converters, one of them with its parameters read otherwise: ``change(converter, layer)``."""
    registry = default_registry()
    old = registry[name]
    registry[name] = evolve(old, params=lambda layer: change(old, layer))
    return registry


def with_emit(name, change):
    """The converters, one of them writing something else: ``change(converter, ctx, x, layer, params)``."""
    registry = default_registry()
    old = registry[name]
    registry[name] = evolve(old, emit=lambda ctx, x, layer, params: change(old, ctx, x, layer, params))
    return registry


def assert_noticed(case, registry=None, model=None):
    """Expect that a fixture, which is equal as it is, tells wrong converters or a wrong model."""
    assert_parity(load(case))
    with pytest.raises(ExportError, match="differs from DL4J"):
        assert_parity(load(case), registry=registry, model=model)


def in_row_order(old, layer):
    return [ParamSpec(s.name, s.shape, "c") for s in old.param_specs(layer)]
