"""Files of numpy arrays, ``.npz`` and ``.npy``."""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pydl4j_spark.errors import DataError

ENDINGS = (".npz", ".npy")
# What the rows of a network with one input may be called.
FEATURE_KEYS = ("X", "x", "features")


def is_array_file(path: str | os.PathLike[str]) -> bool:
    """Tell from the ending of a path whether it is such a file."""
    return Path(path).suffix.lower() in ENDINGS


def read_arrays(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Read the arrays by name; the one of an ``.npy`` file is called X.

    Raises
    ------
    DataError
        When the file is damaged, is something else, or has Python objects in it.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {FEATURE_KEYS[0]: loaded}
        with loaded as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as reason:
        raise DataError(f"{os.fspath(path)} cannot be read as {Path(path).suffix.lower()}: {reason}") from reason


def pick(arrays: dict[str, NDArray[Any]], keys: tuple[str, ...], path: str | os.PathLike[str]) -> NDArray[Any]:
    """Give the first of some arrays that is there.

    Raises
    ------
    DataError
        When none is.
    """
    for key in keys:
        if key in arrays:
            return arrays[key]
    there = ", ".join(sorted(arrays)) or "none"
    raise DataError(f"{os.fspath(path)} has no array {' or '.join(keys)}; it has {there}")
