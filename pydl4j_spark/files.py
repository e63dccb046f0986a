"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def written_aside(path: Path) -> Iterator[IO[bytes]]:
    """Open a file next to `path` that takes its place at the end, so that nobody finds half a file."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        settle(Path(aside), path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(aside)
        raise


def settle(aside: Path, path: Path) -> None:
    """Let a file that is complete take its place, so that it is there after a loss of power too."""
    mask = os.umask(0)
    os.umask(mask)
    # Temporary files are private to their user; this one is like any other.
    os.chmod(aside, 0o666 & ~mask)
    _sync(aside)
    os.replace(aside, path)
    _sync(path.parent)


def _sync(place: Path) -> None:
    """Have a file, or the names in a folder, outlive a loss of power, as far as the system knows how."""
    with contextlib.suppress(OSError):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def is_remote(path: str) -> bool:
    """Tell a URI of a Hadoop filesystem from a local path."""
    return "://" in path or path.startswith("file:")
