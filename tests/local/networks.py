"""Small networks of each kind, with rows to train them on."""

from __future__ import annotations

from typing import Any

import numpy as np

from pydl4j_spark import InputType, MultiLayerConfiguration
from pydl4j_spark.layers import (
    LSTM,
    BatchNormalization,
    ConvolutionLayer,
    DenseLayer,
    GravesLSTM,
    OutputLayer,
    RnnOutputLayer,
    SubsamplingLayer,
)
from pydl4j_spark.updaters import Adam

KINDS: dict[str, dict[str, Any]] = {
    "dense": {
        "layers": [DenseLayer(n_out=12, activation="tanh", dropout=0.7), BatchNormalization(), OutputLayer(n_out=3)],
        "input_type": InputType.feed_forward(6),
    },
    "convolutional": {
        "layers": [
            ConvolutionLayer(n_out=4, kernel_size=(3, 2), activation="relu"),
            SubsamplingLayer(kernel_size=(2, 2), stride=(2, 2)),
            OutputLayer(n_out=3),
        ],
        "input_type": InputType.convolutional(7, 6, 2),
    },
    "recurrent": {
        "layers": [LSTM(n_out=5, activation="tanh"), GravesLSTM(n_out=4, activation="tanh"), RnnOutputLayer(n_out=3)],
        "input_type": InputType.recurrent(4, 9),
    },
}
SHAPES = {"dense": ((6,), ()), "convolutional": ((2, 7, 6), ()), "recurrent": ((4, 9), (9,))}


def conf(kind: str, **settings: Any) -> MultiLayerConfiguration:
    """A network of a kind."""
    return MultiLayerConfiguration(**{"seed": 7, "updater": Adam(1e-2), "l2": 1e-3} | KINDS[kind] | settings)


def rows(kind: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Drawn rows for a kind."""
    rng = np.random.default_rng(3)
    features, labels = SHAPES[kind]
    return rng.normal(2, 3, (count, *features)).astype(np.float32), rng.integers(0, 3, (count, *labels))
