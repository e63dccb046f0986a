"""From DL4J's model file to a checked and compared ONNX file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from pydl4j_spark.description import parse_configuration
from pydl4j_spark.errors import ExportError, ModelFormatError
from pydl4j_spark.model_zip import ModelZip, read_model_zip
from pydl4j_spark.onnx.asked import (
    by_output,
    check_flags,
    class_names,
    fitted_normalizer,
    local_file,
    registry_with,
)
from pydl4j_spark.onnx.build import build
from pydl4j_spark.onnx.converter import Converter
from pydl4j_spark.onnx.ends import Ends
from pydl4j_spark.onnx.files import written_model
from pydl4j_spark.onnx.proof import Request, prove
from pydl4j_spark.onnx.report import ExportReport, properties, report, tell
from pydl4j_spark.onnx.storage import LARGEST_FILE, write_properties
from pydl4j_spark.onnx.verify import Verification
from pydl4j_spark.onnx.witness import Reference


@runtime_checkable
class HasModelZip(Protocol):
    """Anything that can become a model file, such as a network."""

    def to_model_zip(self) -> ModelZip:
        """Return the content of its model file."""


def export_onnx(
    model: str | os.PathLike[str] | ModelZip | HasModelZip,
    path: str | os.PathLike[str],
    *,
    input_shapes: Any = None,
    opset: int | None = None,
    masks: bool = False,
    verify: bool = True,
    converters: Mapping[str, Converter] | None = None,
    include_normalizer: bool = False,
    revert_labels: bool = False,
    input_layout: str | Mapping[str, str] | None = None,
    output_layout: str | Mapping[str, str] | None = None,
    argmax: bool = False,
    labels: bool | Sequence[str] | Mapping[str, Sequence[str]] = False,
    stateful: bool = False,
    reference: Reference | None = None,
    engine: Any = None,
    data: Any = None,
    atol: float | None = None,
    rtol: float | None = None,
    external_data: bool | None = None,
    progress: bool = True,
) -> ExportReport:
    """Write a trained network as ONNX, without a JVM.

    Parameters
    ----------
    model : path, ModelZip or object with ``to_model_zip()``
        The network.
    path : path
        The file to write; it appears only once everything has been checked.
    input_shapes : tuple, InputType or Mapping, optional
        The shape of one row without the batch, None where an extent varies; or an input type, perhaps as DL4J's JSON
        has it; of a graph's inputs a mapping from their names. Needed only where neither the file nor the first layer
        tells, as for images in a file that DL4J wrote.
    opset : int, optional
        By default 15, or the lowest above it that the converters need; 13 to 21. A given one is kept.
    masks : bool, default False
        Add an input ``<input>_mask`` of shape ``[N, T]`` for every input that is a sequence; 0 where a step is
        padding, 1 elsewhere. Layers heed it or ignore it as DL4J's do; to some of these a mask that masks nothing is
        not the same as none. Images have no masks.
    verify : bool, default True
        Compare the file with DL4J, in batches of one row and of several: with `reference` or `engine`, else with a
        JVM that runs already (the active Spark session's, or this process's), else with the probe that
        ``network.save`` recorded in the model file. Where there is none of them, warn and mark the file.
    converters : Mapping from str to Converter, optional
        Converters by Java class, for layers, preprocessors and activations that are not built in, or to replace
        one that is.
    include_normalizer : bool, default False
        Put the model's normalizer in front, so that the file takes rows as they were before normalization.
    revert_labels : bool, default False
        Scale the outputs back as the normalizer scaled the labels, which it must have been fitted to.
    input_layout, output_layout : str, or Mapping from name to str, optional
        The order of axes in the file, such as ``"NHWC"``; by default DL4J's. A single word is for all inputs, or
        outputs, with as many axes.
    argmax : bool, default False
        Add an output ``<output>_class``: the index of the most probable class, int64; of a single probability
        whether it is 0.5 or more.
    labels : bool, sequence of str, or Mapping from output to them, default False
        Add an output ``<output>_label``: the name of that class. True takes the names that the model file has.
    stateful : bool, default False
        Take the states of recurrent layers as further inputs and give them back as further outputs, as
        ``rnn_time_step`` keeps them; zeros begin a sequence. A layer's are ``<layer>/h`` and, of the LSTMs,
        ``<layer>/c``, both ``[N, n_out]``; they come out with ``_next`` behind their names.
    reference : callable, optional
        Gives DL4J's outputs for a batch of (normalized) rows: takes an array per input, and with `masks` also
        ``masks=``, a list of masks or None; returns an array or a list of them.
    engine : str or SparkSession, optional
        Where DL4J shall run to be compared with: ``"local"`` for a JVM in this process, which is started if need
        be, or a session. It must be able to.
    data : array, sequence or mapping of arrays, or path, optional
        Rows to compare on, in place of drawn ones: as the file takes them, before the normalizer where that is
        included, but in DL4J's layouts. An array per input; or arrays by name, with masks as ``<input>_mask``; or an
        ``.npz`` file of such. The first row alone and the first 1024 are compared.
    atol, rtol : float, optional
        What may differ, absolute and relative. By default 1e-5 and 1e-4 in single, 1e-9 in double and 5e-3 in half
        precision.
    external_data : bool, optional
        Write the weights into ``<path>.data`` beside the file. By default where one file does not hold them, which
        ends at 2 GB.
    progress : bool, default True
        Say on the terminal how well the file agrees with DL4J.

    Returns
    -------
    ExportReport
        What was written.

    Raises
    ------
    UnsupportedLayer
        When layers have no converter; all of them are named.
    ExportError
        When something else cannot be exported, or the result differs from DL4J: then with the first layer that does.
    ModelFormatError
        When the model file is damaged.
    FileNotFoundError
        When there is no such model file, or no folder to write into.
    EngineError
        When `engine` cannot run the network.

    Warns
    -----
    UserWarning
        When the file could not be compared with DL4J.
    """
    check_flags(
        verify=verify,
        include_normalizer=include_normalizer,
        revert_labels=revert_labels,
        argmax=argmax,
        stateful=stateful,
        external_data=external_data,
        progress=progress,
    )
    target = local_file(path)
    request = Request(reference=reference, engine=engine, data=data, atol=atol, rtol=rtol)
    registry = registry_with(converters)
    source = as_model_zip(model)
    network = parse_configuration(source.configuration)
    normalizer = fitted_normalizer(source, "include_normalizer") if include_normalizer else None
    label_normalizer = fitted_normalizer(source, "revert_labels") if revert_labels else None
    if label_normalizer is not None and not label_normalizer.fit_label:
        raise ExportError("revert_labels=True, but the model file's normalizer was not fitted to labels")
    names = class_names(source, labels, network)
    ends = Ends(normalizer, label_normalizer, input_layout, by_output(output_layout, network), argmax, names)
    built = build(source, input_shapes, opset, registry, ends, masks=masks, stateful=stateful)
    outside = source.params.nbytes > LARGEST_FILE if external_data is None else external_data
    with written_model(built, target, outside) as aside:
        found = prove(built, aside, source, ends, request) if verify else None
        checked = found if isinstance(found, Verification) else None
        with aside.open("ab") as stream:
            write_properties(properties(built, source, ends, checked), stream)
    if isinstance(found, str):
        _warn(
            f"{os.fspath(path)} was not compared with DL4J: {found}; it is marked so. "
            "Export from a running network or with engine='local', or call verify_onnx with DL4J's outputs"
        )
    elif checked is not None:
        if data is not None and checked.by == "probe":
            _warn("data was not looked at: no engine is at hand, so the recorded probe was compared; see engine=")
        tell(target, checked, visible=progress)
    return report(target, built, source, normalizer, checked)


def _warn(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=3)


def as_model_zip(model: Any) -> ModelZip:
    """Give the content of a model file that is there in one form or another."""
    if isinstance(model, ModelZip):
        return model
    if isinstance(model, HasModelZip):
        return model.to_model_zip()
    if not isinstance(model, str | os.PathLike):
        raise ExportError(f"model={model!r}: the path of a model zip, a ModelZip or a network is expected")
    try:
        return read_model_zip(model, updater=False)
    except ModelFormatError as why:
        # Of many files, which one it was.
        raise ModelFormatError(f"{os.fspath(model)}: {why}") from why.__cause__
