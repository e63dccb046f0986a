"""Preprocessors: they reshape between layers of different kinds. DL4J and this package put them in by themselves.

Give one only where a network needs another: ``MultiLayerConfiguration(..., preprocessors={2: …})``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, ClassVar

from pydl4j_spark.conf.base import Config, config
from pydl4j_spark.conf.fields import choice, flag, nested_list, numbers_of, whole
from pydl4j_spark.conf.inputs import (
    CNN_FORMATS,
    DATA_FORMATS,
    RNN_FORMATS,
    InputType,
    InputTypeConvolutional,
    InputTypeConvolutional3D,
    InputTypeConvolutionalFlat,
    InputTypeFeedForward,
    InputTypeRecurrent,
)
from pydl4j_spark.errors import ConfigError

_PACKAGE = "org.deeplearning4j.nn.conf.preprocessor."
_KERAS = "org.deeplearning4j.preprocessors."


class Preprocessor(Config):
    """The family of preprocessors."""

    names: ClassVar[dict[str, Any]] = {}

    def output_type(self, given: InputType | None) -> InputType | None:
        """Give what comes out.

        Parameters
        ----------
        given : InputType or None
            What goes in, where it is known.

        Returns
        -------
        InputType or None
            None where it depends on an input that is not known.
        """
        raise NotImplementedError

    def check_training(self) -> None:
        """Refuse what DL4J computes but trains wrongly."""

    def _refuse(self, given: InputType, wanted: str) -> ConfigError:
        return ConfigError(f"{type(self).__name__} takes {wanted}, but {given} comes in")


@config()
class _ImagePreprocessor(Preprocessor):
    input_height: int = whole("inputHeight", minimum=1)
    input_width: int = whole("inputWidth", minimum=1)
    num_channels: int = whole("numChannels", minimum=1)

    @property
    def _size(self) -> int:
        return self.input_height * self.input_width * self.num_channels

    @property
    def _image(self) -> tuple[int, int, int]:
        return (self.input_height, self.input_width, self.num_channels)

    def _check_image(self, given: InputType | None) -> None:
        if given is None:
            return
        if not isinstance(given, InputTypeConvolutional | InputTypeConvolutionalFlat):
            raise self._refuse(given, "images")
        if (given.height, given.width, given.channels) != self._image:
            height, width, channels = self._image
            raise self._refuse(given, f"images of {channels} x {height} x {width}")


@config(_PACKAGE + "CnnToFeedForwardPreProcessor")
class CnnToFeedForwardPreProcessor(_ImagePreprocessor):
    """Flattens images ``[N, C, H, W]`` to rows (DL4J CnnToFeedForwardPreProcessor).

    Where height, width and channels are not given, DL4J takes them of the first images it sees.
    """

    input_height: int = whole("inputHeight", default=0)
    input_width: int = whole("inputWidth", default=0)
    num_channels: int = whole("numChannels", default=0)
    data_format: str = choice("format", CNN_FORMATS, default="NCHW")

    def output_type(self, given: InputType | None) -> InputType | None:
        """Give rows of all the numbers of an image."""
        if not any(self._image) and isinstance(given, InputTypeConvolutional | None):
            return None if given is None else InputTypeFeedForward(size=given.height * given.width * given.channels)
        if isinstance(given, InputTypeConvolutionalFlat):
            raise ConfigError(
                f"{type(self).__name__} takes images, but flat images {given} come in, rows already; leave it out"
            )
        self._check_image(given)
        return InputTypeFeedForward(size=self._size)


@config("org.deeplearning4j.nn.modelimport.keras.preprocessors.TensorFlowCnnToFeedForwardPreProcessor")
class TensorFlowCnnToFeedForwardPreProcessor(CnnToFeedForwardPreProcessor):
    """Flattens images ``[N, C, H, W]`` to rows with channels last, as TensorFlow does.

    DL4J TensorFlowCnnToFeedForwardPreProcessor, of old Keras imports.
    """


@config(_PACKAGE + "FeedForwardToCnnPreProcessor")
class FeedForwardToCnnPreProcessor(_ImagePreprocessor):
    """Makes images ``[N, C, H, W]`` of rows (DL4J FeedForwardToCnnPreProcessor)."""

    def output_type(self, given: InputType | None) -> InputType | None:
        """Give images."""
        if isinstance(given, InputTypeFeedForward):
            if given.size != self._size:
                raise self._refuse(given, f"rows of {self._size}")
        else:
            self._check_image(given)
        if isinstance(given, InputTypeConvolutional):
            return given
        return InputType.convolutional(*self._image)


@config()
class _VolumePreprocessor(Preprocessor):
    input_depth: int = whole("inputDepth", minimum=1)
    input_height: int = whole("inputHeight", minimum=1)
    input_width: int = whole("inputWidth", minimum=1)
    num_channels: int = whole("numChannels", minimum=1)
    channels_first: bool = flag("ncdhw", default=True)

    derived_keys: ClassVar[frozenset[str]] = frozenset({"isNCDHW"})

    @property
    def _volume(self) -> InputTypeConvolutional3D:
        return InputType.convolutional3d(
            self.input_depth,
            self.input_height,
            self.input_width,
            self.num_channels,
            data_format="NCDHW" if self.channels_first else "NDHWC",
        )


@config(_PACKAGE + "Cnn3DToFeedForwardPreProcessor")
class Cnn3DToFeedForwardPreProcessor(_VolumePreprocessor):
    """Flattens volumes ``[N, C, D, H, W]`` to rows (DL4J Cnn3DToFeedForwardPreProcessor)."""

    def output_type(self, given: InputType | None) -> InputType | None:
        """Give rows of all the numbers of a volume."""
        if given is not None and given != self._volume:
            raise self._refuse(given, f"volumes {self._volume}")
        return InputType.feed_forward(int(self._volume.size_in_all or 0))


@config(_PACKAGE + "FeedForwardToCnn3DPreProcessor")
class FeedForwardToCnn3DPreProcessor(_VolumePreprocessor):
    """Makes volumes ``[N, C, D, H, W]`` of rows (DL4J FeedForwardToCnn3DPreProcessor)."""

    def output_type(self, given: InputType | None) -> InputType | None:
        """Give volumes."""
        rows = isinstance(given, InputTypeFeedForward) and given.size == self._volume.size_in_all
        if given is not None and not rows and given != self._volume:
            raise self._refuse(given, f"rows of {self._volume.size_in_all}")
        return self._volume


@config(_PACKAGE + "RnnToFeedForwardPreProcessor")
class RnnToFeedForwardPreProcessor(Preprocessor):
    """Makes a row of every time step (DL4J RnnToFeedForwardPreProcessor)."""

    data_format: str = choice("rnnDataFormat", RNN_FORMATS, default="NCW")

    def output_type(self, given: InputType | None) -> InputType | None:
        """Give rows that remember that they are time steps."""
        if given is None:
            return None
        if not isinstance(given, InputTypeRecurrent):
            raise self._refuse(given, "sequences")
        return InputTypeFeedForward(size=given.size, time_distributed_format=given.data_format)


@config(_PACKAGE + "FeedForwardToRnnPreProcessor")
class FeedForwardToRnnPreProcessor(Preprocessor):
    """Puts rows that are time steps back into sequences (DL4J FeedForwardToRnnPreProcessor)."""

    data_format: str = choice("rnnDataFormat", RNN_FORMATS, default="NCW")

    def output_type(self, given: InputType | None) -> InputType | None:
        """Give sequences of a length that is not known here, as DL4J has it."""
        if given is None:
            return None
        if not isinstance(given, InputTypeFeedForward | InputTypeConvolutionalFlat):
            raise self._refuse(given, "rows")
        return InputType.recurrent(given.size, data_format=self.data_format)


@config(_PACKAGE + "CnnToRnnPreProcessor")
class CnnToRnnPreProcessor(_ImagePreprocessor):
    """Makes sequences of flattened images (DL4J CnnToRnnPreProcessor)."""

    data_format: str = choice("rnnDataFormat", RNN_FORMATS, default="NCW")

    def output_type(self, given: InputType | None) -> InputType | None:
        """Give sequences of a length that is not known here, as DL4J has it."""
        self._check_image(given)
        if isinstance(given, InputTypeConvolutionalFlat):
            raise self._refuse(given, "images; put a FeedForwardToCnnPreProcessor before it")
        if isinstance(given, InputTypeConvolutional) and given.data_format == "NHWC":
            raise self._refuse(given, "images with channels first (NCHW)")
        return InputType.recurrent(self._size, data_format=self.data_format)


@config(_PACKAGE + "RnnToCnnPreProcessor")
class RnnToCnnPreProcessor(_ImagePreprocessor):
    """Makes an image of every time step (DL4J RnnToCnnPreProcessor)."""

    data_format: str = choice("rnnDataFormat", RNN_FORMATS, default="NCW")

    def output_type(self, given: InputType | None) -> InputType | None:
        """Give images."""
        if given is not None and not isinstance(given, InputTypeRecurrent):
            raise self._refuse(given, "sequences")
        if given is not None and given.size != self._size:
            raise self._refuse(given, f"sequences of {self._size} numbers a step")
        return InputType.convolutional(*self._image)


@config(_PACKAGE + "ComposableInputPreProcessor")
class ComposableInputPreProcessor(Preprocessor):
    """Several preprocessors, one after the other (DL4J ComposableInputPreProcessor)."""

    preprocessors: tuple[Preprocessor, ...] = nested_list("inputPreProcessors", Preprocessor, default=())

    def output_type(self, given: InputType | None) -> InputType | None:
        """Give what comes out of the last."""
        for preprocessor in self.preprocessors:
            given = preprocessor.output_type(given)
        return given


@config(_KERAS + "KerasFlattenRnnPreprocessor")
class KerasFlattenRnnPreprocessor(Preprocessor):
    """Flattens sequences ``[N, depth, T]`` of one length to rows (DL4J KerasFlattenRnnPreprocessor).

    Parameters
    ----------
    depth : int
        Numbers at each time step.
    timesteps : int
        Time steps.
    """

    depth: int = whole("depth", minimum=1)
    timesteps: int = whole("tsLength", minimum=1)

    def output_type(self, given: InputType | None) -> InputType | None:
        """Give rows of all the numbers of a sequence."""
        if given is not None and not isinstance(given, InputTypeRecurrent):
            raise self._refuse(given, "sequences")
        return InputType.feed_forward(self.depth * self.timesteps)


@config(_KERAS + "PermutePreprocessor")
class PermutePreprocessor(Preprocessor):
    """Puts the axes of an example into another order (DL4J PermutePreprocessor, of Keras imports).

    Parameters
    ----------
    axes : list of int
        The axes of the example in their new order, counted from 1: (2, 1) exchanges the two of a sequence.
    """

    axes: Sequence[int] = numbers_of("permutationIndices", kw_only=False)

    def __attrs_post_init__(self) -> None:
        # Once DL4J has used it, it writes it with the axis of the examples, which is 0.
        if sorted(self.axes) not in (list(range(1, len(self.axes) + 1)), list(range(len(self.axes)))) or not self.axes:
            raise ConfigError(f"PermutePreprocessor.axes = {self.axes}: wanted each of 1, 2, … once")

    def output_type(self, given: InputType | None) -> InputType | None:
        """Give what DL4J takes to come out: sequences turned, images with height and width exchanged."""
        if isinstance(given, InputTypeRecurrent):
            if given.timesteps is None:
                raise self._refuse(given, "sequences of a known length")
            return InputType.recurrent(given.timesteps, given.size)
        if isinstance(given, InputTypeConvolutional):
            return InputType.convolutional(given.width, given.height, given.channels)
        return given

    def check_training(self) -> None:
        """Refuse an order whose way back is another: DL4J takes the same on its way back."""
        order = [axis - min(self.axes) for axis in self.axes]
        if any(order[order[place]] != place for place in range(len(order))):
            raise ConfigError(
                f"DL4J trains PermutePreprocessor({list(self.axes)}) wrongly, for its way back is another order; only"
                " exchanges of two axes are their own way back"
            )


@config(_KERAS + "ReshapePreprocessor")
class ReshapePreprocessor(Preprocessor):
    """Gives each example another shape (DL4J ReshapePreprocessor, of Keras imports).

    Parameters
    ----------
    input_shape, target_shape : list of int
        The shape of an example before and after.
    has_mini_batch_dimension : bool
        Whether both begin with the number of examples, which may then be any.
    data_format : str, optional
        How DL4J reads the new shape: ``"NCW"`` or ``"NWC"`` (default) for sequences, ``"NCHW"`` (default) or
        ``"NHWC"`` for images.
    """

    input_shape: Sequence[int] = numbers_of("inputShape")
    target_shape: Sequence[int] = numbers_of("targetShape")
    has_mini_batch_dimension: bool = flag("hasMiniBatchDimension", default=False)
    data_format: str | None = choice("format", DATA_FORMATS, default=None)

    def __attrs_post_init__(self) -> None:
        before, after = self._example(self.input_shape), self._example(self.target_shape)
        if prod(before) != prod(after) or not prod(after):
            raise ConfigError(
                f"ReshapePreprocessor: an example of {before} has {prod(before)} numbers, and one of {after} has"
                f" {prod(after)}"
            )
        if len(after) > 3:
            raise ConfigError(f"ReshapePreprocessor.target_shape: {after} has more than three axes")

    def _example(self, shape: Sequence[int]) -> tuple[int, ...]:
        return tuple(shape[1:] if self.has_mini_batch_dimension else shape)

    def output_type(self, given: InputType | None) -> InputType | None:
        """Give what the new shape is to DL4J: rows, sequences or images."""
        if given is not None and given.size_in_all not in (None, prod(self._example(self.input_shape))):
            raise self._refuse(given, f"examples of {self._example(self.input_shape)}")
        shape = self._example(self.target_shape)
        if len(shape) == 1:
            return InputType.feed_forward(*shape)
        if len(shape) == 2:
            # DL4J infers (T, size) here too, against its own layout.
            size, length = shape if self.data_format == "NCW" else shape[::-1]
            return InputType.recurrent(size, length, data_format="NCW" if self.data_format == "NCW" else "NWC")
        last = len(self.input_shape) == 1 or isinstance(given, InputTypeRecurrent)
        if last and self.data_format == "NCHW":
            raise ConfigError(
                "DL4J takes what ReshapePreprocessor makes of rows and sequences for NHWC images; give"
                " data_format='NHWC', or use FeedForwardToCnnPreProcessor"
            )
        if last or self.data_format == "NHWC":
            return InputType.convolutional(*shape, data_format="NHWC")
        return InputType.convolutional(shape[1], shape[2], shape[0])
