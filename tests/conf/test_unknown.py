"""Classes that users wrote in Java: kept as they are, named, and known to nobody."""

import copy
import pickle

import pytest

from pydl4j_spark.conf import ComputationGraphConfiguration, InputType, MultiLayerConfiguration
from pydl4j_spark.conf.base import Unknown
from pydl4j_spark.conf.layers.base import Layer
from pydl4j_spark.errors import ConfigError
from pydl4j_spark.layers import DenseLayer, OutputLayer
from pydl4j_spark.vertices import MergeVertex

MINE = {"@class": "com.acme.MyLayer", "layerName": "mine", "depth": [1, 2, {"x": None}], "größe": 1e-30}
FAMILIES = {
    "activationFn": {"@class": "com.acme.Steep", "slope": 3},
    "biasUpdater": {"@class": "com.acme.Fast$Updater"},
    "constraints": [{"@class": "com.acme.Tight", "params": ["W"]}],
    "idropout": {"@class": "com.acme.Drop"},
    "iupdater": {"@class": "org.nd4j.linalg.learning.config.Sgd", "learningRate": "NaN",
                 "learningRateSchedule": {"@class": "com.acme.Slower"}},
    "regularization": [{"@class": "com.acme.Small"}],
    "weightInitFn": {"@class": "org.deeplearning4j.nn.weights.WeightInitDistribution",
                     "distribution": {"type": "com.acme.Lumpy", "lumps": 3}},
    "weightNoise": {"@class": "com.acme.Noise"},
}  # fmt: skip


def network():
    return MultiLayerConfiguration(
        [
            DenseLayer(n_in=4, n_out=5),
            DenseLayer(n_in=5, n_out=5),
            OutputLayer(n_in=5, n_out=3),
        ],
        input_type=InputType.feed_forward(4),
        seed=1,
    ).to_dict()


def test_a_layer_is_kept_and_shapes_end_with_it():
    document = network()
    document["confs"][1]["layer"] = MINE
    conf = MultiLayerConfiguration.from_dict(document)
    assert conf.to_dict() == document
    assert MultiLayerConfiguration.from_json(conf.to_json()) == conf
    dense, mine, output = conf.layer_types()
    assert isinstance(mine.layer, Unknown)
    assert (mine.name, mine.kind, mine.n_params, mine.output_type) == ("mine", "com.acme.MyLayer", None, None)
    assert dense.output_type == mine.input_type
    assert output.input_type is None and output.n_params == 18
    assert repr(conf.layers[1]) == "UnknownLayer('com.acme.MyLayer')"
    row = next(line for line in conf.summary().splitlines() if "com.acme.MyLayer" in line)
    assert "mine" in row and row.count("?") == 2


def test_what_layers_have_is_kept():
    document = network()
    document["confs"][0]["layer"] |= FAMILIES
    document["inputPreProcessors"] = {"1": {"@class": "com.acme.Turn", "by": 90}}
    conf = MultiLayerConfiguration.from_dict(document)
    assert conf.to_dict() == document
    assert "com.acme.Turn" in conf.summary()
    assert MultiLayerConfiguration.from_json(conf.to_json()) == conf


def test_a_vertex_is_kept():
    document = ComputationGraphConfiguration(
        inputs={"a": InputType.feed_forward(4)},
        vertices={
            "dense": (DenseLayer(n_out=5), "a"),
            "it": (MergeVertex(), "dense", "a"),
            "out": (OutputLayer(n_in=9, n_out=3), "it"),
        },
        outputs=["out"],
        seed=1,
    ).to_dict()
    document["vertices"]["it"] = {"@class": "com.acme.MyVertex", "axis": 1}
    conf = ComputationGraphConfiguration.from_dict(document)
    assert conf.to_dict() == document
    it = next(here for here in conf.vertex_types() if here.name == "it")
    assert (it.kind, it.n_params, it.output_type) == ("com.acme.MyVertex", None, None)


def test_it_is_copied_pickled_and_compared():
    mine = Layer.from_dict(MINE)
    assert mine == Layer.from_dict(dict(MINE)) != Layer.from_dict(MINE | {"depth": []})
    assert pickle.loads(pickle.dumps(mine)) == copy.deepcopy(mine) == mine
    assert len({mine, Layer.from_dict(MINE)}) == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_json_is_refused(value):
    with pytest.raises(ConfigError, match="UnknownLayer.document"):
        Layer.from_dict(MINE | {"depth": value})


@pytest.mark.parametrize(
    "name",
    [
        "org.deeplearning4j.nn.conf.layers.Denselayer",
        "org.nd4j.linalg.Mine",
        "Mine",
        "com acme",
        "",
        "com..acme",
        None,
        3,
    ],
)
def test_what_is_no_class_of_a_user_is_refused(name):
    with pytest.raises(ConfigError, match="not supported"):
        Layer.from_dict({"@class": name})
