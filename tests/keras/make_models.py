"""Writes the Keras models that the tests read, with what Keras itself computes for some rows.

Keras is no dependency of this project; run once, where it is: ``pip install tensorflow-cpu==2.15.1 && python
make_models.py``.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from keras import layers

HERE = Path(__file__).resolve().parent


def mlp() -> keras.Model:
    return keras.Sequential(
        [layers.Input((5,)), layers.Dense(6, "relu", name="hidden"), layers.Dense(3, "softmax", name="classes")]
    )


def cnn() -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((8, 7, 2)),
            layers.Conv2D(3, 3, padding="same", activation="relu", name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Flatten(name="flat"),
            layers.Dense(4, "softmax", name="classes"),
        ]
    )


def lstm() -> keras.Model:
    return keras.Sequential(
        [layers.Input((6, 4)), layers.LSTM(5, name="memory"), layers.Dense(2, "softmax", name="classes")]
    )


def two_inputs() -> keras.Model:
    left, right = layers.Input((4,), name="left"), layers.Input((3,), name="right")
    both = layers.concatenate(
        [layers.Dense(5, "tanh", name="dense_left")(left), layers.Dense(2, "tanh", name="dense_right")(right)],
        name="both",
    )
    return keras.Model([left, right], layers.Dense(3, "softmax", name="classes")(both))


def unsupported() -> keras.Model:
    return keras.Sequential([layers.Input((5,)), layers.GroupNormalization(1, name="groups"), layers.Dense(3)])


def main() -> None:
    rng = np.random.default_rng(7)
    keras.utils.set_random_seed(7)
    for make in (mlp, cnn, lstm, two_inputs, unsupported):
        model = make()
        for layer in model.layers:  # nothing at a default: running means and biases count, too
            layer.set_weights([rng.uniform(0.1, 0.9, each.shape).astype(np.float32) for each in layer.get_weights()])
        model.compile(keras.optimizers.Adam(1e-3), "categorical_crossentropy")
        model.save(HERE / f"{make.__name__}.h5", include_optimizer=make is not cnn)
        shapes = [tensor.shape[1:] for tensor in model.inputs]
        inputs = [rng.standard_normal((3, *shape)).astype(np.float32) for shape in shapes]
        named = {f"input{place}": rows for place, rows in enumerate(inputs)}
        if make is not unsupported:
            np.savez(HERE / f"{make.__name__}.npz", output=model.predict(inputs, verbose=0), **named)


if __name__ == "__main__":
    main()
