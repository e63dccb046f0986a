"""What the examples share: options, data files, a quiet Spark session, the comparison with ONNX."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from pydl4j_spark import Dl4jError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HERE = Path(__file__).resolve().parent


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with an option."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (--help lists the options)\n")


def whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)


def existing_file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return path


def parser(
    description: str,
    *,
    epochs: int,
    batch_size: int,
    averaging_frequency: int,
    data: str,
    workers: int = 2,
    on_spark: bool = True,
) -> Parser:
    """Make a parser of the options that every example has; each example adds its own."""
    options = Parser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    options.add_argument("--data", type=existing_file, metavar="FILE", help=data)
    options.add_argument("--out", type=Path, default="out", metavar="DIR", help="where the results go")
    options.add_argument("--epochs", type=whole, default=epochs, help="passes over the training data")
    options.add_argument("--batch-size", type=whole, default=batch_size, help="rows in a worker's minibatch")
    options.add_argument(
        "--averaging-frequency", type=whole, default=averaging_frequency, help="minibatches between two averages"
    )
    # Two and not one per core: data this small, cut up for many workers, would leave each of them next to nothing
    # to train on between two averages.
    options.add_argument("--workers", type=whole, default=workers, help="copies of the network")
    if on_spark:
        options.add_argument("--master", default="local[*]", help="Spark's master")
    options.add_argument("--seed", type=int, default=42, help="of the split, the weights and the order of rows")
    return options


def start_spark(name: str, master: str) -> SparkSession:
    """Start a session that has the jar and leaves the terminal to the example."""
    from pyspark.sql import SparkSession

    from pydl4j_spark import configure_spark

    # pyspark warns of newer versions of pandas, which nothing here uses.
    warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = configure_spark(SparkSession.builder.master(master).appName(name))
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={(HERE / 'log4j2.properties').as_uri()}",
    }
    for key, value in settings.items():
        builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def load_images(path: Path | None, rows: int | None, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Images [N, height, width], their classes [N], and the largest value of a pixel."""
    if path is None:
        from sklearn.datasets import load_digits

        digits = load_digits()
        images, labels, brightest = digits.images.astype(np.float32), digits.target, 16.0
    else:
        try:
            with np.load(path) as arrays:
                images, labels = arrays["images"], arrays["labels"]
        except (KeyError, ValueError, OSError) as error:
            sys.exit(f"{path} is no .npz file with the arrays images and labels: {error}")
        if images.ndim != 3 or labels.shape != (len(images),) or not np.issubdtype(labels.dtype, np.integer):
            sys.exit(
                f"{path}: expected images [N, height, width] and whole numbers as labels [N], got "
                f"{images.shape} and {labels.shape} of {labels.dtype}"
            )
        brightest = 255.0 if images.dtype == np.uint8 else float(images.max())
    if rows is not None and rows < len(images):
        some = np.sort(np.random.default_rng(seed).permutation(len(images))[:rows])
        images, labels = images[some], labels[some]
    return images, labels.astype(np.int64), brightest


def held_out(images: np.ndarray, labels: np.ndarray, seed: int) -> list[np.ndarray]:
    """Hold out a fifth: images to train on and to test with, then their labels.

    Stratified: every class has the same share in both parts, so that the accuracy means the same for all of them.
    """
    from sklearn.model_selection import train_test_split

    return train_test_split(images, labels, test_size=0.2, stratify=labels, random_state=seed)


def onnx_difference(path: Path, rows: np.ndarray, expected: np.ndarray) -> float:
    """Give the largest difference between what onnxruntime computes from the exported file and what is expected."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (outputs,) = session.run(None, {session.get_inputs()[0].name: rows.astype(np.float32)})
    return float(np.abs(outputs - expected).max())


def run(main: Callable[[], None]) -> None:
    """Run an example; what the library refuses ends it with its reason instead of a stack trace."""
    try:
        main()
    except Dl4jError as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted")
