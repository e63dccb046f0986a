"""Models that Keras wrote, as networks."""

from __future__ import annotations

from pathlib import Path

from pydl4j_spark.at_hand import engine_at_hand
from pydl4j_spark.description import parse_configuration
from pydl4j_spark.errors import ModelFormatError
from pydl4j_spark.graph_network import ComputationGraph
from pydl4j_spark.model_zip import read_model_zip
from pydl4j_spark.network import MultiLayerNetwork

__all__ = ["import_model"]

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def import_model(path: str | Path, *, enforce_training_config: bool = True) -> MultiLayerNetwork | ComputationGraph:
    """Read a model that Keras 1 or 2 saved whole, ``model.save("model.h5")``, by DL4J's importer (KerasModelImport).

    Arrays keep Keras's layout: images are ``[N, height, width, channels]``, sequences ``[N, T, size]``, where the
    model has them so. The file is read by HDF5's native code, which a file made to harm may end, and the process with
    it: take models from those you trust.

    Parameters
    ----------
    path : str or Path
        A local HDF5 file.
    enforce_training_config : bool
        Whether the loss and the optimizer are read too, where the file has them, and must be known to DL4J (default).
        Without a loss, put an output layer on the network before it is trained: see `TransferLearning`.

    Returns
    -------
    MultiLayerNetwork or ComputationGraph
        A Sequential model as the first, any other as the second. Parameters are Keras's.

    Raises
    ------
    ConfigError
        When DL4J has no counterpart for a part of the model; the message names it.
    ModelFormatError
        When the file is damaged, no HDF5 file, or no Keras model.
    FileNotFoundError
        When there is no such file.
    EngineError
        When there is no JVM.
    """
    place = Path(path).absolute()
    with place.open("rb") as file:
        if file.read(len(_SIGNATURE)) != _SIGNATURE:
            raise ModelFormatError(
                f"{path} is no HDF5 file; save the model with Keras 2 as model.save('model.h5'), not as .keras or as a"
                " SavedModel"
            )
    engine = engine_at_hand()
    handle, inputs = engine.read_keras(str(place), bool(enforce_training_config))
    only = next(iter(inputs.values())) if len(inputs) == 1 else None
    archive = engine.archive(handle, {"format": 1, "input_type": only, "input_types": inputs, "labels": None})
    kind = parse_configuration(read_model_zip(archive).configuration).kind
    family = ComputationGraph if kind == ComputationGraph._KIND else MultiLayerNetwork
    return family._of_archive(archive, str(path))
