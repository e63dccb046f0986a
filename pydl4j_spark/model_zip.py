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
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from attrs import field, frozen

from pydl4j_spark.description import CONFIGURATION, parse_configuration
from pydl4j_spark.errors import ModelFormatError
from pydl4j_spark.files import written_aside
from pydl4j_spark.nd4j_arrays import Array, ByteReader, read_nd4j, write_nd4j
from pydl4j_spark.normalizer_bin import UnreadableNormalizerError, normalizer_from_bytes
from pydl4j_spark.normalizers import Normalizer
from pydl4j_spark.probe import Probe, probe_of
from pydl4j_spark.zip_entries import ZipEntries, damage_as_format_error, sha256_of

COEFFICIENTS = "coefficients.bin"
UPDATER_STATE = "updaterState.bin"
NORMALIZER = "normalizer.bin"
NO_PARAMS = "noParams.marker"
MANIFEST = "pydl4j.json"

MANIFEST_FORMAT = 1

_READ = (CONFIGURATION, COEFFICIENTS, UPDATER_STATE, NORMALIZER, NO_PARAMS, MANIFEST)
_JSON_LIMIT = 64 << 20
# Each takes some hundred bytes in memory; a network of a thousand layers has some hundred thousand.
_MAX_JSON_VALUES = 4_000_000
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NORMALIZER_LIMIT = 256 << 20
# AMSGrad keeps the most of DL4J's updaters, three values per parameter.
_MAX_STATE_PER_PARAMETER = 4


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

    @property
    def probe(self) -> Probe | None:
        """What DL4J gave for a few rows when the file was saved; damage to it is a ModelFormatError."""
        return None if self.manifest is None else probe_of(self.manifest)


def read_model_zip(source: str | os.PathLike[str] | bytes | IO[bytes], *, updater: bool = True) -> ModelZip:
    """Read a model file that DL4J or this package wrote.

    The parameters are streamed into the array that is returned, so that they are in memory once.

    Parameters
    ----------
    source : path, bytes or binary file object
        The zip; a file object is read from its start and must be seekable.
    updater : bool, default True
        Read the updater's state too. Without it, as for export, that entry is neither read nor checked, but listed in
        ``ignored``.

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
    with _opened(source) as stream, damage_as_format_error("the model file"):
        sha256 = sha256_of(stream)
        with zipfile.ZipFile(stream) as archive:
            return _read_entries(ZipEntries(archive, stream.seek(0, os.SEEK_END)), sha256, updater)


@contextlib.contextmanager
def _opened(source: str | os.PathLike[str] | bytes | IO[bytes]) -> Iterator[IO[bytes]]:
    if isinstance(source, bytes | bytearray | memoryview):
        yield io.BytesIO(source)
    elif isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as stream:
            yield stream
    else:
        yield source


def _read_json(name: str, raw: bytes) -> tuple[dict[str, Any], str]:
    if sum(map(raw.count, (b",", b"[", b"{"))) > _MAX_JSON_VALUES:
        raise ModelFormatError(f"{name}: more than {_MAX_JSON_VALUES} values are no network; not read")
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
    if _SURROGATE.search(text) and not _is_text(value):
        raise ModelFormatError(f"{name}: holds half a character, which no other file can; the file is damaged")
    return value, text


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_manifest(entries: ZipEntries) -> dict[str, Any] | None:
    if MANIFEST not in entries:
        return None
    manifest, _ = _read_json(MANIFEST, entries.read(MANIFEST, _JSON_LIMIT))
    if manifest.get("format") != MANIFEST_FORMAT:
        raise ModelFormatError(
            f"{MANIFEST}: format {manifest.get('format')!r} is not {MANIFEST_FORMAT}; "
            "the file comes from another version of pydl4j_spark, which is the one to read it with"
        )
    sums = manifest.get("sha256") or {}
    if not isinstance(sums, dict):
        raise ModelFormatError(f"{MANIFEST}: 'sha256' is no object of entry names; the file is damaged")
    for name in sums:
        if name not in entries:
            raise ModelFormatError(f"{MANIFEST}: names the entry {name!r}, which is not in the zip; save it again")
    entries.sums = {name: str(expected).lower() for name, expected in sums.items()}
    return manifest


def _read_array(entries: ZipEntries, name: str, limit: int | None = None) -> Array | None:
    """Read an array of floating point numbers as a vector; None where the entry holds nothing."""
    with entries.open(name, limit) as entry:
        if not entry.size:
            return None
        reader = ByteReader(entry, name, entry.size)
        array = read_nd4j(reader)
        reader.end()
    if array.dtype.kind != "f":
        raise ModelFormatError(f"{name}: values of {array.dtype} are no floating point numbers")
    return array.ravel()


def _read_params(entries: ZipEntries, data_type: str) -> Array:
    if COEFFICIENTS in entries:
        params = _read_array(entries, COEFFICIENTS)
    elif NO_PARAMS in entries:
        params = None
    else:
        raise ModelFormatError(f"{COEFFICIENTS} is missing; the file is incomplete, so save it again")
    if params is None or not params.size:
        # DL4J writes the empty array of a network without parameters in single precision, whatever the network's is.
        return np.zeros(0, {"DOUBLE": np.float64, "HALF": np.float16}.get(data_type, np.float32))
    return params


def _read_normalizer(entries: ZipEntries, ignored: dict[str, str]) -> Normalizer | None:
    if NORMALIZER not in entries:
        return None
    try:
        return normalizer_from_bytes(entries.read(NORMALIZER, _NORMALIZER_LIMIT), NORMALIZER)
    except UnreadableNormalizerError as reason:
        ignored[NORMALIZER] = str(reason)
        return None


def _read_entries(entries: ZipEntries, sha256: str, updater: bool) -> ModelZip:
    if CONFIGURATION not in entries:
        raise ModelFormatError(f"{CONFIGURATION} is missing; this zip was not written by DL4J's ModelSerializer")
    manifest = _read_manifest(entries)
    configuration, text = _read_json(CONFIGURATION, entries.read(CONFIGURATION, _JSON_LIMIT))
    data_type = parse_configuration(configuration).data_type
    if NO_PARAMS in entries:
        entries.read(NO_PARAMS, 0)
    ignored = {name: _why_ignored(name) for name in entries if name not in _READ}
    params = _read_params(entries, data_type)
    state = None
    if updater and UPDATER_STATE in entries:
        state = _read_array(entries, UPDATER_STATE, 4096 + _MAX_STATE_PER_PARAMETER * 8 * params.size)
    elif UPDATER_STATE in entries:
        ignored[UPDATER_STATE] = "the updater's state was not asked for"
    normalizer = _read_normalizer(entries, ignored)
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
            # ZipInfo's own date is the format's zero. Weights hardly shrink, so no time is spent on it.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 0)


def _why_ignored(name: str) -> str:
    if name == "preprocessor.bin" or name.startswith("objects/"):
        return "a Java-serialised object, which is code and not data: never read"
    return "not an entry of DL4J's ModelSerializer"
