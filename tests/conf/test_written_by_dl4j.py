"""Configurations out of model files that DL4J M2.1 wrote: read, and written again with the same values."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pydl4j_spark.conf import MultiLayerConfiguration
from pydl4j_spark.errors import ConfigError
from tests.fixtures.dl4j_json import OURS, differences, without_derived

MODELS = sorted((Path(__file__).parent.parent / "onnx" / "fixtures").glob("*.zip"))

# What DL4J runs all the same.
REFUSED = (
    "is not supported",
    "has a loss; use RnnOutputLayer",
    "the length must be known",
    "DL4J has no pooling_type",
    "n_in is given as",
    "wanted a recurrent layer",
)
# What DL4J left unset inside wrappers and where no input type said what comes in, and an axis that sequences lack.
OTHERWISE = (': "NaN" became', ".nin: 0 became null", ".poolingDimensions: null became", ".dilation[1]: 1 became")


def opened(path):
    outer = zipfile.ZipFile(path)
    model = zipfile.ZipFile(io.BytesIO(outer.read("model.zip")))
    return model.read("configuration.json").decode(), outer


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_values_are_kept(path):
    text, outer = opened(path)
    if '"confs"' not in text:
        pytest.skip("a graph")
    try:
        conf = MultiLayerConfiguration.from_json(text)
    except ConfigError as error:
        assert any(reason in str(error) for reason in REFUSED)
        pytest.skip(str(error).split(";")[0])
    again = json.loads(conf.to_json())
    lost = differences(without_derived(json.loads(text)), without_derived(again), OURS)
    assert [each for each in lost if not any(known in each for known in OTHERWISE)] == []
    assert MultiLayerConfiguration.from_json(conf.to_json()) == conf
    layout = json.loads(outer.read("layout.json"))
    assert conf.n_params == sum(int(np.prod(each["shape"])) for layer in layout for each in layer)
    out = np.load(io.BytesIO(outer.read("out.npy")))
    last = json.loads(text)["confs"][-1]["layer"]["@class"]
    # DL4J's inference keeps the sequence after pooling over it.
    pooled_sequence = last.endswith("GlobalPoolingLayer") and out.ndim == 2
    if conf.output_type is not None and not (pooled_sequence and len(conf.output_type.shape) == 2):
        # One class is a row of one without the one.
        extents = zip(conf.output_type.shape, out.shape[1:] or (1,), strict=True)
        assert all(mine == theirs for mine, theirs in extents if mine)
