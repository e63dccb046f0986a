"""Layers of sequences, images and volumes, as DL4J makes, computes and trains them."""

from __future__ import annotations

import json
from typing import Any

import attrs
import numpy as np
import pytest

from pydl4j_spark import MultiLayerConfiguration, MultiLayerNetwork
from pydl4j_spark.conf import InputType
from pydl4j_spark.conf.inputs import InputTypeConvolutional3D, InputTypeRecurrent
from pydl4j_spark.layers import GlobalPoolingLayer, Yolo2OutputLayer
from tests.conf.spatial import NETWORKS, ONLY_RUN

pytestmark = pytest.mark.jvm

FAMILIES = sorted({name.split(",")[0] for name in NETWORKS | ONLY_RUN})


def of_family(networks: dict[str, Any], family: str) -> dict[str, Any]:
    return {name: conf for name, conf in networks.items() if name.split(",")[0] == family}


def attached(engine: Any, conf: MultiLayerConfiguration) -> MultiLayerNetwork:
    network = MultiLayerNetwork(conf)
    network.attach(engine)
    return network


def rows(conf: MultiLayerConfiguration, count: int = 2) -> np.ndarray:
    assert conf.input_type is not None
    return np.random.default_rng(1).normal(size=(count, *conf.input_type.shape)).astype(np.float32)


def labels(conf: MultiLayerConfiguration, output: np.ndarray) -> np.ndarray:
    """Class indices, numbers or objects for what comes out."""
    rng = np.random.default_rng(2)
    if isinstance(conf.layers[-1], Yolo2OutputLayer):
        made = np.zeros((len(output), 6, *output.shape[2:]), np.float32)
        made[:, :4, 2, 1] = [0.7, 1.6, 1.9, 3.4]
        made[:, 4, 2, 1] = 1
        return made
    if getattr(conf.layers[-1], "loss", None).__class__.__name__ == "LossMSE":
        return rng.normal(size=output.shape).astype(np.float32)
    return rng.integers(0, output.shape[1], (len(output), *output.shape[2:]))


def infers_rightly(conf: MultiLayerConfiguration) -> bool:
    """DL4J loses the layout of volumes, and takes strides and kernels of other axes for theirs."""
    return not any(isinstance(here.input_type, InputTypeConvolutional3D) for here in conf.layer_types())


@pytest.mark.parametrize("family", FAMILIES)
def test_dl4j_makes_the_same_of_it(engine, family):
    for name, conf in (of_family(NETWORKS, family) | of_family(ONLY_RUN, family)).items():
        answered = engine.describe(conf.to_json())
        for theirs, here in zip(answered, conf.layer_types(), strict=True):
            assert theirs["params"] == here.n_params, name
            assert theirs["preprocessor"] == (here.preprocessor and here.preprocessor.java_class), name
            if infers_rightly(conf):
                assert InputType.from_dict(theirs["output"]) == here.output_type, name
        canonical = engine.resolve(conf.to_json())
        read = MultiLayerConfiguration.from_dict(json.loads(canonical) | {"inputType": conf.to_dict()["inputType"]})
        assert read.to_dict() == conf.to_dict(), name


def check_shapes(network: MultiLayerNetwork, conf: MultiLayerConfiguration) -> np.ndarray:
    """Whether every layer gives what is said; the last activations."""
    computed = network.feed_forward(rows(conf))
    for here in conf.layer_types():
        if isinstance(here.layer, GlobalPoolingLayer) and isinstance(here.input_type, InputTypeRecurrent):
            break  # DL4J's inference keeps the sequence
        assert here.output_type is not None
        found, said = computed[here.name].shape[1:], here.output_type.shape
        # Behind rows that are time steps their number is not known.
        assert found == tuple(there if length is None else length for there, length in zip(found, said, strict=True))
    return computed[conf.layer_types()[-1].name]


@pytest.mark.parametrize("name", ONLY_RUN)
def test_what_is_only_run_gives_the_shape_that_is_said(engine, name):
    check_shapes(attached(engine, ONLY_RUN[name]), ONLY_RUN[name])


@pytest.mark.parametrize("family", sorted({name.split(",")[0] for name in NETWORKS}))
def test_it_is_trained_along_its_gradient(engine, family):
    for name, conf in of_family(NETWORKS, family).items():
        network = attached(engine, attrs.evolve(conf, data_type="double"))
        x, y = rows(conf), labels(conf, check_shapes(network, conf))
        at, step = network.params(), 1e-5
        gradient = sum(float(part.sum()) for part in network.gradient((x, y)).values())
        network.set_params(at + step)
        above = network.score((x, y))
        network.set_params(at - step)
        slope = (above - network.score((x, y))) / (2 * step)
        assert gradient == pytest.approx(slope, rel=2e-3, abs=1e-5), name

        trained = attached(engine, conf)
        history = trained.fit((x, y), batch_size=2, progress=False)
        assert np.isfinite(history.score).all(), name
        assert np.isfinite(trained.params()).all(), name
