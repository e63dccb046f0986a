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
import math
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from pydl4j_spark.errors import ModelFormatError

if TYPE_CHECKING:
    from pydl4j_spark.normalizers import Normalizer

__all__ = [
    "ByteReader",
    "LayerDescription",
    "ModelZip",
    "NetworkDescription",
    "parse_configuration",
    "read_model_zip",
    "read_nd4j",
    "write_model_zip",
    "write_nd4j",
]

Array: TypeAlias = npt.NDArray[Any]

CONFIGURATION = "configuration.json"
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


# --- ND4J's binary arrays -------------------------------------------------------------------------------------

_ELEMENTS = {
    "DOUBLE": ">f8",
    "FLOAT": ">f4",
    "HALF": ">f2",
    "BFLOAT16": ">u2",
    "LONG": ">i8",
    "UINT64": ">u8",
    "INT": ">i4",
    "UINT32": ">u4",
    "SHORT": ">i2",
    "UINT16": ">u2",
    "BYTE": ">i1",
    "UBYTE": ">u1",
    "BOOL": ">i1",
}
# numpy dtype -> ND4J's name and its bit among the flags of the shape information.
_WRITABLE = {
    np.dtype(np.float64): ("DOUBLE", 0x4000),
    np.dtype(np.float32): ("FLOAT", 0x2000),
    np.dtype(np.float16): ("HALF", 0x1000),
    np.dtype(np.int64): ("LONG", 0x40000),
    np.dtype(np.int32): ("INT", 0x20000),
}
_ALLOCATION = "MIXED_DATA_TYPES"
_SHORT_LENGTHS = ("DIRECT", "HEAP", "JAVACPP")
_LONG_LENGTHS = ("LONG_SHAPE", _ALLOCATION)
_MAX_RANK = 32


class ByteReader:
    """Reads Java's ``DataOutputStream`` encoding, never past the end.

    Parameters
    ----------
    data : bytes
        The whole content.
    what : str
        What is being read, for error messages.
    """

    def __init__(self, data: bytes | bytearray | memoryview, what: str) -> None:
        self._data = memoryview(data)
        self._at = 0
        self.what = what

    @property
    def left(self) -> int:
        """Bytes not yet read."""
        return len(self._data) - self._at

    def take(self, count: int) -> memoryview:
        """Return the next `count` bytes."""
        if not 0 <= count <= self.left:
            raise ModelFormatError(
                f"{self.what}: {count} bytes are stated at offset {self._at}, but {self.left} are there; "
                "the file is truncated or damaged, so copy or save it again"
            )
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, code: str) -> Any:
        """Return one big-endian number in :mod:`struct`'s notation."""
        return struct.unpack(">" + code, self.take(struct.calcsize(">" + code)))[0]

    def text(self) -> str:
        """Return one string of ``writeUTF``; the names in these files are ASCII."""
        raw = bytes(self.take(self.number("H")))
        try:
            return raw.decode("ascii")
        except UnicodeDecodeError:
            raise ModelFormatError(
                f"{self.what}: a name at offset {self._at} is no text; the file is damaged"
            ) from None

    def end(self) -> None:
        """Refuse bytes after the end."""
        if self.left:
            raise ModelFormatError(
                f"{self.what}: {self.left} bytes too many; the file is damaged or of another version"
            )


def _read_buffer(reader: ByteReader) -> Array:
    mode = reader.text()
    if mode not in _SHORT_LENGTHS + _LONG_LENGTHS:
        raise ModelFormatError(f"{reader.what}: unknown allocation mode {mode!r}; no ND4J array starts here")
    length = reader.number("i" if mode in _SHORT_LENGTHS else "q")
    name = reader.text()
    if name not in _ELEMENTS:
        raise ModelFormatError(f"{reader.what}: data type {name!r} is not numeric and is not read")
    dtype = np.dtype(_ELEMENTS[name])
    if length < 0:
        raise ModelFormatError(f"{reader.what}: negative length {length}; the file is damaged")
    values: Array = np.frombuffer(reader.take(length * dtype.itemsize), dtype)
    if name == "BFLOAT16":
        # numpy has no bfloat16: it is the upper half of a float32.
        return np.left_shift(values.astype(np.uint32), 16).view(np.float32)
    if name == "BOOL":
        return values.astype(np.bool_)
    return values.astype(dtype.newbyteorder("="))


def read_nd4j(data: bytes | ByteReader, what: str = "array") -> Array:
    """Read an array that ``Nd4j.write`` wrote.

    Parameters
    ----------
    data : bytes or ByteReader
        Bytes that hold exactly one array, or a reader standing at the start of one.
    what : str, default "array"
        What is being read, for error messages.

    Returns
    -------
    numpy.ndarray
        A copy in native byte order, of the written shape and data type (BFLOAT16 becomes float32).

    Raises
    ------
    ModelFormatError
        When the bytes are not such an array, too few or too many.
    """
    whole = not isinstance(data, ByteReader)
    reader = data if isinstance(data, ByteReader) else ByteReader(data, what)
    info = [int(v) for v in _read_buffer(reader)]
    rank = info[0] if info else -1
    if not 0 <= rank <= _MAX_RANK or len(info) != 2 * rank + 4:
        raise ModelFormatError(f"{reader.what}: shape information of {len(info)} numbers for rank {rank}; damaged")
    shape, strides = info[1 : rank + 1], info[rank + 1 : 2 * rank + 1]
    if any(n < 0 for n in shape):
        raise ModelFormatError(f"{reader.what}: negative extent in shape {shape}; the file is damaged")
    size = math.prod(shape)
    # ND4J writes no data buffer at all behind the shape of an empty array.
    values = _read_buffer(reader) if size or reader.left else np.zeros(0, np.float32)
    if whole:
        reader.end()
    if values.size != size:
        raise ModelFormatError(f"{reader.what}: shape {shape} needs {size} values, {values.size} are there")
    if not size:
        return np.zeros(shape, values.dtype)
    steps = [0 if n == 1 else s for n, s in zip(shape, strides, strict=True)]
    if any(s < 0 for s in steps) or sum((n - 1) * s for n, s in zip(shape, steps, strict=True)) >= size:
        raise ModelFormatError(f"{reader.what}: strides {strides} leave the array of shape {shape}; damaged")
    return np.lib.stride_tricks.as_strided(values, shape, [s * values.itemsize for s in steps]).copy()


def write_nd4j(array: Array) -> bytes:
    """Write an array as ``Nd4j.write`` does, in C order.

    Parameters
    ----------
    array : numpy.ndarray
        Of float64, float32, float16, int64 or int32.

    Returns
    -------
    bytes
        What ``Nd4j.read`` reads.

    Raises
    ------
    ModelFormatError
        For a data type that has no place in a model file.
    """
    array = np.asarray(array, order="C")
    if array.dtype not in _WRITABLE:
        kinds = ", ".join(str(d) for d in _WRITABLE)
        raise ModelFormatError(f"an array of {array.dtype} cannot be written; convert it to one of {kinds}")
    name, flag = _WRITABLE[array.dtype]
    # Where there is one element only any step will do; ND4J writes 1.
    steps = [1 if n == 1 else s // array.itemsize for n, s in zip(array.shape, array.strides, strict=True)]
    info = np.array([array.ndim, *array.shape, *steps, flag, 1, ord("c")], ">i8")

    def buffer(kind: str, values: Array) -> bytes:
        mode, code = _ALLOCATION.encode(), kind.encode()
        head = struct.pack(f">H{len(mode)}sqH{len(code)}s", len(mode), mode, values.size, len(code), code)
        return head + values.tobytes()

    return buffer("LONG", info) + buffer(name, array.ravel().astype(array.dtype.newbyteorder(">")))


# --- the configuration ----------------------------------------------------------------------------------------


@frozen
class LayerDescription:
    """One layer as the configuration states it.

    Attributes
    ----------
    index : int
        Position in the network.
    name : str
        The user's name, or ``layer<index>`` where none was given.
    dl4j_class : str
        Full name of the Java class.
    json : Mapping
        The layer's own JSON object.
    """

    index: int
    name: str
    dl4j_class: str
    json: Mapping[str, Any] = field(repr=False)


@frozen
class NetworkDescription:
    """What the JSON says about a network, in DL4J's terms.

    Attributes
    ----------
    kind : str
        ``"MultiLayerNetwork"`` or ``"ComputationGraph"``.
    data_type : str
        ``"FLOAT"``, ``"DOUBLE"``, ``"HALF"`` or ``"BFLOAT16"``.
    layers : tuple of LayerDescription
        In network order; empty for a graph.
    preprocessors : Mapping from int to dict
        Layer index to the JSON of the preprocessor in front of it.
    """

    kind: str
    data_type: str
    layers: tuple[LayerDescription, ...]
    preprocessors: Mapping[int, Mapping[str, Any]] = field(repr=False)


_BATCH_NORMALIZATION = "org.deeplearning4j.nn.conf.layers.BatchNormalization"


def _describe_layer(index: int, conf: Any) -> LayerDescription:
    layer = conf.get("layer") if isinstance(conf, dict) else None
    if not isinstance(layer, dict) or not isinstance(layer.get("@class"), str):
        raise ModelFormatError(f"{CONFIGURATION}: layer {index} has no '@class'; the file is damaged or foreign")
    if layer["@class"] == _BATCH_NORMALIZATION:
        # DL4J's own reader ignores the written property and looks at the parameter names instead.
        variables = conf.get("variables")
        layer = {**layer, "useLogStd": not (isinstance(variables, list) and "var" in variables)}
    return LayerDescription(index, str(layer.get("layerName") or f"layer{index}"), layer["@class"], layer)


def parse_configuration(configuration: Mapping[str, Any]) -> NetworkDescription:
    """Name the parts of a ``configuration.json``.

    Parameters
    ----------
    configuration : Mapping
        The parsed JSON.

    Returns
    -------
    NetworkDescription
        Kind of network, data type, layers and preprocessors.

    Raises
    ------
    ModelFormatError
        When it is neither a MultiLayerConfiguration nor a ComputationGraphConfiguration.
    """
    data_type = str(configuration.get("dataType") or "FLOAT")
    if isinstance(configuration.get("vertices"), dict):
        return NetworkDescription("ComputationGraph", data_type, (), {})
    confs = configuration.get("confs")
    if not isinstance(confs, list) or not confs:
        raise ModelFormatError(f"{CONFIGURATION}: neither 'confs' nor 'vertices'; this is no network of DL4J")
    preprocessors: dict[int, Mapping[str, Any]] = {}
    listed = configuration.get("inputPreProcessors") or {}
    if not isinstance(listed, dict):
        raise ModelFormatError(f"{CONFIGURATION}: 'inputPreProcessors' is no object; the file is damaged")
    places = {str(i): i for i in range(len(confs))}
    for key, value in listed.items():
        if key not in places or not isinstance(value, dict):
            raise ModelFormatError(f"{CONFIGURATION}: preprocessor {key!r} belongs to no layer; the file is damaged")
        preprocessors[places[key]] = value
    layers = tuple(_describe_layer(i, conf) for i, conf in enumerate(confs))
    return NetworkDescription("MultiLayerNetwork", data_type, layers, preprocessors)


# --- the zip --------------------------------------------------------------------------------------------------


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
    from pydl4j_spark.normalizers import UnreadableNormalizerError, normalizer_from_bytes

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


@contextlib.contextmanager
def written_aside(path: Path) -> Iterator[IO[bytes]]:
    """Open a file next to `path` that takes its place at the end, so that nobody finds half a file."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        mask = os.umask(0)
        os.umask(mask)
        # mkstemp's files are private to their user; this one is like any other.
        os.chmod(aside, 0o666 & ~mask)
        os.replace(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(aside)
        raise


def _why_ignored(name: str) -> str:
    if name == "preprocessor.bin" or name.startswith("objects/"):
        return "a Java-serialised object, which is code and not data: never read"
    return "not an entry of DL4J's ModelSerializer"
