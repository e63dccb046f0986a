"""Damaged model files, damaged JSON and drawn networks, and what becomes of them in Python and DL4J."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

from tests.fuzz.damage import damaged
from tests.fuzz.file_verdicts import case as file_case
from tests.fuzz.file_verdicts import size_case
from tests.fuzz.generate import graph, network
from tests.fuzz.verdicts import Verdict, judge_drawn, judge_text

# Beyond what Python and the JVM have after the first cases.
MEGABYTES = 1500


Case = Callable[[str], tuple[str, Verdict]]


def _damaged(name: str) -> tuple[str, Verdict]:
    what, text = damaged(Random(name))
    return what, judge_text(text, _engine())


def _drawn(name: str) -> tuple[str, Verdict]:
    rng = Random(name)
    return "", judge_drawn(lambda: rng.choice((network, network, graph))(rng.choice), _engine())


@cache
def _engine() -> Any:
    from pydl4j_spark.engine.local import local_engine

    return local_engine()


# By the option that says how many: what it is, how many there are by default, and one of them. Files come first, for
# they need no JVM, whose memory would stand beside theirs.
KINDS: dict[str, tuple[str, int, Case]] = {
    "files": ("damaged model files", 10_000, file_case),
    "sizes": ("enormous numbers in model files", 2_000, size_case),
    "cases": ("damaged configurations", 10_000, _damaged),
    "networks": ("drawn networks", 2_000, _drawn),
}


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _run(kind: str, cases: int, seed: int, case: Case) -> list[str]:
    """Run cases of one kind; give what must not happen."""
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    begun, with_megabytes, most = time.monotonic(), None, 0.0
    for number in range(cases):
        what, verdict = case(f"{seed}/{number}")
        outcomes[verdict.outcome] += 1
        most = max(most, verdict.megabytes)
        if verdict.wrong:
            wrong.append(f"{seed}/{number} {what}: {verdict.wrong[:300]}")
            print(f"\r{kind} {wrong[-1]}", flush=True)
        if number % 100 == 99:
            rate = (number + 1) / (time.monotonic() - begun)
            print(
                f"\r{kind}: {number + 1:,} of {cases:,}, {rate:.0f} a second, {len(wrong)} wrong ", end="", flush=True
            )
        if number == 200:
            with_megabytes = _memory()
    grown = 0 if with_megabytes is None else _memory() - with_megabytes
    if grown > MEGABYTES:
        wrong.append(f"{grown:.0f} MB more than after the first cases")
    memory = f"{grown:.0f} MB more than after the first" + (f", {most:.0f} MB for one of them at most" if most else "")
    print(f"\r{cases:,} {kind} in {time.monotonic() - begun:.0f} s, {memory}:")
    for outcome, count in outcomes.most_common():
        print(f"  {count:7,} {outcome}")
    print(f"  {len(wrong):7,} that must not happen", flush=True)
    return wrong


def main() -> int:
    """Run all kinds, show progress, and fail if there was anything that must not happen."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    for option, (kind, cases, _) in KINDS.items():
        parser.add_argument(f"--{option}", type=int, default=cases, help=f"how many {kind} ({cases})")
    parser.add_argument("--seed", type=int, default=1, help="what all is drawn from (1)")
    parser.add_argument("--only", type=int, help="the number of one damaged configuration to print and run")
    parser.add_argument("--only-file", type=int, help="the number of one damaged model file to run")
    given = parser.parse_args()
    if given.only_file is not None:
        what, verdict = file_case(f"{given.seed}/{given.only_file}")
        print(what, verdict, sep="\n")
        return 1 if verdict.wrong else 0
    if given.only is not None:
        what, text = damaged(Random(f"{given.seed}/{given.only}"))
        verdict = judge_text(text, _engine())
        print(text, what, verdict, sep="\n")
        return 1 if verdict.wrong else 0
    wrong = []
    for option, (kind, _, case) in KINDS.items():
        if cases := getattr(given, option):
            wrong += _run(kind, cases, given.seed, case)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
