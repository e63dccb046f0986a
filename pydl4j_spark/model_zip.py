"""DL4J's model file, read and written without a JVM.

A model file is a zip that DL4J's ``ModelSerializer`` writes: the configuration as JSON, the parameters and the
updater's state as arrays in ND4J's binary layout, and perhaps a normalizer. This module reads it as what it
is, a file that somebody sent: every length is checked against the bytes that are there before memory is asked
for, nothing is unpickled or deserialised as Java, and whatever is wrong becomes a
:class:`~pydl4j_spark.errors.ModelFormatError` that names the entry.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from attrs import field, frozen

from pydl4j_spark.description import CONFIGURATION, parse_configuration
from pydl4j_spark.errors import ModelFormatError
from pydl4j_spark.files import written_aside
from pydl4j_spark.nd4j_arrays import Array, read_nd4j, write_nd4j
from pydl4j_spark.normalizers import Normalizer, UnreadableNormalizerError, normalizer_from_bytes

COEFFICIENTS = "coefficients.bin"
UPDATER_STATE = "updaterState.bin"
NORMALIZER = "normalizer.bin"
NO_PARAMS = "noParams.marker"
MANIFEST = "pydl4j.json"

MANIFEST_FORMAT = 1

_JSON_LIMIT = 64 << 20
_NORMALIZER_LIMIT = 256 << 20
_MAX_ENTRIES = 4096
# Deflate never exceeds 1032:1 and trained weights hardly reach 2:1, so past this size a high ratio is a bomb.
_RATIO_LIMIT, _RATIO_FREE = 100, 16 << 20
# AMSGrad keeps the most of DL4J's updaters, three values per parameter.
_MAX_STATE_PER_PARAMETER = 4

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
)


def _short(array: Array | None) -> str:
    return "None" if array is None else f"<{array.size} {array.dtype}>"


@frozen(eq=False)
class ModelZip:
    """The content of a model file.

    Attributes
    ----------
    configuration : dict
        Parsed ``configuration.json``.
    configuration_text : str
        The same as written.
    params : numpy.ndarray
        All parameters, 1-D, in the data type of the file, native byte order.
    updater_state : numpy.ndarray or None
        The updater's state, 1-D, where the file has one.
    normalizer : Normalizer or None
        The normalizer, where the file has one that can be read.
    manifest : dict or None
        ``pydl4j.json``: input type, labels and checksums, written by this package.
    ignored : tuple of str
        Entries that were not read.
    ignored_because : Mapping from str to str
        The reason for each of them.
    sha256 : str
        Of the file, in hex.
    """

    configuration: dict[str, Any] = field(repr=False)
    configuration_text: str = field(repr=False)
    params: Array = field(repr=_short)
    updater_state: Array | None = field(default=None, repr=_short)
    normalizer: Normalizer | None = None
    manifest: dict[str, Any] | None = field(default=None, repr=False)
    ignored_because: Mapping[str, str] = field(factory=dict, repr=False)
    sha256: str = ""

    @property
    def ignored(self) -> tuple[str, ...]:
        """Names of the entries that were not read."""
        return tuple(self.ignored_because)


def read_model_zip(source: str | os.PathLike[str] | bytes | IO[bytes]) -> ModelZip:
    """Read a model file that DL4J or this package wrote.

    Parameters
    ----------
    source : path, bytes or binary file object
        The zip; a file object is read from its start and must be seekable.

    Returns
    -------
    ModelZip
        Everything in it that is data. ``preprocessor.bin``, ``objects/*`` and custom normalizers are Java
        objects; they and unknown entries are not read but listed in ``ignored``.

    Raises
    ------
    ModelFormatError
        When the file is damaged, unsafe or no model file.
    OSError
        When a path cannot be opened.
    """
    with _opened(source) as stream, _damage_as_format_error("the model file"):
        digest = hashlib.sha256()
        stream.seek(0)
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
        with zipfile.ZipFile(stream) as archive:
            return _read_entries(archive, digest.hexdigest())


@contextlib.contextmanager
def _opened(source: str | os.PathLike[str] | bytes | IO[bytes]) -> Iterator[IO[bytes]]:
    if isinstance(source, bytes | bytearray | memoryview):
        yield io.BytesIO(source)
    elif isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as stream:
            yield stream
    else:
        yield source


@contextlib.contextmanager
def _damage_as_format_error(what: str) -> Iterator[None]:
    try:
        yield
    except ModelFormatError:
        raise
    except (*_DAMAGE, RecursionError, MemoryError) as error:
        raise ModelFormatError(
            f"{what} cannot be read ({type(error).__name__}: {error}); it is truncated, damaged or no zip, "
            "so copy or save it again"
        ) from error


def _check_directory(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    entries: dict[str, zipfile.ZipInfo] = {}
    if len(archive.infolist()) > _MAX_ENTRIES:
        raise ModelFormatError(f"the zip has {len(archive.infolist())} entries; a model file has a handful")
    for info in archive.infolist():
        # orig_filename is what the file says; zipfile cuts at a NUL byte and turns the slashes.
        name = info.orig_filename
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name or not name:
            raise ModelFormatError(f"entry {name!r} points outside the zip; do not use a model file of this origin")
        if name in entries:
            raise ModelFormatError(f"entry {name!r} is there twice, so it is not known which one counts; save again")
        if info.flag_bits & 0x1:
            raise ModelFormatError(f"entry {name!r} is encrypted, which DL4J cannot read either; save it without")
        entries[name] = info
    return entries


def _read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int | None) -> bytes:
    name, size = info.filename, info.file_size
    if limit is None and size > _RATIO_FREE and size > _RATIO_LIMIT * max(info.compress_size, 1):
        raise ModelFormatError(
            f"{name}: {size} bytes out of {info.compress_size} compressed ones is no trained network but a zip bomb"
        )
    if limit is not None and size > limit:
        raise ModelFormatError(f"{name}: {size} bytes are more than the {limit} that belong there; not read")
    content = bytearray()
    with _damage_as_format_error(name), archive.open(info) as stream:
        # Grows with what is really there, whatever the directory states.
        while chunk := stream.read(1 << 20):
            content += chunk
    if len(content) != size:
        raise ModelFormatError(f"{name}: {size} bytes are stated, {len(content)} are there; the file is truncated")
    return bytes(content)


def _read_json(name: str, raw: bytes) -> tuple[dict[str, Any], str]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        # DL4J writes in the platform's charset; latin-1 accepts every byte.
        text = raw.decode("latin-1")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFormatError(f"{name}: no JSON ({error}); the file is damaged") from error
    if not isinstance(value, dict):
        raise ModelFormatError(f"{name}: a JSON object is expected, found {type(value).__name__}")
    return value, text


def _check_manifest(manifest: dict[str, Any], contents: Mapping[str, bytes]) -> None:
    if manifest.get("format") != MANIFEST_FORMAT:
        raise ModelFormatError(
            f"{MANIFEST}: format {manifest.get('format')!r} is not {MANIFEST_FORMAT}; "
            "the file comes from another version of pydl4j_spark, which is the one to read it with"
        )
    sums = manifest.get("sha256") or {}
    if not isinstance(sums, dict):
        raise ModelFormatError(f"{MANIFEST}: 'sha256' is no object of entry names; the file is damaged")
    for name, expected in sums.items():
        if name not in contents:
            raise ModelFormatError(f"{MANIFEST}: names the entry {name!r}, which is not in the zip; save it again")
        if hashlib.sha256(contents[name]).hexdigest() != str(expected).lower():
            raise ModelFormatError(f"{name}: its SHA-256 is not the one in {MANIFEST}; the file was changed or damaged")


def _read_params(contents: Mapping[str, bytes], data_type: str) -> Array:
    raw = contents.get(COEFFICIENTS, b"")
    if not raw:
        if COEFFICIENTS not in contents and NO_PARAMS not in contents:
            raise ModelFormatError(f"{COEFFICIENTS} is missing; the file is incomplete, so save it again")
        return np.zeros(0, {"DOUBLE": np.float64, "HALF": np.float16}.get(data_type, np.float32))
    params = read_nd4j(raw, COEFFICIENTS).ravel()
    if params.dtype.kind != "f":
        raise ModelFormatError(f"{COEFFICIENTS}: parameters of {params.dtype} are no floating point numbers")
    return params


def _read_entries(archive: zipfile.ZipFile, sha256: str) -> ModelZip:
    # The normalizers' layout is made of arrays, so that module imports this one.
    entries = _check_directory(archive)
    if CONFIGURATION not in entries:
        raise ModelFormatError(f"{CONFIGURATION} is missing; this zip was not written by DL4J's ModelSerializer")
    contents: dict[str, bytes] = {}

    def read(name: str, limit: int | None) -> bytes | None:
        if name in entries:
            contents[name] = _read_entry(archive, entries[name], limit)
        return contents.get(name)

    read(CONFIGURATION, _JSON_LIMIT)
    configuration, text = _read_json(CONFIGURATION, contents[CONFIGURATION])
    data_type = parse_configuration(configuration).data_type
    read(NO_PARAMS, 0)
    read(COEFFICIENTS, None)
    params = _read_params(contents, data_type)
    raw_state = read(UPDATER_STATE, 4096 + _MAX_STATE_PER_PARAMETER * 8 * params.size)
    raw_normalizer = read(NORMALIZER, _NORMALIZER_LIMIT)
    raw_manifest = read(MANIFEST, _JSON_LIMIT)

    ignored = {name: _why_ignored(name) for name in entries if name not in contents}
    normalizer = None
    if raw_normalizer is not None:
        try:
            normalizer = normalizer_from_bytes(raw_normalizer, NORMALIZER)
        except UnreadableNormalizerError as reason:
            ignored[NORMALIZER] = str(reason)
    manifest = None
    if raw_manifest is not None:
        manifest, _ = _read_json(MANIFEST, raw_manifest)
        _check_manifest(manifest, contents)
    state = read_nd4j(raw_state, UPDATER_STATE).ravel() if raw_state else None
    return ModelZip(configuration, text, params, state, normalizer, manifest, ignored, sha256)


def write_model_zip(model: ModelZip, target: str | os.PathLike[str] | IO[bytes]) -> None:
    """Write a model file that DL4J's ``ModelSerializer`` and :func:`read_model_zip` read.

    The manifest gets its format number and the checksums of all entries. The same content gives the same bytes.

    Parameters
    ----------
    model : ModelZip
        What to write; ``configuration_text`` is written as it is, a normalizer without statistics is left out.
    target : path or binary file object
        Where to. A path appears only once it is complete.

    Raises
    ------
    ModelFormatError
        When the parameters are of a type that has no place in a model file.
    """
    contents = {CONFIGURATION: model.configuration_text.encode("utf-8"), COEFFICIENTS: b""}
    if model.params.size:
        contents[COEFFICIENTS] = write_nd4j(model.params)
    else:
        contents[NO_PARAMS] = b""
    if model.updater_state is not None and model.updater_state.size:
        contents[UPDATER_STATE] = write_nd4j(model.updater_state)
    if model.normalizer is not None and model.normalizer.fitted:
        contents[NORMALIZER] = model.normalizer.to_bytes()
    if model.manifest is not None:
        sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        manifest = {**model.manifest, "format": MANIFEST_FORMAT, "sha256": sums}
        contents[MANIFEST] = json.dumps(manifest, ensure_ascii=False, indent=1).encode("utf-8")
    if isinstance(target, str | os.PathLike):
        with written_aside(Path(target)) as stream:
            _write_entries(contents, stream)
    else:
        _write_entries(contents, target)


def _write_entries(contents: Mapping[str, bytes], stream: IO[bytes]) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            # ZipInfo's own date is the format's zero. Weights hardly shrink, so no time is spent on trying hard.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 1)


def _why_ignored(name: str) -> str:
    if name == "preprocessor.bin" or name.startswith("objects/"):
        return "a Java-serialised object, which is code and not data: never read"
    return "not an entry of DL4J's ModelSerializer"
