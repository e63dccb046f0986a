"""Layers that end a network with a loss at each place of an image or a volume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydl4j_spark.conf.activations import Activation
from pydl4j_spark.conf.base import config
from pydl4j_spark.conf.fields import choice, matrix, nested, real
from pydl4j_spark.conf.inputs import (
    CNN3D_FORMATS,
    CNN_FORMATS,
    InputType,
    InputTypeConvolutional,
    InputTypeConvolutional3D,
    InputTypeSpatial,
)
from pydl4j_spark.conf.layers.base import BaseLayer, Layer
from pydl4j_spark.conf.layers.spatial import LaidOutLayer
from pydl4j_spark.conf.losses import Loss, LossSparseMCXENT
from pydl4j_spark.conf.types import Number
from pydl4j_spark.errors import ConfigError

_LAYERS = "org.deeplearning4j.nn.conf.layers."


@config(_LAYERS + "CnnLossLayer")
class CnnLossLayer(LaidOutLayer, BaseLayer):
    """A loss at every pixel, without parameters: ``[N, C, H, W]`` as it comes (DL4J CnnLossLayer).

    Parameters
    ----------
    loss : str or Loss
        ``"mcxent"`` by default.
    activation : str or Activation
        ``"identity"`` by default, whatever the network's activation is; softmax is over channels.
    data_format : str, optional
        ``"NCHW"`` or ``"NHWC"``; that of the input where not set.
    """

    has_loss: ClassVar[bool] = True
    derived_keys: ClassVar[frozenset[str]] = Layer.derived_keys | {"nin", "nout", "timeDistributedFormat"}

    loss: Loss | str = nested("lossFn", Loss, default="mcxent")
    activation: Activation | str | None = nested("activationFn", Activation, default="identity", optional=False)
    data_format: str | None = choice("format", CNN_FORMATS, default=None)

    def check_training(self, given: InputType | None) -> None:
        """Refuse labels of one channel for many, which DL4J takes for volumes only."""
        super().check_training(given)
        if isinstance(self.loss, LossSparseMCXENT) and self.takes is InputTypeConvolutional:
            raise ConfigError("DL4J's CnnLossLayer takes no class indices; use loss='mcxent', which takes them here")


@config(_LAYERS + "Cnn3DLossLayer")
class Cnn3DLossLayer(CnnLossLayer):
    """A loss at every place of volumes, without parameters: ``[N, D, H, W, C]`` as it comes (DL4J Cnn3DLossLayer).

    Parameters
    ----------
    loss : str or Loss
        ``"mcxent"`` by default.
    activation : str or Activation
        ``"identity"`` by default, whatever the network's activation is; softmax is over channels.
    data_format : str, optional
        ``"NDHWC"`` or ``"NCDHW"``; that of the input where not set.
    """

    takes: ClassVar[type[InputTypeSpatial]] = InputTypeConvolutional3D

    data_format: str | None = choice("dataFormat", CNN3D_FORMATS, default=None)


@config(_LAYERS + "objdetect.Yolo2OutputLayer")
class Yolo2OutputLayer(LaidOutLayer):
    """Finds objects: ``[N, B * (5 + C), H, W]`` of B boxes at each place, each of C classes (DL4J Yolo2OutputLayer).

    Labels are ``[N, 4 + C, H, W]``: the corners x1, y1, x2, y2 of the object whose centre is in a place, in units of
    places, then its class as one-hot; zeros where there is none.

    Parameters
    ----------
    bounding_boxes : list of (float, float)
        Height and width of each of the B boxes that are looked for, in units of places.
    lambda_coord, lambda_no_obj : float
        Weights of the loss of coordinates, and of the confidence where there is no object; 5 and 0.5 by default.
    loss_position_scale, loss_class_predictions : str or Loss
        ``"l2"`` by default.
    data_format : str, optional
        ``"NCHW"`` or ``"NHWC"``; that of the input where not set.
    """

    has_loss: ClassVar[bool] = True

    bounding_boxes: Sequence[Sequence[Number]] = matrix("boundingBoxes", 2)
    lambda_coord: Number = real("lambdaCoord", default=5.0, minimum=0)
    lambda_no_obj: Number = real("lambdaNoObj", default=0.5, minimum=0)
    loss_position_scale: Loss | str = nested("lossPositionScale", Loss, default="l2")
    loss_class_predictions: Loss | str = nested("lossClassPredictions", Loss, default="l2")
    data_format: str | None = choice("format", CNN_FORMATS, default=None)

    def classes(self, given: InputTypeSpatial) -> int:
        """Give how many classes there are."""
        boxes = len(self.bounding_boxes)
        each, over = divmod(given.n_channels, boxes)
        if over or each < 6:
            raise ConfigError(
                f"for {boxes} boxes of C classes it takes {boxes} * (5 + C) channels, but {given.n_channels} come in;"
                " correct the layer before"
            )
        return each - 5

    def accept(self, given: InputType) -> Layer:
        """Take the layout; refuse channels that boxes cannot have."""
        self.classes(self.spatial(given))
        return super().accept(given)

    def label_type(self, given: InputType) -> InputType:
        """Give corners and class for each place."""
        spatial = self.spatial(given)
        return spatial.resized(spatial.lengths, 4 + self.classes(spatial))
