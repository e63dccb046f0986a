"""The whole way on whichever Spark runs this: train, evaluate, predict, save, load, resume, ONNX. Prints JSON last."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pyspark
from pyspark.sql import SparkSession

import pydl4j_spark as dl4j
from pydl4j_spark.layers import DenseLayer, OutputLayer
from pydl4j_spark.onnx.verify import run_onnx
from pydl4j_spark.updaters import Adam


def main(out: Path) -> None:
    builder = dl4j.configure_spark(SparkSession.builder.master("local[2]").appName("smoke"))
    spark = builder.config("spark.ui.enabled", "false").config("spark.log.level", "ERROR").getOrCreate()
    rng = np.random.default_rng(7)
    centres = rng.normal(0, 3, (3, 8))
    labels = np.arange(600) % 3
    features = (centres[labels] + rng.normal(0, 1, (600, 8))).astype(np.float32)
    rows = [(i, features[i].tolist(), int(labels[i])) for i in range(600)]
    frame = spark.createDataFrame(rows, "id long, features array<float>, label int")
    train, test = frame.where("id % 4 > 0"), frame.where("id % 4 = 0")
    held_out = np.arange(600) % 4 == 0

    conf = dl4j.MultiLayerConfiguration(
        layers=[DenseLayer(n_out=16, activation="relu"), OutputLayer(n_out=3, loss="mcxent", activation="softmax")],
        input_type=dl4j.InputType.feed_forward(8),
        seed=5,
        updater=Adam(1e-2),
        weight_init="xavier",
    )
    master = dl4j.ResidentAveragingTrainingMaster(num_workers=2)
    net = dl4j.SparkDl4jMultiLayer(spark, conf, master, normalizer=dl4j.NormalizerStandardize())
    history = net.fit(train, epochs=2, validation=test, progress=False)
    from_arrays = dl4j.SparkDl4jMultiLayer(spark, conf, master, normalizer=dl4j.NormalizerStandardize())
    from_arrays.fit((features[~held_out], labels[~held_out]), epochs=2, progress=False)
    scored = net.predict(test).collect()
    net.network.save(out / "model.zip")

    loaded = dl4j.MultiLayerNetwork.load(out / "model.zip")
    again = dl4j.SparkDl4jMultiLayer(spark, loaded, master)
    resumed = again.fit(train, epochs=1, progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # one says that nothing was compared
        report = again.network.to_onnx(out / "model.onnx", include_normalizer=True)
    from_network, from_file = (
        [row.prediction for row in scorer.predict(test).collect()]
        for scorer in (again, dl4j.OnnxModel(out / "model.onnx"))
    )
    (onnx,) = run_onnx(out / "model.onnx", features[held_out])
    found = {
        "pyspark": pyspark.__version__,
        "spark": spark.version,
        "rows": history.rows + resumed.rows,
        "epochs": history.epoch + resumed.epoch,
        "accuracy": net.evaluate(test).accuracy,
        "predicted": float(np.mean([row.label == row.prediction for row in scored])),
        "probabilities": [len(row.probability) for row in scored[:1]],
        "routes_agree": bool(np.array_equal(net.network.params(), from_arrays.network.params())),
        "verified": report.verified,
        "served_alike": from_file == from_network,
        "onnx_error": float(np.abs(onnx - again.output(features[held_out])).max()),
    }
    spark.stop()
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
