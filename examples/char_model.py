"""Train a character model with Spark: which character comes next? Then let its ONNX export write.

    python examples/char_model.py
    python examples/char_model.py --data book.txt --chars 200000

Two layers of LSTM read windows of text; truncated backpropagation through time keeps each update short. The text is
the project's README where no other is given.
"""

from __future__ import annotations

import _common as common
import numpy as np
import onnxruntime

import pydl4j_spark as dl4j
from pydl4j_spark.layers import GravesLSTM, RnnOutputLayer
from pydl4j_spark.updaters import Adam

WINDOW = 50
HELD_OUT = 0.1


def windows(codes: np.ndarray, vocabulary: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut the text into windows [N, vocabulary, T], one-hot, and the same windows one character on."""
    one_hot = np.eye(vocabulary, dtype=np.float32)[codes]
    starts = range(0, len(codes) - WINDOW, WINDOW)
    # Sequences are [rows, size, time steps].
    return tuple(np.stack([one_hot[i + ahead : i + ahead + WINDOW].T for i in starts]) for ahead in (0, 1))


def unigram_loss(training: np.ndarray, held_out: np.ndarray, vocabulary: int) -> float:
    """Give the loss of a model that knows how frequent each character is, and nothing of what stands before it."""
    frequencies = np.bincount(training, minlength=vocabulary) + 1.0
    return float(-np.log(frequencies / frequencies.sum())[held_out].mean())


def model_loss(outputs: np.ndarray, expected: np.ndarray) -> float:
    return float(-np.log(np.maximum((outputs * expected).sum(axis=1), 1e-10)).mean())


def write(path: common.Path, start: str, length: int, characters: list[str], seed: int) -> str:
    """Draw one character after the other. One network on one machine: a task for the export, not for Spark."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0].name
    random = np.random.default_rng(seed)
    one_hot = np.eye(len(characters), dtype=np.float32)
    text = [characters.index(character) for character in start]
    for _ in range(length):
        # A call knows nothing of the one before, so that it gets the last characters all over again.
        (outputs,) = session.run(None, {source: one_hot[text[-WINDOW:]].T[None]})
        # Sharpened: what is likely becomes a little likelier, which spares the text some slips.
        chances = outputs[0, :, -1].astype(float) ** 1.5
        text.append(int(random.choice(len(characters), p=chances / chances.sum())))
    return "".join(characters[code] for code in text)


def main() -> None:
    parser = common.parser(
        "Train a character model.", epochs=12, batch_size=8, averaging_frequency=5, data="a text; the README if none"
    )
    parser.add_argument("--chars", type=common.whole, help="use only so many characters of the text")
    parser.add_argument("--hidden", type=common.whole, default=64, help="size of both LSTM layers")
    parser.add_argument("--sample", type=common.whole, default=300, help="characters to write in the end")
    options = parser.parse_args()

    text = (options.data or common.HERE.parent / "README.md").read_text(encoding="utf-8")[: options.chars]
    characters = sorted(set(text))
    codes = np.array([characters.index(character) for character in text])
    cut = int(len(codes) * (1 - HELD_OUT))
    if len(codes) - cut <= WINDOW:
        parser.error(f"the text has {len(text):,} characters; it needs {int((WINDOW + 1) / HELD_OUT) + 10:,} at least")
    # The end of the text is held out, not windows here and there: it shares no sentence with the rest.
    x_train, y_train = windows(codes[:cut], len(characters))
    x_test, y_test = windows(codes[cut:], len(characters))
    print(f"{len(text):,} characters, {len(characters)} different ones")
    print(f"{len(x_train):,} windows of {WINDOW} to train on, {len(x_test):,} held out\n")

    conf = dl4j.MultiLayerConfiguration(
        layers=[
            GravesLSTM(n_out=options.hidden, activation="tanh"),
            GravesLSTM(n_out=options.hidden, activation="tanh"),
            RnnOutputLayer(n_out=len(characters), loss="mcxent", activation="softmax"),
        ],
        input_type=dl4j.InputType.recurrent(len(characters)),
        backprop_type="truncated_bptt",
        tbptt_length=WINDOW // 2,
        seed=options.seed,
        updater=Adam(2e-2),
        # Steep slopes of the loss are common where errors pass through many steps of time.
        gradient_normalization="clip_elementwise_absolute_value",
    )
    print(conf.summary())

    master = dl4j.ResidentAveragingTrainingMaster(
        batch_size_per_worker=options.batch_size,
        averaging_frequency=options.averaging_frequency,
        num_workers=options.workers,
    )
    options.out.mkdir(parents=True, exist_ok=True)
    spark = common.start_spark("character model", options.master)
    net = dl4j.SparkDl4jMultiLayer(spark, conf, master)
    # The losses are of whole windows, summed over their steps.
    history = net.fit((x_train, y_train), epochs=options.epochs, validation=(x_test, y_test))

    outputs = net.output(x_test)
    print(f"Held-out loss per character: {model_loss(outputs, y_test):.4f}")
    print(f"Unigram baseline: {unigram_loss(codes[:cut], x_test.argmax(axis=1).ravel(), len(characters)):.4f}")

    history.plot(options.out / "training.png")
    net.network.save(options.out / "model.zip")
    net.network.to_onnx(options.out / "model.onnx")
    difference = common.onnx_difference(options.out / "model.onnx", x_test, expected=outputs)
    print(f"Largest difference between DL4J and onnxruntime on the {len(x_test):,} held-out rows: {difference:.1e}")
    spark.stop()

    start = text[cut - WINDOW : cut]
    print("\nThe exported network goes on from the end of the training text:\n")
    print(write(options.out / "model.onnx", start, options.sample, characters, options.seed) + "\n")
    print(f"In {options.out}/: model.zip (DL4J), model.onnx, training.png")


if __name__ == "__main__":
    common.run(main)
