"""Wrong readings of recurrent layers, of masks and of states: the comparison must notice each of them."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve

from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx import cells
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import no_mask, same_mask
from pydl4j_spark.onnx.layers import pooling, recurrent, sequences
from pydl4j_spark.onnx.layers.recurrent import (
    BIDIRECTIONAL,
    GRAVES,
    GRAVES_BIDIRECTIONAL,
    LSTM,
    MASK_ZERO,
    SIMPLE_RNN,
)
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.onnx.sequences import last_step
from pydl4j_spark.onnx.vertices import rnn

from .cases import assert_parity, load
from .mutations import PREPROCESSORS, VERTICES, assert_noticed, with_params


def other_way(kind, change):
    """Run a layer in another way than it should be."""
    right = recurrent._RUNS[kind]
    return lambda ctx, x, layer, params, way: right(ctx, x, layer, params, change(ctx, way))


def with_mask(name, mask):
    registry = default_registry()
    registry[name] = evolve(registry[name], mask=mask)
    return registry


# --- layers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["last_bidirectional_NCW", "last_bidirectional_NWC"])
def test_last_state_of_the_backward_half(noticed, case):
    def final_states(ctx, x, layer, params, way):
        forward, _ = recurrent._inside(ctx, x, layer["fwd"], recurrent._named(params, "f"), way)
        backward, _ = recurrent._inside(ctx, x, layer["bwd"], recurrent._named(params, "b"), evolve(way, reverse=True))
        final = last_step(ctx, backward, None, reverse=True)
        repeated = ctx.op("Expand", final, ctx.op("Shape", backward, shape=(3,)), shape=backward.shape)
        return recurrent._combine(ctx, forward, repeated, layer["mode"]), None

    noticed(case, recurrent._RUNS, BIDIRECTIONAL, final_states)


@pytest.mark.parametrize("case", ["gravesbidirectional_NCW", "last_gravesbidirectional_NWC"])
def test_parameters_of_both_ways_in_another_order(case):
    def by_kind(old, layer):
        specs = old.param_specs(layer)
        return [specs[i] for i in (0, 3, 1, 4, 2, 5)]

    assert_noticed(case, with_params(GRAVES_BIDIRECTIONAL, by_kind))


def test_ways_swapped(noticed):
    turned = other_way(GRAVES_BIDIRECTIONAL, lambda ctx, way: evolve(way, reverse=True))
    noticed("gravesbidirectional_NCW", recurrent._RUNS, GRAVES_BIDIRECTIONAL, turned)


@pytest.mark.parametrize("case", ["zero_lstm_NCW", "zero_last_of_NWC", "zero_bidirectional_NCW"])
def test_padding_where_any_number_is_the_certain_one(noticed, case):
    right = LayerContext.reduce

    def any_number(ctx, op, x, axes, keepdims):
        return right(ctx, "ReduceMax" if op == "ReduceMin" else op, x, axes, keepdims)

    noticed(case, LayerContext, "reduce", any_number)


@pytest.mark.parametrize("case", ["zero_simplernn_NCW", "zero_gravesbidirectional_NWC"])
def test_padding_is_zero_whatever_the_value(noticed, case):
    def zero(ctx, x, layer, params, way):
        return recurrent._mask_zero(ctx, x, {**layer, "maskingValue": 0.0}, params, way)

    noticed(case, recurrent._RUNS, MASK_ZERO, zero)


@pytest.mark.parametrize("case", ["zero_then_NCW", "zero_then_NWC"])
def test_mask_survives_a_layer_that_finds_its_own(case):
    assert_noticed(case, with_mask(MASK_ZERO, same_mask))


# --- which masks are heeded -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "kind"), [("mask_lstm_NCW", LSTM), ("mask_graves", GRAVES), ("mask_bidirectional_lstm", LSTM)]
)
def test_mask_heeded_where_dl4j_ignores_it(noticed, case, kind):
    noticed(case, recurrent._RUNS, kind, other_way(kind, lambda ctx, way: evolve(way, pushed=True)))


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        ("mask_simplernn_NWC", SIMPLE_RNN),
        ("mask_gravesbidirectional_NCW", GRAVES_BIDIRECTIONAL),
        ("mask_last_lstm_NWC", LSTM),
        ("mask_last_graves", GRAVES),
        ("mask_bidirectional_last_lstm_NCW", LSTM),
        ("mask_last_bidirectional_lstm", BIDIRECTIONAL),
    ],
)
def test_mask_ignored_where_dl4j_heeds_it(noticed, case, kind):
    noticed(case, recurrent._RUNS, kind, other_way(kind, lambda ctx, way: evolve(way, mask=None)))


def lengths_of(ctx, mask):
    """The mask that ONNX's sequence_lens would stand for."""
    axis = ctx.const("axis", np.array(1, np.int64))
    ones = ctx.op("Add", ctx.op("Mul", mask, 0.0), 1.0)
    count = ctx.reduce("ReduceSum", mask, [1], keepdims=True)
    inside = ctx.op("LessOrEqual", ctx.op("CumSum", ones, axis), count, shape=mask.shape)
    return ctx.op("Cast", inside, to=ctx.element_type)


@pytest.mark.parametrize("case", ["mask_simplernn_NCW", "mask_passed_on"])
def test_mask_taken_for_lengths(noticed, case):
    wrong = other_way(SIMPLE_RNN, lambda ctx, way: evolve(way, mask=way.mask and lengths_of(ctx, way.mask)))
    noticed(case, recurrent._RUNS, SIMPLE_RNN, wrong)


@pytest.mark.parametrize("case", ["mask_bidirectional_simplernn_NCW", "mask_last_bidirectional_simplernn_NWC"])
def test_mask_of_the_backward_half_turned_round(noticed, case):
    def turned(ctx, way):
        if way.mask is None or not way.reverse:
            return way
        ends = (ctx.ints(-1), ctx.ints(-(2**63)), ctx.ints(1), ctx.ints(-1))
        return evolve(way, mask=ctx.op("Slice", way.mask, *ends))

    noticed(case, recurrent._RUNS, SIMPLE_RNN, other_way(SIMPLE_RNN, turned))


@pytest.mark.parametrize("case", ["mask_last_lstm_NCW", "mask_gravesbidirectional_NWC", "zero_lstm_NWC"])
def test_cell_survives_padding(noticed, case):
    noticed(case, cells, "_zero_at_padding", lambda body, s, present: (body.op("Mul", s[0], present), *s[1:]))


@pytest.mark.parametrize("case", ["mask_last_lstm_NCW", "mask_bidirectional_last_lstm_NWC", "zero_last_NCW"])
def test_last_step_in_spite_of_padding(noticed, case):
    noticed(case, recurrent, "last_step", lambda ctx, x, mask, reverse: last_step(ctx, x, None, reverse))


def test_last_step_of_the_backward_half_at_the_end(noticed):
    wrong = lambda ctx, x, mask, reverse: last_step(ctx, x, mask, False)  # noqa: E731
    noticed("mask_bidirectional_last_lstm_NCW", recurrent, "last_step", wrong)


def test_mask_of_steps_laid_out_as_the_rows_are(noticed):
    def by_rows(ctx):
        mask = ctx.mask and ctx.reshape(ctx.mask, [-1, 1], ("N*T", 1))
        return ctx.inside("underlying", [mask])

    noticed("mask_timedistributed_NCW", sequences, "_inside", by_rows)


# --- where masks go -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "name", "mask"),
    [
        ("mask_passed_on", LSTM, no_mask),
        ("mask_rows_NCW", PREPROCESSORS + "FeedForwardToRnnPreProcessor", no_mask),
        ("mask_images_rnn", PREPROCESSORS + "CnnToRnnPreProcessor", no_mask),
        ("mask_graph_merge", VERTICES + "MergeVertex", same_mask),
        ("mask_graph_add", VERTICES + "ElementWiseVertex", same_mask),
        ("mask_graph_merge_dense", VERTICES + "MergeVertex", no_mask),
        ("mask_graph_last_of_other", VERTICES + "rnn.DuplicateToTimeSeriesVertex", same_mask),
    ],
)
def test_mask_handed_on_wrongly(case, name, mask):
    assert_noticed(case, with_mask(name, mask))


def test_mask_of_all_inputs_where_one_is_enough():
    def in_all(ctx, y, json):
        return None if None in ctx.masks else ctx.op("Min", *ctx.masks)

    assert_noticed("mask_graph_merge", with_mask(VERTICES + "MergeVertex", in_all))


@pytest.mark.parametrize("case", ["mask_rows_dense", "mask_rows_DOUBLE", "mask_rows_output"])
def test_mask_of_rows_batch_major(case):
    def by_rows(ctx, y, json):
        return ctx.mask and ctx.reshape(ctx.mask, [-1, 1], ("T*N", 1))

    assert_noticed(case, with_mask(PREPROCESSORS + "RnnToFeedForwardPreProcessor", by_rows))


def test_mask_of_another_part_of_a_stack():
    def first(ctx, y, json):
        return ctx.mask and ctx.op("Slice", ctx.mask, ctx.ints(0), ctx.batch(), ctx.ints(0), shape=("N", "T"))

    assert_noticed("mask_graph_stack", with_mask(VERTICES + "UnstackVertex", first))


@pytest.mark.parametrize("kind", ["MAX", "AVG"])
def test_padding_pooled_as_zero(noticed, kind):
    def zeros(ctx, x, mask, layer):
        return pooling._pooled(ctx, ctx.op("Mul", x, mask), layer, [2])

    noticed(f"mask_global_{kind}", pooling, "_pooled_present", zeros)


@pytest.mark.parametrize("case", ["mask_graph_last", "mask_graph_last_of_other"])
def test_vertex_takes_the_last_step_in_spite_of_padding(noticed, case):
    noticed(case, rnn, "last_step", lambda ctx, x, mask: last_step(ctx, x, None))


def test_padding_turned_round_too(noticed):
    def all_steps(ctx, x, mask):
        ends = (ctx.ints(-1), ctx.ints(-(2**63)), ctx.ints(2), ctx.ints(-1))
        return ctx.op("Slice", x, *ends)

    noticed("mask_graph_reverse", rnn, "_reverse_present", all_steps)


# --- states ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["steps_lstm_NCW", "steps_graves_NWC", "steps_simplernn", "steps_swish"])
def test_state_forgotten(noticed, case):
    right = LayerContext.hand_over
    noticed(case, LayerContext, "hand_over", lambda ctx, state, after: right(ctx, state, ctx.op("Mul", after, 0.0)))


@pytest.mark.parametrize("case", ["steps_last", "steps_zero"])
def test_wrapper_takes_part_in_a_step(monkeypatch, case):
    assert_parity(load(case))
    right = recurrent._stepping
    monkeypatch.setattr(recurrent, "_stepping", lambda ctx, layer: (layer, right(ctx, layer)[1]))
    with pytest.raises(ExportError):
        assert_parity(load(case))


def test_layer_in_two_wrappers_keeps_its_state(noticed):
    def keeping(ctx, x, layer, params, way):
        return recurrent._RUNS[layer["@class"]](ctx, x, layer, params, evolve(way, keeps=ctx.stateful))

    noticed("steps_last_of_zero", recurrent, "_inside", keeping)
