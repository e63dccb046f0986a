"""What the first layers tell of the shape of an input, where the file does not say it."""

from __future__ import annotations

import pytest

from pydl4j_spark.description import parse_configuration
from pydl4j_spark.errors import ExportError
from pydl4j_spark.onnx.inputs import find_inputs

from .cases import load


@pytest.mark.parametrize(
    ("case", "shape", "layout", "vocabulary"),
    [
        ("element_wise", ("N", 7), "NC", None),
        ("ocnn_sigmoid", ("N", 7), "NC", None),
        ("variational_loss", ("N", 7), "NC", None),
        ("prelu_first", ("N", 7), "NC", None),
        ("prelu_rnn_NCW", ("N", 4, 5), "NCW", None),
        ("prelu_cnn_FLOAT", ("N", 2, 6, 7), "NCHW", None),
        ("embedding", ("N", 1), "NC", 11),
        ("embedding_sequence_NWC", ("N", "T"), "NT", 11),
        ("embedding_sequence_fixed_NCW", ("N", 5), "NT", 11),
        ("distributed_dense_NCW", ("N", 4, "T"), "NCW", None),
        ("distributed_dense_layernorm_NWC", ("N", "T", 4), "NWC", None),
        ("distributed_frozen_NWC", ("N", "T", 4), "NWC", None),
        ("distributed_embedding_NCW", ("N", 1, "T"), "NCW", 11),
        ("distributed_embedding_NWC", ("N", "T", 1), "NWC", 11),
        ("frozen_distributed_NWC", ("N", "T", 4), "NWC", None),
        ("rnn_dense_NCW", ("N", 4, "T"), "NCW", None),
    ],
)
def test_known(case, shape, layout, vocabulary):
    (found,) = find_inputs(parse_configuration(load(case).model.configuration), None)
    assert (found.shape, found.layout, found.indices_below) == (shape, layout, vocabulary)


@pytest.mark.parametrize(
    "case",
    [
        "repeat_first_NCW",
        "prelu_cnn_shared_FLOAT",
        "distributed_activation_NCW",
        "distributed_normalization_NWC",
        "lrn_3_NHWC",
        "gpool_MAX_HALF",
    ],
)
def test_unknown(case):
    with pytest.raises(ExportError, match="give input_shapes"):
        find_inputs(parse_configuration(load(case).model.configuration), None)
