"""A network by itself: described, trained or loaded; kept as a model zip, or alive in a JVM."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from numpy.typing import ArrayLike, NDArray

from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.multilayer import MultiLayerConfiguration
from pydl4j_spark.data import features_array
from pydl4j_spark.engine.jar import package_version
from pydl4j_spark.errors import ConfigError, EngineError
from pydl4j_spark.example_shape import ExampleShape
from pydl4j_spark.files import written_aside
from pydl4j_spark.model_zip import ModelZip, read_model_zip, write_model_zip

if TYPE_CHECKING:
    from pydl4j_spark.engine.protocol import Engine, Handle
    from pydl4j_spark.normalizers import Normalizer
    from pydl4j_spark.onnx import ExportReport

_SCORING_BATCH = 256


class MultiLayerNetwork:
    """A network of layers, one after the other (DL4J: ``MultiLayerNetwork``).

    Parameters
    ----------
    conf : MultiLayerConfiguration
        What the network is. Its parameters are initialised, from the configuration's seed, when a JVM first gets it.
    labels : list of str, optional
        Names of the classes, in the order of the outputs.

    Raises
    ------
    ConfigError
        When the number of labels is not the number of outputs.
    """

    def __init__(self, conf: MultiLayerConfiguration, *, labels: list[str] | tuple[str, ...] | None = None) -> None:
        if not isinstance(conf, MultiLayerConfiguration):
            raise ConfigError(f"expected a MultiLayerConfiguration, got {type(conf).__name__}")
        self._conf: MultiLayerConfiguration | None = conf
        self._input_type = conf.input_type
        self._archive: bytes | None = None
        self._live: tuple[Engine, Handle] | None = None
        self.labels: tuple[str, ...] | None = None
        if labels is not None:
            self._set_labels(labels)

    def _set_labels(self, labels: list[str] | tuple[str, ...]) -> None:
        names = tuple(str(label) for label in labels)
        shape = ExampleShape.of(self.conf)
        expected = 2 if shape.classes == 1 and shape.task == "BINARY" else shape.classes
        if len(names) != expected:
            raise ConfigError(f"{len(names)} labels {names}, but the network tells {expected} classes apart")
        self.labels = names

    # --- files -----------------------------------------------------------------------------------------------------

    @classmethod
    def load(cls, path: str | Path, *, input_type: InputType | None = None) -> MultiLayerNetwork:
        """Read a model zip, written here or by DL4J. Local files need no JVM.

        Parameters
        ----------
        path : str or Path
            A local path, or a URI of a Hadoop filesystem such as ``hdfs://…/model.zip`` (needs a Spark session).
        input_type : InputType, optional
            What the network takes, for a file that DL4J wrote: it does not record it. Files written here do.

        Raises
        ------
        ModelFormatError
            When the file is damaged, or no model.
        FileNotFoundError
            When there is no such file.
        """
        name = str(path)
        archive = _engine_at_hand(f"reading {name}").read_file(name) if _is_remote(name) else Path(path).read_bytes()
        return cls._of(archive, read_model_zip(archive), input_type)

    @classmethod
    def _of(cls, archive: bytes, model: ModelZip, input_type: InputType | None) -> MultiLayerNetwork:
        network = cls.__new__(cls)
        manifest = model.manifest or {}
        recorded = manifest.get("input_type")
        if input_type is None and recorded is not None:
            input_type = InputType.from_dict(recorded)
        labels = manifest.get("labels")
        network._conf = None
        network._input_type = input_type
        network._archive = archive
        network._live = None
        network.labels = None if labels is None else tuple(labels)
        return network

    def save(self, path: str | Path, *, save_updater: bool = True) -> None:
        """Write a model zip that DL4J reads too, aside and renamed.

        Parameters
        ----------
        path : str or Path
            A local path, or a URI of a Hadoop filesystem.
        save_updater : bool
            Keep the updater's state, so that training can go on. Default True.

        Raises
        ------
        EngineError
            When the network was never initialised and no session is at hand to do it.
        """
        name = str(path)
        if self._live is None and self._archive is None:
            self.attach(_engine_at_hand("initialising the network"))
        if self._live is not None:
            engine, handle = self._live
            # The JVM stays in the folder it was started in; Python may have moved on.
            place = name if _is_remote(name) else os.path.abspath(name)
            engine.save_network(handle, place, save_updater, self._manifest())
            return
        archive = io.BytesIO()
        model = attrs.evolve(self.to_model_zip(), manifest=self._manifest())
        write_model_zip(model if save_updater else attrs.evolve(model, updater_state=None), archive)
        if _is_remote(name):
            _engine_at_hand(f"writing {name}").write_file(archive.getvalue(), name)
            return
        with written_aside(Path(path)) as file:
            file.write(archive.getvalue())

    def to_model_zip(self) -> ModelZip:
        """Read the network as a model zip, wherever it is now."""
        return read_model_zip(self._bytes())

    def to_onnx(self, path: str | Path, **options: Any) -> ExportReport:
        """Write the network as ONNX, compared with DL4J on the same rows where an engine is at hand.

        Options are those of `pydl4j_spark.onnx.export_onnx`.

        Raises
        ------
        UnsupportedLayer
            When layers have no ONNX counterpart; all of them are named.
        ExportError
            When the exported model's outputs are not equal to DL4J's.
        """
        from pydl4j_spark.onnx import export_onnx

        if self._live is not None and "reference" not in options:
            options["reference"] = self._normalized_output
        if self._input_type is not None:
            options.setdefault("input_shapes", self._input_type.to_dict())
        return export_onnx(self.to_model_zip(), path, **options)

    def _bytes(self) -> bytes:
        if self._live is not None:
            engine, handle = self._live
            return engine.archive(handle, self._manifest())
        if self._archive is None:
            self.attach(_engine_at_hand("initialising the network"))
            return self._bytes()
        return self._archive

    def _manifest(self) -> dict[str, Any]:
        return {
            "format": 1,
            "version": package_version(),
            "dl4j": "1.0.0-M2.1",
            "input_type": None if self._input_type is None else self._input_type.to_dict(),
            "labels": None if self.labels is None else list(self.labels),
        }

    # --- the network -----------------------------------------------------------------------------------------------

    @property
    def conf(self) -> MultiLayerConfiguration:
        """What the network is."""
        if self._conf is None:
            configuration = dict(self.to_model_zip().configuration)
            if self._input_type is not None:
                configuration["inputType"] = self._input_type.to_dict()
            read = MultiLayerConfiguration.from_json(json.dumps(configuration))
            # The counters are the network's (`epoch`, `iteration`), not part of what it is.
            counters = {"iteration_count": 0, "epoch_count": 0, "layer_states": ()}
            self._conf = attrs.evolve(read, **counters)  # type: ignore[misc]  # mypy cannot see through @config
        return self._conf

    @property
    def normalizer(self) -> Normalizer | None:
        """The fitted normalizer that inputs go through, or None."""
        return self.to_model_zip().normalizer if self._archive is not None or self._live is not None else None

    @property
    def epoch(self) -> int:
        """Epochs trained so far."""
        return self._counter("epochCount")

    @property
    def iteration(self) -> int:
        """Parameter updates made so far."""
        return self._counter("iterationCount")

    def _counter(self, key: str) -> int:
        if self._live is not None:
            engine, handle = self._live
            return int(engine.configuration(handle).get(key, 0))
        return 0 if self._archive is None else int(self.to_model_zip().configuration.get(key, 0))

    def params(self) -> NDArray[Any]:
        """All parameters as one array, in DL4J's order: layer after layer, ``[n_params]``."""
        return self.to_model_zip().params

    def updater_state(self) -> NDArray[Any] | None:
        """Give the updater's state as one array, in DL4J's order; None where the updater has none."""
        return self.to_model_zip().updater_state

    @property
    def n_params(self) -> int:
        """Number of parameters."""
        return self.conf.n_params

    def summary(self) -> str:
        """Layers, shapes and parameters as a table."""
        return self.conf.summary()

    def output(self, features: ArrayLike) -> NDArray[Any]:
        """Give the raw outputs for an array of examples, normalised as in training.

        Parameters
        ----------
        features : array
            ``[N, …]`` with what the network takes after the row axis.

        Returns
        -------
        numpy.ndarray
            ``[N, n_out]``, for sequences ``[N, n_out, T]``; float64 for a network of doubles, float32 for others.

        Raises
        ------
        DataError
            When the array does not fit the network.
        EngineError
            When no Spark session is at hand.
        """
        return self._output(features, "the rows to score")

    def _output(self, features: ArrayLike, name: str, *, normalize: bool = True) -> NDArray[Any]:
        array, shape = features_array(features, ExampleShape.of(self.conf), name)
        engine = self._live[0] if self._live is not None else _engine_at_hand("scoring")
        return engine.output(self.attach(engine), array, shape.spec(), _SCORING_BATCH, normalize)

    def _normalized_output(self, features: NDArray[Any]) -> NDArray[Any]:
        """Give DL4J's outputs for rows that are normalised already, as the exporter compares them."""
        return self._output(features, "the rows to compare", normalize=False)

    # --- the JVM's side ----------------------------------------------------------------------------------------------

    def attach(self, engine: Engine) -> Handle:
        """Bring the network into an engine's JVM, unless it is there."""
        if self._live is not None and self._live[0] is engine:
            return self._live[1]
        if self._live is not None:
            self._archive = self._bytes()
        if self._archive is not None:
            handle = engine.restore_network(self._archive)
        else:
            handle = engine.new_network(self.conf.to_json())
        self._live = (engine, handle)
        self._archive = None
        return handle

    def __repr__(self) -> str:
        return f"MultiLayerNetwork({len(self.conf.layers)} layers, {self.n_params:,} parameters)"


def _is_remote(path: str) -> bool:
    return "://" in path or path.startswith("file:")


def _engine_at_hand(purpose: str) -> Any:
    from pyspark.sql import SparkSession

    from pydl4j_spark.engine.spark import spark_engine

    session = SparkSession.getActiveSession()
    if session is None:
        raise EngineError(
            f"{purpose} needs a JVM: start a session with configure_spark(SparkSession.builder).getOrCreate()"
        )
    return spark_engine(session)
