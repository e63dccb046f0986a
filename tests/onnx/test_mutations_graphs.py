"""Wrong readings of vertices, preprocessors, attention and capsules: the comparison must notice each of them."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve

from pydl4j_spark.description import parse_configuration
from pydl4j_spark.errors import ExportError, ModelFormatError
from pydl4j_spark.onnx import attention, samediff
from pydl4j_spark.onnx.converter import ParamSpec
from pydl4j_spark.onnx.layers import capsules
from pydl4j_spark.onnx.vertices import arithmetic, joining

from .cases import assert_parity, load
from .mutations import LAYERS, PREPROCESSORS, VERTICES, assert_noticed, with_emit, with_params

KERAS = "org.deeplearning4j.preprocessors."


def with_json(name, **settings):
    """Read a setting of a class as another."""
    return with_emit(name, lambda old, ctx, x, json, params: old.emit(ctx, x, {**json, **settings}, params))


def differing(case):
    """Expect that a fixture, which is equal as it is, tells what is put in."""
    assert_parity(load(case))
    return pytest.raises(ExportError, match=r"differs from DL4J|an output of shape|onnxruntime cannot")


# --- orders ----------------------------------------------------------------------------------------------------------


def test_parameters_in_the_order_of_the_file():
    """The vertices of the JSON are sorted by name; DL4J numbers its parameters as it computes."""
    model = load("graph_described_backwards").model
    conf = model.configuration
    before = [node.name for node in parse_configuration(conf).nodes]
    assert before != [name for name in conf["vertices"] if name in before]
    swapped = list(conf["topologicalOrderStr"])
    # Both are allowed where one does not feed the other, and have their parameters in another order.
    left, right = swapped.index("left"), swapped.index("before")
    swapped[left], swapped[right] = swapped[right], swapped[left]
    wrong = evolve(model, configuration={**conf, "topologicalOrderStr": swapped})
    with differing("graph_described_backwards"):
        assert_parity(load("graph_described_backwards"), model=wrong)


def test_an_order_that_computes_before_its_inputs():
    model = load("graph_described_backwards").model
    order = model.configuration["topologicalOrderStr"]
    wrong = evolve(model, configuration={**model.configuration, "topologicalOrderStr": order[::-1]})
    with pytest.raises(ModelFormatError, match="before what goes into it"):
        assert_parity(load("graph_described_backwards"), model=wrong)


@pytest.mark.parametrize("case", ["merge_NHWC", "merge_NCHW", "merge_NWC"])
def test_merged_the_other_way_round(case):
    def emit(old, ctx, inputs, json, params):
        return old.emit(ctx, inputs[::-1], json, params)

    with differing(f"vertex_{case}"):
        assert_parity(load(f"vertex_{case}"), registry=with_emit(VERTICES + "MergeVertex", emit))


@pytest.mark.parametrize("case", ["graph_residual_NHWC", "graph_residual_NCHW"])
def test_a_shortcut_left_out(case):
    def emit(old, ctx, inputs, json, params):
        return old.emit(ctx, inputs[:1], json, params)

    assert_noticed(case, with_emit(VERTICES + "ElementWiseVertex", emit))


# --- vertices --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vertex", "case", "settings"),
    [
        ("ElementWiseVertex", "vertex_elements", {"op": "Add"}),
        ("ElementWiseVertex", "vertex_elements_column_behind", {"op": "Max"}),
        ("UnstackVertex", "vertex_unstack", {"from": 0}),
        ("L2NormalizeVertex", "vertex_l2normalize", {"eps": 1e-8}),
        ("ScaleVertex", "vertex_scale", {"scaleFactor": 2.0}),
        ("ShiftVertex", "vertex_scale", {"shiftFactor": 1.25}),
        ("ReshapeVertex", "vertex_reshape_images", {"reshapeOrder": "c"}),
        ("ReshapeVertex", "vertex_reshape_series", {"reshapeOrder": "f"}),
    ],
)
def test_settings_of_vertices(vertex, case, settings):
    assert_noticed(case, with_json(VERTICES + vertex, **settings))


@pytest.mark.parametrize("case", ["vertex_subset", "vertex_subset_NHWC"])
def test_subset_one_place_behind(case):
    def emit(old, ctx, x, json, params):
        return old.emit(ctx, x, {**json, "from": json["from"] - 1, "to": json["to"] - 1}, params)

    assert_noticed(case, with_emit(VERTICES + "SubsetVertex", emit))


@pytest.mark.parametrize("case", ["vertex_subset", "vertex_subset_series"])
def test_subset_without_the_last(case):
    def emit(old, ctx, x, json, params):
        return old.emit(ctx, x, {**json, "to": json["to"] - 1}, params)

    with differing(case):
        assert_parity(load(case), registry=with_emit(VERTICES + "SubsetVertex", emit))


def test_length_added_to_instead_of_bounded(monkeypatch):
    with differing("vertex_l2normalize"):
        right = arithmetic._length
        monkeypatch.setattr(arithmetic, "_length", lambda ctx, x: ctx.op("Add", right(ctx, x), 1e-2))
        assert_parity(load("vertex_l2normalize"))


def test_averages_by_two():
    def emit(old, ctx, inputs, json, params):
        y = old.emit(ctx, inputs, json, params)
        return ctx.op("Mul", y, len(inputs) / 2) if json["op"] == "Average" else y

    assert_noticed("vertex_elements", with_emit(VERTICES + "ElementWiseVertex", emit))


@pytest.mark.parametrize("case", ["vertex_stack_unequal_series", "vertex_unstack_series"])
def test_shorter_sequences_filled_up_in_front(monkeypatch, case):
    with differing(case):

        def in_front(ctx, inputs):
            turned = [turn(ctx, x) for x in inputs]
            return [turn(ctx, x) for x in right(ctx, turned)]

        def turn(ctx, x):
            return ctx.op("Slice", x, ctx.ints(-1), ctx.ints(-(2**63)), ctx.ints(2), ctx.ints(-1))

        right = joining._equally_long
        monkeypatch.setattr(joining, "_equally_long", in_front)
        assert_parity(load(case))


def test_stacked_row_by_row():
    def emit(old, ctx, inputs, json, params):
        columns = [ctx.op("Unsqueeze", x, ctx.ints(1), shape=(x.shape[0], 1, *x.shape[1:])) for x in inputs]
        rows = ctx.op("Concat", *columns, shape=(inputs[0].shape[0], len(inputs), *inputs[0].shape[1:]), axis=1)
        return ctx.reshape(rows, [-1, int(inputs[0].shape[1])], (f"N*{len(inputs)}", inputs[0].shape[1]))

    assert_noticed("vertex_stack", with_emit(VERTICES + "StackVertex", emit))


@pytest.mark.parametrize(
    ("vertex", "case"),
    [
        ("LastTimeStepVertex", "vertex_last_of_lstm"),
        ("ReverseTimeSeriesVertex", "vertex_series"),
        ("ReverseTimeSeriesVertex", "graph_both_ways"),
    ],
)
def test_time_the_other_way(vertex, case):
    def emit(old, ctx, x, json, params):
        turned = ctx.op("Slice", x, ctx.ints(-1), ctx.ints(-(2**63)), ctx.ints(2), ctx.ints(-1))
        return old.emit(ctx, turned, json, params)

    assert_noticed(case, with_emit(VERTICES + "rnn." + vertex, emit))


# --- preprocessors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["preprocessor_to_volumes_NCDHW", "preprocessor_to_volumes_NDHWC"])
def test_volumes_in_the_other_layout(case):
    def emit(old, ctx, x, json, params):
        return old.emit(ctx, x, {**json, "ncdhw": not json["ncdhw"]}, params)

    with differing(case):
        assert_parity(load(case), registry=with_emit(PREPROCESSORS + "FeedForwardToCnn3DPreProcessor", emit))


def test_images_of_tensorflow_flattened_as_they_are():
    name = "org.deeplearning4j.nn.modelimport.keras.preprocessors.TensorFlowCnnToFeedForwardPreProcessor"

    def emit(old, ctx, x, json, params):
        return x if x.rank == 2 else ctx.op("Flatten", x, shape=("N", 40), axis=1)

    assert_noticed("preprocessor_images_NCHW", with_emit(name, emit))


@pytest.mark.parametrize("case", ["preprocessor_series_NCW", "preprocessor_series_NWC"])
def test_images_of_sequences_batch_major(case):
    def emit(old, ctx, x, json, params):
        steps = x if json["rnnDataFormat"] == "NWC" else ctx.transpose(x, 0, 2, 1)
        return ctx.reshape(steps, [-1, 2, 2, 3], ("N*T", 2, 2, 3))

    assert_noticed(case, with_emit(PREPROCESSORS + "RnnToCnnPreProcessor", emit))


def test_axes_permuted_backwards():
    def emit(old, ctx, x, json, params):
        axes = json["permutationIndices"]
        axes = axes if len(axes) == x.rank else [0, *axes]
        return ctx.transpose(x, *np.argsort(axes).tolist())

    with differing("preprocessor_keras_images"):
        registry = with_emit(KERAS + "PermutePreprocessor", emit)
        assert_parity(load("preprocessor_keras_images"), registry=registry)


def test_steps_flattened_channels_first():
    def emit(old, ctx, x, json, params):
        return old.emit(ctx, ctx.transpose(x, 0, 2, 1), json, params)

    registry = with_emit(KERAS + "KerasFlattenRnnPreprocessor", emit)
    assert_noticed("preprocessor_keras_layers", registry)


def test_composed_parts_left_out():
    def emit(old, ctx, x, json, params):
        return old.emit(ctx, x, {**json, "inputPreProcessors": json["inputPreProcessors"][:1]}, params)

    with differing("preprocessor_images_NCHW"):
        registry = with_emit(PREPROCESSORS + "ComposableInputPreProcessor", emit)
        assert_parity(load("preprocessor_images_NCHW"), registry=registry)


# --- attention and capsules ------------------------------------------------------------------------------------------


def in_column_order(old, layer):
    return [ParamSpec(s.name, s.shape, "f") for s in old.param_specs(layer)]


@pytest.mark.parametrize(
    ("name", "case"),
    [
        (LAYERS + "SelfAttentionLayer", "attention"),
        (LAYERS + "RecurrentAttentionLayer", "recurrent_attention"),
        (VERTICES + "AttentionVertex", "attention_vertex"),
        (LAYERS + "PrimaryCapsules", "capsules_primary_Truncate"),
        (LAYERS + "CapsuleLayer", "capsules_routing_2"),
    ],
)
def test_weights_in_column_order(name, case):
    assert_noticed(case, with_params(name, in_column_order))


def test_bias_where_it_is_named():
    """DL4J names the bias behind the recurrent weights, and has it behind everything."""

    def named(old, layer):
        specs = old.param_specs(layer)
        return [*specs[:2], specs[-1], *specs[2:-1]]

    assert_noticed("recurrent_attention", with_params(LAYERS + "RecurrentAttentionLayer", named))


def test_bias_of_capsules_before_their_weights():
    registry = with_params(LAYERS + "PrimaryCapsules", lambda old, layer: old.param_specs(layer)[::-1])
    assert_noticed("capsules_primary_Same", registry)


@pytest.mark.parametrize("case", ["attention", "attention_vertex", "recurrent_attention"])
def test_scores_scaled_otherwise(monkeypatch, case):
    with differing(case):
        monkeypatch.setattr(attention, "_scale", lambda size: 1 / size)
        assert_parity(load(case))


@pytest.mark.parametrize("case", ["attention", "attention_unprojected"])
def test_queries_and_keys_exchanged(monkeypatch, case):
    """The shares are of the keys, not of the queries."""
    with differing(case):
        right = attention.LayerContext.op

        def over_queries(self, op, *inputs, **attributes):
            return right(self, op, *inputs, **({**attributes, "axis": 2} if op == "Softmax" else attributes))

        monkeypatch.setattr(attention.LayerContext, "op", over_queries)
        assert_parity(load(case))


def test_heads_joined_the_other_way(monkeypatch):
    with differing("attention"):
        right = attention.Attention._heads

        def interleaved(self, ctx, x, name):
            y = right(self, ctx, x, name)
            batch, heads, time, size = y.shape
            turned = ctx.transpose(y, 0, 2, 3, 1)
            again = ctx.reshape(turned, [0, 0, heads, size], (batch, time, heads, size))
            return ctx.transpose(again, 0, 2, 1, 3)

        monkeypatch.setattr(attention.Attention, "_heads", interleaved)
        assert_parity(load("attention"))


@pytest.mark.parametrize("case", ["recurrent_attention", "recurrent_attention_unprojected"])
def test_first_step_with_attention(monkeypatch, case):
    with differing(case):
        right = attention.LayerContext.const

        def started(self, name, array):
            return right(self, name, array + 1 if name == "not_started" else array)

        monkeypatch.setattr(attention.LayerContext, "const", started)
        assert_parity(load(case))


def test_slope_of_leaky_relu():
    """In these layers it is 0, not 0.01."""
    assert_parity(load("recurrent_attention_LEAKYRELU"))
    with pytest.MonkeyPatch.context() as patch, differing("recurrent_attention_LEAKYRELU"):
        patch.setitem(samediff._CLASSES, "LEAKYRELU", "LReLU")
        assert_parity(load("recurrent_attention_LEAKYRELU"))


@pytest.mark.parametrize("name", ["HardTanH", "SoftPlus", "SoftSign", "Sigmoid"])
def test_activations_by_name(monkeypatch, name):
    with differing("recurrent_attention_mild"):
        monkeypatch.setitem(samediff._CLASSES, name.upper(), "TanH")
        assert_parity(load("recurrent_attention_mild"))


@pytest.mark.parametrize("case", ["capsules_routing_2", "capsules_routing_4", "capsules_biased"])
def test_one_routing_less(case):
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, x, {**layer, "routings": layer["routings"] - 1}, params)

    assert_noticed(case, with_emit(LAYERS + "CapsuleLayer", emit))


@pytest.mark.parametrize("case", ["capsules_primary_Same", "capsules_routing_1", "capsules_in_a_row"])
def test_shortened_otherwise(monkeypatch, case):
    with differing(case):

        def unsquared(ctx, x):
            squares = capsules._sum_of_squares(ctx, x, x.rank - 1, keepdims=True)
            return ctx.op("Div", x, ctx.op("Add", ctx.op("Sqrt", squares), 1.0))

        monkeypatch.setattr(capsules, "_squash", unsquared)
        assert_parity(load(case))


def test_kernel_of_capsules_upside_down():
    def emit(old, ctx, x, layer, params):
        return old.emit(ctx, x, layer, {**params, "weight": params["weight"][::-1]})

    assert_noticed("capsules_primary_Truncate", with_emit(LAYERS + "PrimaryCapsules", emit))


def test_leak_ignored():
    assert_noticed("capsules_primary_leaky", with_json(LAYERS + "PrimaryCapsules", leak=0.0))
    assert_noticed("capsules_primary_relu", with_json(LAYERS + "PrimaryCapsules", useRelu=False))
