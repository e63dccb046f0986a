"""Measure everything side by side, and print it as ratios.

    python -m benchmarks                      everything; a run that was stopped goes on where it was
    python -m benchmarks --quick              a few minutes: does everything run?
    python -m benchmarks --only fit,mlp/ours  some groups, contenders or tasks
    python -m benchmarks --tables             no measuring: the tables of what is there

Runs are kept in benchmarks/results/<date>.json, the tables beside them as Markdown.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from benchmarks import jvm, machine, plan, tables
from benchmarks.launch import ROOT, Launcher
from benchmarks.plan import CONTENDERS, FULL, GROUPS, QUICK, Task
from benchmarks.problem import RowFiles, read_images
from benchmarks.results import Results


def main() -> None:
    """Run what is asked for, and print."""
    options = _options()
    scale = QUICK if options.quick else FULL
    chosen = [task for task in plan.tasks(scale) if _wanted(task, options.only)]
    if options.list:
        for task in chosen:
            print(f"{task.name:32} × {task.repeats}")
        return
    if not chosen:
        sys.exit(f"benchmarks: nothing is called {options.only}; --list gives the names")
    read_images(options.data)
    console = Console(stderr=True, highlight=False)
    build = ROOT / "build" / "benchmarks"
    launcher = Launcher(build, jvm.build(build), RowFiles(options.data, build / "data"), options.python)
    kept = Results(options.results, machine.describe(launcher.programs, options.python), asdict(scale))
    if not options.tables:
        _measure(chosen, launcher, kept, console)
    tables.draw(kept)
    options.results.with_suffix(".md").write_text(tables.markdown(kept), encoding="utf-8")
    console.print(f"\n{options.results} and {options.results.with_suffix('.md').name}")


def _measure(chosen: list[Task], launcher: Launcher, kept: Results, console: Console) -> None:
    """Run what is not there yet; what cannot run here is said once."""
    for task in list(chosen):
        if reason := launcher.missing(task):
            console.print(f"left out: {task.name} ({reason})", markup=False)
            chosen.remove(task)
    left = [(task, repeat) for task, repeat in plan.schedule(chosen) if not kept.has(task, repeat)]
    for place, (task, repeat) in enumerate(left, 1):
        console.print(f"{place}/{len(left)}  {task.name}, repeat {repeat} … ", end="", markup=False)
        run = launcher.run(task, repeat)
        kept.add(run)
        console.print(f"{run.seconds:.0f} s" + (f"; {run.error}" if run.error else ""), markup=False)


def _meant(part: str, asked: str) -> bool:
    """Tell whether a part of a task's name is asked for: by its whole name where that is one, else by how it begins."""
    return part == asked or (asked not in CONTENDERS and part.startswith(asked))


def _wanted(task: Task, only: list[str]) -> bool:
    """Tell whether a task's name, or the beginning of its parts, is asked for."""
    parts = task.name.split("/")
    return not only or any(
        all(_meant(part, asked) for part, asked in zip(parts, name.split("/"), strict=False))
        or (name == task.contender)
        for name in only
    )


def _options() -> argparse.Namespace:
    groups = "; ".join(f"{name}: {what}" for name, what in GROUPS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog=f"Groups: {groups}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", type=_names, default=[], metavar="NAME,…", help="groups, contenders, or group/contender"
    )
    parser.add_argument("--quick", action="store_true", help="few rows, one repeat: figures that mean nothing")
    parser.add_argument("--tables", action="store_true", help="measure nothing, print what is there")
    parser.add_argument("--list", action="store_true", help="list the tasks that would run")
    parser.add_argument(
        "--data", type=Path, default=ROOT.parent / "shared" / "data", metavar="FOLDER", help="where mnist10k.npz is"
    )
    parser.add_argument("--results", type=Path, metavar="FILE", help="default: benchmarks/results/<date>.json")
    parser.add_argument(
        "--python",
        type=Path,
        default=ROOT / ".venv-bench" / "bin" / "python",
        metavar="FILE",
        help="Python of the environment that has Elephas and Keras",
    )
    options = parser.parse_args()
    if options.results is None:
        name = time.strftime("%Y-%m-%d") + ("-quick" if options.quick else "")
        options.results = ROOT / "benchmarks" / "results" / f"{name}.json"
    # Absolute, but no symbolic link followed: an environment's python is one.
    options.data, options.python = options.data.absolute(), options.python.absolute()
    return options


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


if __name__ == "__main__":
    main()
