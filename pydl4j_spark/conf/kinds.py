"""What a setting accepts, and how it reads and writes DL4J's JSON: all that construction and the codec need."""

from __future__ import annotations

import difflib
import math
import numbers
import operator
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


def bounds(minimum: float | None, maximum: float | None, above: float | None, below: float | None) -> str:
    """Say the bounds of a number."""
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


def within(
    number: float, minimum: float | None, maximum: float | None, above: float | None, below: float | None
) -> None:
    """Refuse a number beyond its bounds."""
    if (
        (minimum is not None and number < minimum)
        or (maximum is not None and number > maximum)
        or (above is not None and number <= above)
        or (below is not None and number >= below)
    ):
        raise ValueError
