"""The entries of a zip that somebody sent: names, sizes and methods checked, contents streamed and summed.

Nothing that the file states is believed before it is compared with what is there, and no memory is asked for by
a stated size alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, Any

from pydl4j_spark.errors import ModelFormatError

_MAX_ENTRIES = 4096
# Deflate never exceeds 1032:1 and trained weights hardly reach 2:1, so past this size a high ratio is a bomb.
_RATIO_LIMIT, _RATIO_FREE = 100, 16 << 20
# What Java's zips know, and all that zipfile decompresses in steps of bounded size.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_CHUNK = 1 << 20

# What zipfile and zlib raise on damaged input, measured by mutation tests.
_DAMAGE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    OverflowError,
    OSError,
    KeyError,
    IndexError,
    MemoryError,
)


@contextlib.contextmanager
def damage_as_format_error(what: str) -> Iterator[None]:
    """Turn what reading a damaged zip raises into a :class:`~pydl4j_spark.errors.ModelFormatError`."""
    try:
        yield
    except ModelFormatError:
        raise
    except _DAMAGE as error:
        raise ModelFormatError(
            f"{what} cannot be read ({type(error).__name__}: {error}); it is truncated, damaged or no zip, "
            "so copy or save it again"
        ) from error


def sha256_of(stream: IO[bytes]) -> str:
    """Return the SHA-256 of a file, from its start, in hex."""
    digest, chunk = hashlib.sha256(), memoryview(bytearray(_CHUNK))
    stream.seek(0)
    while count := stream.readinto(chunk):  # type: ignore[attr-defined]
        digest.update(chunk[:count])
    return digest.hexdigest()


class Entry:
    """One entry while it is read, front to back.

    Parameters
    ----------
    stream : binary file object
        Its content, decompressed.
    size : int
        How long it is said to be.
    digest : hash object or None
        What the bytes are summed by.

    Attributes
    ----------
    taken : int
        Bytes read so far.
    """

    def __init__(self, stream: IO[bytes], size: int, digest: Any) -> None:
        self.size = size
        self.taken = 0
        self._stream = stream
        self._digest = digest

    def readinto(self, target: memoryview) -> int:
        """Fill as much of `target` as there is, at most; return the number of bytes."""
        count: int = self._stream.readinto(target)  # type: ignore[attr-defined]
        self.taken += count
        if self._digest is not None:
            self._digest.update(target[:count])
        return count

    def read(self) -> bytes:
        """Return all that is there, however long it is said to be."""
        content, chunk = bytearray(), memoryview(bytearray(_CHUNK))
        while count := self.readinto(chunk):
            content += chunk[:count]
        return bytes(content)


class ZipEntries:
    """The entries by name.

    Parameters
    ----------
    archive : zipfile.ZipFile
        The zip.
    length : int
        Of the file, in bytes.

    Attributes
    ----------
    sums : Mapping from str to str
        The SHA-256 in hex of entries whose sum is known from elsewhere; they are compared as they are read.

    Raises
    ------
    ModelFormatError
        When a name or a method has no place in a model file.
    """

    def __init__(self, archive: zipfile.ZipFile, length: int) -> None:
        self._archive = archive
        self._infos: dict[str, zipfile.ZipInfo] = {}
        self.sums: Mapping[str, str] = {}
        if len(archive.infolist()) > _MAX_ENTRIES:
            raise ModelFormatError(f"the zip has {len(archive.infolist())} entries; a model file has a handful")
        for info in archive.infolist():
            _check(info, length)
            if info.orig_filename in self._infos:
                raise ModelFormatError(
                    f"entry {info.orig_filename!r} is there twice, so it is not known which one counts; save again"
                )
            self._infos[info.orig_filename] = info

    def __contains__(self, name: object) -> bool:
        return name in self._infos

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    @contextlib.contextmanager
    def open(self, name: str, limit: int | None = None) -> Iterator[Entry]:
        """Open an entry, which is to be read to its end; what is checked at the end is checked on leaving.

        Parameters
        ----------
        name : str
            Of an entry that is there.
        limit : int, optional
            The most bytes that can be meant; None where only a bomb is refused.

        Raises
        ------
        ModelFormatError
            When it is longer than the limit, damaged, of another length than stated or of another sum.
        """
        info = self._infos[name]
        size = info.file_size
        if limit is None and size > _RATIO_FREE and size > _RATIO_LIMIT * max(info.compress_size, 1):
            raise ModelFormatError(
                f"{name}: {size} bytes out of {info.compress_size} compressed ones is no trained network but a zip bomb"
            )
        if limit is not None and size > limit:
            raise ModelFormatError(f"{name}: {size} bytes are more than the {limit} that belong there; not read")
        digest = hashlib.sha256() if name in self.sums else None
        with damage_as_format_error(name), self._archive.open(info) as stream:
            entry = Entry(stream, size, digest)
            yield entry
            # zipfile compares its checksum where it finds the end.
            if stream.read(1) or entry.taken != size:
                raise ModelFormatError(
                    f"{name}: {size} bytes are stated, {entry.taken} were read; the file is truncated or damaged"
                )
        if digest is not None and digest.hexdigest() != self.sums[name]:
            raise ModelFormatError(
                f"{name}: its SHA-256 is not the one in pydl4j.json; the file was changed or damaged"
            )

    def read(self, name: str, limit: int) -> bytes:
        """Return the content of an entry that is there, of at most `limit` bytes; raises as :meth:`open`."""
        with self.open(name, limit) as entry:
            return entry.read()


def _check(info: zipfile.ZipInfo, length: int) -> None:
    # orig_filename is what the file says; zipfile cuts at a NUL byte and turns the slashes.
    name = info.orig_filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name or not name:
        raise ModelFormatError(f"entry {name!r} points outside the zip; do not use a model file of this origin")
    if info.flag_bits & 0x1:
        raise ModelFormatError(f"entry {name!r} is encrypted, which DL4J cannot read either; save it without")
    if info.compress_type not in _METHODS:
        raise ModelFormatError(
            f"entry {name!r} is compressed by method {info.compress_type}, which DL4J cannot read either; save it again"
        )
    if info.compress_size > length:
        raise ModelFormatError(
            f"entry {name!r}: {info.compress_size} bytes are stated, the whole file has {length}; it is truncated"
        )
