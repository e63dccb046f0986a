"""Resident memory of processes and their children, from Linux' /proc."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

_PAGE = os.sysconf("SC_PAGE_SIZE")
_EVERY = 0.2


def resident(processes: Iterable[int]) -> int:
    """Give the bytes that processes have in memory; pages that they share count for each."""
    total = 0
    for process in processes:
        try:
            total += int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
        except OSError:  # it has ended
            continue
    return total


def family(root: int) -> list[int]:
    """Give a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            # The name, in parentheses, may hold anything; state and parent follow its end.
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return found


class Peak(threading.Thread):
    """Watches a process and its children; `bytes` is the most they held together when it looked."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._root = root
        self._ended = threading.Event()

    def run(self) -> None:
        """Look, five times a second."""
        while not self._ended.wait(_EVERY):
            self.bytes = max(self.bytes, resident(family(self._root)))

    def __enter__(self) -> Peak:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self.join()
