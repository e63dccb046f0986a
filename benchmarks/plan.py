"""What a run measures: every task, how often, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.problem import BATCH, HIDDEN, LEARNING_RATE, TARGET, TRAIN_ROWS, WIDER, once_per_epoch

LOCAL, CLUSTER = "local[2]", "local-cluster[2,1,2048]"
WORKERS = 2
FREQUENCY = 5
MODES = ("synchronous", "asynchronous", "hogwild")
BATCHES = (1, 32, 1_024)
FORMS = ("usual", "best", "export")
GROUPS = {
    "mlp": "time per epoch, time to 95 %, accuracy, memory: the MLP",
    "lenet": "the same for LeNet",
    "lstm": "the same for the LSTM",
    "fit": "four epochs from call to return, averaging once per epoch, ours and Elephas: the MLP",
    "rounds": "what an averaging round adds",
    "rows": "growth with rows",
    "parameters": "growth with parameters",
    "workers": "growth with workers",
    "soak": "200 fits in one session",
    "routes": "from data to minibatches (data_routes.py)",
    "serving": "a DataFrame scored by DL4J, and by onnxruntime: the MLP and LeNet",
    "process": "the MLP in one process, without Spark: epochs from Python and from Java, several workers",
    "bridge": "numpy into ND4J and out again",
    "output": "output of one row, from Python and from Java",
    "begin": "from import to the first output",
    "calls": "10,000 calls in one process: what grows",
    "exported": "output of exported networks in onnxruntime, and of DL4J, in turn",
    "export": "the export of 25 million parameters",
    "describe": "a hundred layers described and checked without a JVM, and handed to DL4J",
}
# A contender's name: ours, dl4j and keras can be told apart by where and how they run.
CONTENDERS = {
    "ours-local": f"pydl4j_spark, {LOCAL}",
    "ours-cluster": f"pydl4j_spark, {CLUSTER}",
    "onnx-local": f"pydl4j_spark's OnnxModel, {LOCAL}",
    "ours-process": "pydl4j_spark in this process, without Spark",
    "wrapper": "DL4J's ParallelWrapper in-process",
    "dl4j": "DL4J in-process, 1 thread, our native",
    "dl4j-stock": "DL4J in-process, 1 thread, its own native",
    "keras-1": "Keras in-process, 1 thread",
    "keras-2": "Keras in-process, 2 threads",
    **{f"stock-{form}": f"stock DL4J on Spark, {form}" for form in FORMS},
    **{f"elephas-{mode}": f"Elephas, {mode}" for mode in MODES},
    "mlpc": "Spark's MultilayerPerceptronClassifier",
    "data_routes": "pydl4j_spark's ways from data to minibatches",
}


@dataclass(frozen=True)
class Task:
    """One process of one contender: its name is group/contender[/variant]."""

    name: str
    settings: dict[str, Any] = field(hash=False)
    repeats: int

    @property
    def group(self) -> str:
        """What it belongs to; see `GROUPS`."""
        return self.name.split("/")[0]

    @property
    def contender(self) -> str:
        """Who is measured; see `CONTENDERS`."""
        return self.name.split("/")[1]


@dataclass(frozen=True)
class Scale:
    """How much a run measures."""

    rows: int = TRAIN_ROWS
    repeats: int = 5
    epochs: int = 4
    most_epochs: int = 10
    fit_calls: int = 200
    slow_repeats: int = 5
    settling: int = 20
    calls: int = 10_000
    megabytes: int = 100


FULL = Scale()
QUICK = Scale(
    rows=2_000,
    repeats=1,
    epochs=2,
    most_epochs=3,
    fit_calls=20,
    slow_repeats=1,
    settling=4,
    calls=500,
    megabytes=10,
)


def tasks(scale: Scale) -> list[Task]:
    """Give all tasks of a run; `schedule` puts them in order."""
    return [
        *_networks(scale),
        *_whole_fits(scale),
        *_rounds(scale),
        *_growth(scale),
        Task("soak/ours-local", _problem("mlp", 640, kind="soak", fit_calls=scale.fit_calls, look_every=10), 1),
        Task("routes/data_routes", {}, 1),
        *_serving(scale),
        *_in_process(scale),
    ]


def schedule(chosen: list[Task]) -> Iterator[tuple[Task, int]]:
    """Order tasks so that all contenders have had a turn before any has a second: drift hits all alike."""
    for repeat in range(1, max((task.repeats for task in chosen), default=0) + 1):
        for task in chosen:
            if repeat <= task.repeats:
                yield task, repeat


def _problem(network: str, rows: int, **settings: Any) -> dict[str, Any]:
    defaults = {
        "network": network,
        "hidden": HIDDEN[network],
        "rows": rows,
        "batch": BATCH,
        "learning_rate": LEARNING_RATE,
        "workers": WORKERS,
        "frequency": FREQUENCY,
        "target": TARGET,
    }
    return defaults | settings


def _networks(scale: Scale) -> Iterator[Task]:
    """Epochs one by one, scored after each: four and as many more as 95 % needs; for the quick ones always ten.

    The JVM compiles in the first seconds, and on two cores it takes a worker's place then.
    """
    for network in HIDDEN:
        curve = _problem(network, scale.rows, kind="curve", epochs=scale.epochs, most_epochs=scale.most_epochs)
        # Slow ones run just the epochs that a first one and a median of others need.
        short = curve | {"epochs": 2, "most_epochs": 2}
        all_epochs = curve | {"epochs": scale.most_epochs if network == "mlp" else scale.epochs}
        for contender in ("ours-local", "ours-cluster", "dl4j", "keras-1", "keras-2"):
            yield Task(f"{network}/{contender}", all_epochs, scale.repeats)
        yield Task(f"{network}/dl4j-stock", curve if network == "mlp" else short, scale.repeats)
        yield Task(f"{network}/stock-best", curve if network == "mlp" else short, scale.slow_repeats)
        if network == "mlp":
            yield Task("mlp/stock-export", curve | {"most_epochs": scale.epochs}, scale.slow_repeats)
            yield Task("mlp/stock-usual", short, scale.slow_repeats)
            yield Task("mlp/mlpc", curve | {"fits": [20, 100] if scale.repeats > 1 else [2]}, 1)
        else:
            for mode in MODES:
                yield Task(f"{network}/elephas-{mode}", _whole(scale, network), scale.repeats)


def _whole(scale: Scale, network: str) -> dict[str, Any]:
    return _problem(
        network,
        scale.rows,
        kind="fits",
        fits=[scale.epochs, scale.epochs, 1],
        most_epochs=scale.most_epochs,
        frequency=once_per_epoch(scale.rows, WORKERS),
    )


def _whole_fits(scale: Scale) -> Iterator[Task]:
    for contender in ("ours-local", "ours-cluster", *(f"elephas-{mode}" for mode in MODES)):
        yield Task(f"fit/{contender}", _whole(scale, "mlp"), scale.repeats)


def _rounds(scale: Scale) -> Iterator[Task]:
    settings = _problem("mlp", scale.rows, kind="rounds", epochs=scale.epochs, turns=5)
    for contender in ("ours-local", "ours-cluster"):
        yield Task(f"rounds/{contender}", settings, 1)


def _growth(scale: Scale) -> Iterator[Task]:
    for times in (1, 2, 4, 8):
        settings = _problem("mlp", times * scale.rows, kind="epochs", epochs=scale.epochs)
        yield Task(f"rows/ours-local/{times}", settings, scale.repeats)
        if times <= 2:
            stock = settings | {"kind": "curve", "epochs": 2, "most_epochs": 2}
            yield Task(f"rows/stock-best/{times}", stock, scale.slow_repeats)
    for times, hidden in WIDER.items():
        settings = _problem("mlp", scale.rows, kind="epochs", epochs=scale.epochs, hidden=hidden)
        yield Task(f"parameters/ours-local/{times}", settings, scale.repeats)
    for workers in (1, 2, 4):
        settings = _problem(
            "mlp", scale.rows, kind="epochs", epochs=scale.epochs, workers=workers, master=f"local[{workers}]"
        )
        yield Task(f"workers/ours-local/{workers}", settings, scale.repeats)


def _serving(scale: Scale) -> Iterator[Task]:
    for network in ("mlp", "lenet"):
        settings = _problem(network, scale.rows, kind="serving", turns=scale.most_epochs)
        for contender, exported in (("ours-local", False), ("onnx-local", True)):
            yield Task(f"serving/{contender}/{network}", settings | {"exported": exported}, scale.repeats)


def _in_process(scale: Scale) -> Iterator[Task]:
    """Everything without Spark; the JVM's compiler is to have settled before an epoch counts."""
    epochs = _problem("mlp", scale.rows, kind="process", epochs=scale.settling, most_epochs=scale.settling)
    yield Task("process/ours-process/1", epochs | {"workers": 1}, scale.repeats)
    yield Task("process/dl4j", epochs | {"workers": 1}, scale.repeats)
    yield Task("process/ours-process/2", epochs, scale.repeats)
    yield Task("process/wrapper", epochs, scale.repeats)
    yield Task("process/ours-local", epochs | {"kind": "epochs"}, scale.repeats)
    yield Task("bridge/ours-process", _problem("mlp", scale.rows, kind="bridge", megabytes=scale.megabytes), 1)
    row = _problem("mlp", scale.rows, kind="output", calls=scale.calls)
    begin = _problem("mlp", scale.rows, kind="begin")
    for contender in ("ours-process", "dl4j"):
        yield Task(f"output/{contender}", row, scale.repeats)
        yield Task(f"begin/{contender}", begin, scale.repeats)
    calls = _problem("mlp", scale.rows, kind="calls", calls=scale.calls, look_every=scale.calls // 10)
    yield Task("calls/ours-process", calls, 1)
    for network in HIDDEN:
        yield Task(f"exported/ours-process/{network}", _problem(network, scale.rows, kind="exported"), scale.repeats)
    yield Task("export/ours-process", _problem("mlp", scale.rows, kind="export"), scale.repeats)
    yield Task("describe/ours-process", _problem("mlp", scale.rows, kind="describe"), scale.repeats)
