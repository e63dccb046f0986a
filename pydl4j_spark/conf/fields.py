"""How one setting is declared, in one line of a class body: ``n_out: int = whole("nout", minimum=1)``."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from pydl4j_spark.conf.kinds import (
    INT_MAX,
    Family,
    Kind,
    ScheduledKind,
    as_real,
    as_whole,
    bounds,
    declare,
    shown,
    suggestion,
    within,
)


def whole(
    key: str | None,
    *,
    default: Any = attrs.NOTHING,
    minimum: int = 0,
    maximum: int = INT_MAX,
    none: int | None = None,
    writes_none: bool = False,
    kw_only: bool = True,
) -> Any:
    """Declare a whole number between `minimum` and `maximum`."""

    def convert(value: Any) -> int:
        number = as_whole(value)
        within(number, minimum, maximum, None, None)
        return number

    wants = "a whole number" + bounds(minimum, maximum, None, None)
    optional = default is None
    kind = Kind(key, wants, convert, optional=optional, none=none, writes_none=writes_none)
    return declare(kind, default=default, kw_only=kw_only)


def real(
    key: str | None,
    *,
    default: Any = attrs.NOTHING,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    below: float | None = None,
    kw_only: bool = True,
    inherited: bool = False,
) -> Any:
    """Declare a finite number within bounds."""

    def convert(value: Any) -> float:
        number = as_real(value)
        within(number, minimum, maximum, above, below)
        return number

    wants = "a number" + bounds(minimum, maximum, above, below)
    kind = Kind(key, wants, convert, optional=default is None, none="NaN")
    return declare(kind, default=default, kw_only=kw_only, inherited=inherited)


def scheduled(
    key: str,
    schedule_key: str,
    schedules: type[Family],
    *,
    default: Any = attrs.NOTHING,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    below: float | None = None,
    kw_only: bool = True,
) -> Any:
    """Declare a number, or a schedule that gives it for each iteration or epoch."""

    def convert(value: Any) -> Any:
        if isinstance(value, schedules):
            return value
        number = as_real(value)
        within(number, minimum, maximum, above, below)
        return number

    def write(value: Any) -> Any:
        return value.to_dict()

    def read(value: Any) -> Any:
        return schedules.from_dict(value) if isinstance(value, Mapping) else value

    wants = "a number" + bounds(minimum, maximum, above, below) + " or a schedule"
    kind = ScheduledKind(key, wants, convert, write, read, schedule_key=schedule_key)
    return declare(kind, default=default, kw_only=kw_only)


def flag(key: str | None, *, default: Any = attrs.NOTHING) -> Any:
    """Declare a truth value."""

    def convert(value: Any) -> bool:
        if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
            return bool(value)
        raise TypeError

    return declare(Kind(key, "True or False", convert), default=default)


def text(key: str | None, *, default: Any = attrs.NOTHING, kw_only: bool = True) -> Any:
    """Declare a text that is not empty; a path counts as text."""

    def convert(value: Any) -> str:
        written = os.fspath(value)
        if not isinstance(written, str) or not written:
            raise ValueError
        return written

    kind = Kind(key, "a text that is not empty", convert, optional=default is None)
    return declare(kind, default=default, kw_only=kw_only)


def choice(
    key: str | None,
    options: Mapping[str, str],
    *,
    default: Any = attrs.NOTHING,
    kw_only: bool = True,
    inherited: bool = False,
    also: Mapping[str, str] | None = None,
    wrapped: bool = False,
) -> Any:
    """Declare one of DL4J's enum values.

    `options` maps our lower-case word to DL4J's, `also` synonyms to ours; `wrapped` ones are written as ``{"word": {}}``.
    """
    words = {_plain(java): ours for ours, java in options.items()} | {_plain(ours): ours for ours in options}
    words |= {_plain(word): ours for word, ours in (also or {}).items()}

    def convert(value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError(f"{type(value).__name__} is not a text")
        found = words.get(_plain(value))
        if found is None:
            close = suggestion(value, options)
            raise ValueError(close if close.endswith("?") else "")
        return found

    wants = "one of " + ", ".join(repr(option) for option in options)

    def write(value: str) -> Any:
        return {options[value]: {}} if wrapped else options[value]

    def read(value: Any) -> Any:
        return "".join(value) if wrapped else value

    kind = Kind(key, wants, convert, write, read, optional=default is None)
    return declare(kind, default=default, kw_only=kw_only, inherited=inherited)


def _plain(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")


def numbers_of(
    key: str | None,
    *,
    default: Any = attrs.NOTHING,
    length: int | None = None,
    minimum: int = 0,
    kw_only: bool = True,
) -> Any:
    """Declare a tuple of whole numbers; where the length is fixed, one number stands for all of them."""

    def convert(value: Any) -> tuple[int, ...]:
        given = [value] * (length or 1) if isinstance(value, numbers.Number) else list(value)
        made = tuple(as_whole(number) for number in given)
        if length is not None and len(made) != length:
            raise ValueError(f"{len(made)} numbers")
        for number in made:
            within(number, minimum, INT_MAX, None, None)
        return made

    count = f"{length} whole numbers, or one for all," if length is not None else "whole numbers"
    kind = Kind(key, count + bounds(minimum, None, None, None), convert, list, optional=default is None)
    return declare(kind, default=default, kw_only=kw_only)


def paired(
    key: str, *, default: Any = attrs.NOTHING, minimum: int = 0, second: int | None = None, kw_only: bool = True
) -> Any:
    """Declare a whole number along the one axis of sequences, of which DL4J writes a pair and uses the first.

    The second is `second`, or the number again where that is not given.
    """

    def convert(value: Any) -> int:
        number = as_whole(value)
        within(number, minimum, INT_MAX, None, None)
        return number

    def write(value: int) -> list[int]:
        return [value, value if second is None else second]

    def read(value: Any) -> Any:
        return value[0]

    wants = "a whole number" + bounds(minimum, None, None, None)
    return declare(Kind(key, wants, convert, write, read), default=default, kw_only=kw_only)


def borders(key: str, axes: int, *, default: Any = attrs.NOTHING, paired: bool = False) -> Any:
    """Declare how much is added or cut at the beginning and the end of each axis.

    One number is for all ends, one for each axis for both its ends. DL4J writes them in a row, or in pairs.
    """

    def convert(value: Any) -> tuple[int, ...]:
        given = [value] * 2 * axes if isinstance(value, numbers.Number) else list(value)
        if len(given) == axes > 1:
            given = [length for length in given for _ in range(2)]
        made = tuple(as_whole(number) for number in given)
        if len(made) != 2 * axes:
            raise ValueError(f"{len(made)} numbers")
        for number in made:
            within(number, 0, INT_MAX, None, None)
        return made

    def write(value: tuple[int, ...]) -> Any:
        return [list(value[i : i + 2]) for i in range(0, 2 * axes, 2)] if paired else list(value)

    def read(value: Any) -> Any:
        return [number for pair in value for number in pair] if paired else value

    each = f", {axes} for both ends of each axis," if axes > 1 else ""
    wants = f"one whole number{each} or {2 * axes} for beginning and end of each axis, at least 0"
    return declare(Kind(key, wants, convert, write, read), default=default, kw_only=False)


def texts(key: str | None, *, default: Any = attrs.NOTHING) -> Any:
    """Declare a tuple of texts, sorted: the order has no meaning to DL4J."""

    def convert(value: Any) -> tuple[str, ...]:
        given = (value,) if isinstance(value, str) else tuple(value)
        if not given or not all(isinstance(word, str) and word for word in given):
            raise ValueError
        return tuple(sorted(given))

    return declare(Kind(key, "one or more names", convert, list), default=default)


class Array(tuple[Any, ...]):
    """Numbers that DL4J keeps as an INDArray; where it wrote them, with their type and shape."""

    form: tuple[str, list[int]] | None = None

    @classmethod
    def of(cls, made: Iterable[Any], given: Any) -> Array:
        """Make an array of what has been checked, in the form of what was given."""
        array = cls(made)
        array.form = getattr(given, "form", None)
        return array

    def to_json(self, shape: list[int], data: list[float]) -> dict[str, Any]:
        """Give it as DL4J writes it."""
        kind, shape = self.form or ("FLOAT", shape)
        return {"dataType": kind, "shape": list(shape), "data": data}

    @classmethod
    def from_json(cls, value: Any, columns: int = 1) -> Any:
        """Read what DL4J wrote, in rows of so many numbers."""
        if not isinstance(value, Mapping):
            return value
        kind, shape, data = value["dataType"], value["shape"], value["data"]
        if kind not in _REAL_TYPES or math.prod(map(as_whole, shape)) != len(data):
            raise ValueError
        array = cls(data if columns == 1 else (data[i : i + columns] for i in range(0, len(data), columns)))
        array.form = (kind, list(shape))
        return array


_REAL_TYPES = ("FLOAT", "DOUBLE", "HALF", "BFLOAT16")


def row(key: str, *, default: Any = attrs.NOTHING) -> Any:
    """Declare a row of numbers that DL4J keeps as an INDArray, such as a loss's weight of each output."""

    def convert(value: Any) -> Array:
        made = Array.of((as_real(number) for number in value), value)
        if not made:
            raise ValueError("it is empty")
        return made

    def write(value: Array) -> dict[str, Any]:
        return value.to_json([1, len(value)], list(value))

    kind = Kind(key, "a row of numbers", convert, write, Array.from_json, optional=default is None)
    return declare(kind, default=default)


def matrix(key: str, columns: int) -> Any:
    """Declare rows of numbers above 0 that DL4J keeps as an INDArray, such as the widths and heights of boxes."""

    def convert(value: Any) -> Array:
        made = Array.of((tuple(as_real(number) for number in row) for row in value), value)
        if not made or any(len(row) != columns or min(row) <= 0 for row in made):
            raise ValueError
        return made

    def write(value: Array) -> dict[str, Any]:
        return value.to_json([len(value), columns], [number for row in value for number in row])

    def read(value: Any) -> Any:
        return Array.from_json(value, columns)

    return declare(Kind(key, f"rows of {columns} numbers above 0", convert, write, read))


def points(key: str) -> Any:
    """Declare a mapping from iteration or epoch to a value."""

    def convert(value: Any) -> dict[int, float]:
        made = {as_whole(at): as_real(number) for at, number in dict(value).items()}
        if 0 not in made or min(made) < 0:
            raise ValueError("it must begin at 0")
        return dict(sorted(made.items()))

    def write(value: dict[int, float]) -> dict[str, float]:
        return {str(at): number for at, number in value.items()}

    def read(value: Any) -> Any:
        return {int(at): number for at, number in value.items()}

    return declare(Kind(key, "a mapping such as {0: 0.1, 1000: 0.01}", convert, write, read))


def indexed(key: str | None, family: type[Family], *, default: Any = attrs.NOTHING) -> Any:
    """Declare a mapping from a layer's place to a config object."""

    def convert(value: Any) -> dict[int, Any]:
        made = {as_whole(index): item for index, item in dict(value or {}).items()}
        for index, item in made.items():
            if index < 0 or not isinstance(item, family):
                raise ValueError(f"{index}: {shown(item)}")
        return dict(sorted(made.items()))

    def write(value: dict[int, Any]) -> dict[str, Any]:
        return {str(index): item.to_dict() for index, item in value.items()}

    def read(value: Any) -> dict[int, Any]:
        return {int(index): family.from_dict(item) for index, item in value.items()}

    wants = f"a mapping such as {{2: a {family.__name__}}}"
    return declare(Kind(key, wants, convert, write, read), default=default)


def named(key: str, family: type[Family], *, default: Any = attrs.NOTHING) -> Any:
    """Declare a mapping from a parameter's name to a config object, or what stands for one there."""

    def convert(value: Any) -> dict[str, Any]:
        made = {name: item if isinstance(item, family) else family.short(item) for name, item in dict(value).items()}
        if not made or not all(isinstance(name, str) and name for name in made):
            raise ValueError
        return dict(sorted(made.items()))

    def write(value: dict[str, Any]) -> dict[str, Any]:
        return {name: item.to_dict() for name, item in value.items()}

    def read(value: Any) -> dict[str, Any] | None:
        return {name: family.from_dict(item) for name, item in value.items()} or None

    wants = f"a mapping such as {{'W': a {family.__name__}}}"
    return declare(Kind(key, wants, convert, write, read, optional=default is None), default=default)


def _article(family: type[Family]) -> str:
    return "an" if family.__name__[0] in "AEIOU" else "a"


def nested(
    key: str | None,
    family: type[Family],
    *,
    default: Any = attrs.NOTHING,
    kw_only: bool = True,
    inherited: bool = False,
    optional: bool | None = None,
) -> Any:
    """Declare a config object of a family, or what stands for one there (a name, a number)."""

    def convert(value: Any) -> Any:
        return value if isinstance(value, family) else family.short(value)

    kind = Kind(
        key,
        f"{_article(family)} {family.__name__}",
        convert,
        lambda value: value.to_dict(),
        family.from_dict,
        optional=default is None if optional is None else optional,
    )
    return declare(kind, default=default, kw_only=kw_only, inherited=inherited)


def nested_list(key: str | None, family: type[Family], *, default: Any = attrs.NOTHING, kw_only: bool = True) -> Any:
    """Declare a list of config objects of a family; one object stands for a list of it."""

    def convert(value: Any) -> tuple[Any, ...]:
        given = (value,) if isinstance(value, family) else tuple(value)
        return tuple(item if isinstance(item, family) else family.short(item) for item in given)

    kind = Kind(
        key,
        f"a list of {family.__name__}",
        convert,
        lambda value: [item.to_dict() for item in value],
        lambda value: [family.from_dict(item) for item in value],
        optional=default is None,
    )
    return declare(kind, default=default, kw_only=kw_only)
