"""Train a character model on sentences of every length with Spark, then let it write some, a character at a time.

    python examples/text_generation.py
    python examples/text_generation.py --data poems.txt --temperature 0.5

Every line of the text is a sequence of its own: shorter ones are padded and masked. Truncated backpropagation through
time keeps each update short, whatever the length. To write, the trained network goes on from its state step by step.
"""

from __future__ import annotations

import sys

import _common as common
import numpy as np

import pydl4j_spark as dl4j
from pydl4j_spark.layers import LSTM, RnnOutputLayer
from pydl4j_spark.updaters import Adam

SENTENCES = common.HERE.parent.parent / "shared" / "data" / "sentences.txt"
END = "\n"  # stands before a sentence and after it
HELD_OUT = 0.1


def read(path: common.Path | None, count: int, longest: int) -> list[str]:
    if path is None and not SENTENCES.is_file():
        sys.exit(f"there is no {SENTENCES}; give a text with a sentence in each line: --data FILE")
    lines = (path or SENTENCES).read_text(encoding="utf-8").splitlines()
    sentences = [sentence for line in lines if 0 < len(sentence := " ".join(line.split())) <= longest]
    if len(sentences) < 20:
        place, count = path or SENTENCES, len(sentences)
        sys.exit(f"{place} has {count} lines of 1 to {longest} characters; 20 are the least to learn from")
    return sentences[:count]


def examples(sentences: list[str], characters: list[str]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Give what goes in, one-hot [vocabulary, T], and what comes next, class indices [T], of each sentence."""
    one_hot = np.eye(len(characters), dtype=np.float32)
    codes = [np.array([characters.index(each) for each in END + sentence + END]) for sentence in sentences]
    return [one_hot[code[:-1]].T for code in codes], [code[1:] for code in codes]


def unigram_loss(training: list[np.ndarray], held_out: list[np.ndarray], vocabulary: int) -> float:
    """Give the loss of a model that knows how frequent each character is, and nothing of what stands before it."""
    frequencies = np.bincount(np.concatenate(training), minlength=vocabulary) + 1.0
    return float(-np.log(frequencies / frequencies.sum())[np.concatenate(held_out)].mean())


def write(
    network: dl4j.MultiLayerNetwork, characters: list[str], count: int, longest: int, temperature: float, seed: int
) -> list[str]:
    """Draw sentences, all of them at once, one character after the other."""
    random = np.random.default_rng(seed)
    one_hot = np.eye(len(characters), dtype=np.float32)
    end = characters.index(END)
    drawn = np.full(count, end)
    texts, writing = [""] * count, np.full(count, True)
    network.rnn_clear_previous_state()
    for _ in range(longest):
        chances = network.rnn_time_step(one_hot[drawn]).astype(float) ** (1 / temperature)
        chances /= chances.sum(axis=1, keepdims=True)
        drawn = np.array([random.choice(len(characters), p=each) for each in chances])
        writing &= drawn != end
        if not writing.any():
            break
        for row in np.flatnonzero(writing):
            texts[row] += characters[drawn[row]]
    return texts


def main() -> None:
    parser = common.parser(
        "Train a character model on sentences and let it write some.",
        epochs=4,
        batch_size=32,
        averaging_frequency=5,
        data="a text with a sentence in each line; ../shared/data/sentences.txt if none",
    )
    parser.add_argument("--sentences", type=common.whole, default=2500, help="use only so many lines of the text")
    parser.add_argument("--longest", type=common.whole, default=50, help="pass over lines of more characters")
    parser.add_argument("--hidden", type=common.whole, default=96, help="size of the LSTM layer")
    parser.add_argument("--tbptt", type=common.whole, default=20, help="time steps that errors pass through")
    parser.add_argument("--sample", type=common.whole, default=8, help="sentences to write in the end")
    parser.add_argument("--temperature", type=positive, default=0.7, help="below 1: what is likely becomes likelier")
    options = parser.parse_args()

    sentences = read(options.data, options.sentences, options.longest)
    characters = sorted({END, *"".join(sentences)})
    order = np.random.default_rng(options.seed).permutation(len(sentences))
    cut = len(order) - int(len(order) * HELD_OUT)
    train, test = ([sentences[place] for place in some] for some in (order[:cut], order[cut:]))
    x_train, y_train = examples(train, characters)
    x_test, y_test = examples(test, characters)
    lengths = [len(labels) for labels in y_train]
    steps, test_steps = sum(lengths), sum(map(len, y_test))
    print(f"{len(train):,} sentences to train on, {len(test):,} held out; {len(characters)} different characters")
    print(f"Time steps in a sentence: {min(lengths)} to {max(lengths)}; {steps:,} in all\n")

    conf = dl4j.MultiLayerConfiguration(
        layers=[
            LSTM(n_out=options.hidden, activation="tanh"),
            RnnOutputLayer(n_out=len(characters), loss="mcxent", activation="softmax"),
        ],
        input_type=dl4j.InputType.recurrent(len(characters)),
        backprop_type="truncated_bptt",
        tbptt_length=options.tbptt,
        seed=options.seed,
        updater=Adam(1e-2),
        weight_init="xavier",
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
    spark = common.start_spark("text generation", options.master)
    net = dl4j.SparkDl4jMultiLayer(spark, conf, master)
    history = net.fit((x_train, y_train), epochs=options.epochs, validation=(x_test, y_test))
    history.plot(options.out / "training.png")
    net.network.save(options.out / "model.zip")

    # The loss is of whole sentences, summed over their steps; padding is masked and counts for nothing.
    per_character = net.score((x_test, y_test)) * len(test) / test_steps
    print(f"Held-out loss per character: {per_character:.4f}")
    print(f"Unigram baseline: {unigram_loss(y_train, y_test, len(characters)):.4f}")

    written = write(net.network, characters, options.sample, max(lengths), options.temperature, options.seed)
    spark.stop()
    print(f"\nAt temperature {options.temperature} the network writes, one character after the other:\n")
    print("\n".join(f"    {sentence}" for sentence in written))
    vocabulary = {word for sentence in train for word in sentence.split()}
    words = [word for sentence in written for word in sentence.split()]
    known = sum(word in vocabulary for word in words)
    copies = len(set(train) & set(written))
    print(f"\n{known} of its {len(words)} words stand in the training text; {copies} of its sentences do")
    print(f"In {options.out}/: model.zip (DL4J), training.png")


def positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise common.argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


if __name__ == "__main__":
    common.run(main)
