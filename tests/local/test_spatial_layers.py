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
from pydl4j_spark.layers import (
    Cnn3DLossLayer,
    CnnLossLayer,
    Convolution1DLayer,
    Convolution3D,
    ConvolutionLayer,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Deconvolution2D,
    Deconvolution3D,
    DepthwiseConvolution2D,
    GlobalPoolingLayer,
    LocallyConnected1D,
    LocallyConnected2D,
    LocalResponseNormalization,
    PReLULayer,
    SeparableConvolution2D,
    SpaceToBatchLayer,
    SpaceToDepthLayer,
    Subsampling1DLayer,
    Subsampling3DLayer,
    SubsamplingLayer,
    Upsampling1D,
    Upsampling2D,
    Upsampling3D,
    Yolo2OutputLayer,
    ZeroPadding1DLayer,
    ZeroPadding3DLayer,
    ZeroPaddingLayer,
)
from tests.conf.spatial import BOXES, NETWORKS, ONLY_RUN, image, sequence, volume

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


# What a layer cannot be made without.
GIVEN = {"@class", "layerName", "nout", "nin", "size", "cropping", "blockSize", "blocks"}
GIVEN |= {"boundingBoxes", "inputShape", "featureDim", "convolutionMode"}
BARE = [
    (sequence(), Convolution1DLayer(n_out=4, kernel_size=3)),
    (sequence(), Subsampling1DLayer()),
    (sequence(), LocallyConnected1D(n_out=4)),
    (sequence(), Upsampling1D(2)),
    (sequence(), ZeroPadding1DLayer(1)),
    (sequence(), Cropping1D(1)),
    (image(), ConvolutionLayer(n_out=4, convolution_mode="same")),
    (image(), Deconvolution2D(n_out=4)),
    (image(), DepthwiseConvolution2D(convolution_mode="same")),
    (image(), SeparableConvolution2D(n_out=4, convolution_mode="same")),
    (image(), LocallyConnected2D(n_out=4)),
    (image(), SubsamplingLayer()),
    (InputType.convolutional(7, 6, 4), LocalResponseNormalization()),
    (image(), Upsampling2D(2)),
    (image(), ZeroPaddingLayer(1)),
    (image(), Cropping2D(1)),
    (image(), SpaceToDepthLayer(2)),
    (image(), SpaceToBatchLayer(2)),
    (image(), PReLULayer()),
    (image(), CnnLossLayer()),
    (image(channels=14), Yolo2OutputLayer(bounding_boxes=BOXES)),
    (volume(), Convolution3D(n_out=4)),
    (volume(), Deconvolution3D(n_out=4)),
    (volume(), Subsampling3DLayer()),
    (volume(), Upsampling3D(2)),
    (volume(), ZeroPadding3DLayer(1)),
    (volume(), Cropping3D(1)),
    (volume(), Cnn3DLossLayer()),
]


def resolved(engine: Any, document: dict[str, Any]) -> dict[str, Any]:
    """The first layer as DL4J has it."""
    layer: dict[str, Any] = json.loads(engine.resolve(json.dumps(document)))["confs"][0]["layer"]
    return layer


def test_defaults_are_those_of_dl4js_builders(engine):
    for given, layer in BARE:
        document = MultiLayerConfiguration(
            [layer], input_type=given, seed=1, validate_output_layer=False, for_training=False
        ).to_dict()
        written = document["confs"][0]["layer"]
        # Of windows there is no default that DL4J would build a Convolution1DLayer with; of padding there is.
        kept = GIVEN | ({"kernelSize"} if isinstance(layer, Convolution1DLayer) else set())
        kept -= {"convolutionMode"} if isinstance(layer, Subsampling3DLayer) else set()
        kept |= {"padding"} if type(layer).__name__.startswith("ZeroPadding") else set()
        bare = {"seed": 1, "layer": {key: value for key, value in written.items() if key in kept}}
        assert resolved(engine, document | {"confs": [bare]}) == resolved(engine, document)


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
