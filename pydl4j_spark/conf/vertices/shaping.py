"""Vertices that give their input another shape."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from pydl4j_spark.conf.base import config, evolve
from pydl4j_spark.conf.fields import choice, nested
from pydl4j_spark.conf.inputs import InputType, InputTypeConvolutional
from pydl4j_spark.conf.kinds import INT_MAX, Kind, as_whole, declare, within
from pydl4j_spark.conf.preprocessors import Preprocessor
from pydl4j_spark.conf.vertices.base import GraphVertex, kind_of
from pydl4j_spark.errors import ConfigError

_VERTICES = "org.deeplearning4j.nn.conf.graph."


def _shape_kind(key: str, *, optional: bool) -> Kind:
    def convert(value: object) -> tuple[int, ...]:
        made = tuple(as_whole(length) for length in value)  # type: ignore[attr-defined]
        for length in made:
            within(length, -1, INT_MAX, None, None)
        if 0 in made or made.count(-1) > 1:
            raise ValueError("one length may be -1, none 0")
        return made

    return Kind(key, "a shape with the examples first, such as (-1, 3, 4)", convert, list, optional=optional)


@config(_VERTICES + "ReshapeVertex")
class ReshapeVertex(GraphVertex):
    """Gives each example another shape (DL4J ReshapeVertex): ``ReshapeVertex((-1, 3, 4))``.

    Parameters
    ----------
    new_shape : tuple of int
        The shape with the examples first: two lengths give rows, three sequences, four images. The first is -1, any
        number of examples.
    reshape_order : str
        ``"c"``, the last axis runs fastest, or ``"f"``.
    mask_shape : tuple of int, optional
        The shape for masks.
    """

    new_shape: tuple[int, ...] = declare(_shape_kind("newShape", optional=False), kw_only=False)
    reshape_order: str = choice("reshapeOrder", {"c": "c", "f": "f"}, default="c")
    mask_shape: tuple[int, ...] | None = declare(_shape_kind("maskShape", optional=True), default=None)

    def __attrs_post_init__(self) -> None:
        if not 2 <= len(self.new_shape) <= 4:
            raise ConfigError(f"ReshapeVertex.new_shape = {self.new_shape}: wanted two to four lengths")

    def accept(self, given: Sequence[InputType]) -> GraphVertex:
        """Take as many numbers as the new shape has."""
        numbers, wanted = given[0].size_in_all, prod(self.new_shape[1:])
        if self.new_shape[0] != -1:
            raise ConfigError(f"new_shape is {self.new_shape}: its first length must be -1, any number of examples")
        if numbers is not None and numbers != wanted:
            raise ConfigError(f"new_shape has {wanted} numbers for each example, but {kind_of(given[0])} come in")
        return self

    def output_type(self, given: Sequence[InputType]) -> InputType:
        """Give rows, sequences or images."""
        match self.new_shape[1:]:
            case (size,):
                return InputType.feed_forward(size)
            case (size, timesteps):
                return InputType.recurrent(size, timesteps)
        channels, height, width = self.new_shape[1:]
        return InputType.convolutional(height, width, channels)


@config(_VERTICES + "PreprocessorVertex")
class PreprocessorVertex(GraphVertex):
    """A preprocessor by itself (DL4J PreprocessorVertex).

    Parameters
    ----------
    preprocessor : Preprocessor
        What reshapes.
    """

    preprocessor: Preprocessor = nested("preProcessor", Preprocessor, kw_only=False)

    def output_type(self, given: Sequence[InputType]) -> InputType:
        """Give what comes out of the preprocessor."""
        made = self.preprocessor.output_type(given[0])
        assert made is not None, "an input that is known gives an output that is"
        return made


@config(_VERTICES + "PoolHelperVertex")
class PoolHelperVertex(GraphVertex):
    """Leaves out the first row and column of images: ``[N, C, H, W]`` to ``[N, C, H - 1, W - 1]``.

    DL4J PoolHelperVertex; networks that come from Caffe have it. DL4J infers the shape before it for the shape after
    it; here it is right.
    """

    def accept(self, given: Sequence[InputType]) -> GraphVertex:
        """Take images with channels first, of two rows and columns at least."""
        one = given[0]
        if not isinstance(one, InputTypeConvolutional):
            raise ConfigError(f"it takes images, but {kind_of(one)} come in")
        if one.data_format != "NCHW" or min(one.height, one.width) < 2:
            raise ConfigError(f"it takes NCHW images of 2 x 2 at least, but {one.data_format} images {one} come in")
        return self

    def output_type(self, given: Sequence[InputType]) -> InputType:
        """Give smaller images."""
        (one,) = given
        assert isinstance(one, InputTypeConvolutional)
        return evolve(one, height=one.height - 1, width=one.width - 1)

    def check_training(self, given: Sequence[InputType], data_type: str) -> None:
        """Refuse images that are not square."""
        (one,) = given
        assert isinstance(one, InputTypeConvolutional)
        if one.height != one.width:
            raise ConfigError(f"DL4J can train it on square images only, and {one} come in; use Cropping2D")
