"""The figures that distributed training is to reach, and what was measured of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from benchmarks import results
from benchmarks.plan import BATCHES, CONTENDERS, MODES
from benchmarks.problem import HIDDEN
from benchmarks.results import Results, Spread


@dataclass(frozen=True)
class Row:
    """One figure to reach; `met` is None where something was not measured."""

    what: str
    reach: str
    measured: str = ""
    met: bool | None = None


def reach(kept: Results) -> Iterator[Row]:
    """Give every row of the reach table."""
    yield _epoch(kept)
    yield _against_elephas(kept)
    yield _rounds(kept)
    yield _lenet(kept)
    yield _rows(kept)
    yield _python(kept)
    yield _routes(kept)
    yield _soak(kept)
    yield _bridge(kept)
    yield _one_row(kept)
    yield _process(kept)
    yield _begin(kept)
    yield _calls(kept)
    yield _describe(kept)
    yield _export(kept)
    yield from _exported(kept)


def _epoch(kept: Results) -> Row:
    what, aim = (
        "MLP, averaging every 5 batches, local[2], per epoch after the first",
        ("≤ 0.8 × in-process DL4J on one thread; ≥ 5 × faster than stock at its best, ≥ 25 × than its usual form"),
    )
    ours, alone, best, export, usual = (
        kept.spread(f"mlp/{name}", results.later_epoch)
        for name in ("ours-local", "dl4j", "stock-best", "stock-export", "stock-usual")
    )
    if not (ours and alone and best and usual):
        return Row(what, aim)
    # Stock's best is whichever of its pre-batched forms is quicker.
    quickest = min(spread.median for spread in (best, export) if spread)
    ratios = ours.median / alone.median, quickest / ours.median, usual.median / ours.median
    return Row(
        what,
        aim,
        f"{ours.median:.2f} s: {ratios[0]:.2f} × in-process; {ratios[1]:.1f} × and {ratios[2]:.1f} × faster than stock",
        ratios[0] <= 0.8 and ratios[1] >= 5 and ratios[2] >= 25,
    )


def _against_elephas(kept: Results) -> Row:
    what, aim = (
        "MLP, 4 epochs from the call of fit to its return, averaging once per epoch, data already in Spark",
        ("≤ half of Elephas's best mode as a user sees it; accuracy, mean of 5 seeds, ≥ Elephas's − 0.5 points"),
    )
    ours = kept.spread("fit/ours-local", results.as_a_user_sees)
    elephas = {
        mode: spread
        for mode in MODES
        if (spread := kept.spread(f"fit/elephas-{mode}", results.as_a_user_sees)) is not None
    }
    if ours is None or not elephas:
        return Row(what, aim)
    best = min(elephas, key=lambda mode: elephas[mode].median)
    share = ours.median / elephas[best].median
    measure = results.accuracy_after(kept.scale["epochs"])
    accuracies = []
    for task in ("fit/ours-local", f"fit/elephas-{best}"):
        known = [value for value in map(measure, kept.of(task)) if value is not None]
        accuracies.append(sum(known) / len(known))
    return Row(
        what,
        aim,
        f"{ours.median:.2f} s, {share:.2f} × of {elephas[best].median:.2f} s ({CONTENDERS[f'elephas-{best}']}); "
        f"accuracy {accuracies[0]:.4f} against {accuracies[1]:.4f}",
        share <= 0.5 and accuracies[0] >= accuracies[1] - 0.005,
    )


def _rounds(kept: Results) -> Row:
    what, aim = (
        "added per averaging round beyond compute, 443,610 parameters with Adam",
        "≤ 20 ms on local[2], ≤ 45 ms on local-cluster[2,1,2048]",
    )
    local, cluster = (kept.spread(f"rounds/ours-{where}", results.round_cost) for where in ("local", "cluster"))
    if not (local and cluster):
        return Row(what, aim)
    return Row(
        what,
        aim,
        f"{local.median * 1e3:.1f} ms, {cluster.median * 1e3:.1f} ms",
        local.median <= 0.020 and cluster.median <= 0.045,
    )


def _lenet(kept: Results) -> Row:
    what, aim = "LeNet per epoch, one thread, in-process", "≤ 1.2 × Keras on one thread"
    ours, keras = (kept.spread(f"lenet/{name}", results.later_epoch) for name in ("dl4j", "keras-1"))
    if not (ours and keras):
        return Row(what, aim)
    ratio = ours.median / keras.median
    return Row(what, aim, f"{ours.median:.2f} s, {ratio:.2f} × of {keras.median:.2f} s", ratio <= 1.2)


def _rows(kept: Results) -> Row:
    what, aim = "epoch time as rows double, 8,000 → 64,000", "doubles (± 10 %)"
    known = [kept.spread(f"rows/ours-local/{times}", results.later_epoch) for times in (1, 2, 4, 8)]
    there: list[Spread] = [spread for spread in known if spread]
    if len(there) < len(known):
        return Row(what, aim)
    steps = [after.median / before.median for before, after in pairwise(there)]
    return Row(what, aim, ", ".join(f"× {step:.2f}" for step in steps), all(1.8 <= step <= 2.2 for step in steps))


def _python(kept: Results) -> Row:
    what, aim = "Python's own time in a fit, outside the blocking call", "≤ 1 %"
    share = kept.spread("fit/ours-local", results.python_share)
    if share is None:
        return Row(what, aim)
    return Row(what, aim, f"{share.median:.2%} of the time is CPU time of the thread that called", share.median <= 0.01)


def _routes(kept: Results) -> Row:
    what, aim = (
        "numpy (float32, 100 MB) → training-ready minibatches on local[2]; Parquet",
        "≥ 1 GB/s; within 2 × of Spark's own scan to arrays",
    )
    routes = {each["route"]: each for run in kept.of("routes/data_routes") for each in results.figures(run, "route")}
    numpy, parquet = routes.get("numpy-float32"), routes.get("parquet-array")
    if not (numpy and parquet and parquet["scans"]):
        return Row(what, aim)
    return Row(
        what,
        aim,
        f"{numpy['rate'] / 1e3:.2f} GB/s; {parquet['scans']:.2f} × the time of Spark's scan",
        numpy["rate"] >= 1_000 and parquet["scans"] <= 2,
    )


def _soak(kept: Results) -> Row:
    what, aim = "200 consecutive fit calls", "resident memory grows < 1 MB per fit; no broadcasts, blocks or files left"
    grows = kept.spread("soak/ours-local", results.growth_per_fit("resident"))
    if grows is None:
        return Row(what, aim)
    looks = results.figures(kept.of("soak/ours-local")[0], "soak")
    left = {name: looks[-1][name] - looks[0][name] for name in ("broadcasts", "blocks", "files")}
    return Row(
        what,
        aim,
        f"{grows.median / 1e6:+.2f} MB per fit over {looks[-1]['fit']} fits; more at the end than before the first: "
        + ", ".join(f"{count} {name}" for name, count in left.items()),
        grows.median < 1e6 and not any(count > 0 for count in left.values()),
    )


WAYS_IN = ("params in", "rows scored")


def _bridge(kept: Results) -> Row:
    what, aim = "numpy → ND4J in this process, 100 MB of float32", "≥ 1 GB/s"
    rates = [kept.spread("bridge/ours-process", results.rate(way)) for way in WAYS_IN]
    there = [spread for spread in rates if spread]
    if len(there) < len(WAYS_IN):
        return Row(what, aim)
    told = ", ".join(f"{way} {each.median / 1e3:.2f} GB/s" for way, each in zip(WAYS_IN, there, strict=True))
    return Row(what, aim, told, min(each.median for each in there) >= 1_000)


def _one_row(kept: Results) -> Row:
    what, aim = "output of one row, MLP, in this process", "≤ 1.5 × the same call in Java, with an array of ND4J's"
    ours = kept.spread("output/ours-process", results.call("numpy"))
    java, floats = (kept.spread("output/dl4j", results.call(way)) for way in ("array", "floats"))
    if not (ours and java and floats):
        return Row(what, aim)
    ratio = ours.median / java.median
    return Row(
        what,
        aim,
        f"{ours.median:.0f} µs, {ratio:.2f} × of {java.median:.0f} µs; {ours.median / floats.median:.2f} × of Java's "
        f"from floats to floats",
        ratio <= 1.5,
    )


def _process(kept: Results) -> Row:
    what, aim = "MLP in this process, one worker, per epoch when settled", "≤ 1.02 × the same Java program, same bits"
    ours, java = (kept.spread(f"process/{name}", results.settled_epoch) for name in ("ours-process/1", "dl4j"))
    if not (ours and java):
        return Row(what, aim)
    pairs = {
        (run.repeat, results.digest(run)) for name in ("ours-process/1", "dl4j") for run in kept.of(f"process/{name}")
    }
    same = len(pairs) == len({repeat for repeat, _ in pairs})
    ratio = ours.median / java.median
    return Row(
        what,
        aim,
        f"{ours.median:.3f} s, {ratio:.3f} × of {java.median:.3f} s; an epoch of the rows as they stand gives "
        + ("the same bits" if same else "OTHER BITS"),
        ratio <= 1.02 and same,
    )


def _begin(kept: Results) -> Row:
    what, aim = "from import to the first output, in this process", "≤ 3 s"
    ours = kept.spread("begin/ours-process", results.begin("seconds"))
    if ours is None:
        return Row(what, aim)
    return Row(what, aim, f"{ours.text()} s", ours.median <= 3)


def _calls(kept: Results) -> Row:
    what, aim = (
        "10,000 calls in one process, for all of them",
        "heap and off-heap grow < 1 MB, resident memory < 10 MB; no thread more",
    )
    limits = {"heap": 1, "off_heap": 1, "resident": 10}
    grows = {name: kept.spread("calls/ours-process", results.growth_per_call(name)) for name in limits}
    there = {name: spread.median * 10_000 / 1e6 for name, spread in grows.items() if spread}
    runs = kept.of("calls/ours-process")
    if not runs or len(there) < len(limits):
        return Row(what, aim, ", ".join(f"{name} {grown:+.2f} MB" for name, grown in there.items()))
    looks = results.figures(runs[0], "leak")
    threads = looks[-1]["threads"] - looks[0]["threads"]
    return Row(
        what,
        aim,
        ", ".join(f"{name} {grown:+.2f} MB" for name, grown in there.items()) + f", {threads:+d} threads",
        all(grown < limits[name] for name, grown in there.items()) and threads <= 0,
    )


def _describe(kept: Results) -> Row:
    what, aim = "a hundred layers, described and checked without a JVM", "≤ 50 ms; ≤ 20 calls to hand them to DL4J"
    kinds = ("row", "graph")
    times = {kind: kept.spread("describe/ours-process", results.described(kind, "milliseconds")) for kind in kinds}
    calls = {kind: kept.spread("describe/ours-process", results.described(kind, "calls")) for kind in kinds}
    measured = [
        f"{kind}: {time.median:.0f} ms, {count.median:.0f} calls"
        for kind, time, count in ((kind, times[kind], calls[kind]) for kind in kinds)
        if time and count
    ]
    if len(measured) < len(kinds):
        return Row(what, aim)
    met = all(time.median <= 50 for time in times.values() if time) and all(
        count.median <= 20 for count in calls.values() if count
    )
    return Row(what, aim, "; ".join(measured), met)


def _export(kept: Results) -> Row:
    what, aim = (
        "export of 25 million parameters, not compared",
        "≤ 3 s; memory above the imports ≤ 2.5 ×, file ≤ 1.02 × the parameters",
    )
    seconds, memory, file = (
        kept.spread("export/ours-process", results.export(each)) for each in ("seconds", "memory", "file")
    )
    if not (seconds and memory and file):
        return Row(what, aim)
    met = seconds.median <= 3 and memory.median <= 2.5 and file.median <= 1.02
    return Row(what, aim, f"{seconds.median:.2f} s; {memory.median:.2f} ×, {file.median:.4f} ×", met)


def _exported(kept: Results) -> Iterator[Row]:
    """Give a row for each network, of all sizes of batch."""
    for network in HIDDEN:
        what, aim = f"{network}: onnxruntime on one thread, batches of 1, 32 and 1,024", "no slower than DL4J's output"
        ratios = []
        for batch in BATCHES:
            ours, dl4j = (
                kept.spread(f"exported/ours-process/{network}", results.exported(batch, who))
                for who in ("onnx", "dl4j")
            )
            if ours and dl4j:
                ratios.append(ours.median / dl4j.median)
        if len(ratios) < len(BATCHES):
            yield Row(what, aim)
            continue
        nodes = results.figures(kept.of(f"exported/ours-process/{network}")[0], "nodes")[0]
        shown = ", ".join(f"{ratio:.2f} ×" for ratio in ratios)
        yield Row(
            what, aim, f"{shown}; {nodes['total']} nodes, {nodes['transposes']} Transpose", all(r <= 1 for r in ratios)
        )
