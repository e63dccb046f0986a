"""Layouts change at the edges of a network only, and what slides under a Transpose computes what it did."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper, numpy_helper

from pydl4j_spark.onnx import context
from pydl4j_spark.onnx.context import LayerContext, Surroundings
from pydl4j_spark.onnx.graph import GraphBuilder, Value
from pydl4j_spark.onnx.verify import run_onnx

from .cases import built, load

X = Value("x", (2, 3, 4, 5))


def kinds(case):
    return [node.op_type for node in built(load(case)).model.graph.node]


def test_a_residual_block_with_channels_last_has_a_transpose_at_each_edge():
    found = kinds("last_residual")
    assert found.count("Transpose") == 2
    assert found[0] == found[-1] == "Transpose"


def test_an_input_that_was_transposed_already_is_added_as_it_was():
    assert kinds("last_first_sum").count("Transpose") == 1


def new_context():
    return LayerContext(GraphBuilder(np.dtype(np.float32), 17), "p", Surroundings({}, {}))


def model_of(ctx, y, x=X):
    nodes, arrays = ctx.builder.used([y])
    graph = ctx.builder.graph(nodes, "p", [x], [y])
    graph.initializer.extend(numpy_helper.from_array(np.array(a), name) for name, a in arrays.items())
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def random_program(seed):
    """Write operators over values that are transposed now and then."""
    rng, ctx = np.random.default_rng(seed), new_context()
    values = [X]

    def constant(shape):
        return rng.standard_normal([d if rng.random() < 0.6 else 1 for d in shape[rng.integers(0, len(shape)) :]])

    for _ in range(12):
        v = values[-1] if rng.random() < 0.7 else values[rng.integers(len(values))]
        same = [w for w in values if w.shape == v.shape]
        other, axis = same[rng.integers(len(same))], int(rng.integers(v.rank)) if v.rank else 0
        match rng.integers(9):
            case 0 | 1 | 2:
                v = ctx.transpose(v, *rng.permutation(v.rank).tolist())
            case 3:
                v = ctx.op("Tanh", v)
            case 4:
                v = ctx.op("Add", v, constant(v.shape) if v.rank else 1.0)
            case 5:
                v = ctx.op("Where", ctx.op("Less", v, other), 0.5, v, shape=v.shape)
            case 6 if v.rank:
                v = ctx.op("Softmax", v, axis=axis)
            case 7 if v.rank:
                shape = tuple(2 * d if i == axis else d for i, d in enumerate(v.shape))
                v = ctx.op("Concat", v, other, shape=shape, axis=axis)
            case 8 if v.rank > 1:
                v = ctx.reduce("ReduceMean", v, [axis], keepdims=bool(rng.integers(2)))
        values.append(v)
    return ctx, values[-1]


@pytest.mark.parametrize("seed", range(60))
def test_sliding_changes_no_number(monkeypatch, seed):
    x = np.random.default_rng(0).standard_normal(X.shape).astype(np.float32)
    (slid,) = run_onnx(model_of(*random_program(seed)).SerializeToString(), x)
    monkeypatch.setattr(context, "slide", lambda *args: None)
    monkeypatch.setattr(GraphBuilder, "origin", lambda self, v: None)
    ctx, y = random_program(seed)
    (plain,) = run_onnx(model_of(ctx, y).SerializeToString(), x)
    assert plain.shape == y.shape
    np.testing.assert_allclose(slid, plain, rtol=1e-5, atol=1e-6)


def test_what_cannot_slide_stays():
    ctx = new_context()
    turned = ctx.transpose(X, 0, 2, 3, 1)
    halves = ctx.op("Slice", turned, ctx.ints(0), ctx.ints(2), ctx.ints(1), shape=(2, 2, 5, 3))
    assert ctx.builder.origin(halves) is None
    product = ctx.op("MatMul", turned, np.ones((3, 3)), shape=turned.shape)
    assert ctx.builder.origin(product) is None
    assert ctx.builder.origin(ctx.op("Add", turned, product)) is None


def test_one_transpose_serves_all_that_want_it():
    ctx = new_context()
    assert ctx.transpose(X, 0, 2, 3, 1) is ctx.transpose(X, 0, 2, 3, 1)
