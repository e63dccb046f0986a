"""DL4J's normalizers of graphs with several inputs, as a model file holds them: read, applied and exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import field, frozen

from pydl4j_spark.errors import DataError
from pydl4j_spark.normalizers import FloatArray, Normalizer, Step


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

    def of(self, index: int) -> Normalizer | None:
        """Return what the array of a number goes through."""
        return self.own.get(index, self.otherwise)

    def apply(self, arrays: Any, method: str) -> list[FloatArray]:
        """Call a method of each array's normalizer."""
        if not isinstance(arrays, Sequence):
            raise DataError("this normalizer takes a list of arrays, one for each of the network's inputs or outputs")
        own = (self.of(index) for index in range(len(arrays)))
        return [
            np.asarray(array) if one is None else getattr(one, method)(array)
            for array, one in zip(arrays, own, strict=True)
        ]


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

    def of_input(self, index: int = 0) -> Normalizer | None:
        """Return what one of a network's inputs goes through, or None where nothing is done to it."""
        return self.inputs.of(index)

    def steps(self, labels: bool = False) -> tuple[Step, ...]:
        """Refuse: each input has steps of its own; see :meth:`of_input`."""
        raise DataError(f"a normalizer of type {self.kind} has steps for each input; ask of_input(index) for one")

    def transform(self, x: Any) -> Any:
        """Return a list of normalized arrays for a list of arrays, one for each input."""
        return self.inputs.apply(x, "transform")

    def revert(self, x: Any) -> Any:
        """Return the arrays as they were before :meth:`transform`."""
        return self.inputs.apply(x, "revert")

    def revert_labels(self, y: Any) -> Any:
        """Return the labels, or the outputs, in their own units."""
        return self.outputs.apply(y, "revert")

    def to_bytes(self) -> bytes:
        """Return what it was read from."""
        return self.content

    def to_spec(self) -> dict[str, Any]:
        """Refuse: there are no settings to fit it anew with."""
        raise DataError(f"a normalizer of type {self.kind} is only read from model files; it cannot be fitted here")
