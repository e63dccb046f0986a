"""An activation whose slopes are learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydl4j_spark.conf.base import config, evolve
from pydl4j_spark.conf.fields import nested, numbers_of
from pydl4j_spark.conf.inputs import InputType
from pydl4j_spark.conf.layers.base import BaseLayer, Layer, Shapes
from pydl4j_spark.conf.weights import WeightInit, WeightInitConstant, WeightInitDistribution, WeightInitLike
from pydl4j_spark.errors import ConfigError

_MOST = 64


@config("org.deeplearning4j.nn.conf.layers.PReLULayer")
class PReLULayer(BaseLayer):
    """Keeps what is above 0, and multiplies what is below by a slope it learns, on any shape (DL4J PReLULayer).

    DL4J trains it only where a minibatch has at most 64 numbers for each slope: 64 rows, if no axis is shared. Larger
    minibatches are refused before a fit begins.

    Parameters
    ----------
    input_shape : list of int, optional
        Shape of one example; that of the input where not set.
    shared_axes : list of int, optional
        Axes along which there is one slope for all; 1 is the first of an example. (2, 3) has one slope for each channel
        of NCHW images.
    weight_init : str, WeightInit or Distribution
        First slopes: ``"zero"`` by default, another constant, or a distribution.
    """

    works_in_place: ClassVar[bool] = True
    gives_input_type: ClassVar[bool] = True
    derived_keys: ClassVar[frozenset[str]] = Layer.derived_keys | {"nin", "nout"}

    input_shape: Sequence[int] | None = numbers_of("inputShape", default=None, minimum=1)
    shared_axes: Sequence[int] | None = numbers_of("sharedAxes", default=None, minimum=1)
    weight_init: WeightInitLike | None = nested("weightInitFn", WeightInit, default="zero", optional=False)

    @property
    def needs_whole_sequences(self) -> bool:  # type: ignore[override]
        """Whether there is a slope for each time step."""
        return self.input_shape is not None and len(self.input_shape) == 2

    @property
    def parameter_shapes(self) -> Shapes:
        """A slope for each number, or for all along the shared axes."""
        return {"W": (None,) if self.input_shape is None else tuple(self.input_shape)}

    def accept(self, given: InputType) -> Layer:
        """Take the shape; it is 1 along the shared axes, as DL4J makes it when it first looks at it."""
        if None in given.shape:
            raise ConfigError("it has slopes for each time step, so the length must be known: give timesteps")
        whole = tuple(length or 0 for length in given.shape)
        beyond = [axis for axis in self.shared_axes or () if axis > len(whole)]
        if beyond:
            raise ConfigError(f"shared_axes {tuple(self.shared_axes or ())} go beyond the axes of {given}")
        shared = tuple(1 if axis in (self.shared_axes or ()) else length for axis, length in enumerate(whole, 1))
        if self.input_shape not in (None, whole, shared):
            raise ConfigError(f"input_shape is given as {self.input_shape}, but {given} comes in; leave it out")
        return evolve(self, input_shape=shared)

    def check(self) -> None:
        """Refuse first slopes by numbers of inputs, of which DL4J counts 0 here."""
        if not isinstance(self.weight_init, WeightInitConstant | WeightInitDistribution):
            raise ConfigError(
                f"weight_init {type(self.weight_init).__name__} gives infinite slopes in DL4J, which counts no inputs"
                " here; use 'zero', a WeightInitConstant or a Distribution"
            )

    def most_rows(self, given: InputType | None) -> int | None:
        """Give rows with as many numbers for each slope as DL4J's gradient takes."""
        size = None if given is None else given.size_in_all
        return None if size is None else _MOST * (self.n_params or 1) // size

    def check_training(self, given: InputType | None) -> None:
        """Refuse slopes that are shared by more numbers of a row than DL4J's gradient takes."""
        if self.most_rows(given) == 0:
            raise ConfigError(
                f"DL4J's gradient takes {_MOST} numbers for each slope in a minibatch at most, and one row has more"
                " already; share fewer axes"
            )
