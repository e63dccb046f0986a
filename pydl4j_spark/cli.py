"""The commands of ``pydl4j``: thin words over the Python API."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.typing import NDArray

from pydl4j_spark.array_files import FEATURE_KEYS, is_array_file, pick, read_arrays
from pydl4j_spark.cli_options import parser
from pydl4j_spark.description import parse_configuration
from pydl4j_spark.errors import ConfigError, DataError, Dl4jError
from pydl4j_spark.files import is_remote
from pydl4j_spark.model_zip import read_model_zip

if TYPE_CHECKING:
    from pydl4j_spark.graph_network import ComputationGraph
    from pydl4j_spark.network import MultiLayerNetwork
    from pydl4j_spark.spark_network import SparkNetwork

_LABEL_KEYS = ("y", "Y", "labels", "label")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``pydl4j``; those of the process where not given.

    Returns
    -------
    int
        0; 1 where the command failed, after a line on stderr; 2 for a misspelt command line.
    """
    try:
        options = parser().parse_args(arguments)
    except SystemExit as end:  # argparse has said what was wrong, or has printed the help
        return end.code if isinstance(end.code, int) else 2
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            _COMMANDS[options.command](options)
    except (Dl4jError, OSError) as reason:
        if options.verbose:
            raise
        print(f"pydl4j {options.command}: {_line(reason)}", file=sys.stderr)
        return 1
    return 0


def _line(reason: Exception) -> str:
    if isinstance(reason, FileNotFoundError) and reason.filename is not None:
        return f"there is no file {reason.filename}"
    return " ".join(str(reason).split())


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    print(f"pydl4j: {message}", file=sys.stderr)


# --- what the commands share -----------------------------------------------------------------------------------------


@contextmanager
def _session(options: argparse.Namespace) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    from pydl4j_spark.session import configure_spark

    builder = configure_spark(SparkSession.builder.master(options.master).appName(f"pydl4j {options.command}"))
    if not options.verbose:
        builder = builder.config("spark.log.level", "ERROR")
    with redirect_stdout(sys.stderr):  # what Spark says while it starts is no result
        spark = builder.getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()


def _load(path: str, shape: tuple[int | None, ...] | None = None) -> MultiLayerNetwork | ComputationGraph:
    from pydl4j_spark.graph_network import ComputationGraph
    from pydl4j_spark.network import MultiLayerNetwork

    if is_remote(path):
        raise ConfigError(f"{path}: a model zip is read on this machine; copy it here first")
    if parse_configuration(read_model_zip(path, updater=False).configuration).kind == "MultiLayerNetwork":
        return MultiLayerNetwork.load(path, input_type=None if shape is None else _input_type(shape))
    if shape is not None:
        raise ConfigError(f"--input-shape: {path} holds a graph, whose inputs have their shapes; leave the option out")
    return ComputationGraph.load(path)


def _on_spark(spark: Any, network: Any, *settings: Any, **options: Any) -> SparkNetwork:
    """Bring a network of either kind to Spark."""
    from pydl4j_spark.spark_graph import SparkComputationGraph
    from pydl4j_spark.spark_network import SparkDl4jMultiLayer

    kind = SparkComputationGraph if any(_ends(network)) else SparkDl4jMultiLayer
    return kind(spark, network, *settings, **options)


def _ends(network: Any) -> tuple[Sequence[str], Sequence[str]]:
    """Give the names of a graph's inputs and outputs; a network of layers has none."""
    return tuple(getattr(network, "inputs", ())), tuple(getattr(network, "outputs", ()))


def _input_type(shape: tuple[int | None, ...]) -> Any:
    from pydl4j_spark.conf.inputs import InputType

    known = [n for n in shape if n is not None]
    if len(shape) == 1 and len(known) == 1:
        return InputType.feed_forward(known[0])
    if len(shape) == 2 and shape[0] is not None:
        return InputType.recurrent(shape[0], shape[1])
    if len(shape) == 3 and len(known) == 3:
        return InputType.convolutional(height=known[1], width=known[2], channels=known[0])
    raise ConfigError("--input-shape takes size, size,T or channels,height,width")


def _labelled(path: str, network: Any) -> Any:
    """Read rows and labels; what is no file of arrays is Spark's to read."""
    if not is_array_file(path):
        return path
    arrays, (inputs, outputs) = read_arrays(path), _ends(network)
    return _named(arrays, inputs, FEATURE_KEYS, path), _named(arrays, outputs, _LABEL_KEYS, path)


def _features(path: str, network: Any) -> Any:
    return _named(read_arrays(path), _ends(network)[0], FEATURE_KEYS, path) if is_array_file(path) else None


def _named(arrays: dict[str, NDArray[Any]], names: Sequence[str], keys: tuple[str, ...], path: str) -> Any:
    """Give an array for each of a graph's ends; that of the only one may be called as it is for all networks."""
    if len(names) > 1:
        return {name: pick(arrays, (name,), path) for name in names}
    return pick(arrays, (*names, *keys), path)


def _columns(names: list[str]) -> str | list[str]:
    return names[0] if len(names) == 1 else names


# --- commands --------------------------------------------------------------------------------------------------------


def _jar(options: argparse.Namespace) -> None:
    from pydl4j_spark.engine.jar import jar_path

    print(jar_path())


def _summary(options: argparse.Namespace) -> None:
    path = Path(options.file)
    with path.open("rb") as stream:
        is_zip = stream.read(2) == b"PK"
    if not is_zip:
        print(_described(path).summary())
        return
    network = _load(options.file, options.input_shape)
    print(network.summary())
    print(f"trained for {network.epoch:,} epochs, {network.iteration:,} iterations")
    if network.normalizer is not None:
        print(f"normalizer: {type(network.normalizer).__name__}")
    named = network.labels if isinstance(network.labels, dict) else {"": network.labels or ()}
    for output, labels in named.items():
        if labels:
            print(f"labels{output and f' of {output}'}: {', '.join(labels)}")


def _described(path: Path) -> Any:
    """Read the JSON of a network of either kind."""
    from pydl4j_spark.conf.graph import ComputationGraphConfiguration
    from pydl4j_spark.conf.multilayer import MultiLayerConfiguration

    is_graph = b'"vertices"' in path.read_bytes()
    return (ComputationGraphConfiguration if is_graph else MultiLayerConfiguration).from_json(path)


def _export(options: argparse.Namespace) -> None:
    from pydl4j_spark.cli_onnx import export

    export(options, _session)


def _verify(options: argparse.Namespace) -> None:
    from pydl4j_spark.cli_onnx import verify

    verify(options, _session)


def _train(options: argparse.Namespace) -> None:
    from pydl4j_spark.training import ResidentAveragingTrainingMaster

    network = _described(Path(options.conf)) if options.conf else _load(options.resume)
    master = ResidentAveragingTrainingMaster(
        batch_size_per_worker=options.batch_size,
        averaging_frequency=options.averaging_frequency,
        num_workers=options.workers,
        save_updater=not options.no_save_updater,
    )
    if options.resume and options.normalizer and network.normalizer is not None:
        raise ConfigError(f"--normalizer {options.normalizer}: {options.resume} has one already; leave the option out")
    if "://" not in options.out and not Path(options.out).resolve().parent.is_dir():
        raise ConfigError(f"--out {options.out}: its folder is not there; create it first")
    rows = _labelled(options.data, network)
    validation = None if options.validation is None else _labelled(options.validation, network)
    with _session(options) as spark:
        net = _on_spark(spark, network, master, normalizer=_normalizer(options.normalizer), labels=options.labels)
        net.fit(
            rows,
            options.epochs,
            validation=validation,
            features_col=_columns(options.features_col),
            label_col=_columns(options.label_col),
            shuffle=not options.no_shuffle,
        )
        net.network.save(options.out, save_updater=not options.no_save_updater)
    print(f"wrote {options.out}")


def _normalizer(kind: str | None) -> Any:
    from pydl4j_spark.normalizers import ImagePreProcessingScaler, NormalizerMinMaxScaler, NormalizerStandardize

    kinds = {
        "standardize": NormalizerStandardize,
        "min_max": NormalizerMinMaxScaler,
        "image": ImagePreProcessingScaler,
    }
    return None if kind is None else kinds[kind]()


def _evaluate(options: argparse.Namespace) -> None:
    network = _load(options.model)
    rows = _labelled(options.data, network)
    with _session(options) as spark:
        found = _on_spark(spark, network).evaluate(
            rows,
            output=options.output,
            features_col=_columns(options.features_col),
            label_col=_columns(options.label_col),
        )
        print(found.stats())


def _predict(options: argparse.Namespace) -> None:
    network = _load(options.model)
    rows = _features(options.data, network)
    if rows is not None and not options.out.endswith(".npy"):
        raise DataError(f"--out {options.out}: predictions of {options.data} are written as .npy")
    with _session(options) as spark:
        net = _on_spark(spark, network)
        if rows is not None:
            np.save(options.out, net.predict(rows, output=options.output))
        else:
            frame = spark.read.parquet(options.data)
            net.predict(frame, features_col=_columns(options.features_col)).write.parquet(options.out)
    print(f"wrote {options.out}")


_COMMANDS = {
    "jar": _jar,
    "summary": _summary,
    "export": _export,
    "verify": _verify,
    "train": _train,
    "evaluate": _evaluate,
    "predict": _predict,
}
