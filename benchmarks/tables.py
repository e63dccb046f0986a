"""The tables of a run, as data, as Markdown and on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from benchmarks import problem, results
from benchmarks.launch import Run
from benchmarks.plan import CONTENDERS, FORMS, MODES
from benchmarks.reach import reach
from benchmarks.results import Results, Spread

NONE = "–"
_PAPER = 160


@dataclass
class Table:
    """One table: a title, the columns, the rows in words, and what must be known to read them."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def tables(kept: Results) -> list[Table]:
    """Make all tables that there are figures for."""
    made = [_reach(kept)]
    made += [_network(kept, network) for network in problem.HIDDEN]
    made += [_whole_fits(kept), _growth(kept), _soak(kept), _serving(kept)]
    made += [_process(kept), _bridge(kept), _output(kept), _begin(kept), _calls(kept), _failures(kept)]
    return [table for table in made if table.rows]


def markdown(kept: Results) -> str:
    """Write the tables as Markdown."""
    parts = ["# pydl4j_spark, side by side", *header(kept)]
    for table in tables(kept):
        parts.append(f"## {table.title}")
        lines = [table.columns, ["---"] * len(table.columns), *table.rows]
        parts.append("\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines))
        if table.notes:
            parts.append("\n".join(f"- {note}" for note in table.notes))
    return "\n\n".join(parts) + "\n"


def draw(kept: Results) -> None:
    """Draw the tables on the terminal."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PAPER
    for line in header(kept):
        console.print(line, markup=False)
    for table in tables(kept):
        drawn = RichTable(title=table.title, title_justify="left", show_lines=False)
        for column in table.columns:
            drawn.add_column(column, overflow="fold")
        for row in table.rows:
            drawn.add_row(*row)
        console.print()
        console.print(drawn)
        for note in table.notes:
            console.print(f"  - {note}", markup=False)


def header(kept: Results) -> list[str]:
    """Say on what machine and with what the figures were measured."""
    machine = kept.machine
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']:.0f} GB; {machine['system']}; "
        f"{machine['java']}; measured {machine['date']}.",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in machine["versions"].items()) + ".",
        "OMP_NUM_THREADS and TensorFlow's intra-op threads are 1 for each worker (2 where a row says 2 threads), its "
        f"inter-op threads 1; every Spark driver and in-process JVM has {machine['jvm_memory']} of heap.",
    ]
    if kept.runs:
        loads = Spread.of(run.load for run in kept.runs)
        assert loads is not None
        lines.append(
            f"Load average before each of {len(kept.runs)} runs: median {loads.median:.1f}, highest {loads.highest:.1f}"
            " (the runs' own echo counts in). Figures are medians over processes, with (lowest–highest)."
        )
    if kept.scale["rows"] != problem.TRAIN_ROWS:
        lines.append(f"QUICK: {kept.scale}. These figures only show that everything runs.")
    return lines


def _reach(kept: Results) -> Table:
    table = Table("Reach", ("what", "reach", "measured", "met"))
    for row in reach(kept):
        verdict = NONE if row.met is None else "yes" if row.met else "no"
        table.rows.append((row.what, row.reach, row.measured or NONE, verdict))
    return table


def _network(kept: Results, network: str) -> Table:
    ours = kept.spread(f"{network}/ours-local", results.later_epoch)
    table = Table(
        problem.TITLES[network],
        ("contender", "first epoch, s", "later, s", "× ours", "to 95 %, s", "accuracy after 4", "peak memory, MB"),
    )
    for contender, title in CONTENDERS.items():
        task = f"{network}/{contender}"
        if network == "mlp" and contender.startswith("elephas"):
            task = f"fit/{contender}"  # the same fits serve both tables
        runs = kept.of(task)
        if not runs:
            continue
        later = kept.spread(task, results.later_epoch)
        if contender == "mlpc":
            table.notes.append(_perceptron_note(runs[0]))
            continue
        table.rows.append(
            (
                title,
                _text(kept.spread(task, results.first_epoch)),
                _text(later),
                f"{later.median / ours.median:.2f}" if later and ours else NONE,
                _reached(kept, task),
                _mean(kept, task, results.accuracy_after(4)),
                _text(kept.spread(task, results.peak_memory), digits=0, scale=1e-6),
            )
        )
    if table.rows:
        table.notes += [*_SAMENESS, *_rows_lost(kept, network)]
        if network != "mlp":
            table.notes.append("Stock DL4J and DL4J with its own native run two epochs here, for their time alone.")
    return table


_SAMENESS = [
    "All: the same 8,000 rows, batch 64, Adam 1e-3 (0.9, 0.999, 1e-8), normal xavier/glorot weights, the repeat's "
    "number as the seed; random streams differ between products. Scoring is never in the times.",
    "Averaging: ours and stock DL4J after every 5 minibatches of a worker; Elephas knows 'once per epoch' and 'after "
    "every minibatch', and runs with the first. Keras and DL4J in-process average nothing.",
    "Order of rows: ours, Keras and Elephas shuffle rows in every epoch (Elephas within a partition); DL4J in-process "
    "shuffles minibatches made once; stock DL4J splits its RDD at random.",
    "Stock DL4J throws Adam's moments away at every average, as its builder is set; ours averages them. All of DL4J "
    "runs on our native code, DL4J in one JVM with our layer helpers too, stock on Spark without; only 'its own "
    "native' is DL4J as Maven gives it.",
    "Elephas synchronous begins Adam anew in every epoch. Its epochs are differences between whole fits, its first "
    "epoch holds the start of its workers. 'To 95 %' holds every product's start at first use, its imports not.",
    "Memory is that of all processes of a contender together; pages that they share count for each.",
]


def _rows_lost(kept: Results, network: str) -> list[str]:
    """Say how many rows stock DL4J trained of those it was given, where it was not all."""
    notes = []
    for form in FORMS:
        for run in kept.of(f"{network}/stock-{form}")[:1]:
            trained = [epoch["rows"] for epoch in results.figures(run, "epoch")]
            if min(trained) < run.settings["rows"]:
                notes.append(
                    f"Stock DL4J, {form}, trained {min(trained):,} to {max(trained):,} of {run.settings['rows']:,} "
                    "rows in an epoch: its splits round down. All others train every row."
                )
    return notes


def _perceptron_note(run: Run) -> str:
    fits = ", ".join(
        f"{fit['epochs']} iterations: {fit['seconds']:.1f} s, accuracy {fit['accuracy']:.4f}"
        for fit in results.figures(run, "fit")
    )
    return (
        f"{CONTENDERS['mlpc']}, same layer sizes, has no epochs to compare: its layers are sigmoid, its solver L-BFGS, "
        f"an iteration sees all rows. {fits}."
    )


def _whole_fits(kept: Results) -> Table:
    table = Table(
        "MLP: four epochs from the call of fit to its return, averaging once per epoch, rows already in Spark",
        ("contender", "imports, s", "first fit, s", "imports + first, s", "× ours", "second fit, s", "accuracy"),
    )
    ours = kept.spread("fit/ours-local", results.as_a_user_sees)
    for contender in ("ours-local", "ours-cluster", *(f"elephas-{mode}" for mode in MODES)):
        task = f"fit/{contender}"
        seen = kept.spread(task, results.as_a_user_sees)
        if seen is None:
            continue
        table.rows.append(
            (
                CONTENDERS[contender],
                _text(kept.spread(task, results.imports)),
                _text(kept.spread(task, results.cold_fit)),
                _text(seen),
                f"{seen.median / ours.median:.2f}" if ours else NONE,
                _text(kept.spread(task, results.warm_fit)),
                _mean(kept, task, results.accuracy_after(kept.scale["epochs"])),
            )
        )
    table.notes = [
        "A process each time. 'Imports' is Python's import of the product (TensorFlow's, for Elephas). Starting the "
        "Spark session and bringing the rows into its memory come before, and count for nobody.",
        "The first fit starts what a product starts at first use: ND4J's native code in the JVM, or TensorFlow in "
        "Spark's Python workers; the second finds it running.",
    ]
    return table


def _growth(kept: Results) -> Table:
    table = Table("Growth of an epoch after the first", ("what", "×", "epoch, s", "× the one before", "× the first"))
    series = {
        "rows, ours": [(times, f"rows/ours-local/{times}") for times in (1, 2, 4, 8)],
        "rows, stock DL4J at its best": [(times, f"rows/stock-best/{times}") for times in (1, 2)],
        "parameters, ours": [(times, f"parameters/ours-local/{times}") for times in problem.WIDER],
        "workers, ours": [(workers, f"workers/ours-local/{workers}") for workers in (1, 2, 4)],
    }
    for what, members in series.items():
        measured = [(times, kept.spread(task, results.later_epoch)) for times, task in members]
        there = [(times, spread) for times, spread in measured if spread]
        for place, (times, spread) in enumerate(there):
            before = there[place - 1][1].median if place else spread.median
            ratios = (f"{spread.median / each:.2f}" for each in (before, there[0][1].median))
            table.rows.append((what, str(times), spread.text(), *ratios))
    table.notes = [
        "Rows beyond 8,000 are the same ones again. Stock DL4J stops at twice the rows: it reads all of them for every "
        "averaging split, so that an epoch costs their square.",
        "Each worker is a thread of local[workers] on the machine's cores: with more workers than cores they contend, "
        "and no gain is to be expected.",
    ]
    return table


def _soak(kept: Results) -> Table:
    table = Table("Many fits in one session", ("what", "per fit", "before the first", "at the end"))
    for run in kept.of("soak/ours-local"):
        looks = results.figures(run, "soak")
        if not looks:
            continue
        for what in ("resident", "heap", "off_heap", "python"):
            slope = results.growth_per_fit(what)(run)
            per_fit = NONE if slope is None else f"{slope / 1e6:+.3f} MB"
            table.rows.append((what, per_fit, *(f"{look[what] / 1e6:.0f} MB" for look in (looks[0], looks[-1]))))
        for what in ("broadcasts", "blocks", "files"):
            table.rows.append((what, NONE, *(str(look[what]) for look in (looks[0], looks[-1]))))
        table.notes = [
            f"{looks[-1]['fit']} fits of one network on {run.settings['rows']} rows, looked at every "
            f"{run.settings['look_every']} fits, after a collection. Growth is a straight line through all looks "
            "but the first quarter.",
            "'resident' is the JVM's; 'blocks' are Spark's other than broadcasts: the cached training rows of the "
            "benchmark itself count among them, at both looks.",
        ]
    return table


def _serving(kept: Results) -> Table:
    table = Table(
        "A DataFrame scored",
        ("network", "contender", "first time, s", "later, s", "rows per second", "× DL4J", "rows right", "memory, MB"),
    )
    for network in problem.HIDDEN:
        dl4j = kept.spread(f"serving/ours-local/{network}", results.scored)
        for contender in ("ours-local", "onnx-local"):
            task = f"serving/{contender}/{network}"
            later = kept.spread(task, results.scored)
            if later is None:
                continue
            runs = kept.of(task)
            table.rows.append(
                (
                    network,
                    CONTENDERS[contender],
                    _text(kept.spread(task, results.first_scored)),
                    _text(later),
                    f"{runs[0].settings['rows'] / later.median:,.0f}",
                    f"{later.median / dl4j.median:.2f}" if dl4j else NONE,
                    ", ".join(str(results.right(run)) for run in sorted(runs, key=lambda run: run.repeat)),
                    _text(kept.spread(task, results.peak_memory), digits=0, scale=1e-6),
                )
            )
    table.notes = [
        "All rows of a cached DataFrame of arrays of floats and a label, in two partitions, with all columns into "
        "Spark's sink that keeps nothing. One arithmetic thread in each task.",
        "The first time holds the start of Spark's Python workers and onnxruntime's sessions, or of DL4J on the "
        "executors; 'later' is the median of the rest. 'Rows right' by seed: both score the same networks, untrained.",
    ]
    return table


def _process(kept: Results) -> Table:
    table = Table(
        "MLP in one process, without Spark",
        (
            "contender",
            "workers",
            "first epoch, s",
            "settled, s",
            "× Java",
            "whole fit, s per epoch",
            "accuracy",
            "same bits again",
            "memory, MB",
        ),
    )
    java = kept.spread("process/dl4j", results.settled_epoch)
    for name in ("dl4j", "ours-process/1", "ours-process/2", "wrapper", "ours-local"):
        task = f"process/{name}"
        runs = kept.of(task)
        settled = kept.spread(task, results.settled_epoch)
        if settled is None:
            continue
        table.rows.append(
            (
                CONTENDERS[name.split("/")[0]],
                str(runs[0].settings["workers"]),
                _text(kept.spread(task, results.first_epoch)),
                _text(settled, digits=3),
                f"{settled.median / java.median:.3f}" if java else NONE,
                _text(kept.spread(task, results.whole_epoch)),
                _mean(kept, task, results.accuracy_after(kept.scale["settling"])),
                _again(runs),
                _text(kept.spread(task, results.peak_memory), digits=0, scale=1e-6),
            )
        )
    table.notes += [
        "'Settled' is the median of the second half of the epochs. Minibatches are made of shuffled rows in every "
        "epoch's time; ParallelWrapper takes minibatches that lie ready, in another order in every epoch.",
        "Several workers average every 5 minibatches of each, updater state too; each has one arithmetic thread.",
        "'Same bits again': two new networks of one seed, trained on the same rows in the same order for an epoch.",
    ]
    return table


def _again(runs: list[Run]) -> str:
    known = [same for same in map(results.repeats_itself, runs) if same is not None]
    return f"{sum(known)} of {len(known)} runs" if known else NONE


def _bridge(kept: Results) -> Table:
    table = Table("numpy in this process's JVM and out", ("way", "MB/s", "the first time", "× memcpy"))
    for run in kept.of("bridge/ours-process"):
        ways = results.figures(run, "rate")
        for each in ways:
            share = f"{each['rate'] / ways[0]['rate']:.2f}"
            table.rows.append((each["way"], f"{each['rate']:,.0f}", f"{each['first']:,.0f}", share))
        table.notes = [
            f"{run.settings['megabytes']} MB as float32 each time, medians of 7; pixels, which are bytes, count as the "
            "float32 that they become. 'params' is one array and computes nothing; rows are scored by a layer of 2 "
            "units, and trained by one in minibatches of 512: what that takes counts in."
        ]
    return table


def _output(kept: Results) -> Table:
    table = Table("Output of one row, MLP", ("call", "median, µs", "99 of 100 within, µs", "× Java's array"))
    java = kept.spread("output/dl4j", results.call("array"))
    calls = {
        "Java, INDArray → INDArray": ("dl4j", "array"),
        "Java, float[] → float[]": ("dl4j", "floats"),
        "Python, numpy → numpy": ("ours-process", "numpy"),
    }
    for title, (contender, what) in calls.items():
        median, most = (kept.spread(f"output/{contender}", results.call(what, figure)) for figure in ("median", "p99"))
        if median:
            ratio = f"{median.median / java.median:.2f}" if java else NONE
            table.rows.append((title, _text(median, digits=0), _text(most, digits=0), ratio))
    table.notes = [f"{kept.scale.get('calls', 0):,} calls, timed one by one, after as many that warm up."]
    return table


def _begin(kept: Results) -> Table:
    table = Table(
        "From import to the first output, s", ("program", "imports", "JVM and network", "output", "all", "process")
    )
    for contender in ("ours-process", "dl4j"):
        task = f"begin/{contender}"
        if kept.of(task):
            parts = ("imports", "placing", "output", "seconds", "process")
            table.rows.append(
                (CONTENDERS[contender], *(_text(kept.spread(task, results.begin(part))) for part in parts))
            )
    table.notes = [
        "'Process' begins when the operating system starts the program: Python's own start, or Java's, is in it."
    ]
    return table


def _calls(kept: Results) -> Table:
    table = Table("Many calls in one process", ("what", "per 10,000 calls", "after warming up", "at the end"))
    for run in kept.of("calls/ours-process"):
        looks = results.figures(run, "leak")
        for what in ("heap", "off_heap", "resident"):
            if looks[0][what] is None:
                continue
            slope = results.growth_per_call(what)(run)
            grown = NONE if slope is None else f"{slope * 10_000 / 1e6:+.2f} MB"
            table.rows.append((what, grown, *(f"{look[what] / 1e6:.1f} MB" for look in (looks[0], looks[-1]))))
        table.rows.append(("threads", NONE, *(str(look["threads"]) for look in (looks[0], looks[-1]))))
        table.notes = [
            f"{run.settings['calls']:,} calls after a tenth as many: output of 1, 7, 64 and 300 rows and of pixels, "
            f"feed_forward, score, params, set_params; {looks[-1]['refused']:,} are refused, in Python or in the JVM; "
            "and every 100th time a network that is let go again.",
            f"Looked at every {run.settings['look_every']:,} calls, after collections in Python and the JVM; growth is "
            "a straight line through all looks but the first quarter.",
        ]
    return table


def _failures(kept: Results) -> Table:
    table = Table("Runs that came to nothing", ("task", "repeat", "why"))
    table.rows = [(run.task, str(run.repeat), run.error or "") for run in kept.failures()]
    return table


def _text(spread: Spread | None, **form: Any) -> str:
    return NONE if spread is None else spread.text(**form)


def _mean(kept: Results, task: str, measure: Any) -> str:
    values = [value for value in map(measure, kept.of(task)) if value is not None]
    return f"{sum(values) / len(values):.4f} (of {len(values)})" if values else NONE


def _reached(kept: Results, task: str) -> str:
    runs = kept.of(task)
    spread = kept.spread(task, results.to_target)
    if spread is None:
        most = max(max((e.get("epochs", e.get("epoch", 0)) for e in run.figures), default=0) for run in runs)
        return f"not in {most} epochs"
    return spread.text() + ("" if spread.count == len(runs) else f"; {spread.count} of {len(runs)} runs")
