"""Configurations out of model files that DL4J M2.1 wrote: read, and written again with the same values."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pydl4j_spark.conf import MultiLayerConfiguration
from pydl4j_spark.errors import ConfigError

MODELS = sorted((Path(__file__).parent.parent / "onnx" / "fixtures").glob("*.zip"))

# What DL4J computes itself, and writes without reading it.
COMPUTED = {"gradientNormalization", "gradientNormalizationThreshold", "nin", "nout", "rnndataFormat"}


def opened(path):
    outer = zipfile.ZipFile(path)
    model = zipfile.ZipFile(io.BytesIO(outer.read("model.zip")))
    return model.read("configuration.json").decode(), outer


def differences(theirs, ours, place=""):
    if isinstance(theirs, dict):
        for key, value in theirs.items():
            # "NaN" is a default that DL4J left unset inside wrappers; it is filled in here.
            if value is None or value == "NaN":
                continue
            if key in ours:
                yield from differences(value, ours[key], f"{place}.{key}")
            elif key not in COMPUTED:
                yield f"{place}.{key}"
    elif isinstance(theirs, list) and len(theirs) == len(ours):
        for index, (value, other) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(value, other, f"{place}[{index}]")
    elif theirs != ours:
        yield f"{place}: {theirs} became {ours}"


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_values_are_kept(path):
    text, outer = opened(path)
    if '"confs"' not in text:
        pytest.skip("a graph")
    try:
        conf = MultiLayerConfiguration.from_json(text)
    except ConfigError as error:
        assert "is not supported" in str(error)
        pytest.skip(str(error).split(";")[0])
    again = json.loads(conf.to_json())
    assert list(differences(json.loads(text), again)) == []
    assert MultiLayerConfiguration.from_json(conf.to_json()) == conf
    layout = json.loads(outer.read("layout.json"))
    assert conf.n_params == sum(int(np.prod(each["shape"])) for layer in layout for each in layer)
    out = np.load(io.BytesIO(outer.read("out.npy")))
    # DL4J's inference keeps the sequence after pooling over it.
    pooled_sequence = "gpool" in path.stem and path.stem.endswith(("NCW", "NWC"))
    if conf.output_type is not None and not pooled_sequence:
        known = [(mine, theirs) for mine, theirs in zip(conf.output_type.shape, out.shape[1:], strict=True) if mine]
        assert all(mine == theirs for mine, theirs in known)
