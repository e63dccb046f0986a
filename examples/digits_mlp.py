"""Train a perceptron on handwritten digits with Spark, evaluate it, and export it to ONNX.

    python examples/digits_mlp.py

Nothing is downloaded: the 1,797 images come with scikit-learn.
"""

from __future__ import annotations

import _common as common

import pydl4j_spark as dl4j
from pydl4j_spark.layers import DenseLayer, OutputLayer
from pydl4j_spark.updaters import Adam


def main() -> None:
    parser = common.parser(
        "Train a perceptron on handwritten digits.",
        epochs=20,
        batch_size=16,
        averaging_frequency=5,
        data="a .npz file with images [N, height, width] and labels [N]; by default scikit-learn's digits",
    )
    parser.add_argument("--hidden", type=common.whole, nargs="+", default=[64, 32], help="sizes of the hidden layers")
    parser.add_argument("--rows", type=common.whole, help="use only so many of the images")
    options = parser.parse_args()

    images, labels, brightest = common.load_images(options.data, options.rows, options.seed)
    pixels = images.reshape(len(images), -1)
    classes = int(labels.max()) + 1
    x_train, x_test, y_train, y_test = common.held_out(pixels, labels, options.seed)
    print(f"{len(x_train):,} images to train on, {len(x_test):,} held out\n")

    conf = dl4j.MultiLayerConfiguration(
        layers=[
            *(DenseLayer(n_out=size, activation="relu") for size in options.hidden),
            OutputLayer(n_out=classes, loss="mcxent", activation="softmax"),
        ],
        input_type=dl4j.InputType.feed_forward(pixels.shape[1]),
        seed=options.seed,
        updater=Adam(5e-3),
        weight_init="relu",
        l2=1e-4,
    )
    print(conf.summary())

    master = dl4j.ResidentAveragingTrainingMaster(
        batch_size_per_worker=options.batch_size,
        averaging_frequency=options.averaging_frequency,
        num_workers=options.workers,
    )
    # Pixels to 0..1. Many pixels of the border are 0 in nearly all images: standardizing each by itself would blow
    # up the few that are not.
    normalizer = dl4j.ImagePreProcessingScaler(max_pixel_val=brightest)

    options.out.mkdir(parents=True, exist_ok=True)
    spark = common.start_spark("digits with a perceptron", options.master)
    net = dl4j.SparkDl4jMultiLayer(spark, conf, master, normalizer=normalizer)
    history = net.fit((x_train, y_train), epochs=options.epochs, validation=(x_test, y_test))

    evaluation = net.evaluate((x_test, y_test))
    print(evaluation.stats())
    print(f"Held-out accuracy: {evaluation.accuracy:.4f}")

    history.plot(options.out / "training.png")
    evaluation.plot(options.out / "confusion.png")
    net.network.save(options.out / "model.zip")
    # With the normalizer inside, whoever runs the file feeds it pixels as they are.
    net.network.to_onnx(options.out / "model.onnx", include_normalizer=True)
    difference = common.onnx_difference(options.out / "model.onnx", x_test, expected=net.output(x_test))
    print(f"Largest difference between DL4J and onnxruntime on the {len(x_test):,} held-out rows: {difference:.1e}")
    spark.stop()
    print(f"In {options.out}/: model.zip (DL4J), model.onnx, training.png, confusion.png")


if __name__ == "__main__":
    common.run(main)
