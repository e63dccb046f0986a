"""Outputs as DL4J gives them, however they lie in memory and however many rows they have."""

from __future__ import annotations

import numpy as np
import pytest

from pydl4j_spark import ComputationGraph, ComputationGraphConfiguration, Input, InputType, MultiLayerNetwork
from pydl4j_spark.errors import DataError
from pydl4j_spark.layers import LSTM, ActivationLayer, DenseLayer
from pydl4j_spark.preprocessors import RnnToFeedForwardPreProcessor
from pydl4j_spark.vertices import StackVertex
from tests.conf.networks import time_first

pytestmark = pytest.mark.jvm

# The last number is more than one minibatch.
ROWS = [1, 3, 300]


def living(engine, **graph):
    """A graph in the JVM that ends where the test wants it."""
    made = ComputationGraph(ComputationGraphConfiguration(**graph, for_training=False, validate_output_layer=False))
    made.attach(engine)
    return made


def alone(net, x):
    """The (first) output for one row after another, where the order in memory plays no part."""
    each = [net.output(row[None]) for row in x]
    return np.concatenate([one[0] if isinstance(one, list) else one for one in each])


def drawn(*shape):
    return np.random.default_rng(4).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("rows", ROWS)
def test_time_first(engine, rows):
    net = MultiLayerNetwork(time_first(LSTM(n_out=4)))
    net.attach(engine)
    x = drawn(rows, 7, 5)
    expected = alone(net, x)
    np.testing.assert_allclose(net.output(x), expected, atol=1e-6)
    np.testing.assert_allclose(list(net.feed_forward(x).values())[-1], expected, atol=1e-6)


@pytest.mark.parametrize("rows", ROWS)
def test_two_outputs_that_are_one_array(engine, rows):
    start = Input("x", InputType.feed_forward(3))
    dense = DenseLayer(n_out=4, name="a")(start)
    same = ActivationLayer("identity", name="b")(dense)
    graph = living(engine, inputs=[start], outputs=[dense, same])
    a, b = graph.output(x := drawn(rows, 3))
    assert np.array_equal(a, b)
    np.testing.assert_allclose(a, alone(graph, x), atol=1e-6)


def test_a_row_of_the_output_for_each_step(engine):
    graph = living(
        engine,
        inputs={"x": InputType.recurrent(3)},
        outputs=["y"],
        vertices={"y": (DenseLayer(n_out=4), "x")},
        preprocessors={"y": RnnToFeedForwardPreProcessor()},
    )
    x = drawn(6, 3, 5)
    found = graph.output(x)
    # DL4J's order: all rows of one step, then of the next.
    np.testing.assert_allclose(found.reshape(5, 6, 4).swapaxes(0, 1).reshape(30, 4), alone(graph, x), atol=1e-6)
    with pytest.raises(DataError, match=r"has 1280 rows for 256 examples: .* no more than 256 examples"):
        graph.output(drawn(300, 3, 5))


def test_stacked_outputs(engine):
    start, other = (Input(name, InputType.feed_forward(3)) for name in "xy")
    end = DenseLayer(n_out=4, name="end")(StackVertex()(start, other))
    graph = living(engine, inputs=[start, other], outputs=[end])
    x, y = drawn(3, 3), drawn(3, 3) + 1
    np.testing.assert_allclose(graph.output([x, y])[3:], graph.output([y, x])[:3], atol=1e-6)
