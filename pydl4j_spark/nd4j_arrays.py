"""ND4J's binary arrays, as ``Nd4j.write`` writes them: the form of parameters, updater state and statistics.

Every length is checked against the bytes that are there before memory is asked for.
"""

from __future__ import annotations

import io
import math
import struct
import sys
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from pydl4j_spark.errors import ModelFormatError

Array: TypeAlias = npt.NDArray[Any]

_ELEMENTS = {
    "DOUBLE": "f8",
    "FLOAT": "f4",
    "HALF": "f2",
    "BFLOAT16": "u2",
    "LONG": "i8",
    "UINT64": "u8",
    "INT": "i4",
    "UINT32": "u4",
    "SHORT": "i2",
    "UINT16": "u2",
    "BYTE": "i1",
    "UBYTE": "u1",
    "BOOL": "i1",
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
# A whole number of elements of any type.
_CHUNK = 1 << 20


class Readable(Protocol):
    """Bytes that are read front to back."""

    def readinto(self, target: memoryview, /) -> int:
        """Fill as much of `target` as there is, at most; return the number of bytes."""


class ByteReader:
    """Reads Java's ``DataOutputStream`` encoding, never past the end.

    Parameters
    ----------
    source : bytes or file object
        The whole content, or where it is read from piece by piece.
    what : str
        What is being read, for error messages.
    size : int, optional
        How many bytes a file object holds.
    """

    def __init__(self, source: bytes | Readable, what: str, size: int | None = None) -> None:
        self._source: Readable = io.BytesIO(source) if isinstance(source, bytes) else source
        self._size = len(source) if isinstance(source, bytes) else int(size or 0)
        self._at = 0
        self.what = what

    @property
    def left(self) -> int:
        """Bytes not yet read."""
        return self._size - self._at

    def expect(self, count: int) -> None:
        """Refuse to go on where fewer than `count` bytes are left."""
        if not 0 <= count <= self.left:
            raise ModelFormatError(
                f"{self.what}: {count} bytes are stated at offset {self._at}, but {self.left} are there; "
                "the file is truncated or damaged, so copy or save it again"
            )

    def fill(self, target: memoryview) -> None:
        """Read as many bytes as `target` takes."""
        self.expect(len(target))
        while len(target):
            count = self._source.readinto(target)
            if not count:
                raise ModelFormatError(
                    f"{self.what}: ends at offset {self._at}, {self.left} bytes early; the file is truncated"
                )
            self._at += count
            target = target[count:]

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        self.expect(count)
        taken = bytearray(count)
        self.fill(memoryview(taken))
        return bytes(taken)

    def values(self, count: int, dtype: np.dtype[Any]) -> Array:
        """Return big-endian numbers as a vector of native byte order, which is all the memory that they take."""
        self.expect(count * dtype.itemsize)
        values = np.empty(count, dtype)
        raw = values.view(np.uint8)
        for start in range(0, raw.size, _CHUNK):
            part = raw[start : start + _CHUNK]
            self.fill(part.data)
            if sys.byteorder == "little":
                part.view(dtype).byteswap(inplace=True)
        return values

    def number(self, code: str) -> Any:
        """Return one big-endian number in :mod:`struct`'s notation."""
        return struct.unpack(">" + code, self.take(struct.calcsize(">" + code)))[0]

    def text(self) -> str:
        """Return one string of ``writeUTF``; the names in these files are ASCII."""
        raw = self.take(self.number("H"))
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


def _read_buffer(reader: ByteReader, most: int | None = None) -> Array:
    mode = reader.text()
    if mode not in _SHORT_LENGTHS + _LONG_LENGTHS:
        raise ModelFormatError(f"{reader.what}: unknown allocation mode {mode!r}; no ND4J array starts here")
    length = reader.number("i" if mode in _SHORT_LENGTHS else "q")
    name = reader.text()
    if name not in _ELEMENTS:
        raise ModelFormatError(f"{reader.what}: data type {name!r} is not numeric and is not read")
    dtype = np.dtype(_ELEMENTS[name])
    if length < 0 or (most is not None and length > most):
        raise ModelFormatError(f"{reader.what}: a length of {length} has no place here; the file is damaged")
    values = reader.values(length, dtype)
    if name == "BFLOAT16":
        # numpy has no bfloat16: it is the upper half of a float32.
        return np.left_shift(values.astype(np.uint32), 16).view(np.float32)
    return values.astype(np.bool_) if name == "BOOL" else values


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
        In native byte order, of the written shape and data type (BFLOAT16 becomes float32).

    Raises
    ------
    ModelFormatError
        When the bytes are not such an array, too few or too many.
    """
    whole = not isinstance(data, ByteReader)
    reader = data if isinstance(data, ByteReader) else ByteReader(data, what)
    info = [int(v) for v in _read_buffer(reader, 2 * _MAX_RANK + 4)]
    rank = info[0] if info else -1
    if not 0 <= rank <= _MAX_RANK or len(info) != 2 * rank + 4:
        raise ModelFormatError(f"{reader.what}: shape information of {len(info)} numbers for rank {rank}; damaged")
    shape, strides = info[1 : rank + 1], info[rank + 1 : 2 * rank + 1]
    # Where one extent is zero the others still say how large it would be.
    if any(n < 0 for n in shape) or math.prod(n or 1 for n in shape) > sys.maxsize // 8:
        raise ModelFormatError(f"{reader.what}: no array has the shape {shape}; the file is damaged")
    size = math.prod(shape)
    # ND4J writes no data buffer at all behind the shape of an empty array.
    values = _read_buffer(reader) if size or reader.left else np.zeros(0, np.float32)
    if whole:
        reader.end()
    if values.size != size:
        raise ModelFormatError(f"{reader.what}: shape {shape} needs {size} values, {values.size} are there")
    if not size:
        return np.zeros(shape, values.dtype)
    # From the innermost axis outwards; where there is one element only any step will do.
    axes = sorted((axis for axis in range(rank) if shape[axis] > 1), key=lambda axis: strides[axis])
    if [strides[axis] for axis in axes] != [math.prod(shape[a] for a in axes[:i]) for i in range(len(axes))]:
        raise ModelFormatError(f"{reader.what}: strides {strides} do not lay out shape {shape}; the file is damaged")
    steps = [s * values.itemsize if n > 1 else 0 for n, s in zip(shape, strides, strict=True)]
    return np.asarray(np.lib.stride_tricks.as_strided(values, shape, steps), order="C")


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
