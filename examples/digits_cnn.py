"""Train a small convolutional network on handwritten digits with Spark, evaluate it, and export it to ONNX.

python examples/digits_cnn.py
python examples/digits_cnn.py --data mnist.npz --rows 10000
"""

from __future__ import annotations

import _common as common

import pydl4j_spark as dl4j
from pydl4j_spark.layers import BatchNormalization, ConvolutionLayer, DenseLayer, OutputLayer, SubsamplingLayer
from pydl4j_spark.updaters import Adam


def network(height: int, width: int, classes: int, seed: int) -> dl4j.MultiLayerConfiguration:
    """Nothing between the layers needs saying: sizes and the step from images to rows follow from the input type."""
    return dl4j.MultiLayerConfiguration(
        layers=[
            ConvolutionLayer(n_out=16, kernel_size=3, convolution_mode="same", activation="identity", has_bias=False),
            BatchNormalization(activation="relu"),
            SubsamplingLayer("max", kernel_size=2, stride=2),
            ConvolutionLayer(n_out=32, kernel_size=3, convolution_mode="same", activation="relu"),
            SubsamplingLayer("max", kernel_size=2, stride=2),
            DenseLayer(n_out=64, activation="relu"),
            OutputLayer(n_out=classes, loss="mcxent", activation="softmax"),
        ],
        input_type=dl4j.InputType.convolutional(height, width, 1),
        seed=seed,
        updater=Adam(2e-3),
        weight_init="relu",
    )


def main() -> None:
    parser = common.parser(
        "Train a small convolutional network on handwritten digits.",
        epochs=8,
        batch_size=16,
        averaging_frequency=5,
        data="a .npz file with images [N, height, width] and labels [N]; by default scikit-learn's digits",
    )
    parser.add_argument("--rows", type=common.whole, help="use only so many of the images")
    options = parser.parse_args()

    images, labels, brightest = common.load_images(options.data, options.rows, options.seed)
    # Images are [rows, channels, height, width]; these have one channel.
    x_train, x_test, y_train, y_test = common.held_out(images[:, None], labels, options.seed)
    print(f"{len(x_train):,} images to train on, {len(x_test):,} held out\n")
    conf = network(*images.shape[1:], classes=int(labels.max()) + 1, seed=options.seed)
    print(conf.summary())

    master = dl4j.ResidentAveragingTrainingMaster(
        batch_size_per_worker=options.batch_size,
        averaging_frequency=options.averaging_frequency,
        num_workers=options.workers,
    )
    options.out.mkdir(parents=True, exist_ok=True)
    spark = common.start_spark("digits with convolutions", options.master)
    # Bytes travel to Spark as bytes; the normalizer makes 0..1 of them where the network trains.
    normalizer = dl4j.ImagePreProcessingScaler(max_pixel_val=brightest)
    net = dl4j.SparkDl4jMultiLayer(spark, conf, master, normalizer=normalizer)
    history = net.fit((x_train, y_train), epochs=options.epochs, validation=(x_test, y_test))

    evaluation = net.evaluate((x_test, y_test))
    print(evaluation.stats())
    print(f"Held-out accuracy: {evaluation.accuracy:.4f}")

    history.plot(options.out / "training.png")
    evaluation.plot(options.out / "confusion.png")
    net.network.save(options.out / "model.zip")
    net.network.to_onnx(options.out / "model.onnx", include_normalizer=True)
    difference = common.onnx_difference(options.out / "model.onnx", x_test, expected=net.output(x_test))
    print(f"Largest difference between DL4J and onnxruntime on the {len(x_test):,} held-out rows: {difference:.1e}")
    spark.stop()
    print(f"In {options.out}/: model.zip (DL4J), model.onnx, training.png, confusion.png")


if __name__ == "__main__":
    common.run(main)
