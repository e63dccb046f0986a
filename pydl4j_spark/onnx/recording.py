"""Records a probe while a network is in a JVM; see `pydl4j_spark.probe`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pydl4j_spark.description import NetworkDescription, parse_configuration
from pydl4j_spark.errors import DataError, Dl4jError, ExportError
from pydl4j_spark.model_zip import MANIFEST_FORMAT, read_model_zip
from pydl4j_spark.normalizers import Normalizer
from pydl4j_spark.onnx import trials
from pydl4j_spark.onnx.inputs import find_inputs
from pydl4j_spark.onnx.layouts import stated_layout
from pydl4j_spark.onnx.refusals import settings_of
from pydl4j_spark.onnx.registry import default_registry
from pydl4j_spark.onnx.witness import EngineWitness, restored
from pydl4j_spark.probe import LARGEST_PROBE, Probe, Trial

if TYPE_CHECKING:
    from pydl4j_spark.engine.protocol import Engine, Handle

_ROW_OUTPUTS = {"OutputLayer", "CenterLossOutputLayer", "OCNNOutputLayer"}
_STEP_OUTPUTS = {"RnnOutputLayer", "RnnLossLayer"}
# Parameters of a network that is copied for the sake of its probe.
_LARGEST_COPY = 2_000_000


def record(
    engine: Engine, handle: Handle, manifest: Mapping[str, Any], rows: Any, normalizer: Normalizer | None
) -> dict[str, Any]:
    """Ask DL4J for the outputs of a few rows.

    Parameters
    ----------
    engine, handle : Engine, Handle
        The JVM and the network in it.
    manifest : Mapping
        What the model file will say of the network's inputs.
    rows : arrays or None
        Rows as they are before the normalizer; None to draw some.
    normalizer : Normalizer or None
        What these go through.

    Returns
    -------
    dict
        For the manifest.

    Raises
    ------
    Dl4jError
        When nobody knows what the network takes, DL4J does not take the rows, or they are too large.
    """
    network = parse_configuration(engine.configuration(handle))
    with settings_of("the inputs"):
        entries = find_inputs(network, manifest)
    sequences = {entry.name for entry in entries if entry.time_axis is not None}
    if rows is None:
        # One row and several: without masks, and of sequences with padding too, for files that take masks.
        some = trials.drawn(entries, ())
        some += [one for one in trials.drawn(entries, sequences) if _has_padding(one)][:2]
    else:
        dtype = np.dtype(np.float32)
        try:
            given = trials.given(entries, sequences, rows)
        except ExportError as wrong:
            raise DataError(f"probe: {wrong}") from None
        settled = (trials.normalized(one, normalizer, embedded=True, dtype=dtype) for one in given)
        some = [one if _has_padding(one) else Trial(one.inputs) for one in settled]
    if sum(one.nbytes for trial in some for one in trial.inputs) > LARGEST_PROBE:
        raise DataError(f"rows of more than {LARGEST_PROBE:,} bytes are too large for a model file's probe")
    plain = _is_plain(network)
    if not plain:
        handle = _copy(engine, handle, network)
    layered = network.kind == "MultiLayerNetwork"
    witness = EngineWitness(engine, handle, entries, network.outputs, layered=layered, plain=plain)
    pairs = []
    for trial in some:
        try:
            pairs.append((Trial(trial.inputs, trial.masks), tuple(witness.outputs(trial))))
        except Dl4jError:
            # Some networks DL4J runs without masks only.
            if rows is not None or not trial.is_masked:
                raise
    return Probe(tuple(pairs), trials.SEED if rows is None else None).to_json()


def _has_padding(trial: Trial) -> bool:
    return any(mask is not None and not mask.all() for mask in trial.masks)


def _is_plain(network: NetworkDescription) -> bool:
    """Tell whether scoring surely gives outputs as they are: whole rows, laid out in the order of their axes."""
    parts = [node.preprocessor for node in network.nodes if node.preprocessor is not None]
    classes = {_name(part["@class"]) for part in (*parts, *(node.json for node in network.nodes))}
    outputs = [node for node in network.nodes if node.name in network.outputs]
    kinds = {_name(node.dl4j_class) for node in outputs}
    if "StackVertex" in classes or any(stated_layout(3, node.json) == "NWC" for node in outputs):
        return False
    # Steps that have become rows are rows of the output too, unless it makes steps of them.
    return kinds <= _STEP_OUTPUTS or (kinds <= _ROW_OUTPUTS and "RnnToFeedForwardPreProcessor" not in classes)


def _name(java_class: str) -> str:
    return java_class.rpartition(".")[2]


def _copy(engine: Engine, handle: Handle, network: NetworkDescription) -> Handle:
    """Make a copy without a normalizer, whose activations can be asked for; of small networks, as it takes time."""
    registry = default_registry()
    known = [registry.get(node.dl4j_class) for node in network.nodes]
    if None in known:
        raise DataError("a network that cannot be exported needs no probe")
    pairs = zip(known, network.nodes, strict=True)
    with settings_of("the layers"):
        count = sum(spec.size for one, node in pairs if one for spec in one.param_specs(node.json, registry))
    if count > _LARGEST_COPY:
        raise DataError(f"networks of more than {_LARGEST_COPY:,} parameters are not copied for a probe")
    return restored(engine, read_model_zip(engine.archive(handle, {"format": MANIFEST_FORMAT})))
