"""What any JVM must be able to do for us, whichever way it is reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from numpy.typing import NDArray

Event = dict[str, Any]
Handle = Any
"""Something that lives in the JVM; only the engine that made it knows what to do with it."""


class Engine(Protocol):
    """A JVM with the jar: JSON, paths and handles go in, JSON and handles come out."""

    def versions(self) -> dict[str, Any]:
        """Versions of jar and Java, ND4J's backend, and how the native code is set up."""

    def resolve(self, configuration: str) -> str:
        """DL4J's canonical JSON of a configuration."""

    def describe(self, configuration: str) -> list[dict[str, Any]]:
        """Every layer's output type and parameter count as DL4J has them."""

    def new_network(self, configuration: str) -> Handle:
        """Initialise a network."""

    def restore_network(self, archive: bytes) -> Handle:
        """Make a network of a model zip's bytes."""

    def configuration(self, network: Handle) -> dict[str, Any]:
        """Give a network's configuration as it is now, counters included."""

    def archive(self, network: Handle, manifest: dict[str, Any]) -> bytes:
        """Give a network's model zip, updater state included."""

    def save_network(self, network: Handle, path: str, save_updater: bool, manifest: dict[str, Any]) -> None:
        """Write a model zip to a local path or a Hadoop filesystem."""

    def read_file(self, path: str) -> bytes:
        """Read a file from a Hadoop filesystem."""

    def write_file(self, content: bytes, path: str) -> None:
        """Write a file to a Hadoop filesystem, aside and renamed."""

    def output(
        self,
        network: Handle,
        features: NDArray[Any],
        spec: dict[str, Any],
        batch: int,
        normalize: bool = True,
    ) -> NDArray[Any]:
        """Raw outputs of the network for an array of examples, normalised already or still to be."""


EventHandler = Callable[[Event], None]
