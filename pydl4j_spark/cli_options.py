"""The options of ``pydl4j``."""

from __future__ import annotations

import argparse


def parser() -> argparse.ArgumentParser:
    """Give the parser of all commands."""
    whole = argparse.ArgumentParser(prog="pydl4j", description="Deeplearning4j networks on Spark.")
    whole.add_argument("--version", action="version", version=_version())
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.add_argument("--verbose", action="store_true", help="show tracebacks, and let Spark log")
        return command

    add("jar", "print the path of the jar, for spark-submit --jars")

    summary = add("summary", "print layers, shapes and parameters of a configuration or a model")
    summary.add_argument("file", help="JSON of a configuration, or a model zip")
    _add_input_shape(summary)

    export = add("export", "write a model as ONNX")
    export.add_argument("model", help="the model zip")
    export.add_argument("onnx", help="the ONNX file to write")
    export.add_argument("--opset", type=int, help="13 to 21; by default 15, or the lowest above that will do")
    _add_ends(export)
    export.add_argument("--masks", action="store_true", help="add an input <input>_mask for every sequence")
    export.add_argument(
        "--stateful", action="store_true", help="take the states of recurrent layers and give them back"
    )
    export.add_argument(
        "--external-data", action="store_true", default=None, help="write the weights into a file beside; above 2 GB"
    )
    export.add_argument(
        "--input-shape",
        type=_named_shape,
        action="append",
        metavar="[INPUT=]N,…",
        help="shape of one row, such as 784, 3,32,32 or 8,T for sequences, where the file does not tell; repeated for "
        "a graph's inputs",
    )
    export.add_argument(
        "--verify",
        action=argparse.BooleanOptionalAction,
        help="compare with Deeplearning4j in a JVM of this process; by default with the probe in the model zip, or "
        "else in a JVM where there is Java",
    )
    _add_comparison(export)
    _add_master(export, None, "compare with Deeplearning4j on this master, such as local[1]")

    verify = add("verify", "compare an ONNX file with the model it came from")
    verify.add_argument("model", help="the model zip")
    verify.add_argument("onnx", help="the ONNX file")
    _add_comparison(verify)
    _add_master(
        verify,
        None,
        "where Deeplearning4j runs, such as local[1]; else in a JVM of this process, or without Java the probe "
        "in the model zip serves",
    )

    train = add("train", "train a network, new or trained before")
    source = train.add_mutually_exclusive_group(required=True)
    source.add_argument("--conf", help="JSON of a new network, as conf.to_json() writes it")
    source.add_argument("--resume", metavar="MODEL", help="model zip of a network to train further")
    _add_data(train, labels=True)
    train.add_argument("--out", required=True, help="the model zip to write")
    train.add_argument("--epochs", type=int, default=1, help="passes over the rows; %(default)s")
    train.add_argument("--batch-size", type=int, default=16, help="rows of a minibatch on one worker; %(default)s")
    train.add_argument(
        "--averaging-frequency", type=int, default=5, help="minibatches of a worker between averages; %(default)s"
    )
    train.add_argument("--workers", type=int, help="copies of the network; one per core")
    train.add_argument("--no-save-updater", action="store_true", help="neither average nor keep the updater's state")
    train.add_argument("--validation", help="rows to evaluate on after every epoch")
    train.add_argument("--normalizer", choices=("standardize", "min_max", "image"), help="fitted on the rows")
    train.add_argument("--labels", type=words, help="names of the classes, separated by commas")
    train.add_argument("--no-shuffle", action="store_true", help="keep the rows in their order")

    evaluate = add("evaluate", "evaluate a model on labelled rows")
    evaluate.add_argument("model", help="the model zip")
    _add_data(evaluate, labels=True)
    _add_output(evaluate, "which output of a graph; the first")

    predict = add("predict", "write a model's predictions")
    predict.add_argument("model", help="the model zip")
    _add_data(predict, labels=False)
    _add_output(predict, "of arrays, which output of a graph; the first")
    predict.add_argument(
        "--out",
        required=True,
        help="a folder of Parquet with the rows and their predictions; for .npz or .npy data a .npy of predictions",
    )
    return whole


def _add_master(command: argparse.ArgumentParser, default: str | None, text: str) -> None:
    command.add_argument("--spark-master", "--master", dest="master", metavar="MASTER", default=default, help=text)


def _add_ends(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--include-normalizer", action="store_true", help="let the file take rows as they are before normalization"
    )
    command.add_argument("--revert-labels", action="store_true", help="scale outputs back as the labels were")
    command.add_argument("--input-layout", metavar="LAYOUT", help="order of axes, such as NHWC; Deeplearning4j's")
    command.add_argument("--output-layout", metavar="LAYOUT", help="order of axes, such as NWC; Deeplearning4j's")
    command.add_argument("--argmax", action="store_true", help="add an output <output>_class")
    command.add_argument("--labels", action="store_true", help="add an output <output>_label, of the model's labels")


def _add_comparison(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data",
        help="rows as the network was trained on, in place of drawn ones: .npy, or .npz with an array for each input "
        "(of one input X will do) and <input>_mask",
    )
    command.add_argument("--atol", type=float, help="absolute tolerance")
    command.add_argument("--rtol", type=float, help="relative tolerance")


def _add_input_shape(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--input-shape",
        type=_shape,
        metavar="N,…",
        help="shape of one row, such as 784, 3,32,32 or 8,T for sequences, where the file does not tell",
    )


def _add_data(command: argparse.ArgumentParser, *, labels: bool) -> None:
    keys = "X and y" if labels else "X"
    command.add_argument(
        "--data", required=True, help=f"Parquet, or an .npz with {keys}; of several inputs or outputs by their names"
    )
    for option, name in (("--features-col", "features"), *((("--label-col", "label"),) if labels else ())):
        command.add_argument(option, type=words, default=[name], help=f"column, or columns separated by commas; {name}")
    _add_master(command, "local[*]", "where to run; %(default)s")


def _add_output(command: argparse.ArgumentParser, text: str) -> None:
    command.add_argument("--output", metavar="NAME", default=0, help=text)


def words(text: str) -> list[str]:
    """Split at commas."""
    return [word.strip() for word in text.split(",")]


def _shape(text: str) -> tuple[int | None, ...]:
    try:
        return tuple(None if word in ("T", "?", "-1") else int(word) for word in words(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no shape such as 784, 3,32,32 or 8,T") from None


def _named_shape(text: str) -> tuple[str | None, tuple[int | None, ...]]:
    name, equals, shape = text.rpartition("=")
    return name if equals else None, _shape(shape)


def _version() -> str:
    from pydl4j_spark.engine.jar import package_version

    return f"pydl4j_spark {package_version() or '(not installed)'}"
