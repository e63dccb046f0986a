"""How one setting is declared: its DL4J key, what it accepts, and how it reads and writes JSON.

A declaration is one line in a class body, for instance ``n_out: int = whole("nout", minimum=1)``. Each function
here makes such a line; the `Kind` it stores in the field's metadata is all that construction and the codec need.
"""

from __future__ import annotations

import difflib
import math
import numbers
import operator
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import attrs

from pydl4j_spark.errors import ConfigError

INT_MAX = 2**31 - 1
LONG_MAX = 2**63 - 1


class Family(Protocol):
    """What `nested` needs of a family of config objects, such as the updaters."""

    def to_dict(self) -> dict[str, Any]:
        """Give the object in DL4J's spelling."""

    @classmethod
    def from_dict(cls, document: Any) -> Any:
        """Make the object from DL4J's spelling."""

    @classmethod
    def short(cls, value: Any) -> Any:
        """Make the object from what a user may write instead of it, such as a name."""


def same(value: Any) -> Any:
    """Give the value itself: the reading and writing of plain settings."""
    return value


def suggestion(word: object, options: Iterable[str]) -> str:
    """Say which option was probably meant, or list all of them."""
    names = sorted(options)
    close = difflib.get_close_matches(str(word).lower(), [name.lower() for name in names], n=1, cutoff=0.6)
    meant = [name for name in names if close and name.lower() == close[0]]
    return f"did you mean {meant[0]!r}?" if meant else f"one of {', '.join(names)}"


def shown(value: object) -> str:
    """Give a value as it is written in a message: short even where the value is not."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


@attrs.frozen
class Kind:
    """What one setting accepts and how DL4J spells it.

    Parameters
    ----------
    key : str or None
        DL4J's JSON key; None for a setting that is a shorthand of another and is not written.
    wants : str
        What is accepted, in words.
    convert : callable
        Makes the plain Python value, or raises ValueError or TypeError.
    write, read : callable
        From the value to its JSON, and back to what `convert` accepts.
    optional : bool
        Whether None, that is "not set", is accepted.
    none : object
        What DL4J writes for "not set", read back as None.
    writes_none : bool
        Whether `none` is written, because DL4J would otherwise put another value in its place.
    """

    key: str | None
    wants: str
    convert: Callable[[Any], Any]
    write: Callable[[Any], Any] = same
    read: Callable[[Any], Any] = same
    optional: bool = False
    none: Any = None
    writes_none: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """Every JSON key this setting reads."""
        return () if self.key is None else (self.key,)

    def to_json(self, value: Any) -> dict[str, Any]:
        """Give the keys and values DL4J reads; nothing for a value that is not set."""
        if self.key is None:
            return {}
        if value is None:
            return {self.key: self.none} if self.writes_none else {}
        return {self.key: self.write(value)}

    def from_json(self, document: Mapping[str, Any]) -> Any:
        """Take the value out of DL4J's JSON; `attrs.NOTHING` where it is absent."""
        value = document.get(self.key) if self.key is not None else None
        if value is None:
            return attrs.NOTHING
        return None if self.optional and value == self.none else self.read(value)


@attrs.frozen
class ScheduledKind(Kind):
    """A number or a schedule of it: DL4J has two keys, and writes "NaN" for a number that a schedule replaces."""

    schedule_key: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """Every JSON key this setting reads."""
        return (*super().keys, self.schedule_key)

    def to_json(self, value: Any) -> dict[str, Any]:
        """Give the number, or NaN and the schedule."""
        if isinstance(value, float):
            return {str(self.key): value}
        return {str(self.key): "NaN", self.schedule_key: self.write(value)}

    def from_json(self, document: Mapping[str, Any]) -> Any:
        """Take the schedule where there is one, else the number."""
        schedule = document.get(self.schedule_key)
        return super().from_json(document) if schedule is None else self.read(schedule)


def _accept(value: Any, owner: object, field: attrs.Attribute[Any]) -> Any:
    kind: Kind = field.metadata["kind"]
    if value is None and kind.optional:
        return None
    try:
        return kind.convert(value)
    except ConfigError as inner:
        raise ConfigError(f"{type(owner).__name__}.{field.name}: {inner}") from None
    except (TypeError, ValueError, OverflowError) as why:
        detail = f" ({why})" if str(why) else ""
        raise ConfigError(
            f"{type(owner).__name__}.{field.name} = {shown(value)}: wanted {kind.wants}{detail}"
        ) from None


_CONVERTER = attrs.Converter(_accept, takes_self=True, takes_field=True)


def declare(kind: Kind, *, default: Any = attrs.NOTHING, kw_only: bool = True, inherited: bool = False) -> Any:
    """Make a field of any kind; `inherited` marks a layer's setting that the network's default fills."""
    return attrs.field(
        default=default,
        kw_only=kw_only,
        converter=_CONVERTER,
        metadata={"kind": kind, "inherited": inherited},
    )


def _bounds(minimum: float | None, maximum: float | None, above: float | None, below: float | None) -> str:
    parts = [
        *([f"at least {minimum:g}"] if minimum is not None and minimum > -LONG_MAX else []),
        *([f"above {above:g}"] if above is not None else []),
        *([f"at most {maximum:g}"] if maximum is not None and maximum < INT_MAX else []),
        *([f"below {below:g}"] if below is not None else []),
    ]
    return (" " + " and ".join(parts)) if parts else ""


def as_whole(value: Any) -> int:
    """Make an int of a whole number, numpy's included; bool, float and text are refused."""
    if isinstance(value, bool) or type(value).__name__ == "bool":
        raise TypeError("a truth value is not a number")
    return operator.index(value)


def as_real(value: Any) -> float:
    """Make a finite float of a number, numpy's included; bool and text are refused."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{type(value).__name__} is not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("it must be finite")
    return number


def _within(
    number: float, minimum: float | None, maximum: float | None, above: float | None, below: float | None
) -> None:
    if (
        (minimum is not None and number < minimum)
        or (maximum is not None and number > maximum)
        or (above is not None and number <= above)
        or (below is not None and number >= below)
    ):
        raise ValueError


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
        _within(number, minimum, maximum, None, None)
        return number

    wants = "a whole number" + _bounds(minimum, maximum, None, None)
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
        _within(number, minimum, maximum, above, below)
        return number

    wants = "a number" + _bounds(minimum, maximum, above, below)
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
        _within(number, minimum, maximum, above, below)
        return number

    def write(value: Any) -> Any:
        return value.to_dict()

    def read(value: Any) -> Any:
        return schedules.from_dict(value) if isinstance(value, Mapping) else value

    wants = "a number" + _bounds(minimum, maximum, above, below) + " or a schedule"
    kind = ScheduledKind(key, wants, convert, write, read, schedule_key=schedule_key)
    return declare(kind, default=default, kw_only=kw_only)


def flag(key: str | None, *, default: Any = attrs.NOTHING) -> Any:
    """Declare a truth value."""

    def convert(value: Any) -> bool:
        if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
            return bool(value)
        raise TypeError

    return declare(Kind(key, "True or False", convert), default=default)


def text(key: str | None, *, default: Any = attrs.NOTHING) -> Any:
    """Declare a text that is not empty; a path counts as text."""

    def convert(value: Any) -> str:
        written = os.fspath(value)
        if not isinstance(written, str) or not written:
            raise ValueError
        return written

    return declare(Kind(key, "a text that is not empty", convert, optional=default is None), default=default)


def choice(
    key: str | None,
    options: Mapping[str, str],
    *,
    default: Any = attrs.NOTHING,
    kw_only: bool = True,
    inherited: bool = False,
    also: Mapping[str, str] | None = None,
) -> Any:
    """Declare one of DL4J's enum values: `options` maps our lower-case word to DL4J's, `also` maps synonyms to ours."""
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
    kind = Kind(key, wants, convert, options.__getitem__, optional=default is None)
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
            _within(number, minimum, INT_MAX, None, None)
        return made

    count = f"{length} whole numbers, or one for all," if length is not None else "whole numbers"
    kind = Kind(key, count + _bounds(minimum, None, None, None), convert, list, optional=default is None)
    return declare(kind, default=default, kw_only=kw_only)


def texts(key: str | None, *, default: Any = attrs.NOTHING) -> Any:
    """Declare a tuple of texts, sorted: the order has no meaning to DL4J."""

    def convert(value: Any) -> tuple[str, ...]:
        given = (value,) if isinstance(value, str) else tuple(value)
        if not given or not all(isinstance(word, str) and word for word in given):
            raise ValueError
        return tuple(sorted(given))

    return declare(Kind(key, "one or more names", convert, list), default=default)


def row(key: str, *, default: Any = None) -> Any:
    """Declare a row of numbers that DL4J keeps as an INDArray, such as a loss's weight of each output."""

    def convert(value: Any) -> tuple[float, ...]:
        made = tuple(as_real(number) for number in value)
        if not made:
            raise ValueError("it is empty")
        return made

    def write(value: tuple[float, ...]) -> dict[str, Any]:
        return {"dataType": "FLOAT", "shape": [1, len(value)], "data": list(value)}

    def read(value: Any) -> Any:
        return value["data"] if isinstance(value, Mapping) else value

    return declare(Kind(key, "a row of numbers", convert, write, read, optional=default is None), default=default)


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


def indexed(key: str | None, family: type[Family]) -> Any:
    """Declare a mapping from a layer's place to a config object; empty where not given."""

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
    return declare(Kind(key, wants, convert, write, read), default=attrs.Factory(dict))


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


def nested_list(key: str | None, family: type[Family], *, default: Any = None, kw_only: bool = True) -> Any:
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
