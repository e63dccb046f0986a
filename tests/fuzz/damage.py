"""Damage to DL4J's JSON: what typing, copying, other programs and bad luck make of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

from pydl4j_spark.conf.base import _BY_JAVA_CLASS
from tests.fixtures.dl4j_json import written

STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 3, 7, 0.5, 1.5, -0.0, 1e-320, 1e308, 10**9, 10**12, 10**400),
    *(2**31 - 1, 2**31, -(2**31) - 1, 2**63, -(2**63) - 1, float("nan"), float("inf"), float("-inf")),
    *("", " ", "NaN", "Infinity", "null", "0", "12", "None", "größe", "\u0000", "\ud800", "☃" * 300, "a\nb", "[/red]"),
    *("com.acme.Mine", "java.lang.Runtime", "../../etc/passwd", "${jndi:ldap://x}"),
    *([], {}, [None], [[]], [0], [1, 2], [1, 2, 3], ["a"], {"": None}, {"@class": None}, {"@class": "com.acme.Mine"}),
)
KEYS = ("@class", "nin", "nout", "n_out", "", "größe", "confs", "layer", "variables", "\ud800", "iupdater")


def places(document: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a document."""
    found = [place] if place else []
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in items:
        found += places(value, (*place, key))
    return found


def at(document: Any, place: tuple[Any, ...]) -> Any:
    """What stands at a place."""
    for key in place:
        document = document[key]
    return document


def put(document: Any, place: tuple[Any, ...], value: Any) -> None:
    """Put something at a place."""
    at(document, place[:-1])[place[-1]] = value


# --- inside the document ---------------------------------------------------------------------------------------------


def drop(rng: Random, document: Any, place: tuple[Any, ...]) -> None:
    del at(document, place[:-1])[place[-1]]


def rename(rng: Random, document: Any, place: tuple[Any, ...]) -> None:
    inside = at(document, place[:-1])
    if isinstance(inside, dict):
        value = inside.pop(place[-1])
        name = str(place[-1])
        inside[rng.choice((*KEYS, name[:-1], name + "s", name.upper(), name[1:] + name[:1]))] = value


def replace(rng: Random, document: Any, place: tuple[Any, ...]) -> None:
    put(document, place, copy.deepcopy(rng.choice(STRANGE)))


def shift(rng: Random, document: Any, place: tuple[Any, ...]) -> None:
    value = at(document, place)
    if isinstance(value, int | float) and not isinstance(value, bool):
        put(document, place, rng.choice((value + 1, value - 1, -value, value * 1000, value / 3, float(value))))
    elif isinstance(value, str):
        put(
            document,
            place,
            rng.choice((value.lower(), value.upper(), value + " ", value[:-1], [value], {value: value})),
        )
    else:
        put(document, place, [value])


def enlarge(rng: Random, document: Any, place: tuple[Any, ...]) -> None:
    value = at(document, place)
    if isinstance(value, int) and not isinstance(value, bool):
        put(document, place, rng.choice((10**6, 10**9, 2**31 - 1, 10**10)))


def exchange(rng: Random, document: Any, place: tuple[Any, ...]) -> None:
    other = rng.choice(places(document))
    put(document, place, copy.deepcopy(at(document, other)))


def graft(rng: Random, document: Any, place: tuple[Any, ...]) -> None:
    stranger = rng.choice([*written("m2.1").values()])
    put(document, place, copy.deepcopy(at(stranger, rng.choice(places(stranger)))))


def reclass(rng: Random, document: Any, place: tuple[Any, ...]) -> None:
    named = [found for found in places(document) if found[-1] in ("@class", "type")]
    if named:
        put(document, rng.choice(named), rng.choice((*_BY_JAVA_CLASS, "com.acme.Mine", "org.nd4j.Nothing")))


def nest(rng: Random, document: Any, place: tuple[Any, ...]) -> None:
    value = at(document, place)
    inside = next((key for key in ("underlying", "layer", "fwd") if isinstance(value, dict) and key in value), None)
    for _ in range(rng.choice((2, 30, 100, 250))):
        value = dict(at(document, place)) | {inside: value} if inside else [value]
    put(document, place, value)


def disorder(rng: Random, document: Any, place: tuple[Any, ...]) -> None:
    lists = [found for found in places(document) if isinstance(at(document, found), list) and at(document, found)]
    if lists:
        value = at(document, rng.choice(lists))
        rng.choice(
            (value.reverse, value.clear, value.pop, lambda: value.append(value[0]), lambda: rng.shuffle(value))
        )()


def reconnect(rng: Random, document: Any, place: tuple[Any, ...]) -> None:
    fed = document.get("vertexInputs") if isinstance(document, dict) else None
    if isinstance(fed, dict) and fed:
        names = [*fed, *(name for name in document.get("networkInputs") or () if isinstance(name, str)), "nobody"]
        fed[rng.choice([*fed, "nobody"])] = [rng.choice(names) for _ in range(rng.randrange(4))]


WITHIN: tuple[Callable[[Random, Any, tuple[Any, ...]], None], ...] = (
    *(drop, drop, rename, replace, replace, replace, shift, shift, enlarge),
    *(exchange, graft, reclass, reclass, nest, disorder, reconnect, reconnect),
)

# --- of the text -----------------------------------------------------------------------------------------------------


def truncated(rng: Random, text: str) -> str:
    return text[: rng.randrange(len(text))]


def misspelt(rng: Random, text: str) -> str:
    at_ = rng.randrange(len(text))
    return text[:at_] + rng.choice(("", "x", '"', "{", "}", ",", ":", "\\", "\u0000", "-", "9", " ")) + text[at_ + 1 :]


def doubled(rng: Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    at_ = rng.randrange(len(lines))
    return "".join([*lines[:at_], lines[at_].rstrip("\n").rstrip(",") + ",\n", *lines[at_:]])


def repeated(rng: Random, text: str) -> str:
    return text + text


def nested(rng: Random, text: str) -> str:
    depth = rng.choice((50, 5_000, 100_000))
    return "[" * depth + text + "]" * depth


# What one damage left may be no place for the next.
NO_PLACE = (TypeError, ValueError, OverflowError, LookupError, AttributeError, RecursionError)
OF_TEXT: tuple[Callable[[Random, str], str], ...] = (truncated, misspelt, misspelt, doubled, repeated, nested)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32-be", "latin-1", "cp037", "shift_jis")


def damaged(rng: Random) -> tuple[str, str | bytes]:
    """Take a configuration of DL4J's and damage it.

    Returns
    -------
    str, str or bytes
        What was done to what, and the text.
    """
    name, document = rng.choice([*written("m2.1").items()])
    done, text = damaged_json(rng, document)
    what = f"{name}: {done}"
    if rng.random() < 0.1:
        encoding = rng.choice(ENCODINGS)
        return f"{what}, {encoding}", text.encode(encoding, errors="replace")
    return what, text


def damaged_json(
    rng: Random, document: Any, where: Callable[[tuple[Any, ...]], bool] = lambda place: True
) -> tuple[str, str]:
    """Damage a copy of a document, at places of some kind; return what was done, and the text."""
    document = copy.deepcopy(document)
    done = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        inside = [place for place in places(document) if where(place)]
        if inside:
            damage = rng.choice(WITHIN)
            done.append(damage.__name__)
            with suppress(*NO_PLACE):
                damage(rng, document, rng.choice(inside))
    text = json.dumps(document, indent=rng.choice((None, 2)))
    if rng.random() < 0.15:
        of_text = rng.choice(OF_TEXT)
        done.append(of_text.__name__)
        text = of_text(rng, text)
    return ", ".join(done), text
