"""``python -m tests.fuzz --cases 10000 --seed 1``: damaged JSON and generated configurations, and what became of them."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from random import Random

from pydl4j_spark.engine.local import local_engine
from tests.fuzz.damage import damaged
from tests.fuzz.verdicts import judge_text

# Beyond what Python and the JVM have after the first cases.
MEGABYTES = 1500


def main() -> int:
    """Run the cases, show progress, and fail if there was anything that must not happen."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="how many damaged configurations (10,000)")
    parser.add_argument("--seed", type=int, default=1, help="what they are drawn from; each case is SEED/NUMBER")
    parser.add_argument("--only", type=int, help="the number of one case to run and print")
    given = parser.parse_args()
    engine = local_engine()
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    begun, begun_with = time.monotonic(), None
    for number in range(given.cases) if given.only is None else [given.only]:
        what, text = damaged(Random(f"{given.seed}/{number}"))
        if given.only is not None:
            print(what, text, sep="\n")
        verdict = judge_text(text, engine)
        counts["runs in DL4J" if verdict.runs else "kept, DL4J refuses" if verdict.kept else "refused"] += 1
        if verdict.wrong:
            wrong.append(f"{given.seed}/{number} ({what}): {verdict.wrong[:300]}")
            print(f"\r{wrong[-1]}", flush=True)
        if number % 100 == 99:
            rate = (number + 1) / (time.monotonic() - begun)
            print(f"\r{number + 1:,} of {given.cases:,}, {rate:.0f} a second, {len(wrong)} wrong ", end="", flush=True)
        begun_with = begun_with or (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if number >= 200 else None)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - (begun_with or 0)) / 1024 if begun_with else 0
    print(f"\n{sum(counts.values()):,} damaged configurations in {time.monotonic() - begun:.0f} s, {grown:.0f} MB more:")
    for outcome, count in counts.most_common():
        print(f"  {count:7,} {outcome}")
    if grown > MEGABYTES:
        wrong.append(f"{grown:.0f} MB more than at the beginning")
    print(f"  {len(wrong):7,} that must not happen")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
