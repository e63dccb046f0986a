"""What a graph's inputs must be, where only what takes them tells: the file holds no shapes."""

from __future__ import annotations

import pytest

from pydl4j_spark import InputType
from pydl4j_spark.description import NetworkDescription, NodeDescription, parse_configuration
from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.inputs import find_inputs

from .cases import load

LAYERS, VERTICES = "org.deeplearning4j.nn.conf.layers.", "org.deeplearning4j.nn.conf.graph."


def inputs_of(case):
    return find_inputs(parse_configuration(load(case).model.configuration), None)


def chain(*nodes):
    """The input ``x`` and nodes one after the other: (class, JSON)."""
    described, before = [], "x"
    for i, (dl4j_class, json) in enumerate(nodes):
        own = {"@class": dl4j_class, **json}
        described.append(NodeDescription(i, f"n{i}", dl4j_class, own, (before,), is_layer=LAYERS in dl4j_class))
        before = f"n{i}"
    return NetworkDescription("ComputationGraph", "FLOAT", ("x",), (before,), tuple(described))


@pytest.mark.parametrize(
    ("case", "shapes"),
    [
        ("graph_described_backwards", {"a": ("N", 7), "b": ("N", 4)}),
        ("graph_input_merged", {"a": ("N", 7), "b": ("N", 4)}),
        ("graph_siamese", {"a": ("N", 7), "b": ("N", 7)}),
        ("graph_encoder_decoder", {"said": ("N", 4, "T_said"), "answer": ("N", 2, "T_answer")}),
        ("graph_both_ways", {"x": ("N", 4, "T")}),
        ("graph_rows_in_time_NWC", {"x": ("N", "T", 4)}),
        ("vertex_unstack_series", {"a": ("N", 4, "T_a"), "b": ("N", 4, "T_b")}),
        ("attention_vertex", {"q": ("N", 4, "T_q"), "k": ("N", 3, "T_k"), "v": ("N", 2, "T_v")}),
        ("recurrent_attention", {"input": ("N", 4, 5)}),
        ("capsules_routing_2", {"input": ("N", 6, 4)}),
        ("preprocessor_dense_DOUBLE", {"input": ("N", 2, 4, 5)}),
    ],
)
def test_shapes_that_follow(case, shapes):
    assert {entry.name: entry.shape for entry in inputs_of(case)} == shapes


@pytest.mark.parametrize(
    ("preprocessor", "shape"),
    [
        ({"@class": ".FeedForwardToCnn3DPreProcessor", "inputDepth": 3, "ncdhw": True}, ("N", 120)),
        ({"@class": ".Cnn3DToFeedForwardPreProcessor", "inputDepth": 3, "ncdhw": True}, ("N", 2, 3, 4, 5)),
        ({"@class": ".Cnn3DToFeedForwardPreProcessor", "inputDepth": 3, "ncdhw": False}, ("N", 3, 4, 5, 2)),
        ({"@class": ".CnnToRnnPreProcessor"}, ("N", 2, 4, 5)),
        ({"@class": ".CnnToFeedForwardPreProcessor", "format": "NHWC"}, ("N", 4, 5, 2)),
        ({"@class": ".ReshapePreprocessor", "inputShape": [4, 5], "hasMiniBatchDimension": False}, ("N", 4, 5)),
        ({"@class": ".ReshapePreprocessor", "inputShape": [9, 4, 5], "hasMiniBatchDimension": True}, ("N", 4, 5)),
    ],
)
def test_shapes_that_preprocessors_tell(preprocessor, shape):
    preprocessor = {"numChannels": 2, "inputHeight": 4, "inputWidth": 5, **preprocessor}
    dense = (LAYERS + "DenseLayer", {"nin": 40, "nout": 3})
    inside = (VERTICES + "PreprocessorVertex", {"preProcessor": preprocessor})
    composed = {"preProcessor": {"@class": ".ComposableInputPreProcessor", "inputPreProcessors": [preprocessor]}}
    for vertex in (inside, (VERTICES + "PreprocessorVertex", composed)):
        (entry,) = find_inputs(chain(vertex, dense), None)
        assert entry.shape == shape


def test_shapes_behind_vertices():
    same = [(VERTICES + name, {}) for name in ("ScaleVertex", "ShiftVertex", "L2NormalizeVertex")]
    same.append((LAYERS + "BatchNormalization", {"nin": 7}))
    (rows,) = find_inputs(chain(*same, (LAYERS + "DenseLayer", {"nin": 7})), None)
    assert rows.shape == ("N", 7)
    last = (VERTICES + "rnn.LastTimeStepVertex", {})
    (steps,) = find_inputs(chain(same[0], last, (LAYERS + "DenseLayer", {"nin": 7})), None)
    assert steps.shape == ("N", 7, "T")


def test_layout_and_vocabulary_behind_vertices():
    lstm = (LAYERS + "LSTM", {"nin": 4, "nout": 2, "rnnDataFormat": "NWC"})
    (steps,) = find_inputs(chain((VERTICES + "ScaleVertex", {}), lstm), None)
    assert (steps.shape, steps.layout) == (("N", "T", 4), "NWC")
    embedding = (LAYERS + "EmbeddingLayer", {"nin": 11, "nout": 2})
    (indices,) = find_inputs(chain((VERTICES + "StackVertex", {}), embedding), None)
    assert (indices.shape, indices.indices_below) == (("N", 1), 11)


def test_shapes_that_are_given():
    (rows,) = find_inputs(chain((LAYERS + "DenseLayer", {"nin": 7})), None, (None,))
    assert rows.shape == ("N", 7)
    lstm = chain((LAYERS + "LSTM", {"nin": 4, "nout": 2}))
    for given in ((None, None), (4, None), {"x": (4, None)}, InputType.recurrent(4), InputType.recurrent(4).to_dict()):
        assert find_inputs(lstm, None, given)[0].shape == ("N", 4, "T")
    assert find_inputs(lstm, None, {"x": InputType.recurrent(4)})[0].shape == ("N", 4, "T")
    for wrong in ("7", 7, (), (0,), (1, 2, 3, 4, 5)):
        with pytest.raises(ExportError, match="input_shapes="):
            find_inputs(lstm, None, wrong)


def test_the_one_length_of_recurrent_attention():
    recurrent = {"nin": 4, "nout": 6, "timeSteps": 0}
    network = chain((LAYERS + "RecurrentAttentionLayer", recurrent))
    with pytest.raises(ExportError, match=r"one length.* give input_shapes=\{'x': \(4, 5\)\}"):
        find_inputs(network, None)
    kind = {"@class": "$InputTypeRecurrent", "size": 4, "timeSeriesLength": 9, "format": "NCW"}
    for given in ({"input_types": {"x": kind}}, {"input_type": kind}):
        assert find_inputs(network, given)[0].shape == ("N", 4, 9)
    assert find_inputs(network, None, (4, None))[0].shape == ("N", 4, "T")
    ran = chain((LAYERS + "RecurrentAttentionLayer", {**recurrent, "timeSteps": 8}))
    assert find_inputs(ran, {"input_type": {**kind, "timeSeriesLength": -1}})[0].shape == ("N", 4, 8)


@pytest.mark.parametrize(
    ("layer", "json", "length"),
    [
        ("LocallyConnected1D", {"nin": 4, "inputSize": 9}, 9),
        ("PReLULayer", {"inputShape": [4, 9]}, 9),
        ("PReLULayer", {"inputShape": [4, 9], "sharedAxes": [1]}, 9),
        ("PReLULayer", {"inputShape": [4, 9], "sharedAxes": [2]}, "T"),
        ("PReLULayer", {"inputShape": [4, 9, 2]}, "T"),
        ("LSTM", {"nin": 4}, "T"),
    ],
)
def test_the_one_length_of_weights_for_each_step(layer, json, length):
    network = chain((LAYERS + "ActivationLayer", {}), (LAYERS + layer, json))
    kind = {"@class": "$InputTypeRecurrent", "size": 4, "timeSeriesLength": 9, "format": "NCW"}
    assert find_inputs(network, {"input_types": {"x": kind}})[0].shape == ("N", 4, length)
    assert find_inputs(network, {"input_types": {"x": {**kind, "timeSeriesLength": -1}}})[0].shape == ("N", 4, "T")


@pytest.mark.parametrize("case", ["graph_residual_NCHW", "vertex_elements", "vertex_subset"])
def test_what_cannot_be_known_is_asked_for(case):
    with pytest.raises(ExportError, match=r"does not say what input '[ax]' of .* takes; give input_shapes"):
        inputs_of(case)


def test_two_merged_inputs_are_asked_for():
    dense = NodeDescription(1, "end", LAYERS + "DenseLayer", {"nin": 9}, ("both",))
    merge = NodeDescription(0, "both", VERTICES + "MergeVertex", {"mergeAxis": 1}, ("a", "b"), is_layer=False)
    network = NetworkDescription("ComputationGraph", "FLOAT", ("a", "b"), ("end",), (merge, dense))
    with pytest.raises(ExportError, match=r"such as \{'a': \(3, 32, 32\)\}"):
        find_inputs(network, None)
    entries = find_inputs(network, None, {"a": (4,), "b": (5,)})
    assert [entry.shape for entry in entries] == [("N", 4), ("N", 5)]
