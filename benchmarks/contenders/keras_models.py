"""The networks in Keras, for Keras alone and for Elephas."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


def model(task: dict[str, Any]) -> keras.Model:
    """Make and compile a task's network: glorot_normal is what DL4J calls xavier, and 1e-8 is its epsilon."""
    keras.utils.set_random_seed(task["seed"])
    hidden, initial = task["hidden"], {"kernel_initializer": "glorot_normal"}
    dense = [keras.layers.Dense(units, activation="relu", **initial) for units in hidden[-1:]]
    layers: list[keras.Layer]
    if task["network"] == "mlp":
        layers = [keras.Input((784,)), *[keras.layers.Dense(n, activation="relu", **initial) for n in hidden]]
    elif task["network"] == "lenet":
        layers = [keras.Input((28, 28, 1))]
        for maps in hidden[:2]:
            layers += [keras.layers.Conv2D(maps, 5, activation="relu", **initial), keras.layers.MaxPooling2D(2)]
        layers += [keras.layers.Flatten(), *dense]
    else:
        recurrent = keras.layers.LSTM(hidden[0], recurrent_initializer="glorot_normal", **initial)
        layers = [keras.Input((28, 28)), recurrent]
    network = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax", **initial)])
    network.compile(
        optimizer=keras.optimizers.Adam(task["learning_rate"], epsilon=1e-8), loss="categorical_crossentropy"
    )
    return network


def features(task: dict[str, Any], array: np.ndarray) -> np.ndarray:
    """Give rows in Keras' layout: channels last, time before size."""
    if task["network"] == "lenet":
        return np.ascontiguousarray(array.transpose(0, 2, 3, 1))
    if task["network"] == "lstm":
        return np.ascontiguousarray(array.transpose(0, 2, 1))
    return array
