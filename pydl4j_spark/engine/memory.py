"""How much memory the JVM in this process may take: one setting, divided into heap and ND4J's arrays."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from pydl4j_spark.errors import EngineError

ENVIRONMENT = "PYDL4J_SPARK_MEMORY"

_AMOUNT = re.compile(r"(\d+)([kmgt])b?", re.IGNORECASE)
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_LEAST = 512 << 20
_LEAST_HEAP = 256 << 20
_OTHERWISE = 4 << 30
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class Memory(NamedTuple):
    """The two limits of a JVM, in bytes."""

    heap: int
    """Java objects: configurations, bookkeeping, a model file while it is read or written."""
    off_heap: int
    """ND4J's arrays: parameters, updater state, minibatches, activations."""

    @property
    def total(self) -> int:
        """What the setting says."""
        return self.heap + self.off_heap


def memory_of(setting: str | None) -> Memory:
    """Divide a setting; None takes half of what the machine (or this container) has.

    A quarter is heap, at least 256 MB, and the rest is for arrays. The rows that a network is trained on stay in
    numpy's own memory and do not count.

    Raises
    ------
    EngineError
        When the setting is no amount of memory, too little to start with, or more than there is.
    """
    machine = machine_memory()
    total = (machine // 2 if machine else _OTHERWISE) if setting is None else _bytes(setting)
    if total < _LEAST and setting is not None:
        raise EngineError(
            f"memory {setting!r} is too little for the JVM in this process: give at least {_text(_LEAST)!r}"
        )
    if machine is not None and setting is not None and total > machine:
        raise EngineError(f"memory {setting!r} is more than the {_text(machine)} that this machine has")
    total = max(total, _LEAST)
    heap = max(total // 4, _LEAST_HEAP)
    return Memory(heap, total - heap)


def machine_memory() -> int | None:
    """Give the bytes that this process can have at most: the machine's, or its container's; None if nobody tells."""
    try:
        limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (AttributeError, ValueError, OSError):
        return None
    for limit in _CGROUP_LIMITS:
        try:
            limits.append(int(Path(limit).read_text(encoding="ascii")))
        except (OSError, ValueError):  # no such file, or it says "max"
            continue
    return min(limits)


def _bytes(setting: str) -> int:
    amount = _AMOUNT.fullmatch(setting.strip()) if isinstance(setting, str) else None
    if amount is None:
        raise EngineError(
            f"memory {setting!r} is not an amount of memory: write a whole number and k, m, g or t, as '4g'"
        )
    return int(amount[1]) * _UNITS[amount[2].lower()]


def _text(count: int) -> str:
    return f"{count >> 20}m"
