"""What is trained: the networks in numbers, and the rows as files that every contender reads."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

TRAIN_ROWS, TEST_ROWS = 8_000, 2_000
BATCH = 64
LEARNING_RATE = 1e-3
TARGET = 0.95
HIDDEN = {"mlp": (500, 100), "lenet": (20, 50, 500), "lstm": (128,)}
TITLES = {
    "mlp": "MLP 784-500-100-10, relu",
    "lenet": "LeNet: conv 5×5×20, max pool, conv 5×5×50, max pool, dense 500, relu",
    "lstm": "LSTM of 128 over 28 rows of 28 pixels, its last step to softmax",
}
# Hidden layers that give the MLP about 4 and 16 times its 443,610 parameters.
WIDER = {1: (500, 100), 4: (1600, 320), 16: (4300, 860)}
# Rows, channels and so on as DL4J lays them out; sequences are [rows, size, time].
_SHAPES = {"mlp": (784,), "lenet": (1, 28, 28), "lstm": (28, 28)}


@dataclass(frozen=True)
class Rounds:
    """How many averaging rounds an epoch has, and how many minibatches a worker trains in it."""

    rows: int
    workers: int
    frequency: int

    @property
    def minibatches(self) -> int:
        """Minibatches of the worker that has most."""
        return math.ceil(math.ceil(self.rows / BATCH) / self.workers)

    @property
    def count(self) -> int:
        """Averaging rounds."""
        return math.ceil(self.minibatches / self.frequency)


def once_per_epoch(rows: int, workers: int) -> int:
    """Give the averaging frequency that averages once, at the end of an epoch."""
    return Rounds(rows, workers, 1).minibatches


def read_images(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read mnist10k.npz: images from 0 to 1, and classes. Ends the program with a sentence where it is absent."""
    path = folder / "mnist10k.npz"
    if not path.is_file():
        sys.exit(
            f"benchmarks: there is no {path}. It must hold MNIST's 10,000 test images (images: uint8 [10000, 28, 28], "
            "labels: uint8 [10000]); say where it is with --data FOLDER (make bench DATA=FOLDER)."
        )
    with np.load(path) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    if images.shape != (TRAIN_ROWS + TEST_ROWS, 28, 28) or labels.shape != (len(images),):
        sys.exit(f"benchmarks: {path} holds images {images.shape} and labels {labels.shape}, not MNIST's 10,000")
    return images.astype(np.float32) / 255, labels.astype(np.int64)


class RowFiles:
    """The rows as .npy files, one set for each layout and number of rows, written when first asked for."""

    def __init__(self, source: Path, folder: Path) -> None:
        self._source = source
        self._folder = folder

    def of(self, network: str, rows: int) -> dict[str, str]:
        """Give the paths of a network's training and test arrays; rows beyond 8,000 are the first ones again."""
        folder = self._folder / f"{network}-{rows}"
        names = ("train_features", "train_labels", "test_features", "test_labels")
        paths = {name: folder / f"{name}.npy" for name in names}
        if not all(path.is_file() for path in paths.values()):
            folder.mkdir(parents=True, exist_ok=True)
            for name, array in zip(names, self._arrays(network, rows), strict=True):
                np.save(paths[name], array)
        return {name: str(path) for name, path in paths.items()}

    def _arrays(self, network: str, rows: int) -> list[np.ndarray]:
        images, labels = read_images(self._source)
        if network == "lstm":
            images = images.transpose(0, 2, 1)  # a row of pixels is a time step
        features = np.ascontiguousarray(images).reshape(len(images), *_SHAPES[network])
        one_hot = np.eye(10, dtype=np.float32)[labels]
        train = np.arange(rows) % TRAIN_ROWS
        test = slice(TRAIN_ROWS, TRAIN_ROWS + TEST_ROWS)
        return [features[train], one_hot[train], features[test], one_hot[test]]


def load(task: dict[str, Any], part: str) -> tuple[np.ndarray, np.ndarray]:
    """Give a contender its training or test rows: features, and labels one-hot."""
    return np.load(task["data"][f"{part}_features"]), np.load(task["data"][f"{part}_labels"])
