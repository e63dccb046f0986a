"""Train a perceptron on handwritten digits without Spark, on all cores of this machine, and export it to ONNX.

    python examples/digits_local.py

Nothing is downloaded: the 1,797 images come with scikit-learn. The JVM that trains is inside this process.
"""

from __future__ import annotations

import os

import _common as common

import pydl4j_spark as dl4j
from pydl4j_spark.layers import DenseLayer, OutputLayer
from pydl4j_spark.updaters import Adam

# Data this small, cut up for many workers, would leave each of them next to nothing to train on between two averages.
ENOUGH_WORKERS = 4


def main() -> None:
    parser = common.parser(
        "Train a perceptron on handwritten digits without Spark.",
        epochs=20,
        batch_size=16,
        averaging_frequency=5,
        data="a .npz file with images [N, height, width] and labels [N]; by default scikit-learn's digits",
        workers=min(os.cpu_count() or 1, ENOUGH_WORKERS),
        on_spark=False,
    )
    parser.add_argument("--hidden", type=common.whole, nargs="+", default=[64, 32], help="sizes of the hidden layers")
    parser.add_argument("--rows", type=common.whole, help="use only so many of the images")
    options = parser.parse_args()

    images, labels, brightest = common.load_images(options.data, options.rows, options.seed)
    pixels = images.reshape(len(images), -1)
    x_train, x_test, y_train, y_test = common.held_out(pixels, labels, options.seed)
    print(f"{len(x_train):,} images to train on, {len(x_test):,} held out\n")

    conf = dl4j.MultiLayerConfiguration(
        layers=[
            *(DenseLayer(n_out=size, activation="relu") for size in options.hidden),
            OutputLayer(n_out=int(labels.max()) + 1, loss="mcxent", activation="softmax"),
        ],
        input_type=dl4j.InputType.feed_forward(pixels.shape[1]),
        seed=options.seed,
        updater=Adam(5e-3),
        weight_init="relu",
        l2=1e-4,
    )
    print(conf.summary())

    options.out.mkdir(parents=True, exist_ok=True)
    net = dl4j.MultiLayerNetwork(conf, normalizer=dl4j.ImagePreProcessingScaler(max_pixel_val=brightest))
    history = net.fit(
        (x_train, y_train),
        epochs=options.epochs,
        batch_size=options.batch_size,
        workers=options.workers,
        averaging_frequency=options.averaging_frequency,
        validation=(x_test, y_test),
    )

    evaluation = net.evaluate((x_test, y_test))
    print(evaluation.stats())
    print(f"Held-out accuracy: {evaluation.accuracy:.4f}")

    history.plot(options.out / "training.png")
    evaluation.plot(options.out / "confusion.png")
    net.save(options.out / "model.zip")
    net.to_onnx(options.out / "model.onnx", include_normalizer=True)
    difference = common.onnx_difference(options.out / "model.onnx", x_test, expected=net.output(x_test))
    print(f"Largest difference between DL4J and onnxruntime on the {len(x_test):,} held-out rows: {difference:.1e}")
    print(f"In {options.out}/: model.zip (DL4J), model.onnx, training.png, confusion.png")


if __name__ == "__main__":
    common.run(main)
