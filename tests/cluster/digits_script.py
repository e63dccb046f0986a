"""What a user submits: train on numpy and on a DataFrame, evaluate, predict, save. Writes what it found as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.sql import SparkSession
from sklearn.datasets import load_digits

from pydl4j_spark import (
    InputType,
    MultiLayerConfiguration,
    NormalizerStandardize,
    ResidentAveragingTrainingMaster,
    SparkDl4jMultiLayer,
)
from pydl4j_spark.layers import DenseLayer, OutputLayer
from pydl4j_spark.updaters import Adam

EPOCHS = 3


def run(spark: Any, out: Path) -> None:
    """Do it all on one session."""
    data = load_digits()
    features, labels = data.data.astype(np.float32), data.target.astype(np.int64)
    test = np.arange(len(features)) % 5 == 0
    train = ~test
    conf = MultiLayerConfiguration(
        layers=[DenseLayer(n_out=32, activation="relu"), OutputLayer(n_out=10, loss="mcxent", activation="softmax")],
        input_type=InputType.feed_forward(64),
        seed=42,
        updater=Adam(2e-2),
        weight_init="xavier",
    )
    master = ResidentAveragingTrainingMaster(batch_size_per_worker=16, averaging_frequency=10, num_workers=2)

    from_arrays = SparkDl4jMultiLayer(spark, conf, master)
    history = from_arrays.fit((features[train] / 16, labels[train]), epochs=EPOCHS, progress=False)
    arrays = {
        "given": int(train.sum()),
        "rows": history.rows,
        "accuracy": from_arrays.evaluate((features[test] / 16, labels[test])).accuracy,
        "predicted": float((from_arrays.predict(features[test] / 16) == labels[test]).mean()),
    }

    def frame(chosen: np.ndarray) -> Any:
        rows = [(int(i), features[i].tolist(), int(labels[i])) for i in np.flatnonzero(chosen)]
        made = spark.createDataFrame(rows, "id long, features array<float>, label int")
        # In an order of their own: a shuffle alone leaves the rows in the order in which they happened to arrive.
        return made.repartition(3, "id").sortWithinPartitions("id").cache()

    train_frame, test_frame = frame(train), frame(test)
    from_frame = SparkDl4jMultiLayer(spark, conf, master, normalizer=NormalizerStandardize())
    history = from_frame.fit(train_frame, epochs=EPOCHS, validation=test_frame, progress=False)
    scored = from_frame.predict(test_frame).select("id", "prediction").collect()
    frames = {
        "given": int(train.sum()),
        "rows": history.rows,
        "accuracy": from_frame.evaluate(test_frame).accuracy,
        "validation": [each.accuracy for each in history.validation],
        "predicted": float(np.mean([labels[row.id] == row.prediction for row in scored])),
        "scored": len(scored),
    }
    train_frame.unpersist()
    test_frame.unpersist()
    for name, net in (("arrays", from_arrays), ("frames", from_frame)):
        net.network.save(out / f"{name}.zip")
    found = {"master": spark.sparkContext.master, "arrays": arrays, "frames": frames}
    (out / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    session = SparkSession.builder.appName("digits").getOrCreate()
    run(session, Path(sys.argv[1]))
    session.stop()
