"""ONNX files that are there whole or not at all, also where the weights have a file of their own."""

from __future__ import annotations

import contextlib
import errno
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pydl4j_spark.files import settle
from pydl4j_spark.onnx.built import Built


@contextlib.contextmanager
def written_model(built: Built, path: Path, outside: bool) -> Iterator[Path]:
    """Write a model next to `path`, hand out the file for a last check or addition, then let it take its place.

    Parameters
    ----------
    built : Built
        The graph.
    path : Path
        The place of the model.
    outside : bool
        Whether the weights go into ``<path>.data``.

    Raises
    ------
    FileNotFoundError
        When the folder is not there; it is not made.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the folder to write into is not there", str(path.parent))
    beside = path.with_name(path.name + ".data")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}", suffix=".part") as folder:
        aside = Path(folder, path.name)
        with aside.open("wb") as stream, contextlib.ExitStack() as also:
            weights = also.enter_context(Path(folder, beside.name).open("wb")) if outside else None
            built.write(stream, weights, beside.name)
        yield aside
        # The model last: whoever finds it finds its weights.
        if outside:
            settle(Path(folder, beside.name), beside)
        settle(aside, path)
