"""Data as users have it, brought to one network without Spark: numpy arrays, or minibatches as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydl4j_spark.engine.protocol import Arrays
from pydl4j_spark.errors import DataError

Check = Callable[[Sequence[Any], str], Arrays]
"""Checks features, labels and masks, which it is also told what to call."""

_WHOLE = "(X, y) arrays, which masks may follow, (X, y, features_mask, labels_mask)"
_MINIBATCHES = "an iterable of (x, y) minibatches or a function that returns one"
_EVERY_EPOCH = "give a list, an object that can be iterated again, or a function that makes a new iterator"


def is_whole(data: Any) -> bool:
    """Tell ``(X, y)``, with masks or without, from minibatches.

    Each may be a list or a dict of arrays. So a tuple of tuples is minibatches, and a list that begins with a tuple, or
    with a list that begins with an array.
    """
    if not _is_some(data):
        return False
    if isinstance(data, tuple):
        return not all(isinstance(item, tuple) for item in data)
    # A list of two may also be two rows, written as lists.
    return not (_is_some(data[0]) and (isinstance(data[0], tuple) or _is_array(data[0][0])))


def _is_some(data: Any) -> bool:
    return isinstance(data, (tuple, list)) and 2 <= len(data) <= 4


def _is_array(data: Any) -> bool:
    return hasattr(data, "__array__")


def whole(data: Any, check: Check, name: str) -> Arrays:
    """Check ``(X, y)``, with masks or without.

    Parameters
    ----------
    data : tuple of two to four
        Features, labels, and their masks.
    check : callable
        Checks them against the network.
    name : str
        What to call the data in a message.

    Raises
    ------
    DataError
        For anything else, and for arrays that do not fit the network.
    """
    refuse_spark(data, name)
    if not is_whole(data):
        raise DataError(f"{name}: expected {_WHOLE}, got {kind_of(data)}")
    return check(data, name)


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
    raise DataError(f"{name}: {kind} is read by Spark; give it to SparkDl4jMultiLayer or SparkComputationGraph")


class Batches:
    """Minibatches that a user's iterable gives, checked as they come; called once per epoch.

    Parameters
    ----------
    source : iterable or callable
        Gives ``(x, y)`` arrays, which masks may follow, or returns what gives them.
    check : callable
        Checks them against the network.
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
            raise DataError(f"{name}: expected {_WHOLE}, {_MINIBATCHES}, got {kind_of(source)}")
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
            raise DataError(f"{self._name}: the function must return {_MINIBATCHES}, it gave {kind_of(made)}")
        self._epoch += 1
        return self._checked(made, self._epoch)

    def _checked(self, made: Iterable[Any], epoch: int) -> Iterator[Arrays]:
        number = 0
        for number, item in enumerate(made, 1):
            name = f"{self._name}, minibatch {number}"
            if not _is_some(item):
                raise DataError(f"{name}: expected {_WHOLE}, got {kind_of(item)}")
            yield self._check(item, name)
        if number == 0:
            again = "" if epoch == 1 else f" in epoch {epoch}; {_EVERY_EPOCH}"
            raise DataError(f"{self._name}: there are no minibatches{again}")


def kind_of(data: Any) -> str:
    """Say in a message what a user gave."""
    if _is_array(data):
        return f"one array of shape {getattr(data, 'shape', '?')}; labels are missing"
    if isinstance(data, (tuple, list)):
        return f"a {type(data).__name__} of {len(data)}"
    return type(data).__name__
