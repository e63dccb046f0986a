"""DL4J's normalizers of graphs with several inputs, as a model file holds them: read, applied and exported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from pydl4j_spark.errors import DataError
from pydl4j_spark.normalizers import Normalizer, Step, done, undone


@frozen(eq=False)
class Arrays:
    """What each of a network's inputs, or each of its outputs, goes through.

    Attributes
    ----------
    own : Mapping from int to Normalizer or None
        By its number; None where nothing is done to it.
    otherwise : Normalizer or None
        What all others go through: an unfitted one, as there are no statistics of them, or nothing.
    """

    own: Mapping[int, Normalizer | None] = field(factory=dict)
    otherwise: Normalizer | None = None

    def steps(self, index: int) -> tuple[Step, ...]:
        """Return what is done to the array of a number."""
        one = self.own.get(index, self.otherwise)
        return () if one is None else one.steps()


@frozen(eq=False)
class MultiNormalizer(Normalizer):
    """DL4J's ``MultiNormalizerStandardize``, ``MultiNormalizerMinMaxScaler`` or ``MultiNormalizerHybrid``.

    It comes out of a model file and is not fitted here; an export takes it along.

    Attributes
    ----------
    kind : str
        DL4J's name: ``"MULTI_STANDARDIZE"``, ``"MULTI_MIN_MAX"`` or ``"MULTI_HYBRID"``.
    inputs, outputs : Arrays
        What the features and the labels go through.
    content : bytes
        The ``normalizer.bin`` that it was read from.
    """

    kind: str
    inputs: Arrays = field(repr=False)
    outputs: Arrays = field(repr=False)
    content: bytes = field(repr=False)

    runs = False

    @property
    def fit_label(self) -> bool:
        """Whether there are statistics of labels too."""
        return any(one is not None for one in self.outputs.own.values())

    def steps(self, labels: bool = False) -> tuple[Step, ...]:
        """Refuse: each input has steps of its own."""
        raise DataError(f"a normalizer of type {self.kind} has steps for each input and output: input_steps(index)")

    def input_steps(self, index: int = 0) -> tuple[Step, ...]:
        """Return what is done to one of the network's inputs."""
        return self.inputs.steps(index)

    def output_steps(self, index: int = 0) -> tuple[Step, ...]:
        """Return what was done to the labels of one of the network's outputs."""
        return self.outputs.steps(index)

    def transform(self, x: Any) -> Any:
        """Return a list of normalized arrays for a list of arrays, one for each input."""
        return [done(array, self.input_steps(index)) for index, array in enumerate(self._listed(x))]

    def revert(self, x: Any) -> Any:
        """Return the arrays as they were before :meth:`transform`."""
        return [done(array, undone(self.input_steps(index))) for index, array in enumerate(self._listed(x))]

    def revert_labels(self, y: Any) -> Any:
        """Return the labels, or the outputs, in their own units."""
        return [done(array, undone(self.output_steps(index))) for index, array in enumerate(self._listed(y))]

    def _listed(self, arrays: Any) -> list[Any]:
        if not isinstance(arrays, list | tuple):
            raise DataError(f"a normalizer of type {self.kind} takes a list of arrays, one for each input or output")
        return list(arrays)

    def to_bytes(self) -> bytes:
        """Return what it was read from."""
        return self.content

    def to_spec(self) -> dict[str, Any]:
        """Refuse: there are no settings to fit it anew with."""
        raise DataError(f"a normalizer of type {self.kind} is only read from model files; it cannot be fitted here")
