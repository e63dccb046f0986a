"""What was measured: kept as JSON, read back as medians."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.launch import Run
from benchmarks.plan import Task


@dataclass(frozen=True)
class Spread:
    """The median of some runs, the lowest and the highest of them, and how many they are."""

    median: float
    lowest: float
    highest: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Spread | None:
        """Give the spread of what there is; None of nothing."""
        there = [value for value in values if value is not None]
        if not there:
            return None
        return cls(statistics.median(there), min(there), max(there), len(there))

    def text(self, digits: int = 2, scale: float = 1) -> str:
        """Write median (lowest–highest)."""
        if self.count == 1:
            return f"{self.median * scale:.{digits}f} (1 run)"
        return f"{self.median * scale:.{digits}f} ({self.lowest * scale:.{digits}f}–{self.highest * scale:.{digits}f})"


class Results:
    """All runs of one results file; a run that is there is not made again."""

    def __init__(self, path: Path, machine: dict[str, Any], scale: dict[str, Any]) -> None:
        self.path = path
        self.machine = machine
        self.scale = scale
        self.runs: list[Run] = []
        if path.is_file():
            kept = json.loads(path.read_text(encoding="utf-8"))
            # What a file says nothing of was not measured when it was begun: that may be added.
            if scale | kept["scale"] != scale:
                raise SystemExit(
                    f"benchmarks: {path} was measured with {kept['scale']}, this run would with {scale}; "
                    "name another file with --results"
                )
            self.machine = kept["machine"]
            self.runs = [Run(**run) for run in kept["runs"]]

    def has(self, task: Task, repeat: int) -> bool:
        """Tell whether a run is there, and was not in vain."""
        return any(run.task == task.name and run.repeat == repeat and run.error is None for run in self.runs)

    def add(self, run: Run) -> None:
        """Keep a run, in place of one that failed; written aside and renamed, so that a stop loses nothing."""
        self.runs = [kept for kept in self.runs if (kept.task, kept.repeat) != (run.task, run.repeat)]
        self.runs.append(run)
        content = {"machine": self.machine, "scale": self.scale, "runs": [asdict(run) for run in self.runs]}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        aside = self.path.with_suffix(".part")
        aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(aside, self.path)

    def of(self, task: str) -> list[Run]:
        """Give a task's runs that succeeded."""
        return [run for run in self.runs if run.task == task and run.error is None]

    def spread(self, task: str, measure: Callable[[Run], float | None]) -> Spread | None:
        """Give the spread of one measure over a task's runs."""
        return Spread.of(measure(run) for run in self.of(task))

    def failures(self) -> list[Run]:
        """Give the runs that came to nothing."""
        return [run for run in self.runs if run.error is not None]


# --- measures of one run -----------------------------------------------------------------------------------------


def figures(run: Run, figure: str, **where: Any) -> list[dict[str, Any]]:
    """Give a run's measurements of one kind."""
    return [
        each
        for each in run.figures
        if each["figure"] == figure and all(each.get(name) == value for name, value in where.items())
    ]


def _fits(run: Run, epochs: int) -> list[float]:
    return [fit["seconds"] for fit in figures(run, "fit", epochs=epochs)]


def first_epoch(run: Run) -> float | None:
    """Seconds of the first epoch; of whole fits what the first one took beyond the later epochs of a warm one."""
    if epochs := figures(run, "epoch"):
        return float(epochs[0]["seconds"])
    later, cold = later_epoch(run), cold_fit(run)
    return None if later is None or cold is None else cold - (run.settings["fits"][0] - 1) * later


def later_epoch(run: Run) -> float | None:
    """Median seconds of the epochs after the first; of whole fits the difference between long and short, per epoch."""
    if epochs := figures(run, "epoch"):
        return statistics.median(epoch["seconds"] for epoch in epochs[1:]) if len(epochs) > 1 else None
    long, short = warm_fit(run), _fits(run, 1)
    if long is None or not short:
        return None
    more: int = run.settings["fits"][0] - 1
    return (long - short[0]) / more


def cold_fit(run: Run) -> float | None:
    """Seconds of the process's first whole fit, call to return."""
    fits = figures(run, "fit")
    return float(fits[0]["seconds"]) if fits else None


def warm_fit(run: Run) -> float | None:
    """Seconds of the second fit of the same length, call to return."""
    fits = figures(run, "fit")
    return float(fits[1]["seconds"]) if len(fits) > 1 and fits[0]["epochs"] == fits[1]["epochs"] else None


def imports(run: Run) -> float | None:
    """Seconds that the imports took; TensorFlow's are most of them."""
    return next((float(start["imports"]) for start in figures(run, "start")), None)


def as_a_user_sees(run: Run) -> float | None:
    """Seconds of imports and first fit."""
    cold, before = cold_fit(run), imports(run)
    return None if cold is None or before is None else cold + before


def to_target(run: Run) -> float | None:
    """Seconds of training until the target accuracy, in whole epochs, in a process that has just started.

    None where it was not reached. Contenders that only fit as a whole tell the shortest fit that gets there, when
    they are warm already: what a cold fit takes beyond a warm one is added.
    """
    reached = figures(run, "reached")
    if reached and "outside" not in reached[0]:
        cold, warm = cold_fit(run), warm_fit(run)
        return None if cold is None or warm is None else float(reached[0]["seconds"]) + cold - warm
    # Ours is called once for all epochs: what that call takes besides them is part of it.
    spent = float(reached[0]["outside"]) if reached else 0.0
    for epoch in figures(run, "epoch"):
        spent += float(epoch["seconds"])
        if epoch.get("accuracy", 0.0) >= run.settings["target"]:
            return spent
    return None


def accuracy_after(epochs: int) -> Callable[[Run], float | None]:
    """Give the measure of the accuracy after some epochs."""

    def measure(run: Run) -> float | None:
        known = [*figures(run, "epoch", epoch=epochs), *figures(run, "fit", epochs=epochs)]
        return next((float(each["accuracy"]) for each in known if "accuracy" in each), None)

    return measure


def python_share(run: Run) -> float | None:
    """Python's CPU time in the thread that called fit, of the fit's seconds; the median of the run's fits."""
    shares = [fit["thread"] / fit["seconds"] for fit in figures(run, "python")]
    return statistics.median(shares) if shares else None


def peak_memory(run: Run) -> float | None:
    """Bytes resident in all of the contender's processes together, at most."""
    return float(run.peak_memory)


def round_cost(run: Run) -> float | None:
    """Seconds that an averaging round adds: epochs with many rounds less epochs with one, per round.

    The first turn and the first epoch of each fit warm up, and do not count.
    """
    from benchmarks.problem import Rounds, once_per_epoch

    rows, workers, frequent = run.settings["rows"], run.settings["workers"], run.settings["frequency"]
    rare = once_per_epoch(rows, workers)
    medians: dict[int, float] = {}
    rounds: dict[int, int] = {}
    for frequency in (frequent, rare):
        counted = [
            epoch["seconds"]
            for epoch in figures(run, "epoch", frequency=frequency)
            if epoch["turn"] > 0 and epoch["epoch"] > 1
        ]
        if not counted:
            return None
        medians[frequency] = statistics.median(counted)
        rounds[frequency] = Rounds(rows, workers, frequency).count
    return (medians[frequent] - medians[rare]) / (rounds[frequent] - rounds[rare])


def growth_per_fit(what: str) -> Callable[[Run], float | None]:
    """Give the measure of bytes that each fit adds."""
    return lambda run: _slope(figures(run, "soak"), "fit", what)


def growth_per_call(what: str) -> Callable[[Run], float | None]:
    """Give the measure of bytes that each call adds."""
    return lambda run: _slope(figures(run, "leak"), "call", what)


def _slope(looks: list[dict[str, Any]], step: str, what: str) -> float | None:
    """Lay a straight line through all looks but the first quarter."""
    looks = looks[len(looks) // 4 :]
    if len(looks) < 3 or looks[0].get(what) is None:
        return None
    return statistics.linear_regression([look[step] for look in looks], [look[what] for look in looks]).slope


def settled_epoch(run: Run) -> float | None:
    """Median seconds of the second half of the epochs, when the JVM's compiler is done."""
    epochs = figures(run, "epoch")
    return statistics.median(epoch["seconds"] for epoch in epochs[len(epochs) // 2 :]) if epochs else None


def whole_epoch(run: Run) -> float | None:
    """Seconds of a whole fit, from call to return, for each of its epochs."""
    fits = figures(run, "fit")
    return fits[0]["seconds"] / fits[0]["epochs"] if fits else None


def digest(run: Run) -> int | None:
    """Give the number that tells parameters' bits."""
    return next((int(each["params"]) for each in figures(run, "digest")), None)


def repeats_itself(run: Run) -> bool | None:
    """Tell whether the same seed gave the same parameters again, to the bit."""
    told = figures(run, "digest")
    return len({each["params"] for each in told}) == 1 if len(told) > 1 else None


def call(what: str, figure: str = "median") -> Callable[[Run], float | None]:
    """Give the measure of one call's microseconds."""
    return lambda run: next((float(each[figure]) for each in figures(run, "calls", what=what)), None)


def rate(way: str, figure: str = "rate") -> Callable[[Run], float | None]:
    """Give the measure of one way's megabytes per second."""
    return lambda run: next((float(each[figure]) for each in figures(run, "rate", way=way)), None)


def begin(part: str) -> Callable[[Run], float | None]:
    """Give the measure of the seconds of one part of the start; see contenders/begin.py."""
    return lambda run: next((float(each[part]) for each in figures(run, "begin") if part in each), None)


def first_scored(run: Run) -> float | None:
    """Seconds of the first time that the rows are scored."""
    return next((float(each["seconds"]) for each in figures(run, "scored")), None)


def scored(run: Run) -> float | None:
    """Median seconds of the later times."""
    later = [each["seconds"] for each in figures(run, "scored")[1:]]
    return statistics.median(later) if later else None


def right(run: Run) -> int | None:
    """Give how many rows were told right."""
    return next((int(each["rows"]) for each in figures(run, "right")), None)


def exported(batch: int, who: str) -> Callable[[Run], float | None]:
    """Give the measure of seconds of one output of a batch; see contenders/exported.py."""
    return lambda run: next((float(each[who]) for each in figures(run, "output", batch=batch)), None)


def export(what: str) -> Callable[[Run], float | None]:
    """Give the measure of the export of a large network: the worst of its process."""
    return lambda run: max((float(each[what]) for each in figures(run, "export")), default=None)


def described(kind: str, what: str) -> Callable[[Run], float | None]:
    """Give the measure of describing a hundred layers; see contenders/describe.py."""
    return lambda run: next((float(each[what]) for each in figures(run, "describe", kind=kind)), None)
