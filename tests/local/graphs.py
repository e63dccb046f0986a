"""Small graphs, built, trained and written by DL4J itself in this process's JVM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

KINDS = ("merged", "recurrent", "residual", "single")
ROWS = 75


def _package(name: str) -> Any:
    return pytest.importorskip("jpype").JPackage(name)


def _builder(seed: int, data_type: str) -> Any:
    dl4j, nd4j = _package("org").deeplearning4j, _package("org").nd4j
    return (
        dl4j.nn.conf.NeuralNetConfiguration.Builder()
        .seed(seed)
        .updater(nd4j.linalg.learning.config.Adam(0.01))
        .activation(nd4j.linalg.activations.Activation.TANH)
        .dataType(getattr(nd4j.linalg.api.buffer.DataType, data_type))
        .l2(1e-3)
        .graphBuilder()
    )


def configuration(kind: str, seed: int = 7, data_type: str = "FLOAT") -> Any:
    """DL4J's configuration of a kind.

    ``merged`` takes 4 and 2 numbers and gives 3 classes and a value; ``recurrent`` takes sequences of 4 and gives
    sequences of 3 classes and of 2 values; ``residual`` takes images and gives 3 classes; ``single`` takes 6 numbers
    and gives 3 classes.
    """
    dl4j, nd4j = _package("org").deeplearning4j, _package("org").nd4j
    layers, graph = dl4j.nn.conf.layers, dl4j.nn.conf.graph
    losses = nd4j.linalg.lossfunctions.LossFunctions.LossFunction
    softmax, identity = (getattr(nd4j.linalg.activations.Activation, name) for name in ("SOFTMAX", "IDENTITY"))
    types = dl4j.nn.conf.inputs.InputType
    made = _builder(seed, data_type)
    if kind == "merged":
        made.addInputs("left", "right")
        made.addLayer("narrow", layers.DenseLayer.Builder().nOut(5).build(), "left")
        made.addLayer("wide", layers.DenseLayer.Builder().nOut(6).build(), "right")
        made.addVertex("both", graph.MergeVertex(), "narrow", "wide")
        made.addLayer("normal", layers.BatchNormalization(), "both")
        made.addLayer("kind", layers.OutputLayer.Builder(losses.MCXENT).nOut(3).activation(softmax).build(), "normal")
        made.addLayer("value", layers.OutputLayer.Builder(losses.MSE).nOut(1).activation(identity).build(), "normal")
        made.setOutputs("kind", "value").setInputTypes(types.feedForward(4), types.feedForward(2))
    elif kind == "recurrent":
        made.addInputs("steps")
        made.addLayer("first", layers.LSTM.Builder().nOut(5).build(), "steps")
        made.addLayer("second", layers.LSTM.Builder().nOut(5).build(), "first")
        made.addVertex("sum", graph.ElementWiseVertex(graph.ElementWiseVertex.Op.Add), "first", "second")
        made.addLayer("each", layers.RnnOutputLayer.Builder(losses.MCXENT).nOut(3).activation(softmax).build(), "sum")
        made.addLayer("size", layers.RnnOutputLayer.Builder(losses.MSE).nOut(2).activation(identity).build(), "sum")
        made.setOutputs("each", "size").setInputTypes(types.recurrent(4))
    elif kind == "residual":
        convolution = layers.ConvolutionLayer.Builder(3, 3).convolutionMode(dl4j.nn.conf.ConvolutionMode.Same)
        pooling = layers.SubsamplingLayer.Builder(layers.SubsamplingLayer.PoolingType.MAX).kernelSize(2, 2).stride(2, 2)
        made.addInputs("image")
        made.addLayer("stem", convolution.nOut(4).build(), "image")
        made.addLayer("block", convolution.nOut(4).build(), "stem")
        made.addVertex("sum", graph.ElementWiseVertex(graph.ElementWiseVertex.Op.Add), "stem", "block")
        made.addLayer("pooled", pooling.build(), "sum")
        made.addLayer("out", layers.OutputLayer.Builder(losses.MCXENT).nOut(3).activation(softmax).build(), "pooled")
        made.setOutputs("out").setInputTypes(types.convolutional(6, 8, 2))
    else:
        made.addInputs("in")
        made.addLayer("hidden", layers.DenseLayer.Builder().nOut(8).build(), "in")
        made.addLayer("out", layers.OutputLayer.Builder(losses.MCXENT).nOut(3).activation(softmax).build(), "hidden")
        made.setOutputs("out").setInputTypes(types.feedForward(6))
    return made.build()


def model(kind: str, **settings: Any) -> Any:
    """DL4J's own graph of a kind, with fresh parameters."""
    graph = _package("org").deeplearning4j.nn.graph.ComputationGraph(configuration(kind, **settings))
    graph.init()
    return graph


def write(graph: Any, path: Path) -> Path:
    """Have DL4J write a graph's zip."""
    java = _package("java")
    _package("org").deeplearning4j.util.ModelSerializer.writeModel(graph, java.io.File(str(path)), True)
    return path


def rows(kind: str, count: int = ROWS) -> tuple[Any, Any]:
    """Drawn rows for a kind: features and labels as a user gives them."""
    rng = np.random.default_rng(3)

    def drawn(*shape: int) -> np.ndarray:
        return rng.normal(0, 1, (count, *shape)).astype(np.float32)

    if kind == "merged":
        left, right = drawn(4), drawn(2)
        classes = (left[:, 0] > 0).astype(np.int64) + (right[:, 0] > 0)
        return [left, right], [classes, left.sum(1)]
    if kind == "recurrent":
        steps = drawn(4, 9)
        return steps, [(steps[:, 0] > 0).astype(np.int64) + (steps[:, 1] > 0), steps[:, :2]]
    if kind == "residual":
        images = drawn(2, 6, 8)
        return images, (images[:, 0].sum((1, 2)) > 0).astype(np.int64) + (images[:, 1].sum((1, 2)) > 0)
    features = drawn(6)
    return features, (features[:, 0] > 0).astype(np.int64) + (features[:, 1] > 0)


def array(values: np.ndarray) -> Any:
    """An INDArray of numpy's values."""
    jpype = pytest.importorskip("jpype")
    nd4j = _package("org").nd4j
    flat = jpype.JArray(jpype.JFloat)(np.ascontiguousarray(values, np.float32).reshape(-1).tolist())
    shape = jpype.JArray(jpype.JLong)(list(values.shape))
    made = nd4j.linalg.factory.Nd4j.createUninitialized(nd4j.linalg.api.buffer.DataType.FLOAT, shape, "c")
    made.data().setData(flat)
    return made
