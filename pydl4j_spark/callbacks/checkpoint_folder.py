"""What is in a folder of checkpoints: model zips, and a manifest that says which of them count."""

from __future__ import annotations

import hashlib
import json
import math
import re
import warnings
from pathlib import Path
from typing import Any

from attrs import asdict, define, field, frozen

from pydl4j_spark.errors import ConfigError, ModelFormatError
from pydl4j_spark.folders import folder_at
from pydl4j_spark.training import History

MANIFEST = "checkpoints.json"
_FORMAT = 1
_NAME = re.compile(r"checkpoint-\d{6,}-[0-9a-f]{16}\.zip")


@frozen
class Entry:
    """A checkpoint."""

    file: str
    sha256: str
    epoch: int
    """The network's, counted over all its fits."""
    iteration: int
    score: float = math.nan
    """What tells the best one; NaN where it is not kept."""


@define
class Manifest:
    """Which checkpoints there are, oldest first, and what happened up to the last one."""

    began: int = 0
    """The network's epoch when the fit that wrote them began, before any interruption."""
    monitor: str | None = None
    """What the entries' scores are."""
    entries: list[Entry] = field(factory=list)
    history: dict[str, Any] = field(factory=lambda: History().to_dict())

    def history_until(self, epoch: int) -> History:
        """Give the fit's history up to an epoch of the network."""
        return History.from_dict(self.history).until(epoch)

    def to_json(self) -> str:
        """Write as JSON."""
        known = {"format": _FORMAT, "began": self.began, "monitor": self.monitor, "history": self.history}
        return json.dumps({**known, "checkpoints": [asdict(entry) for entry in self.entries]}, indent=1)

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Read JSON; ValueError, TypeError or KeyError where it is something else."""
        known = json.loads(text)
        if known["format"] != _FORMAT:
            raise ValueError(f"format {known['format']!r} is not {_FORMAT}")
        entries = [Entry(**entry) for entry in known["checkpoints"]]
        for entry in entries:
            if not _NAME.fullmatch(entry.file):
                raise ValueError(f"{entry.file!r} is no checkpoint's name")
        manifest = cls(int(known["began"]), known["monitor"], entries, known["history"])
        manifest.history_until(0)
        return manifest


class CheckpointFolder:
    """Checkpoints in a folder, local or on a Hadoop filesystem.

    Parameters
    ----------
    place : str or Path
        A local path, or a URI such as ``hdfs://…/checkpoints`` (needs a Spark session).
    """

    def __init__(self, place: str | Path) -> None:
        if not isinstance(place, str | Path) or not str(place):
            raise ConfigError(f"a folder of checkpoints is a path or a URI, got {place!r}")
        self._folder = folder_at(place)

    def __str__(self) -> str:
        return str(self._folder)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CheckpointFolder) and str(self) == str(other)

    __hash__ = None  # type: ignore[assignment]

    def manifest(self) -> Manifest:
        """Read the manifest; an empty one where there is none.

        Raises
        ------
        ModelFormatError
            When it is damaged.
        """
        try:
            return Manifest.from_json(self._folder.read(MANIFEST))
        except FileNotFoundError:
            return Manifest()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ModelFormatError(
                f"{self}/{MANIFEST} is damaged ({type(error).__name__}: {error}); the model zips beside it can be read "
                "one by one, with MultiLayerNetwork.load or ComputationGraph.load"
            ) from error

    def newest(self, manifest: Manifest) -> tuple[Entry, bytes] | None:
        """Give the newest checkpoint that is whole; None where there are none.

        Raises
        ------
        ModelFormatError
            When there are some, and none of them is whole.
        """
        for entry in reversed(manifest.entries):
            content = self._read(entry)
            if content is not None:
                return entry, content
        if manifest.entries:
            raise ModelFormatError(f"none of the {len(manifest.entries)} checkpoints in {self} is whole")
        return None

    def read_epoch(self, epoch: int) -> bytes | None:
        """Give the checkpoint of an epoch; None where it is not there, or not whole."""
        found = [entry for entry in self.manifest().entries if entry.epoch == epoch]
        return self._read(found[-1]) if found else None

    def _read(self, entry: Entry) -> bytes | None:
        try:
            content = self._folder.read(entry.file)
        except FileNotFoundError:
            problem = "is not there"
        else:
            if hashlib.sha256(content).hexdigest() == entry.sha256:
                return content
            problem = "is damaged: its SHA-256 is not the manifest's"
        warnings.warn(f"checkpoint {self}/{entry.file} {problem}; it is skipped", UserWarning, stacklevel=3)
        return None

    def add(self, manifest: Manifest, archive: bytes, epoch: int, iteration: int, score: float) -> Entry:
        """Write a checkpoint, which counts once the manifest is written."""
        digest = hashlib.sha256(archive).hexdigest()
        # Named by its content: what an interrupted run left is written anew with the same bytes, and nothing else is
        # ever replaced.
        entry = Entry(f"checkpoint-{epoch:06d}-{digest[:16]}.zip", digest, epoch, iteration, score)
        self._folder.write(entry.file, archive)
        manifest.entries = [known for known in manifest.entries if known.file != entry.file] + [entry]
        return entry

    def keep(self, manifest: Manifest, kept: list[Entry]) -> None:
        """Write the manifest with these checkpoints, then delete the others that were in it."""
        names = {entry.file for entry in kept}
        others = {entry.file for entry in manifest.entries} - names
        manifest.entries = [entry for entry in manifest.entries if entry.file in names]
        self._folder.write(MANIFEST, manifest.to_json().encode())
        for name in sorted(others):
            self._folder.delete(name)
