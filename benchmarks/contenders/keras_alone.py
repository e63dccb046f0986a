"""Keras in one process, without Spark."""

from __future__ import annotations

import time

from benchmarks.contenders import common
from benchmarks.problem import load


def main() -> None:
    """Fit epoch by epoch, and score after each."""
    import tensorflow as tf

    from benchmarks.contenders import keras_models

    task = common.task()
    tf.config.threading.set_intra_op_parallelism_threads(task["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(1)
    common.emit("start", imports=time.perf_counter() - common.BEGAN)
    model = keras_models.model(task)
    features, labels = load(task, "train")
    held, answers = load(task, "test")
    features, held = keras_models.features(task, features), keras_models.features(task, held)
    common.emit("environment", parameters=model.count_params(), threads=task["threads"])
    epoch, reached = 0, 0.0
    while common.goes_on(task, epoch, reached):
        began = time.perf_counter()
        model.fit(features, labels, batch_size=task["batch"], epochs=1, shuffle=True, verbose=0)
        seconds = time.perf_counter() - began
        epoch += 1
        reached = common.accuracy(model.predict(held, batch_size=500, verbose=0), answers)
        common.emit("epoch", epoch=epoch, seconds=seconds, accuracy=reached)


if __name__ == "__main__":
    main()
