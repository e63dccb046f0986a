"""Where a network is: described, kept as a model zip, or alive in a JVM; and how it gets from one to the other."""

from __future__ import annotations

import io
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs
from numpy.typing import ArrayLike, NDArray

from pydl4j_spark import probe as probes
from pydl4j_spark.arrays import parameters_array
from pydl4j_spark.at_hand import engine_at_hand, engine_of, hadoop_engine
from pydl4j_spark.description import parse_configuration
from pydl4j_spark.engine.jar import package_version
from pydl4j_spark.errors import ConfigError, Dl4jError, EngineError, ModelFormatError, TrainingError
from pydl4j_spark.files import is_remote, written_aside
from pydl4j_spark.model_zip import ModelZip, read_model_zip, write_model_zip
from pydl4j_spark.normalizers import Normalizer

if TYPE_CHECKING:
    from pydl4j_spark.engine.protocol import Engine, Handle

_MOVING = threading.RLock()


class NetworkState(ABC):
    """A network's parameters, updater state and normalizer, wherever they are; subclasses know what it is.

    Parameters are those of `MultiLayerNetwork`.
    """

    _KIND: ClassVar[str]
    """DL4J's name of the class, as `parse_configuration` tells it."""
    _in_training = False
    labels: Any
    """Names of the classes."""

    def __init__(self, labels: Any, normalizer: Normalizer | None) -> None:
        self._begin(None)
        if labels is not None:
            self._set_labels(labels)
        if normalizer is not None:
            self._normalize_by(normalizer)

    def _begin(self, archive: bytes | None) -> None:
        self._archive = archive
        self._live: tuple[Engine, Handle] | None = None
        # Given, and not with the parameters yet: fitted ones go there with the network, others by the next fit.
        self._normalizer: Normalizer | None = None
        # What the archive has and no JVM takes.
        self._foreign_normalizer: Normalizer | None = None
        self.labels = None

    # --- what only the kind of network knows -------------------------------------------------------------------------

    @abstractmethod
    def _set_labels(self, labels: Any) -> None:
        """Name the classes."""

    @abstractmethod
    def _recall(self, model: ModelZip) -> None:
        """Take from a model zip what the network is, beside its parameters."""

    @abstractmethod
    def _blueprint(self) -> str:
        """Give the JSON that a new network like this is made of."""

    @abstractmethod
    def _record(self) -> dict[str, Any]:
        """Give what a model zip's manifest says of the network."""

    @property
    @abstractmethod
    def _data_type(self) -> str: ...

    @property
    @abstractmethod
    def _evaluation(self) -> str:
        """What a fit evaluates its validation rows by."""

    @abstractmethod
    def _check_rows(self, rows: int) -> None:
        """Refuse minibatches of more rows than DL4J can train at once."""

    @property
    @abstractmethod
    def n_params(self) -> int:
        """Number of parameters."""

    # --- the normalizer and the settings of a fit --------------------------------------------------------------------

    def _normalize_by(self, normalizer: Normalizer) -> None:
        """Use a normalizer as it is, or have the next fit fit it first."""
        if not isinstance(normalizer, Normalizer):
            raise ConfigError(f"expected a normalizer, got {type(normalizer).__name__}")
        _check_runs(normalizer)
        self._normalizer = normalizer
        if self._live is not None:
            self._put_normalizer(*self._live)

    @property
    def _unfitted_normalizer(self) -> Normalizer | None:
        return None if self._normalizer is None or self._normalizer.fitted else self._normalizer

    @contextmanager
    def _fit_settings(self, epochs: int, shuffle: bool, master: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Give an engine's settings for a fit; a normalizer that is fitted in it is with the parameters afterwards."""
        self._check_at_rest()
        self._check_rows(master["batch_size_per_worker"])
        unfitted = self._unfitted_normalizer
        self._in_training = True
        try:
            yield {
                "epochs": epochs,
                "shuffle": bool(shuffle),
                "normalizer": None if unfitted is None else unfitted.to_spec(),
                "master": master,
                "evaluation": self._evaluation,
            }
            self._normalizer = None
        finally:
            self._in_training = False

    def _check_at_rest(self) -> None:
        if self._in_training:
            raise TrainingError(
                "the network is being trained: until its fit ends it can be evaluated and saved, as callbacks do, but "
                "not trained, moved, reset or given other parameters"
            )

    def _put_normalizer(self, engine: Engine, handle: Handle) -> None:
        if self._normalizer is not None and self._normalizer.fitted:
            engine.set_normalizer(handle, self._normalizer.to_bytes())
            self._normalizer = None

    # --- files -----------------------------------------------------------------------------------------------------

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model zip, written here or by DL4J. Local files need no JVM.

        Parameters
        ----------
        path : str or Path
            A local path, or a URI of a Hadoop filesystem such as ``hdfs://…/model.zip`` (needs a Spark session).

        Raises
        ------
        ModelFormatError
            When the file is damaged, or no model of this kind.
        FileNotFoundError
            When there is no such file.
        EngineError
            When the path is a URI and no Spark session is active.
        """
        name = str(path)
        archive = hadoop_engine(f"reading {name}").read_file(name) if is_remote(name) else Path(path).read_bytes()
        return cls._of_archive(archive, name)

    @classmethod
    def load_checkpoint(cls, folder: str | Path) -> Self:
        """Read the newest whole checkpoint of a folder that a `Checkpoint` callback wrote.

        ``fit(..., resume=folder)`` does so, and goes on with what is left of the fit.

        Parameters
        ----------
        folder : str or Path
            A local path, or a URI of a Hadoop filesystem (needs a Spark session).

        Raises
        ------
        ModelFormatError
            When no checkpoint is whole, or it is of another kind of network.
        FileNotFoundError
            When there are none.
        """
        from pydl4j_spark.callbacks.checkpoint_folder import CheckpointFolder

        entry, archive = CheckpointFolder(folder).last()
        return cls._of_archive(archive, f"{folder}/{entry.file}")

    @classmethod
    def _of_archive(cls, archive: bytes, name: str) -> Self:
        """Make a network of a model zip's bytes; `name` is for messages."""
        model = read_model_zip(archive)
        kind = parse_configuration(model.configuration).kind
        if kind != cls._KIND:
            raise ModelFormatError(f"{name} holds a {kind}: read it with {kind}.load")
        network = cls.__new__(cls)
        network._begin(archive)
        if model.normalizer is not None and not model.normalizer.runs:
            network._foreign_normalizer = model.normalizer
        network._recall(model)
        return network

    def save(self, path: str | Path, *, save_updater: bool = True, probe: Any = True) -> None:
        """Write a model zip that DL4J reads too, aside and renamed.

        Parameters
        ----------
        path : str or Path
            A local path, or a URI of a Hadoop filesystem (needs a Spark session).
        save_updater : bool
            Keep the updater's state, so that training can go on. Default True.
        probe : bool or rows
            Write a few drawn rows with the network's outputs beside it: an export to ONNX elsewhere, without a JVM, is
            compared with them. That is left out where the network was not used since it was read (what was recorded
            then stays), where nobody knows what it takes, and for rows of more than 4 MB. Or rows of yours, as `output`
            takes them. False for none. Default True.

        Raises
        ------
        EngineError
            When the network was never initialised and there is no JVM to do it; when the path is a URI and no Spark
            session is active.
        DataError
            When rows that were given for the probe do not fit, or are too many.
        """
        name = str(path)
        target = hadoop_engine(f"writing {name}") if is_remote(name) else None
        manifest = {**self._manifest(), **self._probe(probe)}
        if self._archive is None:
            engine, handle = self._alive()
            if target is None or target is engine:
                # The JVM stays in the folder it was started in; Python may have moved on.
                place = name if target is not None else os.path.abspath(name)
                engine.save_network(handle, place, save_updater, manifest)
                return
        archive = io.BytesIO()
        model = attrs.evolve(self.to_model_zip(), manifest=manifest)
        write_model_zip(model if save_updater else attrs.evolve(model, updater_state=None), archive)
        if target is not None:
            target.write_file(archive.getvalue(), name)
            return
        with written_aside(Path(path)) as file:
            file.write(archive.getvalue())

    def to_model_zip(self, *, updater: bool = True) -> ModelZip:
        """Read the network as a model zip, wherever it is now; the updater's state, too, or not."""
        return read_model_zip(self._bytes(updater), updater=updater)

    def _bytes(self, updater: bool = True) -> bytes:
        if self._archive is not None:
            return self._archive
        engine, handle = self._alive()
        return engine.archive(handle, self._manifest(), updater)

    def _manifest(self) -> dict[str, Any]:
        return {"format": 1, "version": package_version(), "dl4j": "1.0.0-M2.1", **self._record()}

    def _probe(self, wanted: Any) -> dict[str, Any]:
        """Give what the manifest holds of rows and outputs; `wanted` is that of `save`."""
        drawn = isinstance(wanted, bool)
        if drawn and not wanted:
            return {}
        if drawn and self._archive is not None:
            recorded = (self.to_model_zip(updater=False).manifest or {}).get(probes.KEY)
            return {} if recorded is None else {probes.KEY: recorded}
        from pydl4j_spark.onnx.recording import record  # takes a quarter of a second the first time

        engine, handle = self._alive()
        rows = None if drawn else wanted
        try:
            found = record(engine, handle, self._record(), rows, None if drawn else self.normalizer)
        except Dl4jError:
            if not drawn:
                raise
            return {}  # DL4J does not take what was drawn, or nobody knows what to draw: nothing is lost by it
        return {probes.KEY: found}

    # --- the JVM's side ----------------------------------------------------------------------------------------------

    def to(self, place: Any) -> Self:
        """Move the network to a JVM: parameters, updater state, counters and normalizer.

        Parameters
        ----------
        place : str or pyspark.sql.SparkSession
            ``"local"`` for a JVM in this process, or a session for its driver's JVM. A network that was not told is
            where it was first used: in the active Spark session's JVM, or else in this process.

        Returns
        -------
        MultiLayerNetwork or ComputationGraph
            The network itself.

        Raises
        ------
        ConfigError
            For another place.
        EngineError
            When there is no JVM, or it has no jar.
        """
        self.attach(engine_of(place))
        return self

    def attach(self, engine: Engine) -> Handle:
        """Bring the network into an engine's JVM, unless it is there."""
        if self._live is not None and self._live[0] is engine:
            return self._live[1]
        with _MOVING:  # two threads at once would each have a network of their own
            if self._live is not None and self._live[0] is engine:
                return self._live[1]
            self._check_at_rest()
            _check_runs(self._foreign_normalizer)
            if self._archive is not None or self._live is not None:
                handle = engine.restore_network(self._bytes())
            else:
                handle = engine.new_network(self._blueprint())
            self._put_normalizer(engine, handle)
            self._live = (engine, handle)
            self._archive = None
            return handle

    def _to_compare(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Add to an export's options the engine that the network is on, or would be used on."""
        if not options.get("verify", True) or "engine" in options or "reference" in options:
            return dict(options)
        try:
            return {**options, "engine": engine_at_hand() if self._live is None else self._live[0]}
        except EngineError:
            return dict(options)

    def _restore(self, archive: bytes) -> None:
        """Take parameters, updater's state, counters and normalizer from a model zip of this very network."""
        engine, _ = self._alive()
        self._live = (engine, engine.restore_network(archive))
        self._normalizer = None

    def _alive(self) -> tuple[Engine, Handle]:
        """Give the engine and its handle, at hand where the network was not told to be elsewhere."""
        if self._live is None:
            self.attach(engine_at_hand())
        assert self._live is not None
        return self._live

    def reset(self) -> None:
        """Start anew: fresh parameters from the configuration's seed, no updater state, counters at zero.

        A normalizer is fitted again on the data of the next fit.
        """
        self._check_at_rest()
        self._blueprint()  # read while there is something to read it from
        normalizer, live = self._normalizer or self.normalizer, self._live
        self._archive, self._live = None, None
        self._normalizer = None if normalizer is None else normalizer.unfitted()
        if live is not None:
            self.attach(live[0])

    # --- what it is ------------------------------------------------------------------------------------------------

    @property
    def normalizer(self) -> Normalizer | None:
        """The fitted normalizer that inputs go through, or None."""
        if self._normalizer is not None and self._normalizer.fitted:
            return self._normalizer
        return (
            self.to_model_zip(updater=False).normalizer if self._archive is not None or self._live is not None else None
        )

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
        return 0 if self._archive is None else int(self.to_model_zip(updater=False).configuration.get(key, 0))

    def params(self) -> NDArray[Any]:
        """All parameters as one array, in DL4J's order: layer after layer, ``[n_params]``."""
        if self._archive is not None:
            return self.to_model_zip(updater=False).params
        engine, handle = self._alive()
        return engine.params(handle)

    def set_params(self, params: ArrayLike) -> None:
        """Replace all parameters; updater state and counters stay.

        Parameters
        ----------
        params : array
            ``[n_params]``, in DL4J's order, as `params` gives them.

        Raises
        ------
        DataError
            When there are more or fewer, or one of them is no finite number in the network's type.
        """
        self._check_at_rest()
        array = parameters_array(params, self.n_params, self._data_type)
        engine, handle = self._alive()
        engine.set_params(handle, array)

    def updater_state(self) -> NDArray[Any] | None:
        """Give the updater's state as one array, in DL4J's order; None where the updater has none."""
        return self.to_model_zip().updater_state


def _check_runs(normalizer: Normalizer | None) -> None:
    if normalizer is not None and not normalizer.runs:
        raise ConfigError(
            f"{normalizer!r} is not put in front of networks here, it is only exported with them: normalize the arrays "
            "before, and load a copy of the file that has no normalizer.bin"
        )
