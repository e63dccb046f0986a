"""What a user asks of an export, looked at before there is work to lose."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import attrs

from pydl4j_spark.description import NetworkDescription
from pydl4j_spark.errors import Dl4jError, ExportError
from pydl4j_spark.files import is_remote
from pydl4j_spark.model_zip import NORMALIZER, ModelZip
from pydl4j_spark.normalizers import Normalizer
from pydl4j_spark.onnx.build import OUTPUT_NAME
from pydl4j_spark.onnx.context import LayerContext
from pydl4j_spark.onnx.converter import Converter, Registry
from pydl4j_spark.onnx.registry import default_registry


def check_flags(**flags: bool | None) -> None:
    """Raise ExportError for a setting that is neither True nor False, nor left out."""
    for name, flag in flags.items():
        if not isinstance(flag, bool | None):
            raise ExportError(f"{name}={flag!r}: True or False is expected")


def local_file(path: str | os.PathLike[str]) -> Path:
    """Return the place of a file that can be written.

    Raises
    ------
    ExportError
        When it is on another filesystem.
    IsADirectoryError
        When it is a folder.
    FileNotFoundError
        When its folder is not there.
    """
    text = os.fspath(path)
    if is_remote(text):
        raise ExportError(f"{text}: an ONNX file is written to this machine; give a local path, and copy it from there")
    target = Path(text)
    if target.is_dir():
        raise IsADirectoryError(f"{text!r} is a folder; give the path of the file to write, such as model.onnx")
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the folder to write into is not there", str(target.parent))
    return target


def registry_with(converters: Mapping[str, Converter] | None) -> Registry:
    """Return the converters of an export: those that are built in, and the user's before them."""
    given = {} if converters is None else converters
    if not isinstance(given, Mapping) or not all(isinstance(one, Converter) for one in given.values()):
        raise ExportError(f"converters={given!r}: Converters by Java class are expected, {{mine.dl4j_class: mine}}")
    return {**default_registry(), **{dl4j_class: _answerable(one) for dl4j_class, one in given.items()}}


def _answerable(converter: Converter) -> Converter:
    """Let errors of a user's functions be theirs: to all others' the file's settings would be wrong."""

    def named(part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def answered(*given: Any) -> Any:
            try:
                return call(*given)
            except Dl4jError:
                raise
            except Exception as error:
                layer = given[0].name if isinstance(given[0], LayerContext) else given[0].get("layerName")
                where = f" for {layer!r}" if layer else ""
                raise ExportError(
                    f"the converter that is given for {converter.dl4j_class}: its {part}{where} failed "
                    f"({type(error).__name__}: {error})"
                ) from error

        return answered

    parts = {one.name: getattr(converter, one.name) for one in attrs.fields(Converter)}
    calls: dict[str, Any] = {name: named(name, part) for name, part in parts.items() if callable(part)}
    return attrs.evolve(converter, **calls)


def by_output(given: Any, network: NetworkDescription) -> Any:
    """Take the name that the file gives to the output of a network of layers for that of its last layer."""
    if not isinstance(given, Mapping) or network.kind != "MultiLayerNetwork":
        return given
    return {network.outputs[0] if name == OUTPUT_NAME else name: one for name, one in given.items()}


def class_names(
    source: ModelZip, labels: bool | Sequence[str] | Mapping[str, Sequence[str]] | None, network: NetworkDescription
) -> Mapping[str, Sequence[str]]:
    """Return the names of classes by output."""
    if labels is False or labels is None:
        return {}
    recorded = (source.manifest or {}).get("labels")
    if labels is True and not recorded:
        raise ExportError("labels=True, but the model file has none; give them: labels=['cat', 'dog']")
    given = by_output(recorded if labels is True else labels, network)
    named = given if isinstance(given, Mapping) else {network.outputs[0]: given}
    unknown = sorted(str(name) for name in named if name not in network.outputs)
    if unknown:
        raise ExportError(f"labels names {unknown}; the outputs are called {list(network.outputs)}")
    for names in named.values():
        if isinstance(names, str) or not hasattr(names, "__len__"):
            raise ExportError(f"labels: names of classes are expected, such as ['cat', 'dog'], not {names!r}")
    return named


def fitted_normalizer(source: ModelZip, wish: str) -> Normalizer:
    """Return the normalizer of a model file, for what a user wishes of it."""
    if source.normalizer is not None and source.normalizer.fitted:
        return source.normalizer
    reason = source.ignored_because.get(NORMALIZER, "the model file has no fitted one")
    raise ExportError(f"{wish}=True, but there is no normalizer to write: {reason}")
