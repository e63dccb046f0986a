"""Preprocessors: they reshape between layers of different kinds. DL4J and this package put them in by themselves.

Give one only where a network needs another: ``MultiLayerConfiguration(..., preprocessors={2: …})``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydl4j_spark.conf.base import Config, config
from pydl4j_spark.conf.fields import choice, flag, nested_list, whole
from pydl4j_spark.conf.inputs import (
    CNN_FORMATS,
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
    """Flattens images ``[N, C, H, W]`` to rows (DL4J CnnToFeedForwardPreProcessor)."""

    data_format: str = choice("format", CNN_FORMATS, default="NCHW")

    def output_type(self, given: InputType | None) -> InputType | None:
        """Give rows of all the numbers of an image."""
        self._check_image(given)
        return InputTypeFeedForward(size=self._size)


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
