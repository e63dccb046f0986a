"""What any JVM must be able to do for us, whichever way it is reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

Event = dict[str, Any]
EventHandler = Callable[[Event], None]
Handle = Any
"""Something that lives in the JVM; only the engine that made it knows what to do with it."""


class Arrays(NamedTuple):
    """Checked rows of numpy arrays: C-ordered, float32 or (features only) uint8, in the machine's byte order."""

    features: NDArray[Any]
    """``[N, ...]``; several inputs side by side, and after them their masks, ``[N, total]``."""
    labels: NDArray[Any] | None
    """Class indices, one-hot rows or targets, as ``spec`` says; several outputs' and masks as features."""
    spec: dict[str, Any]
    """What a row is; see `row_spec`."""
    name: str
    """What to call them in a message."""


class Engine(Protocol):
    """A JVM with the jar: JSON, paths, arrays and handles go in, JSON, arrays and handles come out.

    Everything here happens in that one JVM; what an engine can do on a cluster besides is its own.
    """

    def versions(self) -> dict[str, Any]:
        """Versions of jar and Java, ND4J's backend, and how the native code is set up."""

    # --- configurations and networks ---------------------------------------------------------------------------------

    def resolve(self, configuration: str) -> str:
        """DL4J's canonical JSON of a configuration."""

    def describe(self, configuration: str) -> list[dict[str, Any]]:
        """Every layer's output type and parameter count as DL4J has them."""

    def new_network(self, configuration: str) -> Handle:
        """Initialise a network."""

    def restore_network(self, archive: bytes) -> Handle:
        """Make a network of a model zip's bytes."""

    def read_keras(self, path: str, enforce_training_config: bool) -> tuple[Handle, dict[str, Any]]:
        """Make a network of a local file that Keras wrote; with the types of its inputs, by name, in DL4J's JSON."""

    def configuration(self, network: Handle) -> dict[str, Any]:
        """Give a network's configuration as it is now, counters included."""

    def archive(self, network: Handle, manifest: dict[str, Any], save_updater: bool = True) -> bytes:
        """Give a network's model zip."""

    def save_network(self, network: Handle, path: str, save_updater: bool, manifest: dict[str, Any]) -> None:
        """Write a model zip to an absolute local path or, where the engine has one, a Hadoop filesystem."""

    def read_file(self, path: str) -> bytes:
        """Read a file from a Hadoop filesystem; FileNotFoundError where there is none."""

    def write_file(self, content: bytes, path: str) -> None:
        """Write a file to a Hadoop filesystem, aside and renamed."""

    def delete_file(self, path: str) -> None:
        """Delete a file on a Hadoop filesystem, where it is there."""

    def set_normalizer(self, network: Handle, content: bytes) -> None:
        """Put a fitted normalizer, in DL4J's layout, in front of a network."""

    def params(self, network: Handle) -> NDArray[Any]:
        """All parameters in DL4J's order, ``[n_params]``."""

    def set_params(self, network: Handle, params: NDArray[Any]) -> None:
        """Replace all parameters; ``[n_params]`` of float32 or float64."""

    # --- one network, rows in and numbers out ------------------------------------------------------------------------

    def output(self, network: Handle, rows: Arrays, normalize: bool = True) -> NDArray[Any]:
        """Raw outputs for rows, normalised already or still to be; of a graph its first."""

    def outputs(self, network: Handle, rows: Arrays, normalize: bool = True) -> list[NDArray[Any]]:
        """Every output of a graph; otherwise as `output`."""

    def feed_forward(self, network: Handle, rows: Arrays, train: bool) -> dict[str, NDArray[Any]]:
        """Activations of every layer or vertex in turn, by name."""

    def rnn_time_step(self, network: Handle, rows: Arrays) -> NDArray[Any]:
        """Give outputs that go on from the state that the last call left; of a graph its first."""

    def rnn_time_step_outputs(self, network: Handle, rows: Arrays) -> list[NDArray[Any]]:
        """Every output of a graph; otherwise as `rnn_time_step`."""

    def rnn_clear_previous_state(self, network: Handle) -> None:
        """Forget that state."""

    def gradient(self, network: Handle, rows: Arrays) -> dict[str, NDArray[Any]]:
        """Gradient of the rows' mean score by parameter (``0_W``, ``dense_b``, …), each in its own shape."""

    def evaluate_arrays(self, network: Handle, rows: Arrays, evaluation: str, output: int = 0) -> dict[str, Any]:
        """Evaluate one output on labelled rows.

        ``evaluation`` is CLASSIFICATION, REGRESSION, ROC_BINARY, ROC_MULTI_CLASS, or SCORE for the loss alone.
        """

    def fit_arrays(
        self,
        network: Handle,
        training: Arrays,
        validation: Arrays | None,
        settings: dict[str, Any],
        on_event: EventHandler,
    ) -> None:
        """Train in this JVM, without Spark.

        The network stands still while a handler runs. ``settings`` holds ``epochs``, ``shuffle``, ``normalizer`` (a
        spec to fit, or None), ``master`` (a training master's settings) and ``evaluation``.
        """

    def fit_batches(
        self,
        network: Handle,
        batches: Callable[[], Iterator[Arrays]],
        validation: Arrays | None,
        settings: dict[str, Any],
        on_event: EventHandler,
    ) -> None:
        """Train on minibatches as they come, one iterator per epoch; otherwise as `fit_arrays`."""
