"""Data as users have it, brought to one network without Spark: numpy arrays, or minibatches as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pydl4j_spark.engine.protocol import Arrays
from pydl4j_spark.errors import DataError

Check = Callable[[Any, Any, str], Arrays]
"""Checks features and labels, which it is also told what to call."""

_MINIBATCHES = "an iterable of (x, y) minibatches or a function that returns one"
_EVERY_EPOCH = "give a list, an object that can be iterated again, or a function that makes a new iterator"


def is_pair(data: Any) -> bool:
    """Tell ``(X, y)`` from minibatches: two of anything, unless both are pairs themselves."""
    return isinstance(data, (tuple, list)) and len(data) == 2 and not all(map(_is_minibatch, data))


def _is_minibatch(item: Any) -> bool:
    # A list of two may also be two rows, written as lists.
    return isinstance(item, (tuple, list)) and len(item) == 2 and (isinstance(item, tuple) or _is_array(item[0]))


def _is_array(data: Any) -> bool:
    return hasattr(data, "__array__")


def is_pair_of_lists(data: Any) -> bool:
    """Tell ``(X, y)``, where both may be lists or dicts of arrays: a tuple, whose items are not tuples themselves."""
    if isinstance(data, tuple):
        return len(data) == 2 and not all(isinstance(item, tuple) for item in data)
    return isinstance(data, list) and len(data) == 2 and all(map(_is_array, data))


def pair(data: Any, check: Check, name: str, is_whole: Callable[[Any], bool] = is_pair) -> Arrays:
    """Check ``(X, y)``.

    Parameters
    ----------
    data : tuple of arrays
        Features and labels.
    check : callable
        Checks features and labels against the network.
    name : str
        What to call the data in a message.
    is_whole : callable
        Tells such a pair from other data.

    Raises
    ------
    DataError
        For anything else, and for arrays that do not fit the network.
    """
    refuse_spark(data, name)
    if not is_whole(data):
        raise DataError(f"{name}: expected (X, y) arrays, got {_kind(data)}")
    return check(data[0], data[1], name)


def refuse_spark(data: Any, name: str) -> None:
    """Refuse what only Spark can read.

    Raises
    ------
    DataError
        For DataFrames, RDDs and paths.
    """
    if isinstance(data, (str, Path)):
        kind = "a path"
    elif type(data).__module__.partition(".")[0] == "pyspark":
        kind = f"Spark's {type(data).__name__}"
    else:
        return
    raise DataError(f"{name}: {kind} is read by Spark; give it to SparkDl4jMultiLayer(spark, network)")


class Batches:
    """Minibatches that a user's iterable gives, checked as they come; called once per epoch.

    Parameters
    ----------
    source : iterable or callable
        Gives ``(x, y)`` pairs of arrays, or returns what gives them.
    check : callable
        Checks features and labels against the network.
    epochs : int
        How often they will be asked for.
    name : str
        What to call the data in a message.

    Raises
    ------
    DataError
        When it gives no minibatches, or gives them once only and more epochs are wanted.
    """

    def __init__(self, source: Any, check: Check, epochs: int, name: str) -> None:
        refuse_spark(source, name)
        iterable = isinstance(source, Iterable)
        if _is_array(source) or isinstance(source, (dict, bytes)) or not (iterable or callable(source)):
            raise DataError(f"{name}: expected (X, y) arrays, {_MINIBATCHES}, got {_kind(source)}")
        if epochs > 1 and isinstance(source, Iterator):
            raise DataError(
                f"{name}: a {type(source).__name__} gives its minibatches once, and epochs={epochs} are wanted: "
                f"{_EVERY_EPOCH}, or train with epochs=1"
            )
        self._make: Callable[[], Any] = source.__iter__ if iterable else source
        self._check = check
        self._name = name
        self._epoch = 0

    def __call__(self) -> Iterator[Arrays]:
        """Begin an epoch.

        Raises
        ------
        DataError
            From the iterator: for a minibatch that does not fit the network, and where there is none at all.
        """
        made = self._make()
        if not isinstance(made, Iterable) or _is_array(made):
            raise DataError(f"{self._name}: the function must return {_MINIBATCHES}, it gave {_kind(made)}")
        self._epoch += 1
        return self._checked(made, self._epoch)

    def _checked(self, made: Iterable[Any], epoch: int) -> Iterator[Arrays]:
        number = 0
        for number, item in enumerate(made, 1):
            name = f"{self._name}, minibatch {number}"
            if not (isinstance(item, (tuple, list)) and len(item) == 2):
                raise DataError(f"{name}: expected a pair (x, y) of arrays, got {_kind(item)}")
            yield self._check(item[0], item[1], name)
        if number == 0:
            again = "" if epoch == 1 else f" in epoch {epoch}; {_EVERY_EPOCH}"
            raise DataError(f"{self._name}: there are no minibatches{again}")


def _kind(data: Any) -> str:
    if _is_array(data):
        return f"one array of shape {getattr(data, 'shape', '?')}; labels are missing"
    if isinstance(data, (tuple, list)):
        return f"a {type(data).__name__} of {len(data)}"
    return type(data).__name__
