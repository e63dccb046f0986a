"""The commands of ``pydl4j`` for ONNX files: export and verify."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeAlias

from pydl4j_spark.arrays import numeric
from pydl4j_spark.description import parse_configuration
from pydl4j_spark.errors import ConfigError, EngineError
from pydl4j_spark.model_zip import ModelZip, read_model_zip
from pydl4j_spark.normalizers import done
from pydl4j_spark.onnx import export_onnx, verify_export
from pydl4j_spark.onnx.checking import has_normalizer
from pydl4j_spark.onnx.trials import read

_Session: TypeAlias = Callable[[argparse.Namespace], AbstractContextManager[Any]]


def export(options: argparse.Namespace, session: _Session) -> None:
    """Write an ONNX file; `session` starts Spark where that is asked for."""
    source = read_model_zip(options.model, updater=False)
    names = ("opset", "masks", "stateful", "external_data", "include_normalizer", "revert_labels", "input_layout")
    settings = {name: getattr(options, name) for name in (*names, "output_layout", "argmax", "labels", "atol", "rtol")}
    needed = options.verify is None and (options.data is not None or source.probe is None)
    with _comparing(options, session, needed=needed, insisted=bool(options.verify)) as engine:
        report = export_onnx(
            source,
            options.onnx,
            input_shapes=_shapes(options.input_shape),
            verify=options.verify is not False,
            engine=engine,
            data=_rows(options.data, source, options.include_normalizer),
            progress=False,
            **settings,
        )
    layers = f"{report.layers} layers, {report.parameters:,} parameters, opset {report.opset}"
    inputs, outputs = (", ".join(map(_text, ends.values())) for ends in (report.inputs, report.outputs))
    print(f"wrote {report.path}: {layers}, input {inputs}, output {outputs}")
    if report.verified:
        where = " on the recorded probe" if report.verified_by == "probe" else ""
        print(f"verified{where}: largest difference from Deeplearning4j {report.max_abs_error:.3g}")
    else:
        print("unverified")


def verify(options: argparse.Namespace, session: _Session) -> None:
    """Compare an ONNX file with a model zip."""
    source = read_model_zip(options.model, updater=False)
    rows = _rows(options.data, source, has_normalizer(options.onnx))
    with _comparing(options, session, needed=True, insisted=rows is not None or source.probe is None) as engine:
        found = verify_export(source, options.onnx, rows, engine=engine, atol=options.atol, rtol=options.rtol)
    where = " of the recorded probe" if found.by == "probe" else ""
    print(f"{found.rows:,} rows{where} agree: {found}")


def _shapes(given: list[tuple[str | None, tuple[int | None, ...]]] | None) -> Any:
    """Give the shapes of inputs, by name unless there is one without."""
    if given is None:
        return None
    if len(given) == 1 and given[0][0] is None:
        return given[0][1]
    if any(name is None for name, _ in given):
        raise ConfigError("--input-shape is given once, or with names: --input-shape a=784 --input-shape b=3,32,32")
    return dict(given)


@contextmanager
def _comparing(options: argparse.Namespace, session: _Session, *, needed: bool, insisted: bool) -> Iterator[Any]:
    """Give the engine to compare with; where nobody insists on one, only if it is needed and can be had."""
    if options.master is not None:
        with session(options) as spark:
            yield spark
    elif insisted:
        yield "local"
    elif not needed:
        yield None
    else:
        from pydl4j_spark.engine.local import local_engine

        try:
            engine = local_engine()
        except EngineError as reason:
            print(f"pydl4j: Deeplearning4j does not run here ({' '.join(str(reason).split())})", file=sys.stderr)
            engine = None
        yield engine


def _rows(path: str | None, source: ModelZip, embedded: bool) -> Any:
    """Read rows as the network was trained on, and give them as the ONNX file takes them."""
    if path is None:
        return None
    names = parse_configuration(source.configuration).inputs
    rows = read(path, names)
    if source.normalizer is not None and not embedded:
        for index, name in enumerate(names):
            if name in rows:
                rows[name] = done(numeric(rows[name], f"{path}: {name}"), source.normalizer.input_steps(index))
    return rows


def _text(shape: Sequence[int | str]) -> str:
    return "[" + ", ".join(str(extent) for extent in shape) + "]"
