"""Ctrl-C while Java is at work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C into a flag that is looked at between two polls; a second Ctrl-C interrupts at once.

    One that comes when the work has just ended interrupts after it: the next piece of work may follow in a loop.

    pyspark's own handler calls into the JVM from wherever the main thread happens to be, even from the middle of
    another call on the same connection.
    """
    hits = 0

    def handler(signum: int, frame: Any) -> None:
        nonlocal hits
        hits += 1
        if hits > 1:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    previous = signal.signal(signal.SIGINT, handler)
    try:
        yield lambda: hits > 0
    finally:
        signal.signal(signal.SIGINT, previous)
    if hits:
        raise KeyboardInterrupt
