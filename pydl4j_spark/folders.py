"""A folder of files, local or on a Hadoop filesystem, whose files are there whole or not at all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from pydl4j_spark.at_hand import hadoop_engine
from pydl4j_spark.files import is_remote, written_aside


class Folder(ABC):
    """Files by name. Made by `folder_at`."""

    @abstractmethod
    def __str__(self) -> str: ...

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Give a file's content; FileNotFoundError where there is none."""

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Write a file aside, have it reach the disk, and give it its name."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Delete a file, where it is there."""


def folder_at(place: str | Path) -> Folder:
    """Give the folder of a local path, or of a URI of a Hadoop filesystem (needs a Spark session, when it is used)."""
    return _HadoopFolder(str(place).rstrip("/")) if is_remote(str(place)) else _LocalFolder(Path(place).absolute())


class _LocalFolder(Folder):
    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def read(self, name: str) -> bytes:
        return (self._path / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        self._path.mkdir(parents=True, exist_ok=True)
        with written_aside(self._path / name) as file:
            file.write(content)

    def delete(self, name: str) -> None:
        (self._path / name).unlink(missing_ok=True)


class _HadoopFolder(Folder):
    def __init__(self, uri: str) -> None:
        self._uri = uri

    def __str__(self) -> str:
        return self._uri

    def read(self, name: str) -> bytes:
        return hadoop_engine(f"reading {self._uri}").read_file(f"{self._uri}/{name}")

    def write(self, name: str, content: bytes) -> None:
        hadoop_engine(f"writing {self._uri}").write_file(content, f"{self._uri}/{name}")

    def delete(self, name: str) -> None:
        hadoop_engine(f"writing {self._uri}").delete_file(f"{self._uri}/{name}")
