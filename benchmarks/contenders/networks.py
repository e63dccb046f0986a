"""The networks of all tasks as a user of pydl4j_spark writes them down."""

from __future__ import annotations

from typing import Any

import pydl4j_spark as dl4j
from pydl4j_spark.layers import LSTM, ConvolutionLayer, DenseLayer, LastTimeStep, Layer, OutputLayer, SubsamplingLayer
from pydl4j_spark.updaters import Adam


def configuration(task: dict[str, Any]) -> dl4j.MultiLayerConfiguration:
    """Describe a task's network."""
    hidden = task["hidden"]
    layers: list[Layer]
    given: dl4j.InputType
    if task["network"] == "mlp":
        layers = [DenseLayer(n_out=units) for units in hidden]
        given = dl4j.InputType.feed_forward(784)
    elif task["network"] == "lenet":
        layers = []
        for maps in hidden[:2]:
            layers += [
                ConvolutionLayer(n_out=maps, kernel_size=5),
                SubsamplingLayer("max", kernel_size=2, stride=2),
            ]
        layers.append(DenseLayer(n_out=hidden[2]))
        given = dl4j.InputType.convolutional(28, 28, 1)
    else:
        layers = [LastTimeStep(LSTM(n_out=hidden[0], activation="tanh"))]
        given = dl4j.InputType.recurrent(28, 28)
    return dl4j.MultiLayerConfiguration(
        layers=[*layers, OutputLayer(n_out=10, loss="mcxent", activation="softmax")],
        input_type=given,
        activation="relu",
        weight_init="xavier",
        updater=Adam(task["learning_rate"]),
        seed=task["seed"],
    )
