"""What every engine does alike: calls of the jar's `LocalBridge`, however they reach it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pydl4j_spark.engine import failures
from pydl4j_spark.engine.interrupts import interrupts
from pydl4j_spark.engine.protocol import Arrays, EventHandler, Handle
from pydl4j_spark.errors import DataError

_POLL_MILLIS = 200
_CANCEL_MILLIS = 30_000
_KEPT_SPECS = 32


class JvmEngine(ABC):
    """An engine over the jar; what is left to say is how calls and arrays cross."""

    def __init__(self, bridge: Any) -> None:
        self._local = bridge
        self._specs: dict[int, tuple[dict[str, Any], Handle]] = {}

    # --- how calls and arrays cross ------------------------------------------------------------------------------

    @abstractmethod
    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a method of the bridge; a Java exception becomes one of ours."""

    @abstractmethod
    def _lent(self, array: NDArray[Any], row_bytes: int) -> AbstractContextManager[Handle]:
        """Give Java buffers of a C-ordered array's bytes, each of whole rows, for the length of a block."""

    @abstractmethod
    def _taken(self, tensor: Handle) -> NDArray[Any]:
        """Copy a Java tensor, and free it."""

    # --- long work -----------------------------------------------------------------------------------------------

    def _run(self, job: Handle, on_event: EventHandler | None = None) -> Any:
        """Watch a job until it ends; an interrupt cancels it and waits for it to clean up."""
        with interrupts() as interrupted:
            while True:
                for event in json.loads(str(self._call(self._local.poll, job, _POLL_MILLIS))):
                    if event["event"] == "done":
                        return self._call(self._local.result, job)
                    if event["event"] == "cancelled":
                        raise KeyboardInterrupt
                    if event["event"] == "failed":
                        raise failures.from_event(event)
                    if on_event is not None:
                        try:
                            on_event(event)
                        except BaseException:
                            self._call(self._local.cancel, job, _CANCEL_MILLIS)
                            raise
                if interrupted():
                    self._call(self._local.cancel, job, _CANCEL_MILLIS)
                    raise KeyboardInterrupt

    # --- configurations and networks -----------------------------------------------------------------------------

    def versions(self) -> dict[str, Any]:
        """Versions of jar and Java, ND4J's backend, and how this JVM's native code is set up."""
        versions: dict[str, Any] = json.loads(str(self._call(self._local.versions)))
        return versions

    def resolve(self, configuration: str) -> str:
        """DL4J's canonical JSON of a configuration."""
        return str(self._call(self._local.resolve, configuration))

    def describe(self, configuration: str) -> list[dict[str, Any]]:
        """Every layer's output type and parameter count as DL4J has them."""
        layers: list[dict[str, Any]] = json.loads(str(self._call(self._local.describe, configuration)))
        return layers

    def new_network(self, configuration: str) -> Handle:
        """Initialise a network."""
        return self._call(self._local.newNetwork, configuration)

    def restore_network(self, archive: bytes) -> Handle:
        """Make a network of a model zip's bytes."""
        with self._lent(np.frombuffer(archive, np.uint8), 1) as content:
            return self._call(self._local.restoreNetwork, content)

    def read_keras(self, path: str, enforce_training_config: bool) -> tuple[Handle, dict[str, Any]]:
        """Make a network of a local file that Keras wrote; with the types of its inputs, by name, in DL4J's JSON."""
        file = self._call(self._local.keras, path, enforce_training_config)
        inputs: dict[str, Any] = json.loads(str(self._call(self._local.kerasInputs, file)))
        return self._call(self._local.kerasNetwork, file), inputs

    def configuration(self, network: Handle) -> dict[str, Any]:
        """Give a network's configuration as it is now, counters included."""
        configuration: dict[str, Any] = json.loads(str(self._call(self._local.configuration, network)))
        return configuration

    def archive(self, network: Handle, manifest: dict[str, Any], save_updater: bool = True) -> bytes:
        """Give a network's model zip."""
        return self._taken(self._call(self._local.archive, network, bool(save_updater), json.dumps(manifest))).tobytes()

    def set_normalizer(self, network: Handle, content: bytes) -> None:
        """Put a fitted normalizer, in DL4J's layout, in front of a network."""
        with self._lent(np.frombuffer(content, np.uint8), 1) as lent:
            self._call(self._local.setNormalizer, network, lent)

    def params(self, network: Handle) -> NDArray[Any]:
        """All parameters in DL4J's order, ``[n_params]``."""
        return self._taken(self._call(self._local.params, network)).reshape(-1)

    def set_params(self, network: Handle, params: NDArray[Any]) -> None:
        """Replace all parameters; ``[n_params]`` of float32 or float64."""
        with self._lent(params, params.itemsize) as values:
            self._call(self._local.setParams, network, values, bool(params.dtype == np.float64))

    # --- one network, rows in and numbers out --------------------------------------------------------------------

    def _spec(self, spec: dict[str, Any]) -> Handle:
        """Say to Java what a row is. Callers come with the same object again; Java keeps buffers by it, too."""
        kept = self._specs.get(id(spec))
        if kept is None:
            if len(self._specs) == _KEPT_SPECS:
                self._specs.clear()
            kept = self._specs[id(spec)] = (spec, self._call(self._local.spec, json.dumps(spec)))
        return kept[1]

    @contextmanager
    def _rows(self, rows: Arrays) -> Iterator[Handle]:
        with ExitStack() as stack:
            count = len(rows.features)
            features = stack.enter_context(self._lent(rows.features, rows.features.nbytes // count))
            labels = None
            if rows.labels is not None:
                labels = stack.enter_context(self._lent(rows.labels, rows.labels.nbytes // count))
            is_bytes = rows.features.dtype == np.uint8
            yield self._call(self._local.rows, features, is_bytes, labels, count, self._spec(rows.spec), rows.name)

    def output(self, network: Handle, rows: Arrays, normalize: bool = True) -> NDArray[Any]:
        """Raw outputs for rows, normalised already or still to be; of a graph its first."""
        return self.outputs(network, rows, normalize)[0]

    def outputs(self, network: Handle, rows: Arrays, normalize: bool = True) -> list[NDArray[Any]]:
        """Every output of a graph; otherwise as `output`."""
        with self._rows(rows) as given:
            return self._all_taken(self._run(self._call(self._local.outputs, network, given, normalize)))

    def feed_forward(self, network: Handle, rows: Arrays, train: bool) -> dict[str, NDArray[Any]]:
        """Activations of every layer or vertex in turn, by name."""
        with self._rows(rows) as given:
            return self._named(self._run(self._call(self._local.feedForward, network, given, train)))

    def rnn_time_step(self, network: Handle, rows: Arrays) -> NDArray[Any]:
        """Give outputs that go on from the state that the last call left; of a graph its first."""
        return self.rnn_time_step_outputs(network, rows)[0]

    def rnn_time_step_outputs(self, network: Handle, rows: Arrays) -> list[NDArray[Any]]:
        """Every output of a graph; otherwise as `rnn_time_step`."""
        with self._rows(rows) as given:
            return self._all_taken(self._call(self._local.rnnTimeStep, network, given))

    def rnn_clear_previous_state(self, network: Handle) -> None:
        """Forget that state."""
        self._call(self._local.rnnClearPreviousState, network)

    def gradient(self, network: Handle, rows: Arrays) -> dict[str, NDArray[Any]]:
        """Gradient of the rows' mean score by parameter (``0_W``, ``dense_b``, …), each in its own shape."""
        with self._rows(rows) as given:
            return self._named(self._run(self._call(self._local.gradient, network, given)))

    def _named(self, result: Handle) -> dict[str, NDArray[Any]]:
        names = json.loads(str(self._call(self._local.names, result)))
        return dict(zip(names, self._all_taken(result), strict=True))

    def _all_taken(self, result: Handle) -> list[NDArray[Any]]:
        return [self._taken(tensor) for tensor in self._call(self._local.tensors, result)]

    def evaluate_arrays(self, network: Handle, rows: Arrays, evaluation: str, output: int = 0) -> dict[str, Any]:
        """Evaluate one output on labelled rows."""
        with self._rows(rows) as given:
            report: dict[str, Any] = json.loads(
                str(self._run(self._call(self._local.evaluate, network, given, evaluation, output)))
            )
            return report

    # --- training ------------------------------------------------------------------------------------------------

    def fit_arrays(
        self,
        network: Handle,
        training: Arrays,
        validation: Arrays | None,
        settings: dict[str, Any],
        on_event: EventHandler,
    ) -> None:
        """Train in this JVM; events arrive while it runs, and the network stands still while they are handled."""
        with ExitStack() as stack:
            given = stack.enter_context(self._rows(training))
            held_out = None if validation is None else stack.enter_context(self._rows(validation))
            self._run(self._call(self._local.fit, network, given, held_out, json.dumps(settings)), on_event)

    def fit_batches(
        self,
        network: Handle,
        batches: Callable[[], Iterator[Arrays]],
        validation: Arrays | None,
        settings: dict[str, Any],
        on_event: EventHandler,
    ) -> None:
        """Train in this JVM on minibatches as they come; every iterator is an epoch."""
        master = settings["master"]
        workers = master["num_workers"] or 1
        # A worker alone has nobody to average with: each of its minibatches is a round.
        together = 1 if workers == 1 else workers * master["averaging_frequency"]
        fit = self._call(self._local.openStream, network, json.dumps(master))
        try:
            on_event({"event": "start", "rows": None})
            for _ in range(settings["epochs"]):
                some = batches()
                trained = 0
                while given := list(islice(some, together)):
                    on_event(json.loads(self._round(fit, given)))
                    trained += len(given)
                if not trained:
                    raise DataError("there are no minibatches to train on")
                event = json.loads(str(self._call(self._local.endEpoch, fit)))
                if validation is not None:
                    event["validation"] = self.evaluate_arrays(network, validation, settings["evaluation"])
                on_event(event)
        finally:
            self._call(self._local.closeStream, fit)

    def _round(self, fit: Handle, given: list[Arrays]) -> str:
        with ExitStack() as stack:
            for batch in given:
                self._call(self._local.give, fit, stack.enter_context(self._rows(batch)))
            return str(self._call(self._local.round, fit))
