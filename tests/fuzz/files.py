"""Damage to model files: to their bytes, to their directory, and to entries whose checksums are right again."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from random import Random

import numpy as np
from attrs import frozen

from pydl4j_spark.model_zip import COEFFICIENTS, CONFIGURATION, MANIFEST, NO_PARAMS, NORMALIZER
from pydl4j_spark.nd4j_arrays import write_nd4j
from pydl4j_spark.normalizers import header
from tests.fuzz.damage import NO_PLACE, at, damaged_json, places, put

Entries = dict[str, bytes]

EXTREMES = (0, 1, 2, 8, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
LONGS = (0, 1, -1, 2, 3, 7, 32, 33, 1 << 20, 1 << 31, (1 << 31) - 1, 1 << 40, (1 << 63) - 1, -(1 << 63))
NUMBERS = (
    True,
    False,
    None,
    -7,
    -1,
    0,
    1,
    2,
    3,
    5,
    100,
    5000,
    10**6,
    10**9,
    10**12,
    2**63,
    10**400,
    0.5,
    -0.5,
    1e-30,
    1e308,
)
# What training needs and an export does not look at.
UNREAD = {
    *("iupdater", "biasUpdater", "constraints", "regularization", "regularizationBias", "weightInitFn", "idropout"),
    *("weightInitFnRecurrent", "weightNoise", "lossFn", "defaultConfiguration", "seed", "epochCount", "iterationCount"),
    *(
        "cacheMode",
        "maxNumLineSearchIterations",
        "miniBatch",
        "minimize",
        "optimizationAlgo",
        "stepFunction",
        "biasInit",
    ),
    *("gainInit", "gradientNormalization", "gradientNormalizationThreshold", "tbpttFwdLength", "tbpttBackLength"),
    *("trainingWorkspaceMode", "inferenceWorkspaceMode", "validateOutputLayerConfig", "backpropType", "cudnnAlgoMode"),
}
PATHS = (
    "../evil",
    "/etc/passwd",
    "C:\\evil",
    "a/../../b",
    "\\\\host\\evil",
    "a\0b",
    "",
    "configuration.json/x",
    "größe",
)


@frozen
class Damaged:
    """A file, what was done to it, and whether its checksums can tell."""

    what: str
    raw: bytes
    told: bool


# --- the bytes of the file -------------------------------------------------------------------------------------------


def flip(rng: Random, raw: bytearray) -> None:
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)


def overwrite(rng: Random, raw: bytearray) -> None:
    at, length = rng.randrange(len(raw)), rng.choice((1, 2, 4, 16, 200))
    raw[at : at + length] = rng.choice((rng.randbytes(length), bytes(length), b"\xff" * length))


def delete(rng: Random, raw: bytearray) -> None:
    at = rng.randrange(len(raw))
    del raw[at : at + rng.choice((1, 2, 30, 500))]


def insert(rng: Random, raw: bytearray) -> None:
    at = rng.choice((0, len(raw), rng.randrange(len(raw))))
    raw[at:at] = rng.choice((rng.randbytes(7), bytes(100), raw[:60]))


def truncate(rng: Random, raw: bytearray) -> None:
    del raw[rng.randrange(len(raw)) :]


def exchange(rng: Random, raw: bytearray) -> None:
    length = min(64, len(raw) // 2)
    one, other = (rng.randrange(len(raw) - length) for _ in range(2))
    raw[one : one + length], raw[other : other + length] = raw[other : other + length], raw[one : one + length]


def lie(rng: Random, raw: bytearray) -> None:
    """State something else in one of the zip's own headers."""
    kind = rng.choice((b"PK\1\2", b"PK\1\2", b"PK\3\4", b"PK\5\6"))
    found = [at for at in range(len(raw) - 4) if raw[at : at + 4] == kind]
    if found:
        at, length = rng.choice(found) + rng.randrange(4, 46), rng.choice((2, 4))
        raw[at : at + length] = (rng.choice(EXTREMES) & (1 << 8 * length) - 1).to_bytes(length, "little")


OF_BYTES: tuple[Callable[[Random, bytearray], None], ...] = (
    *(flip, flip, flip, overwrite, overwrite, delete, insert, truncate, exchange, lie, lie, lie),
)

# --- entries, zipped again -------------------------------------------------------------------------------------------


def lose(rng: Random, entries: Entries, name: str) -> None:
    del entries[name]


def empty(rng: Random, entries: Entries, name: str) -> None:
    entries[name] = b""


def swap(rng: Random, entries: Entries, name: str) -> None:
    other = rng.choice([*entries])
    entries[name], entries[other] = entries[other], entries[name]


def rename(rng: Random, entries: Entries, name: str) -> None:
    entries[rng.choice((*PATHS, NO_PARAMS, MANIFEST, name.upper()))] = entries.pop(name)


def garble(rng: Random, entries: Entries, name: str) -> None:
    # Most of what can go wrong stands at the beginning.
    content = entries[name]
    end = min(len(content), rng.choice((40, 200, len(content))))
    beginning = bytearray(content[:end])
    if beginning:
        rng.choice((flip, overwrite, delete, insert, truncate))(rng, beginning)
        entries[name] = bytes(beginning) + content[end:]


def misdescribe(rng: Random, entries: Entries, name: str) -> None:
    """Change a number in the shape information of the parameters, or their length, type or number."""
    content = entries.get(COEFFICIENTS, b"")
    numbers = content.find(b"LONG")
    if numbers < 0:
        return
    begin, end = numbers + 4, content.find(b"\0\x10MIXED", numbers)
    choice = rng.randrange(4)
    if choice == 0 and end > begin:
        at = begin + 8 * rng.randrange(max(1, (end - begin) // 8))
        content = content[:at] + struct.pack(">q", rng.choice(LONGS)) + content[at + 8 :]
    elif choice == 1:
        at = content.rfind(b"MIXED_DATA_TYPES") + 16
        content = content[:at] + struct.pack(">q", rng.choice(LONGS)) + content[at + 8 :]
    elif choice == 2:
        kind = rng.choice((b"DOUBLE", b"HALF", b"BFLOAT16", b"INT", b"UTF8", b"BOOL", b"COMPRESSED", b"\xff\xff"))
        for before in (b"\0\5FLOAT", b"\0\6DOUBLE", b"\0\4HALF"):
            content = content.replace(before, struct.pack(">H", len(kind)) + kind)
    else:
        kind_of = rng.choice((np.float32, np.float64, np.float16, np.int32))
        array = np.full(rng.choice((0, 1, 7, 1000)), rng.choice((0.0, 1.0, np.nan, np.inf, 6e4)))
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = write_nd4j(array.astype(kind_of))
    entries[COEFFICIENTS] = content


def denormalize(rng: Random, entries: Entries, name: str) -> None:
    """Put another normalizer in, whose own content is not what it should be."""
    kind = rng.choice(("STANDARDIZE", "MIN_MAX", "IMAGE_MIN_MAX", "IMAGE_VGG16", "MULTI_STANDARDIZE", "MULTI_MIN_MAX"))
    kind = rng.choice((kind, "MULTI_HYBRID", "CUSTOM", ""))
    numbers = b"".join(struct.pack(">i", rng.choice((0, 1, 2, -1, 1 << 30))) for _ in range(rng.randrange(6)))
    statistics = write_nd4j(np.array([[rng.choice((0.0, 1.0, 1e-9, np.nan, np.inf)) for _ in range(rng.randrange(4))]]))
    entries[NORMALIZER] = header(kind) + rng.choice((b"", b"\0", b"\1")) + numbers + statistics * rng.randrange(4)


def rewrite(rng: Random, entries: Entries, name: str) -> None:
    """Damage the JSON of the configuration, mostly where an export looks."""
    if CONFIGURATION in entries:
        document = json.loads(entries[CONFIGURATION])
        unread = () if rng.random() < 0.2 else UNREAD
        _, text = damaged_json(rng, document, lambda place: not any(key in unread for key in place))
        entries[CONFIGURATION] = text.encode("utf-8", errors="replace")


def recount(rng: Random, entries: Entries, name: str) -> None:
    """State another number in the configuration, or another word that is one of its own."""
    if CONFIGURATION in entries:
        document = json.loads(entries[CONFIGURATION])
        inside = [place for place in places(document) if not any(key in UNREAD for key in place)]
        numbers = [place for place in inside if isinstance(at(document, place), int | float)]
        words = [at(document, place) for place in inside if isinstance(at(document, place), str)]
        for _ in range(rng.choice((1, 1, 2))):
            place = rng.choice(numbers)
            put(document, place, rng.choice((*NUMBERS, rng.choice(words))))
        entries[CONFIGURATION] = json.dumps(document).encode()


def misrecord(rng: Random, entries: Entries, name: str) -> None:
    """Damage our own record, or add one."""
    record = entries.get(MANIFEST, b'{"format": 1, "input_type": {"@class": "x"}, "labels": ["a"], "sha256": {}}')
    _, text = damaged_json(rng, json.loads(record))
    entries[MANIFEST] = text.encode("utf-8", errors="replace")


def inflate(rng: Random, entries: Entries, name: str) -> None:
    """Make an entry of a few kilobytes that becomes megabytes."""
    filler = rng.choice((b" ", b"\0", b"[", b'{"a":', b"[],"))
    entries[name] = rng.choice((entries[name], b"")) + filler * (rng.choice((1, 20, 70)) * (1 << 20) // len(filler))


OF_ENTRIES: tuple[Callable[[Random, Entries, str], None], ...] = (
    *(lose, empty, swap, rename, garble, garble, garble, misdescribe, misdescribe, denormalize, misrecord),
    *(rewrite, recount) * 8,
)
# Slow, so they are few.
SELDOM = 1 / 60
METHODS = (*(zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) * 12, zipfile.ZIP_BZIP2)


def unzipped(raw: bytes) -> Entries:
    """The entries of a zip."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(entries: Entries, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of entries."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in entries.items():
            # A new ZipInfo cuts a name at a NUL byte; what is set afterwards is written.
            info = zipfile.ZipInfo("x")
            info.filename = name
            archive.writestr(info, content, method)
    return stream.getvalue()


def _changed(before: Entries, after: Entries) -> set[str]:
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def _summed(entries: Entries) -> set[str]:
    """The entries that our own record has checksums of."""
    return set(json.loads(entries[MANIFEST])["sha256"]) if MANIFEST in entries else set()


def _seal(entries: Entries) -> None:
    """Have our own record fit the damage, as one who means it would."""
    with suppress(*NO_PLACE):
        record = json.loads(entries[MANIFEST])
        record["sha256"] = {name: sha256(entries[name]).hexdigest() for name in entries if name != MANIFEST}
        entries[MANIFEST] = json.dumps(record).encode()


def damaged_file(rng: Random, raw: bytes) -> Damaged:
    """Damage a model file, its bytes or its entries."""
    if rng.random() < 0.45:
        content, done = bytearray(raw), []
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            if content:
                damage = rng.choice(OF_BYTES)
                done.append(damage.__name__)
                damage(rng, content)
        return Damaged(", ".join(done), bytes(content), told=True)
    entries = unzipped(raw)
    before, done = dict(entries), []
    for _ in range(rng.choice((1, 1, 1, 2))):
        if entries:
            change = inflate if rng.random() < SELDOM else rng.choice(OF_ENTRIES)
            done.append(change.__name__)
            with suppress(*NO_PLACE):
                change(rng, entries, rng.choice([*entries]))
    if MANIFEST in before and rng.random() < 0.6:
        _seal(entries)
    told = entries.get(MANIFEST) == before.get(MANIFEST) and _summed(before) >= _changed(before, entries)
    method = rng.choice(METHODS)
    done.append(f"method {method}")
    return Damaged(", ".join(done), zipped(entries, method), told)
